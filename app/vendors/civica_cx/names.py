"""What things are called at one client's Cx: its elements, and the numbers of its orders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


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
