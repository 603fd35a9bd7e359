"""Whose address a wrong secret counts for: the peer's, or the one that a trusted proxy names."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from tests.api.edge_app import SECRET, edge_app, http_to

PROXIES = ("10.0.0.5", "172.30.7.0/24", "2001:db8::/64")
GRANT = {"grant_type": "client_credentials", "client_id": "sandbox"}
WRONG, RIGHT = {**GRANT, "client_secret": "guess"}, {**GRANT, "client_secret": SECRET}


@dataclass(frozen=True, kw_only=True)
class Case:
    """Ten wrong secrets, then a right one, each from a peer with its `X-Forwarded-For` headers: is it one caller?"""

    id: str
    peers: tuple[str | None, str | None] = ("10.0.0.5", "10.0.0.5")
    guessed: list[str] = field(default_factory=list)
    then: list[str] = field(default_factory=list)
    one: bool


CASES = [
    Case(id="two callers", guessed=["198.51.100.7"], then=["203.0.113.9"], one=False),
    Case(id="one caller", guessed=["198.51.100.7"], then=["198.51.100.7"], one=True),
    Case(id="two callers of a network", peers=("172.30.7.2", "172.30.7.3"), guessed=["1.2.3.4"], then=["1.2.3.5"], one=False),
    Case(id="one caller by two proxies", peers=("172.30.7.2", "10.0.0.5"), guessed=["1.2.3.4"], then=["1.2.3.4"], one=True),
    Case(id="a caller who comes without the proxy", peers=("10.0.0.5", "1.2.3.4"), guessed=["1.2.3.4"], one=True),
    Case(id="the proxy for itself", guessed=["198.51.100.7"], then=[], one=False),
    Case(id="an untrusted peer", peers=("10.0.0.6", "10.0.0.6"), guessed=["1.2.3.4"], then=["1.2.3.5"], one=True),
    Case(id="what a caller says of himself", guessed=["1.2.3.4, 5.5.5.5"], then=["1.2.3.5, 5.5.5.5"], one=True),
    Case(id="what a caller says of himself, a proxy too", guessed=["10.0.0.5, 5.5.5.5"], then=["5.5.5.5"], one=True),
    Case(id="several hops", guessed=["1.2.3.4, 172.30.7.9"], then=["1.2.3.5,172.30.7.9 ,10.0.0.5"], one=False),
    Case(id="several headers", guessed=["1.2.3.4", "172.30.7.9"], then=["1.2.3.4"], one=True),
    Case(id="callers inside the trusted network", guessed=["172.30.7.8"], then=["172.30.7.9"], one=False),
    Case(id="junk", guessed=["unknown"], then=["_hidden, 1.2.3.4, 1.2.3.4:80"], one=True),
    Case(id="nothing", guessed=[""], then=[" , "], one=True),
    Case(id="junk behind a proxy", guessed=["'; --, 172.30.7.9"], then=["\xff"], one=True),
    Case(id="IPv6 however written", guessed=["2001:DB9:0::1"], then=["2001:db9::1"], one=True),
    Case(id="an IPv6 proxy", peers=("2001:db8::9", "2001:db8::9"), guessed=["1.2.3.4"], then=["2001:db9::1"], one=False),
    Case(
        id="a socket that takes IPv4 and IPv6",
        peers=("::ffff:10.0.0.5", "10.0.0.5"),
        guessed=["1.2.3.4"],
        then=["::ffff:1.2.3.4"],
        one=True,
    ),
    Case(id="a Unix socket", peers=(None, None), guessed=["1.2.3.4"], then=["1.2.3.5"], one=True),
]  # fmt: skip


def forwarded(values: list[str]) -> list[tuple[bytes, bytes]]:
    return [(b"X-Forwarded-For", value.encode("latin-1")) for value in values]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
async def test_wrong_secrets_count_for_the_caller_whom_a_trusted_proxy_names(case: Case) -> None:
    app = edge_app(proxies=PROXIES)
    first, second = case.peers
    async with http_to(app, address=first) as guesser, http_to(app, address=second) as client:
        headers = forwarded(case.guessed)
        guesses = [(await guesser.post("/oauth/token", data=WRONG, headers=headers)).status_code for _ in range(10)]
        assert guesses == [401] * 10
        answer = await client.post("/oauth/token", data=RIGHT, headers=forwarded(case.then))
    assert answer.status_code == (429 if case.one else 200)


async def test_nobody_is_believed_without_the_setting() -> None:
    async with http_to(edge_app(), address="127.0.0.1") as http:
        answers = [
            (await http.post("/oauth/token", data=WRONG, headers={"X-Forwarded-For": f"198.51.100.{n}"})).status_code
            for n in range(11)
        ]
    assert answers == [401] * 10 + [429]
