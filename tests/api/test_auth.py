"""Bearer tokens: every forgery is the same 401, revocation is quick, and a caller has what both token and record allow."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from app.api.auth import AuthConfig, Authority, TrustedIssuer
from app.api.keys import Keys, SigningKeyRefused
from app.api.trusted_issuers import IssuerKeys
from app.api.verify import MAX_CACHED, Verifier
from app.domain.errors import Unauthenticated
from tests.api.edge_app import (
    CLIENT,
    PUBLIC_URL,
    SIGNING_KEY,
    Directory,
    authority,
    bearer,
    edge_app,
    http_to,
    nothing_outside,
)
from tests.api.tokens_in_pieces import KID, OUTSIDE, b64, claims, header, jwks, signed, signed_rs256

ORDERS = "/v1/backends/civica-cx/orders"
GONE = ...
NOW = int(time.time())
PEM_PUBLIC = OUTSIDE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
DER_PUBLIC = OUTSIDE.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
GOOD = signed(header(), claims())
DEEP = '{"alg":"HS256","typ":"at+jwt","kid":"' + KID + '","x":' + "[" * 5000 + "]" * 5000 + "}"


def unsigned(alg: str) -> str:
    return f"{b64(json.dumps(header(alg=alg)).encode())}.{b64(json.dumps(claims()).encode())}."


FORGED: dict[str, str] = {
    "empty": "",
    "one-part": "abc",
    "two-parts": "abc.def",
    "four-parts": f"{GOOD}.abc",
    "five-part-jwe": "a.b.c.d.e",
    "only-dots": "..",
    "none": unsigned("none"),
    "none-with-signature": unsigned("none") + "abc",
    "None": unsigned("None") + "abc",
    "nOnE": unsigned("nOnE") + "abc",
    "empty-alg": signed(header(alg=""), claims()),
    "no-alg": signed(header(alg=GONE), claims()),
    "alg-null": signed(header(alg=None), claims()),
    "alg-list": signed(header(alg=["HS256"]), claims()),
    "hs512-named": signed(header(alg="HS512"), claims()),
    "rs256-named": signed(header(alg="RS256"), claims()),
    "rs256-signed": signed_rs256(header(alg="RS256"), claims()),
    "es256-named": signed(header(alg="ES256"), claims()),
    "lower-case-alg": signed(header(alg="hs256"), claims()),
    "empty-secret": signed(header(), claims(), key=""),
    "other-secret": signed(header(), claims(), key="b" * 40),
    "public-key-pem-as-secret": signed(header(), claims(), key=PEM_PUBLIC),
    "public-key-der-as-secret": signed(header(), claims(), key=DER_PUBLIC),
    "public-key-jwk-as-secret": signed(header(), claims(), key=jwks()),
    "no-kid": signed(header(kid=GONE), claims()),
    "kid-path": signed(header(kid="../../../../dev/null"), claims(), key=""),
    "kid-sql": signed(header(kid="' UNION SELECT 'x' --"), claims(), key="x"),
    "kid-url": signed(header(kid="https://evil.example/key"), claims()),
    "kid-number": signed(header(kid=1), claims()),
    "kid-object": signed(header(kid={"a": 1}), claims()),
    "jku": signed(header(jku="https://evil.example/jwks"), claims()),
    "jwk": signed(header(jwk={"kty": "oct", "k": "eHg"}), claims(), key="xx"),
    "x5u": signed(header(x5u="https://evil.example/cert"), claims()),
    "x5c": signed(header(x5c=["MIIB"]), claims()),
    "crit": signed(header(crit=["exp"]), claims()),
    "crit-unknown": signed(header(crit=["http://x"], **{"http://x": True}), claims()),
    "b64-false": signed(header(b64=False, crit=["b64"]), claims()),
    "b64-alone": signed(header(b64=False), claims()),
    "zip": signed(header(zip="DEF"), claims()),
    "typ-jwt": signed(header(typ="JWT"), claims()),
    "typ-missing": signed(header(typ=GONE), claims()),
    "typ-id-token": signed(header(typ="id+jwt"), claims()),
    "typ-number": signed(header(typ=1), claims()),
    "header-not-json": signed("{", claims()),
    "header-list": signed([], claims()),
    "header-text": signed('"x"', claims()),
    "header-twice-alg": signed(f'{{"alg":"none","alg":"HS256","typ":"at+jwt","kid":"{KID}"}}', claims()),
    "header-depth-5": signed(header(x=[[[[1]]]]), claims()),
    "header-deep": signed(DEEP, claims())[:8192],
    "header-deep-unsigned": f"{b64(('[' * 4000).encode())}.e30.AAAA",
    "payload-deep": signed(header(), "[" * 4000),
    "payload-not-json": signed(header(), "{"),
    "payload-list": signed(header(), []),
    "payload-empty": signed(header(), {}),
    "payload-not-utf-8": signed(header(), b"\xff\xfe"),
    "payload-nan": signed(header(), json.dumps(claims()).replace('"j1"', "NaN")),
    "payload-bom": signed(header(), b"\xef\xbb\xbf" + json.dumps(claims()).encode()),
    "duplicate-claims": signed(header(), json.dumps(claims())[:-1] + ',"sub":"sandbox"}'),
    "duplicate-exp": signed(header(), json.dumps(claims())[:-1] + ',"exp":9999999999}'),
    "exp-missing": signed(header(), claims(exp=GONE)),
    "exp-past": signed(header(), claims(exp=NOW - 31)),
    "exp-text": signed(header(), claims(exp=str(NOW + 900))),
    "exp-bool": signed(header(), claims(exp=True)),
    "exp-null": signed(header(), claims(exp=None)),
    "exp-float": signed(header(), claims(exp=NOW + 900.5)),
    "exp-huge": signed(header(), json.dumps(claims(exp=GONE))[:-1] + ',"exp":1e400}'),
    "exp-infinity": signed(header(), json.dumps(claims(exp=GONE))[:-1] + ',"exp":Infinity}'),
    "exp-nan": signed(header(), json.dumps(claims(exp=GONE))[:-1] + ',"exp":NaN}'),
    "exp-digits": signed(header(), json.dumps(claims(exp=GONE))[:-1] + ',"exp":' + "9" * 4000 + "}"),
    "exp-list": signed(header(), claims(exp=[NOW + 900])),
    "exp-negative": signed(header(), claims(exp=-1)),
    "iat-missing": signed(header(), claims(iat=GONE)),
    "iat-future": signed(header(), claims(iat=NOW + 86_400)),
    "iat-text": signed(header(), claims(iat=str(NOW))),
    "nbf-future": signed(header(), claims(nbf=NOW + 86_400)),
    "nbf-text": signed(header(), claims(nbf=str(NOW))),
    "nbf-object": signed(header(), claims(nbf={})),
    "aud-missing": signed(header(), claims(aud=GONE)),
    "aud-other": signed(header(), claims(aud="somebody-else")),
    "aud-list": signed(header(), claims(aud=["orderbridge"])),
    "aud-list-with-others": signed(header(), claims(aud=["orderbridge", "evil"])),
    "aud-null": signed(header(), claims(aud=None)),
    "aud-object": signed(header(), claims(aud={"orderbridge": 1})),
    "aud-prefix": signed(header(), claims(aud="orderbridge2")),
    "iss-missing": signed(header(), claims(iss=GONE)),
    "iss-other": signed(header(), claims(iss="https://evil.example")),
    "iss-list": signed(header(), claims(iss=["orderbridge"])),
    "iss-object": signed(header(), claims(iss={})),
    "sub-missing": signed(header(), claims(sub=GONE)),
    "sub-empty": signed(header(), claims(sub="")),
    "sub-number": signed(header(), claims(sub=1)),
    "sub-unknown": signed(header(), claims(sub="nobody")),
    "jti-missing": signed(header(), claims(jti=GONE)),
    "jti-empty": signed(header(), claims(jti="")),
    "jti-number": signed(header(), claims(jti=1)),
    "scope-object-and-no-sub": signed(header(), claims(sub=GONE, scope={})),
    "junk-suffix": f"{GOOD}!!!!",
    "junk-padding": f"{GOOD}==",
    "junk-letters": f"{GOOD}AAAA",
    "loose-last-bits": GOOD[:-1] + chr(ord(GOOD[-1]) + 1),
    "cut-signature": GOOD[:-4],
    "no-signature": GOOD.rpartition(".")[0] + ".",
    "other-payload": ".".join([GOOD.split(".")[0], b64(json.dumps(claims(sub="admin")).encode()), GOOD.split(".")[2]]),
    "standard-base64": GOOD.replace("-", "+").replace("_", "/") + "+/",
    "newline": GOOD.replace(".", ".\n", 1),
    "space": GOOD.replace(".", ". ", 1),
    "nul": GOOD + "\x00",
    "non-ascii": GOOD.replace(".", ".é", 1),
    "arabic-digits-look-like-words": "\xb2.\xb3.\xb9",
    "9-kilobytes": signed(header(), claims(x="x" * 7000)),
    "10-megabytes": GOOD + "A" * 10_000_000,
}


@pytest.mark.parametrize("name", FORGED)
async def test_a_forged_token_is_nothing_but_401(name: str) -> None:
    auth = authority(
        trusted_issuers=(
            TrustedIssuer(issuer="https://login.example", jwks_url="https://login.example/k", audience="a"),
        )
    )  # whoever asks outside fails the test
    begun = time.perf_counter()
    with pytest.raises(Unauthenticated) as refused:
        await auth.caller(FORGED[name])
    assert time.perf_counter() - begun < 1
    assert refused.value.detail == "Send a valid access token: Authorization: Bearer ..."


async def test_over_http_all_forgeries_get_one_and_the_same_answer() -> None:
    answers = set()
    async with http_to(edge_app()) as http:
        for token in FORGED.values():
            if len(token) > 9000:  # the header limit answers those
                continue
            value = f"Bearer {token}".encode("latin-1")
            answer = await http.get(ORDERS, headers=[(b"authorization", value), (b"x-request-id", b"r")])
            answers.add((answer.status_code, answer.text, answer.headers["www-authenticate"]))
    assert len(answers) == 1
    ((status, body, challenge),) = answers
    assert (status, json.loads(body)["code"]) == (401, "unauthenticated")
    assert challenge == 'Bearer realm="orderbridge", error="invalid_token"'


def test_the_corpus_is_as_large_as_promised() -> None:
    assert len(FORGED) >= 40


@pytest.mark.parametrize("from_now", [{}, {"nbf": -5}, {"iat": 20}, {"exp": -10}], ids=str)
async def test_a_sound_token_passes(from_now: dict[str, int]) -> None:
    now = int(time.time())
    changed = {name: now + seconds for name, seconds in from_now.items()}
    caller = await authority().caller(signed(header(), claims(**changed, extra=[1])))
    assert (caller.client_id, caller.tenant) == ("sandbox", "riverside")
    assert caller.scopes == frozenset({"orders:read", "orders:write"})
    assert caller.backends == frozenset({"civica-cx"})


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer ", "Basic c2FuZGJveA==", "Token x", GOOD, f"bearer{GOOD}"])
async def test_another_scheme_is_no_token(value: str) -> None:
    async with http_to(edge_app()) as http:
        assert (await http.get(ORDERS, headers={"Authorization": value})).status_code == 401


async def test_the_scheme_may_be_written_in_any_case_and_only_once() -> None:
    async with http_to(edge_app()) as http:
        assert (await http.get(ORDERS, headers={"Authorization": f"bEARER {GOOD}"})).status_code == 200
        twice = [("Authorization", f"Bearer {GOOD}"), ("Authorization", f"Bearer {GOOD}")]
        assert (await http.get(ORDERS, headers=twice)).status_code == 400


async def test_a_missing_scope_is_named() -> None:
    auth = authority()
    async with http_to(edge_app(auth)) as http:
        answer = await http.get(ORDERS, headers=bearer(auth, scopes=frozenset({"status:write"})))
    assert (answer.status_code, answer.json()["code"], answer.json()["scope"]) == (403, "scope-missing", "orders:read")
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]


async def test_a_scope_taken_from_the_client_is_gone_from_its_tokens() -> None:
    auth = authority(dataclasses.replace(CLIENT, scopes=frozenset({"status:write"})))
    async with http_to(edge_app(auth)) as http:
        assert (await http.get(ORDERS, headers=bearer(auth))).status_code == 403


def at(clock: Callable[[], float], directory: Directory) -> Authority:
    config = AuthConfig(issuer="orderbridge", audience="orderbridge", signing_key=SIGNING_KEY, public_url=PUBLIC_URL)
    return Authority(config, directory=directory, fetch=nothing_outside, clock=clock)


async def test_a_revoked_client_is_out_within_five_seconds() -> None:
    now = float(NOW)
    directory = Directory(CLIENT)
    auth = at(lambda: now, directory)
    await auth.caller(GOOD)
    directory.records["sandbox"] = dataclasses.replace(CLIENT, revoked=True)
    now += 3.1
    with pytest.raises(Unauthenticated):
        await auth.caller(GOOD)


async def test_a_grant_taken_away_is_gone_within_five_seconds() -> None:
    now = float(NOW)
    directory = Directory(CLIENT)
    auth = at(lambda: now, directory)
    assert (await auth.caller(GOOD)).backends == frozenset({"civica-cx"})
    directory.records["sandbox"] = dataclasses.replace(CLIENT, backends=frozenset())
    now += 3.1
    assert (await auth.caller(GOOD)).backends == frozenset()


async def test_the_directory_is_asked_once_in_three_seconds() -> None:
    now = float(NOW)
    directory = Directory(CLIENT)
    auth = at(lambda: now, directory)
    callers = [await auth.caller(GOOD) for _ in range(50)]
    assert directory.asked == 1
    assert all(caller is callers[0] for caller in callers)
    now += 3.1
    assert await auth.caller(GOOD) is callers[0]
    assert directory.asked == 2


async def test_a_remembered_token_still_expires() -> None:
    now = float(int(time.time()))
    auth = at(lambda: now, Directory(CLIENT))
    token = signed(header(), claims(exp=int(now) + 60))
    await auth.caller(token)
    now += 89
    await auth.caller(token)
    now += 2
    with pytest.raises(Unauthenticated):
        await auth.caller(token)


async def test_remembered_tokens_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.api.verify.MAX_CACHED", 5)
    auth = authority()
    verifier = Verifier(auth.config, keys=auth.keys, fetch=nothing_outside)
    for n in range(20):
        await verifier.verify(signed(header(), claims(jti=f"j{n}")))
    assert verifier.remembered == 5
    assert MAX_CACHED == 10_000


ISSUER = TrustedIssuer(
    issuer="https://login.example/t1", jwks_url="https://login.example/keys", audience="api://orders"
)


class Outside:
    """An identity provider: its key document, and how often it was fetched."""

    def __init__(self, document: bytes | Exception = b"") -> None:
        self.document = document or jwks()
        self.fetched: list[str] = []

    async def __call__(self, url: str) -> bytes:
        self.fetched.append(url)
        if isinstance(self.document, Exception):
            raise self.document
        return self.document


def outside_claims(**changed: object) -> dict[str, object]:
    sound = claims(iss=ISSUER.issuer, aud=ISSUER.audience, sub="some-object-id", azp="sandbox", jti=GONE)
    return {name: value for name, value in {**sound, **changed}.items() if value is not ...}


def outside_header(**changed: object) -> dict[str, object]:
    sound = {"alg": "RS256", "typ": "JWT", "kid": "outside-1"}
    return {name: value for name, value in {**sound, **changed}.items() if value is not ...}


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"aud": ["other", ISSUER.audience]},
        {"azp": GONE, "client_id": "sandbox"},
        {"azp": GONE, "sub": "sandbox"},
        {"scope": GONE, "scp": "orders:read orders:write"},
        {"scope": GONE, "scp": ["orders:read", "orders:write"]},
        {"scope": GONE, "roles": ["orders:read", "orders:write", 1]},
    ],
)
async def test_a_token_of_a_trusted_issuer_passes(changed: dict[str, object]) -> None:
    outside = Outside()
    auth = authority(trusted_issuers=(ISSUER,), fetch=outside)
    tokens = [signed_rs256(outside_header(), outside_claims(**changed, n=n)) for n in range(3)]
    callers = [await auth.caller(token) for token in tokens]
    scopes = frozenset({"orders:read", "orders:write"})
    assert {(caller.client_id, caller.scopes) for caller in callers} == {("sandbox", scopes)}
    assert outside.fetched == [ISSUER.jwks_url]


SECOND = dataclasses.replace(ISSUER, audience="api://stock", jwks_url="https://login.example/stock", tenant="lakeside")


async def test_an_issuer_may_be_trusted_with_several_audiences() -> None:
    outside = Outside()
    auth = authority(trusted_issuers=(ISSUER, SECOND))
    verifier = Verifier(auth.config, keys=auth.keys, fetch=outside)
    seen = [
        (await verifier.verify(signed_rs256(outside_header(), outside_claims(aud=audience)))).tenant
        for audience in (ISSUER.audience, SECOND.audience, ["other", SECOND.audience])
    ]
    assert seen == [None, "lakeside", "lakeside"]
    assert outside.fetched == [ISSUER.jwks_url, SECOND.jwks_url]
    for audience in ("api://none", "orderbridge", 1, ["other"], ...):
        with pytest.raises(Unauthenticated):
            await verifier.verify(signed_rs256(outside_header(), outside_claims(aud=audience)))


@dataclass(frozen=True)
class Foreign:
    id: str
    token: Callable[[], str]
    issuer: TrustedIssuer = ISSUER


OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
FOREIGN = [
    Foreign("other-key", lambda: signed_rs256(outside_header(), outside_claims(), key=OTHER_KEY)),
    Foreign("our-audience", lambda: signed_rs256(outside_header(), outside_claims(aud="orderbridge"))),
    Foreign("no-audience", lambda: signed_rs256(outside_header(), outside_claims(aud=GONE))),
    Foreign("expired", lambda: signed_rs256(outside_header(), outside_claims(exp=NOW - 60))),
    Foreign("no-exp", lambda: signed_rs256(outside_header(), outside_claims(exp=GONE))),
    Foreign("no-iat", lambda: signed_rs256(outside_header(), outside_claims(iat=GONE))),
    Foreign("no-sub", lambda: signed_rs256(outside_header(), outside_claims(sub=GONE))),
    Foreign("unknown-client", lambda: signed_rs256(outside_header(), outside_claims(azp="nobody"))),
    Foreign("azp-number", lambda: signed_rs256(outside_header(), outside_claims(azp=1))),
    Foreign("our-issuer", lambda: signed_rs256(outside_header(), outside_claims(iss="orderbridge"))),
    Foreign("our-key-for-theirs", lambda: signed(header(typ="JWT"), outside_claims())),
    Foreign(
        "hs256-with-their-public-key", lambda: signed(outside_header(alg="HS256"), outside_claims(), key=PEM_PUBLIC)
    ),
    Foreign("crit", lambda: signed_rs256(outside_header(crit=["x"]), outside_claims())),
    Foreign("jku", lambda: signed_rs256(outside_header(jku="https://evil.example"), outside_claims())),
    Foreign(
        "client-of-another-tenant",
        lambda: signed_rs256(outside_header(), outside_claims()),
        dataclasses.replace(ISSUER, tenant="lakeside"),
    ),
]


@pytest.mark.parametrize("case", FOREIGN, ids=lambda case: case.id)
async def test_a_token_that_the_trusted_issuer_did_not_give_for_us_is_refused(case: Foreign) -> None:
    outside = Outside()
    auth = authority(trusted_issuers=(case.issuer,), fetch=outside)
    with pytest.raises(Unauthenticated):
        await auth.caller(case.token())
    assert len(outside.fetched) <= 1


async def test_made_up_key_names_cause_one_fetch_a_minute() -> None:
    now = 1000.0
    outside = Outside()
    keys = IssuerKeys(ISSUER, fetch=outside, clock=lambda: now)
    assert await asyncio.gather(*(keys.key(f"k{n}") for n in range(50))) == [None] * 50
    assert len(outside.fetched) == 1
    now += 59
    assert await keys.key("k51") is None
    assert len(outside.fetched) == 1
    now += 1
    assert await keys.key("k52") is None
    assert len(outside.fetched) == 2


async def test_keys_stay_good_while_the_issuer_cannot_be_reached_and_are_asked_for_anew_after_an_hour() -> None:
    now = 1000.0
    outside = Outside()
    keys = IssuerKeys(ISSUER, fetch=outside, clock=lambda: now)
    first = await keys.key("outside-1")
    assert first is not None
    now += 3601
    outside.document = RuntimeError("of the HTTP client")
    assert await keys.key("outside-1") is first
    now += 61
    outside.document = jwks(OTHER_KEY, kid="outside-2")
    assert await keys.key("outside-1") is None
    assert await keys.key("outside-2") is not None
    assert len(outside.fetched) == 3


@pytest.mark.parametrize(
    "document",
    [
        OSError("no route"),
        RuntimeError("of the HTTP client"),
        TimeoutError(),
        b"{}",
        b"<html>",
        b'{"keys": 1}',
        b'{"keys": [1, "x", null, {}]}',
        jwks(use="enc"),
        jwks(alg="RS512"),
        jwks(alg="HS256"),
        jwks(n="AQAB"),
        jwks(kty="oct", k="eHg"),
        jwks(n=None),
        jwks(n="!!!"),
        b" " * 300_000,
    ],
)
async def test_keys_that_cannot_be_had_or_used_refuse_the_token(document: bytes | Exception) -> None:
    auth = authority(trusted_issuers=(ISSUER,), fetch=Outside(document))
    with pytest.raises(Unauthenticated):
        await auth.caller(signed_rs256(outside_header(), outside_claims()))


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


EC_DER = (
    ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
)
UNFIT: dict[str, str] = {
    "empty": "",
    "short": "x" * 31,
    "spaces": " " * 64,
    "public-pem": PEM_PUBLIC.decode(),
    "der-as-base64": base64.b64encode(DER_PUBLIC).decode(),
    "ec-der-as-base64": base64.b64encode(EC_DER).decode(),
    "der-as-hex": DER_PUBLIC.hex(),
    "ssh": "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ user@host",
    "rsa-1024": pem(rsa.generate_private_key(public_exponent=65537, key_size=1024)),
    "p-384": pem(ec.generate_private_key(ec.SECP384R1())),
    "ed25519": pem(ed25519.Ed25519PrivateKey.generate()),
    "with-passphrase": OUTSIDE.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"passphrase")
    ).decode(),
    "broken-pem": "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----",
}


@pytest.mark.parametrize("name", UNFIT)
def test_an_unfit_signing_key_stops_the_start_and_is_not_shown(name: str) -> None:
    with pytest.raises(SigningKeyRefused) as refused:
        Keys.build(UNFIT[name])
    assert len(str(refused.value)) < 120
    assert UNFIT[name][:40] not in str(refused.value) or not UNFIT[name]


@pytest.mark.parametrize("secret", ["0Y" + "a" * 40, "0" * 64, "MIIB" + "x" * 40, "é" * 16])
def test_a_random_looking_secret_is_taken(secret: str) -> None:
    assert Keys.build(secret).alg == "HS256"


def test_a_trusted_issuer_must_not_have_our_name() -> None:
    with pytest.raises(ValueError, match="our own issuer"):
        authority(trusted_issuers=(dataclasses.replace(ISSUER, issuer="orderbridge"),))


def test_only_the_one_module_asks_jose_to_verify() -> None:
    asking = [
        path.name
        for path in (Path(__file__).parents[2] / "app").rglob("*.py")
        if "jwt.decode(" in path.read_text() or "jws.verify(" in path.read_text()
    ]
    assert asking == ["verify.py"]


async def test_a_backend_that_is_not_granted_is_not_found() -> None:
    auth = authority()
    async with http_to(edge_app(auth)) as http:
        answer: httpx.Response = await http.get("/v1/backends/erp/orders", headers=bearer(auth))
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
