"""What `POST /_sim/settings` changes in the simulated ERPx."""

from __future__ import annotations

from collections.abc import Mapping

from app.vendors.simulation import BadInput, Json, only, whole_number
from app.vendors.unit4_erpx.simulator_calls import Calls
from app.vendors.unit4_erpx.simulator_fields import RELATED_FIELDS
from app.vendors.unit4_erpx.simulator_limits import Quota
from app.vendors.unit4_erpx.simulator_users import Tokens

NAMES = ("token_life_s", "patch_answers", "deprecation", "sunset", "calls_per_minute", "number_series_relation")


class Settings:
    """`deprecation`, `sunset`, `calls_per_minute` and `number_series_relation` are switched off by null."""

    def __init__(self, *, calls: Calls, tokens: Tokens, quota: Quota) -> None:
        self._calls = calls
        self._tokens = tokens
        self._quota = quota
        self._headers: dict[str, str | None] = {"deprecation": None, "sunset": None}

    def change(self, body: Mapping[str, Json]) -> dict[str, Json]:
        """All settings as they then stand; one that is wrong changes none."""
        only(body, *NAMES)
        life = whole_number(body, "token_life_s", least=0, most=86_400)
        calls = whole_number(body, "calls_per_minute", least=1, most=1_000_000)
        answers = body.get("patch_answers")
        if answers is not None and not isinstance(answers, bool):
            raise BadInput("patch_answers", "must be true or false")
        headers = {name: _header(body, name) for name in self._headers if name in body}
        relation = _relation(body)
        self._tokens.life_s = self._tokens.life_s if life is None else life
        self._calls.patch_answers = self._calls.patch_answers if answers is None else answers
        self._headers |= headers
        if "calls_per_minute" in body:
            self._quota.enforced = calls
        if "number_series_relation" in body:
            self._calls.series_relation = relation
        return {
            "token_life_s": self._tokens.life_s,
            "patch_answers": self._calls.patch_answers,
            **self._headers,
            "calls_per_minute": self._quota.enforced,
            "number_series_relation": self._calls.series_relation,
        }

    def headers(self) -> tuple[tuple[str, str], ...]:
        return tuple((name.capitalize(), value) for name, value in self._headers.items() if value is not None)


def _header(body: Mapping[str, Json], name: str) -> str | None:
    value = body[name]
    if value is None:
        return None
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or not value:
        raise BadInput(name, "must be the header's text or null")
    return value


def _relation(body: Mapping[str, Json]) -> str | None:
    value = body.get("number_series_relation")
    if value is None:
        return None
    legal = RELATED_FIELDS["relationId"].legal
    if not isinstance(value, str) or value not in legal:
        raise BadInput("number_series_relation", f"must be one of {', '.join(sorted(legal))}, or null")
    return value
