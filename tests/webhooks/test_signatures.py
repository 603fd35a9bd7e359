"""Signatures: the standard's own vector, and the verification that our page teaches."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.domain.webhooks import secret_text, signature

PAGE = Path(__file__).resolve().parent.parent.parent / "docs/webhooks.md"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = secret_text(b"o" * 32)
BODY = b'{"test": 2432232314}'
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
Verified = Callable[[str, dict[str, str], bytes], bool]


@pytest.fixture(scope="module")
def verified() -> Verified:
    """The sample of the page, as it stands there."""
    (sample,) = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    names: dict[str, Verified] = {}
    exec(sample, names)
    return names["verified"]


def headers(*secrets: str, at_s: int, body: bytes = BODY, message_id: str = ID) -> dict[str, str]:
    signed = signature(secrets, message_id=message_id, at_s=at_s, body=body)
    return {"webhook-id": message_id, "webhook-timestamp": str(at_s), "webhook-signature": signed}


def test_the_official_vector_of_standard_webhooks() -> None:
    assert signature([SECRET], message_id=ID, at_s=1614265330, body=BODY) == (
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


def test_a_secret_is_32_bytes_in_base64_behind_a_prefix() -> None:
    assert secret_text(b"\xff" * 32) == "whsec_//////////////////////////////////////////8="


@dataclass(frozen=True)
class Case:
    id: str
    good: bool
    signed_with: tuple[str, ...] = (SECRET,)
    age_s: int = 0
    got: bytes = BODY
    id_got: str = ID


CASES = [
    Case("as sent", True),
    Case("signed with the new secret and the old", True, signed_with=(OTHER, SECRET)),
    Case("four minutes old", True, age_s=240),
    Case("older than five minutes", False, age_s=310),
    Case("from the future", False, age_s=-310),
    Case("with another secret", False, signed_with=(OTHER,)),
    Case("with another id", False, id_got="msg_other"),
    Case("with one byte more", False, got=BODY + b" "),
    Case("empty", False, got=b""),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_sample_of_the_page_believes_what_we_sent_and_nothing_else(case: Case, verified: Verified) -> None:
    sent = headers(*case.signed_with, at_s=int(time.time()) - case.age_s)
    assert verified(SECRET, {**sent, "webhook-id": case.id_got}, case.got) is case.good


def test_no_flipped_bit_of_the_body_is_believed(verified: Verified) -> None:
    sent = headers(SECRET, at_s=int(time.time()))
    for place in range(len(BODY)):
        flipped = bytes(byte ^ (1 if index == place else 0) for index, byte in enumerate(BODY))
        assert not verified(SECRET, sent, flipped)


@pytest.mark.parametrize("forged", ["", "v1,", "v1", "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", "v1a,AAAA"])
def test_no_forged_signature_is_believed(forged: str, verified: Verified) -> None:
    sent = headers(SECRET, at_s=int(time.time()))
    assert not verified(SECRET, {**sent, "webhook-signature": forged}, BODY)
