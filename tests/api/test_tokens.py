"""`POST /oauth/token` and the JWKS."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import statistics
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jose import jwt

from app.api.guessing import MAX_COUNTED, PER_CLIENT, WINDOW_S, Guessing
from app.api.tokens import FORM
from app.domain.clients import ClientRecord, new_secret, secret_digest
from tests.api.edge_app import CLIENT, SECRET, SIGNING_KEY, authority, edge_app, http_to

GRANT = {"grant_type": "client_credentials"}
GOOD = {**GRANT, "client_id": "sandbox", "client_secret": SECRET}
REVOKED = dataclasses.replace(CLIENT, id="gone", revoked=True)
NARROW = ClientRecord(
    id="a b+c",
    tenant="t",
    secret_sha256=secret_digest("päss%:word"),
    scopes=frozenset({"orders:read"}),
    backends=frozenset(),
    revoked=False,
)


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with http_to(edge_app(authority(CLIENT, REVOKED, NARROW))) as client:
        yield client


async def test_a_client_gets_a_token_by_form(http: httpx.AsyncClient) -> None:
    answer = await http.post("/oauth/token", data=GOOD)
    given = answer.json()
    scope = " ".join(sorted(CLIENT.scopes))
    assert given == {"access_token": given["access_token"], "token_type": "Bearer", "expires_in": 900, "scope": scope}
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    claims = jwt.decode(given["access_token"], SIGNING_KEY, algorithms=["HS256"], audience="orderbridge")
    assert claims == {
        "iss": "orderbridge",
        "aud": "orderbridge",
        "sub": "sandbox",
        "client_id": "sandbox",
        "scope": scope,
        "iat": claims["iat"],
        "exp": claims["iat"] + 900,
        "jti": claims["jti"],
    }
    assert jwt.get_unverified_header(given["access_token"])["typ"] == "at+jwt"


async def test_a_client_gets_a_token_by_basic(http: httpx.AsyncClient) -> None:
    assert (await http.post("/oauth/token", data=GRANT, auth=("sandbox", SECRET))).status_code == 200
    named = {**GRANT, "client_id": "sandbox"}
    assert (await http.post("/oauth/token", data=named, auth=("sandbox", SECRET))).status_code == 200


async def test_basic_credentials_are_form_encoded_as_the_rfc_says(http: httpx.AsyncClient) -> None:
    basic = base64.b64encode(b"a+b%2Bc:p%C3%A4ss%25%3Aword").decode()
    answer = await http.post("/oauth/token", data=GRANT, headers={"Authorization": f"Basic {basic}"})
    assert (answer.status_code, answer.json()["scope"]) == (200, "orders:read")


async def test_scope_may_narrow_and_never_widens(http: httpx.AsyncClient) -> None:
    answer = await http.post("/oauth/token", data={**GOOD, "scope": "status:write orders:read"})
    assert answer.json()["scope"] == "orders:read status:write"
    for scope in ("orders:read no:such", "admin", "orders:read\x00"):
        answer = await http.post("/oauth/token", data={**GOOD, "scope": scope})
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


@dataclass(frozen=True)
class Refused:
    id: str
    body: bytes
    status: int
    error: str
    headers: dict[str, str] = field(default_factory=dict)


def basic(text: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(text.encode()).decode()}"}


FULL = b"grant_type=client_credentials&client_id=sandbox&client_secret=sandbox-secret"
GRANT_ONLY = b"grant_type=client_credentials"
REFUSED = [
    Refused("empty", b"", 400, "invalid_request"),
    Refused(
        "json", b'{"grant_type":"client_credentials"}', 400, "invalid_request", {"Content-Type": "application/json"}
    ),
    Refused("no-type", FULL, 400, "invalid_request", {"Content-Type": ""}),
    Refused("multipart", FULL, 400, "invalid_request", {"Content-Type": "multipart/form-data; boundary=x"}),
    Refused("no-grant", b"client_id=sandbox&client_secret=sandbox-secret", 400, "invalid_request"),
    Refused("password-grant", b"grant_type=password&client_id=sandbox", 400, "unsupported_grant_type"),
    Refused("twice", FULL + b"&client_id=sandbox", 400, "invalid_request"),
    Refused("not-ascii", b"grant_type=\xff", 400, "invalid_request"),
    Refused("not-utf-8", b"grant_type=%ff", 400, "invalid_request"),
    Refused("many-fields", b"&".join([b"a=1"] * 100), 400, "invalid_request"),
    Refused("no-client", GRANT_ONLY, 401, "invalid_client"),
    Refused("long-client", GRANT_ONLY + b"&client_id=" + b"x" * 200, 401, "invalid_client"),
    Refused("client-with-nul", GRANT_ONLY + b"&client_id=a%00b&client_secret=x", 401, "invalid_client"),
    Refused("basic-with-nul", GRANT_ONLY, 401, "invalid_client", basic("a%00b:x")),
    Refused("unknown", GRANT_ONLY + b"&client_id=nobody&client_secret=x", 401, "invalid_client"),
    Refused("unknown-without-secret", GRANT_ONLY + b"&client_id=nobody", 401, "invalid_client"),
    Refused("wrong", GRANT_ONLY + b"&client_id=sandbox&client_secret=x", 401, "invalid_client"),
    Refused("no-secret", GRANT_ONLY + b"&client_id=sandbox", 401, "invalid_client"),
    Refused("revoked", GRANT_ONLY + b"&client_id=gone&client_secret=sandbox-secret", 401, "invalid_client"),
    Refused("wrong-basic", GRANT_ONLY, 401, "invalid_client", basic("sandbox:x")),
    Refused("bad-base64", GRANT_ONLY, 400, "invalid_request", {"Authorization": "Basic ???"}),
    Refused("no-colon", GRANT_ONLY, 400, "invalid_request", basic("sandbox")),
    Refused("bearer", GRANT_ONLY, 400, "invalid_request", {"Authorization": "Bearer x"}),
    Refused("both", FULL, 400, "invalid_request", basic("sandbox:sandbox-secret")),
    Refused("two-clients", GRANT_ONLY + b"&client_id=x", 400, "invalid_request", basic("sandbox:sandbox-secret")),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.id)
async def test_a_refusal_has_the_form_of_rfc_6749(http: httpx.AsyncClient, case: Refused) -> None:
    answer = await http.post("/oauth/token", content=case.body, headers={"Content-Type": FORM, **case.headers})
    assert (answer.status_code, answer.json()["error"]) == (case.status, case.error)
    assert set(answer.json()) == {"error", "error_description"}
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == ("application/json", "no-store")
    assert ("www-authenticate" in answer.headers) == (case.status == 401)


async def test_a_form_that_is_too_large_is_a_problem(http: httpx.AsyncClient) -> None:
    answer = await http.post("/oauth/token", content=b"a" * 20_000, headers={"Content-Type": FORM})
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")


async def test_of_a_thousand_guesses_ten_are_evaluated() -> None:
    async with http_to(edge_app()) as http:
        wrong = {**GOOD, "client_secret": "guess"}
        answers = await asyncio.gather(*(http.post("/oauth/token", data=wrong) for _ in range(1000)))
        assert sorted(answer.status_code for answer in answers) == [401] * 10 + [429] * 990
        refused = await http.post("/oauth/token", data=GOOD)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 300
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["cache-control"] == "no-store"
    assert refused.json()["code"] == "rate-limited"
    assert refused.json()["next"] == {"action": "retry", "after_s": int(refused.headers["retry-after"])}
    assert refused.json()["error"] == "temporarily_unavailable"


async def test_guesses_from_one_address_leave_the_client_in_peace_elsewhere() -> None:
    app = edge_app()
    async with http_to(app, address="198.51.100.7") as attacker, http_to(app) as client:
        for _ in range(30):
            await attacker.post("/oauth/token", data={**GOOD, "client_secret": "guess"})
        assert (await client.post("/oauth/token", data=GOOD)).status_code == 200


async def test_a_client_that_does_not_exist_is_limited_alike(http: httpx.AsyncClient) -> None:
    nobody = {**GRANT, "client_id": "nobody", "client_secret": "x"}
    statuses = [(await http.post("/oauth/token", data=nobody)).status_code for _ in range(12)]
    assert statuses == [401] * 10 + [429] * 2


def test_failures_are_forgotten_after_five_minutes_and_add_up_over_addresses() -> None:
    now = 0.0
    guessing = Guessing(clock=lambda: now)
    for n in range(PER_CLIENT):
        assert guessing.wait_s("a", f"10.0.0.{n}") == 0
        guessing.failed("a", f"10.0.0.{n}")
    assert guessing.wait_s("a", "10.9.9.9") == WINDOW_S
    assert guessing.wait_s("b", "10.9.9.9") == 0
    now = WINDOW_S - 0.5
    assert guessing.wait_s("a", "10.9.9.9") == 1
    now = WINDOW_S
    assert guessing.wait_s("a", "10.9.9.9") == 0


def test_what_is_counted_is_bounded() -> None:
    guessing = Guessing()
    for n in range(MAX_COUNTED + 1000):
        guessing.failed(f"client-{n}", "10.0.0.1")
    assert guessing.size <= MAX_COUNTED


async def test_known_and_unknown_clients_take_the_same_time() -> None:
    app = edge_app()
    took: dict[str, list[float]] = {"sandbox": [], "nobody": []}
    async with http_to(app) as http:
        for _ in range(300):
            for client_id, times in took.items():
                app.state.guessing = Guessing()
                begun = time.perf_counter()
                await http.post("/oauth/token", data={**GRANT, "client_id": client_id, "client_secret": "x"})
                times.append(time.perf_counter() - begun)
    known, unknown = (statistics.median(times) for times in took.values())
    assert abs(known - unknown) / known < 0.25  # the work is the same; the rest is the noise of a busy machine


def test_a_secret_has_256_random_bits() -> None:
    secrets = {new_secret() for _ in range(100)}
    assert len(secrets) == 100
    assert all(len(base64.urlsafe_b64decode(secret + "=")) == 32 for secret in secrets)


async def test_a_shared_secret_shows_no_keys(http: httpx.AsyncClient) -> None:
    answer = await http.get("/.well-known/jwks.json")
    assert (answer.status_code, answer.json()) == (200, {"keys": []})


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
async def test_the_public_half_of_a_pem_key_verifies_our_tokens(alg: str) -> None:
    private = (
        rsa.generate_private_key(public_exponent=65537, key_size=2048)
        if alg == "RS256"
        else ec.generate_private_key(ec.SECP256R1())
    )
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    auth = authority(signing_key=pem)
    async with http_to(edge_app(auth)) as http:
        token = (await http.post("/oauth/token", data=GOOD)).json()["access_token"]
        (key,) = (await http.get("/.well-known/jwks.json")).json()["keys"]
        answer = await http.get("/v1/backends/civica-cx/orders", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    assert (key["alg"], key["use"], key["kid"]) == (alg, "sig", jwt.get_unverified_header(token)["kid"])
    assert set(key) == {"kty", "kid", "alg", "use"} | ({"n", "e"} if alg == "RS256" else {"crv", "x", "y"})
    assert jwt.decode(token, key, algorithms=[alg], audience="orderbridge")["sub"] == "sandbox"
