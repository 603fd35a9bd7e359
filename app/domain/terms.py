"""The terms on which a write was asked for, besides its body: what the query, If-Match and If-None-Match said, and what its
caller may not do."""

from __future__ import annotations

from collections.abc import Mapping

from app.domain.json import JsonObject, JsonValue
from app.domain.record import record

ANY = "*"
"""The If-Match that any existing order meets, and the If-None-Match that none does."""


@record(frozen=True, kw_only=True, slots=True)
class Terms:
    """`replace`: the collections whose whole place the patch's take. `if_match`: the header's tags, or `*` alone.
    `if_none_match`: `*` alone. `keeps_status`: the caller may set no status, and so names only one that the order has."""

    replace: tuple[str, ...] = ()
    if_match: tuple[str, ...] = ()
    if_none_match: tuple[str, ...] = ()
    keeps_status: bool = False

    def as_json(self) -> JsonObject | None:
        """As the ledger keeps them; None where there are none."""
        said: dict[str, JsonValue] = {}
        if self.replace:
            said["replace"] = list(self.replace)
        if self.if_match:
            said["if_match"] = list(self.if_match)
        if self.if_none_match:
            said["if_none_match"] = list(self.if_none_match)
        if self.keeps_status:
            said["keeps_status"] = True
        return said or None

    @classmethod
    def from_json(cls, said: JsonObject | None) -> Terms:
        """What `as_json` gave."""
        if not said:
            return NO_TERMS
        return cls(
            replace=_texts(said, "replace"),
            if_match=_texts(said, "if_match"),
            if_none_match=_texts(said, "if_none_match"),
            keeps_status=said.get("keeps_status") is True,
        )

    @property
    def must_exist(self) -> bool:
        """Whether the write is only for an order that exists."""
        return bool(self.if_match)

    @property
    def must_be_new(self) -> bool:
        """Whether the write is only for an order that does not exist."""
        return bool(self.if_none_match)


def _texts(said: Mapping[str, JsonValue], name: str) -> tuple[str, ...]:
    value = said.get(name)
    return tuple(str(one) for one in value) if isinstance(value, list) else ()


NO_TERMS = Terms()
