"""One order as a vendor's list names it: read only by whoever finds that it is not what it was."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import TypeAlias

from app.domain.record import record
from app.domain.work_orders import Observation


@record(frozen=True, kw_only=True, slots=True)
class Glimpse:
    """An order of a list that the vendor sent at `as_of`, with a digest of all that the list says of it.

    Orders with the same `mark` are the same in every member; another `mark` says only that one has to look. `read` gives the
    order; None where it cannot be read, which has then been logged.
    """

    number: str
    mark: str
    as_of: datetime
    read: Callable[[], Observation | None]


Listed: TypeAlias = "Observation | Glimpse"
"""What a list gives of an order."""


def number_of(one: Listed) -> str:
    return one.number if isinstance(one, Glimpse) else one.key.number


def read(one: Listed) -> Observation | None:
    """The order; None where it cannot be read."""
    return one.read() if isinstance(one, Glimpse) else one


async def no_list() -> AsyncIterator[Sequence[Listed]]:
    """The list of a vendor that documents none."""
    nothing: tuple[Sequence[Listed], ...] = ()
    for batch in nothing:
        yield batch
