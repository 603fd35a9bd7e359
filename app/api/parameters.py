"""Path parameters and headers that several routes take, as OpenAPI shows them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, Path

BackendName = Annotated[str, Path(description="A backend, as GET /v1/backends lists it.", examples=["civica-cx"])]
OrderNumber = Annotated[
    str,
    Path(
        min_length=1,
        max_length=100,
        pattern=r"^[^\x00-\x1f\x7f]+$",
        description="The order's number, or the reference that people write (`WO113427`).",
        examples=["113427"],
    ),
]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="One per intended change, 16 to 255 visible characters (a UUID is right). Required: send the same key "
        "whenever you repeat the request, and it takes effect once.",
        examples=["2f4c9b1e-7a55-4f0e-9d0c-0b9f6c0f8a11"],
    ),
]
OptionalIdempotencyKey = Annotated[
    str | None,
    Header(alias="Idempotency-Key", description="As for POST; here you may leave it out."),
]
Prefer = Annotated[
    str | None,
    Header(description="`respond-async` answers 202 at once; `wait=N` waits up to N (0 to 25) seconds for the vendor."),
]
