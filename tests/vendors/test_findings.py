"""The findings of `orderbridge check` that every vendor has."""

from __future__ import annotations

from pathlib import Path

from app.domain.errors import BackendMisconfigured, BackendUnavailable, VendorSaid
from app.domain.ports import Finding
from app.vendors import findings
from app.vendors.exchange import NotSent, Unanswered
from app.vendors.status_csv import read_statuses
from app.vendors.vendor import BackendSettings

URL = "http://acme.example"
SETTINGS = BackendSettings(vendor="acme", url=URL, statuses="codes.csv")


async def test_any_status_is_an_address_that_answers() -> None:
    async def status() -> int:
        return 404

    found = await findings.address(URL, status)
    assert found == Finding(name="address", ok=True, detail=f"{URL} answers with HTTP 404.")


async def test_an_address_that_does_not_answer() -> None:
    for fault in (NotSent(BackendUnavailable, "It is down."), Unanswered("It is down.")):

        async def status(fault: Exception = fault) -> int:
            raise fault

        found = await findings.address(URL, status)
        assert found == Finding(name="address", ok=False, detail=f"{URL}: It is down.")


async def test_a_log_in_that_brings_a_token() -> None:
    async def log_in() -> str:
        return "t0ken"

    found = await findings.log_in(log_in, accepted="Acme gave us a token.")
    assert found == Finding(name="log-in", ok=True, detail="Acme gave us a token.")


async def test_a_log_in_that_is_refused_has_the_vendors_words() -> None:
    async def log_in() -> str:
        raise NotSent(BackendMisconfigured, "Refused.", said=VendorSaid(code="7", message="Invalid Logon.", status=401))

    found = await findings.log_in(log_in, accepted="")
    assert found == Finding(name="log-in", ok=False, detail="Refused. Invalid Logon.")


def test_a_vendor_without_words_may_have_a_code() -> None:
    assert findings.with_words("Refused.", VendorSaid(code="invalid_client", status=400)) == "Refused. invalid_client"
    assert findings.with_words("Refused.", VendorSaid(status=400)) == "Refused."
    assert findings.with_words("Refused.", None) == "Refused."


def test_the_codes_of_a_table(tmp_path: Path) -> None:
    path = tmp_path / "codes.csv"
    path.write_text("Code,Label,Status\n1,Issued,issued\n2,Done,complete\n")
    assert findings.codes_in(path, SETTINGS, read_statuses) == frozenset({"1", "2"})


def test_a_table_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "codes.csv"
    for content in (None, b"\xff\xfe\x00", b"Code\n"):
        if content is not None:
            path.write_bytes(content)
        found = findings.codes_in(path, SETTINGS, read_statuses)
        assert isinstance(found, Finding)
        assert (found.name, found.ok, found.detail.startswith("codes.csv: ")) == ("status codes", False, True)
