"""The append-only list of what a simulated vendor really did, kept on disk where a data folder is given."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.vendors.simulation_messages import Json


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """One change in the vendor. `n` counts from 1 without gaps; `order` is the order's number, where one is known."""

    n: int
    order: str | None
    kind: str
    detail: Mapping[str, Json]
    at: datetime

    def as_json(self) -> dict[str, Json]:
        detail = dict(self.detail)
        return {"n": self.n, "order": self.order, "kind": self.kind, "detail": detail, "at": timestamp(self.at)}


@dataclass(frozen=True, kw_only=True, slots=True)
class AddedOrders:
    """Orders put in through `/_sim/orders`: set-up, nothing that the vendor did, so no effect; a restart needs them."""

    first: int
    count: int
    at: datetime

    def as_json(self) -> dict[str, Json]:
        return {"first": self.first, "count": self.count, "at": timestamp(self.at)}


class Journal:
    """Effects in memory and, with a folder, in `effects.jsonl`: one line each, on the disk before `append` returns.

    A last line without its end is a write that a kill cut short: nobody was answered, so it is taken off. Any other
    line that cannot be read raises ValueError with its number. One process has a file at a time: for a second one that is
    a ValueError too, before it reads or changes anything.
    """

    def __init__(self, folder: Path | None) -> None:
        self._effects: list[Effect] = []
        self._by_order: dict[str | None, list[Effect]] = {}
        self._entries: list[Effect | AddedOrders] = []
        self._file: int | None = None
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / "effects.jsonl"
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                _have_alone(self._file, path)
                self._entries = list(_read(path))
            except BaseException:
                self.close()
                raise
            for entry in self._entries:
                if isinstance(entry, Effect):
                    self._remember(entry)
            _sync_folder(folder)

    def take_stored(self) -> list[Effect | AddedOrders]:
        """What an earlier process left, oldest first; given once, to be replayed."""
        entries, self._entries = self._entries, []
        return entries

    def append(self, kind: str, *, order: str | None, detail: Mapping[str, Json], at: datetime) -> Effect:
        effect = Effect(n=len(self._effects) + 1, order=order, kind=kind, detail=detail, at=at)
        self._write({"effect": effect.as_json()})
        self._remember(effect)
        return effect

    def orders_added(self, added: AddedOrders) -> None:
        self._write({"orders": added.as_json()})

    def effects(self) -> list[Effect]:
        return self._effects

    def effects_of(self, order: str) -> list[Effect]:
        return self._by_order.get(order, [])

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _remember(self, effect: Effect) -> None:
        self._effects.append(effect)
        self._by_order.setdefault(effect.order, []).append(effect)

    def _write(self, line: Json) -> None:
        if self._file is None:
            return
        rest = memoryview(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        while rest:
            rest = rest[os.write(self._file, rest) :]
        os.fdatasync(self._file)


def timestamp(at: datetime) -> str:
    """RFC 3339 in UTC with microseconds."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _have_alone(file: int, path: Path) -> None:
    """Until the file is closed, which the end of the process does too."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ValueError(f"another simulator is at work on {path}") from None


def _read(path: Path) -> Iterator[Effect | AddedOrders]:
    data = path.read_bytes()
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        os.truncate(path, whole)
    for line_number, line in enumerate(data[:whole].splitlines(), start=1):
        try:
            yield _entry(json.loads(line))
        except (KeyError, TypeError, ValueError, RecursionError) as fault:
            raise ValueError(f"{path}, line {line_number}: not an entry of this simulator ({fault!r})") from fault


def _entry(line: dict[str, dict[str, Json]]) -> Effect | AddedOrders:
    if "orders" in line:
        match line["orders"]:
            case {"first": int(first), "count": int(count), "at": str(at)}:
                return AddedOrders(first=first, count=count, at=datetime.fromisoformat(at))
    match line["effect"]:
        case {"n": int(n), "order": str() | None as order, "kind": str(kind), "detail": dict(detail), "at": str(at)}:
            return Effect(n=n, order=order, kind=kind, detail=detail, at=datetime.fromisoformat(at))
    raise ValueError("members are missing")


def _sync_folder(folder: Path) -> None:
    """Puts the file's own entry on the disk: a file can be synced and still not be found after a power cut."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
