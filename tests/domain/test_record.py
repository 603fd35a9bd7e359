"""A record is at run time what a frozen dataclass is, but for the guard at each assignment."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from app.domain.record import record


@record(frozen=True, kw_only=True, slots=True)
class Light:
    id: str
    at: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Guarded:
    id: str
    at: int = 0


def test_a_record_equals_and_hashes_as_a_frozen_dataclass_does() -> None:
    assert Light(id="a") == Light(id="a", at=0) != Light(id="a", at=1)
    assert hash(Light(id="a", at=1)) == hash(Guarded(id="a", at=1))
    assert len({Light(id="a"), Light(id="a"), Light(id="b")}) == 2


def test_a_record_is_made_replaced_and_shown_as_a_frozen_dataclass_is() -> None:
    assert replace(Light(id="a"), at=2) == Light(id="a", at=2)
    assert repr(Light(id="a")) == "Light(id='a', at=0)"
    assert [one.name for one in fields(Light)] == [one.name for one in fields(Guarded)]
    assert not hasattr(Light(id="a"), "__dict__")
