"""The findings of `orderbridge check` that every vendor has."""

from __future__ import annotations

from app.domain.errors import BackendMisconfigured, BackendUnavailable, VendorSaid
from app.domain.ports import Finding
from app.vendors import findings
from app.vendors.exchange import NotSent, Unanswered

URL = "http://acme.example"


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
