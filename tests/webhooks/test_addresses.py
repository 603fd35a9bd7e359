"""Which addresses and which URLs are sent to: a table of each."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address

import pytest

from app.delivery.addresses import AddressRefused, AddressRules, Resolve, Target, addresses, is_public, target

STRICT = AddressRules()
LOOSE = AddressRules(allow_loopback=True)

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "52.95.110.1",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.1",
    "151.101.1.69",
    "168.63.129.15",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2606:4700:4700::1111",
    "2a00:1450:4009:81f::200e",
    "2003::1",
]
NOT_PUBLIC = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",
    "100.127.255.255",
    "127.0.0.1",
    "127.1.2.3",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.0.1",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.170",
    "192.0.0.192",
    "192.0.2.1",
    "192.31.196.1",
    "192.52.193.1",
    "192.88.99.1",
    "192.168.0.1",
    "192.168.255.255",
    "192.175.48.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::2",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:0:53aa:64c:0:0:80ff:fffe",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "2002:808:808::1",
    "2620:4f:8000::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "2606:4700::1%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]

REFUSED = [
    "",
    "hooks.acme.com",
    "//hooks.acme.com/",
    "https:hooks.acme.com",
    "https:/hooks.acme.com/",
    "https:///path",
    "https://",
    "http://hooks.acme.com/",
    "ftp://hooks.acme.com/",
    "file:///etc/passwd",
    "gopher://hooks.acme.com/",
    "javascript://hooks.acme.com/",
    "https://user@hooks.acme.com/",
    "https://user:pw@hooks.acme.com/",
    "https://hooks.acme.com@169.254.169.254/",
    "https://hooks.acme.com\\@127.0.0.1/",
    "https://hooks.acme.com#@127.0.0.1/",
    "https://hooks.acme.com/#fragment",
    "https://hooks.acme.com:8443/",
    "https://hooks.acme.com:80/",
    "https://hooks.acme.com:0/",
    "https://hooks.acme.com:65536/",
    "https://hooks.acme.com:443443/",
    "https://hooks.acme.com:/",
    "https://hooks.acme.com:٤٤٣/",
    "https://hooks.acme.com:443:443/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.1/",
    "https://0177.0.0.1/",
    "https://0x/",
    "https://8.8.8.8/",
    "https://1.1.1.1.1/",
    "https://hooks.acme.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://１２７.０.０.１/",
    "https://①②⑦.⓪.⓪.①/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[2606:4700:4700::1111]/",
    "https://[fe80::1%25eth0]/",
    "https://[::1/",
    "https://[]/",
    "https://localhost/",
    "https://LOCALHOST/",
    "https://ⓛocalhost/",
    "https://hooks.localhost/",
    "https://localhost./",
    "https://hooks.acme.com./",
    "https://.acme.com/",
    "https://hooks..acme.com/",
    "https://-hooks.acme.com/",
    "https://hooks_.acme.com/",
    "https://hooks%2eacme.com/",
    "https://hooks.acme.com%00.evil.com/",
    "https://hooks acme.com/",
    "https://hooks.acme.com/a b",
    "https://hooks.acme.com/a\r\nHost: evil",
    "https://hooks.acme.com/\x00",
    "https://hooks.acme.com/é",
    "https://intranet/",
    "https://printer.local/",
    "https://metadata.google.internal/",
    "https://1.0.0.127.in-addr.arpa/",
    "https://abc.onion/",
    "https://xn--a/",
    "https://" + "a" * 64 + ".com/",
    "https://" + ".".join(["a" * 60] * 5) + "/",
    "https://hooks.acme.com/" + "a" * 2048,
]

TAKEN = {
    "https://hooks.acme.com": "https://hooks.acme.com/",
    "https://hooks.acme.com:443/a": "https://hooks.acme.com/a",
    "HTTPS://Hooks.ACME.com/A?b=C": "https://hooks.acme.com/A?b=C",
    "https://hooks.acme.com?token=1": "https://hooks.acme.com/?token=1",
    "https://hooks.acme.com//a/../b/%2e%2e/": "https://hooks.acme.com//a/../b/%2e%2e/",
    "https://bücher.de/": "https://xn--bcher-kva.de/",
    "https://ｈooks.acme.com/": "https://hooks.acme.com/",
    "https://hooks。acme.com/": "https://hooks.acme.com/",
    "https://1and1.com/": "https://1and1.com/",
    "https://0x7f.com/": "https://0x7f.com/",
}


def look_up(*answers: str) -> Resolve:
    """A resolver that always answers so."""

    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return answers

    return resolve


def test_the_corpora_are_as_large_as_they_should_be() -> None:
    assert len({*PUBLIC, *NOT_PUBLIC}) == len([*PUBLIC, *NOT_PUBLIC]) >= 60
    assert len(set(REFUSED)) == len(REFUSED) >= 40


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_that_is_somebodys_on_the_internet_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_that_is_special_is_not(address: str) -> None:
    assert not is_public(ip_address(address))


def test_the_standard_library_alone_would_have_let_some_through() -> None:
    trusted = [address for address in NOT_PUBLIC if ip_address(address).is_global]
    assert {"64:ff9b::7f00:1", "2002:7f00:1::", "::127.0.0.1", "192.0.0.192", "224.0.0.1"} & {*trusted}


@pytest.mark.parametrize("url", REFUSED)
def test_a_url_that_leaves_something_to_guess_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        target(url, STRICT)


@pytest.mark.parametrize(("url", "kept"), TAKEN.items())
def test_a_url_is_kept_as_it_was_understood(url: str, kept: str) -> None:
    assert target(url, STRICT).url == kept
    assert target(kept, STRICT).url == kept


def test_a_further_port_has_to_be_allowed() -> None:
    rules = AddressRules(allowed_ports=frozenset({443, 8443}))
    assert target("https://hooks.acme.com:8443/a", rules).url == "https://hooks.acme.com:8443/a"


@pytest.mark.parametrize("address", NOT_PUBLIC)
async def test_one_answer_that_is_not_public_refuses_the_name(address: str) -> None:
    of = target("https://hooks.acme.com/", STRICT)
    for answers in ([address], ["8.8.8.8", address], [address, "8.8.8.8"]):
        with pytest.raises(AddressRefused, match="not public"):
            await addresses(of, STRICT, look_up(*answers))


async def test_every_answer_being_public_they_are_those_to_connect_to() -> None:
    of = target("https://hooks.acme.com/", STRICT)
    found = await addresses(of, STRICT, look_up("8.8.8.8", "2606:4700::1", "8.8.8.8"))
    assert found == (ip_address("8.8.8.8"), ip_address("2606:4700::1"))
    assert [of.at(each) for each in found] == ["https://8.8.8.8:443/", "https://[2606:4700::1]:443/"]


@pytest.mark.parametrize("error", [OSError("no such name"), UnicodeError("label too long")])
async def test_a_look_up_that_fails_refuses(error: Exception) -> None:
    async def fails(_host: str, _port: int) -> Sequence[str]:
        raise error

    with pytest.raises(AddressRefused, match="resolved"):
        await addresses(target("https://hooks.acme.com/", STRICT), STRICT, fails)


@pytest.mark.parametrize("answers", [(), ("",), ("hooks.acme.com",), ("127.1",)])
async def test_an_answer_that_is_no_address_refuses(answers: tuple[str, ...]) -> None:
    with pytest.raises(AddressRefused, match="resolved"):
        await addresses(target("https://hooks.acme.com/", STRICT), STRICT, look_up(*answers))


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080/", "http://localhost:1234/a", "https://127.0.0.1:9999/", "http://[::1]:81/"]
)
async def test_in_development_loopback_does_by_any_port_and_plainly(url: str) -> None:
    of = target(url, LOOSE)
    address = "::1" if of.host == "::1" else "127.0.0.1"
    assert await addresses(of, LOOSE, look_up(address)) == (ip_address(address),)
    with pytest.raises(AddressRefused):
        target(url, STRICT)


@pytest.mark.parametrize(
    ("url", "answers"),
    [
        ("http://hooks.acme.com/", ("8.8.8.8",)),
        ("https://hooks.acme.com:8443/", ("8.8.8.8",)),
        ("https://hooks.acme.com/", ("10.0.0.1",)),
        ("https://hooks.acme.com/", ("127.0.0.1", "10.0.0.1")),
        ("http://localhost/", ("127.0.0.1", "8.8.8.8")),
    ],
)
async def test_in_development_all_but_loopback_is_as_ever(url: str, answers: tuple[str, ...]) -> None:
    with pytest.raises(AddressRefused):
        await addresses(target(url, LOOSE), LOOSE, look_up(*answers))


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1/", "http://2130706433/", "http://127.1/", "http://0x7f.1/", "http://0/"]
)
def test_in_development_an_odd_spelling_is_refused_too(url: str) -> None:
    with pytest.raises(AddressRefused):
        target(url, LOOSE)


def test_the_host_header_names_the_port_only_where_it_is_not_the_usual_one() -> None:
    made = [Target(scheme="https", host="a.com", port=port, path="/").authority for port in (443, 8443)]
    assert made == ["a.com", "a.com:8443"]
    assert Target(scheme="http", host="::1", port=80, path="/").authority == "[::1]"
