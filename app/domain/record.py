"""Records that nobody changes, dozens of which are made for every request: the type checker holds them frozen."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

__all__ = ["record"]

if TYPE_CHECKING:
    from dataclasses import dataclass as record
else:

    def record(*, frozen, **options):
        """`dataclasses.dataclass(frozen=True)`, but for the running program: a frozen one is made by a call for each member,
        which was a twentieth of a status update. Equal and hashed as ever."""
        assert frozen
        return dataclasses.dataclass(unsafe_hash=True, **options)
