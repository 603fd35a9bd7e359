"""What things are called at one client's Cx: its elements, and the numbers of its orders."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from app.domain.work_orders import OrderKey

_LEADING_ZEROS = re.compile(r"(?<!\d)0+(?=\d)", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Names:
    """Our name of an element -> its name in this client's Cx (`[backends.x.elements]`)."""

    renamed: Mapping[str, str] = field(default_factory=dict)

    def of(self, name: str, parent: str | None = None) -> str:
        if not self.renamed:
            return name
        return self.renamed.get(f"{parent}.{name}") or self.renamed.get(name, name)


def is_number(text: str) -> bool:
    """Whether a text can be a WorkOrderId."""
    return text.isascii() and text.isdigit() and len(text) <= 10 and not text.startswith("0")


def only_written_otherwise(asked: str, key: OrderKey) -> bool:
    """Whether a text is an order's reference or number but for zeros and spaces: Cx reads both and finds the order."""
    return _plain(asked) in (key.number, _plain(key.reference or ""))


def _plain(text: str) -> str:
    return _LEADING_ZEROS.sub("", text.strip().casefold())
