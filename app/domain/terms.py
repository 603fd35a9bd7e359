"""The terms on which a write was asked for, besides its body: what the query and the If-Match header said."""

from __future__ import annotations

from collections.abc import Mapping

from app.domain.json import JsonObject, JsonValue
from app.domain.record import record

ANY = "*"
"""The If-Match that any existing order meets."""


@record(frozen=True, kw_only=True, slots=True)
class Terms:
    """`replace`: the collections whose whole place the patch's take. `if_match`: the header's tags, or `*` alone."""

    replace: tuple[str, ...] = ()
    if_match: tuple[str, ...] = ()

    def as_json(self) -> JsonObject | None:
        """As the ledger keeps them; None where there are none."""
        said: dict[str, JsonValue] = {}
        if self.replace:
            said["replace"] = list(self.replace)
        if self.if_match:
            said["if_match"] = list(self.if_match)
        return said or None

    @classmethod
    def from_json(cls, said: JsonObject | None) -> Terms:
        """What `as_json` gave."""
        return cls(replace=_texts(said, "replace"), if_match=_texts(said, "if_match")) if said else NO_TERMS

    @property
    def must_exist(self) -> bool:
        """Whether the write is only for an order that exists."""
        return bool(self.if_match)


def _texts(said: Mapping[str, JsonValue], name: str) -> tuple[str, ...]:
    value = said.get(name)
    return tuple(str(one) for one in value) if isinstance(value, list) else ()


NO_TERMS = Terms()
