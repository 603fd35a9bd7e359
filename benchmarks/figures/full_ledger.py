"""What a full ledger costs: an update and every list against a small one, bytes, and the clearing up.

The small one is not empty: a page of an empty store is empty, and what would be compared is how long it takes to write 50 items
down. It has open orders enough, and as many that have ended, that most pages are as full as those of the full ledger.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from app.domain.json import JsonObject
from benchmarks.figures.result import Result, Spec, rounds
from benchmarks.lab import STORES, Lab, median
from benchmarks.ledger.calls import ListCall
from benchmarks.ledger.past import Size
from benchmarks.ledger.reaping import Reaped, reaped
from benchmarks.ledger.sides import FULL_OPERATIONS, Side, filled_side, full_size, size_of, small_size
from benchmarks.processes import Fault

MOST = 1.3
FLOOR_MS = 1.0
"""A difference that is no more than this counts as none: on a shared machine a p99 of a few ms is no surer than that."""
NEAR = 0.85
"""From this share of its limit on a list is looked at again: chance may have brought it to either side."""
UPDATING, READING = 8, 2
"""Callers at once."""
CLOSER = 6
"""How much longer that second look is: of so many calls, the p99 of a few is high or low by chance."""
UPDATE = "update"
CLEARS = 2.0
DISTURBS, DISTURBS_MS = 2.0, 5.0
SMALL, FULL = "the small ledger", "the full ledger"
NAMED = {"sqlite": ("", "on SQLite"), "postgres": ("-postgres", "on PostgreSQL")}
NEARLY = f"at most {MOST:g} x, or {FLOOR_MS:g} ms more"


@dataclass(frozen=True, kw_only=True)
class Specs:
    """The figures of one store."""

    update: Spec
    lists: Spec
    size: Spec
    reaper: Spec

    @classmethod
    def of(cls, store: str, full: Size) -> Specs:
        """Named after the sizes that are compared."""
        suffix, where = NAMED[store]
        only = frozenset({store})
        ledger, small = f"ledger with {_sized(full)}, {where}", f"against one with {_sized(small_size(full))}"
        return cls(
            update=Spec(
                name=f"full-ledger-update{suffix}",
                title=f"{ledger}: p99 of a status update, {small}",
                target=NEARLY,
                unit="x",
                stores=only,
            ),
            lists=Spec(
                name=f"full-ledger-lists{suffix}",
                title=f"{ledger}: p99 of the list call that suffers most, {small}",
                target=NEARLY,
                unit="x",
                stores=only,
            ),
            size=Spec(
                name=f"full-ledger-bytes{suffix}",
                title=f"{ledger}: bytes per operation, nothing cleared up yet",
                target="stated",
                unit="B",
                stores=only,
            ),
            reaper=Spec(
                name=f"full-ledger-reaper{suffix}",
                title=f"{ledger}: rows that the reaper clears against rows written, at half load",
                target=f"at least {CLEARS:g} x, an update's p99 at most {DISTURBS:g} x or {DISTURBS_MS:g} ms more meanwhile",
                unit="x",
                at_least=CLEARS,
                stores=only,
            ),
        )


def _sized(size: Size) -> str:
    return f"{size.operations:,} operations and {size.orders:,} orders"


FIGURES: tuple[Spec, ...] = tuple(
    spec
    for specs in (Specs.of(store, size_of(FULL_OPERATIONS)) for store in STORES)
    for spec in (specs.update, specs.lists, specs.size, specs.reaper)
)


async def measure(lab: Lab) -> list[Result]:
    """Both ledgers of each store, in rounds: updates, then each list by turns; then the reaper on the full one.

    It takes hours: what there is of a store is handed over before the reaper, or the next store, can break anything.
    """
    full = full_size(quick=lab.plan.quick)
    lab.progress.expect(len(lab.plan.stores) * (4 + 2 * lab.plan.rounds))
    for store in lab.plan.stores:
        lab.progress.step(f"filling {store}: {full.operations:,} operations")
        small_side = await filled_side(lab, SMALL, small_size(full), store=store)
        full_side = await filled_side(lab, FULL, full, store=store)
        sides = (small_side, full_side)
        compared = Compared()
        for side in sides:
            await side.update(UPDATING, lab.plan.warm_up_s)
        await _ask_for_as_many(sides, compared)  # some lists find nothing before there are updates
        for turn in range(lab.plan.rounds):
            lab.progress.step(f"{store}, round {turn + 1} of {lab.plan.rounds}, updates")
            for side in sides:
                sample = await side.update(UPDATING, lab.plan.sample_s)
                compared.note(UPDATE, side.name, sample.p50_ms, sample.p99_ms)
            lab.progress.step(f"{store}, round {turn + 1} of {lab.plan.rounds}, lists")
            await _read_lists(sides, compared, seconds=_each_s(lab))
        doubtful = compared.doubtful
        lab.progress.step(f"{store}, a closer look at {len(doubtful)} lists")
        compared.forget(doubtful)
        for _ in range(lab.plan.rounds):
            await _read_lists(sides, compared, seconds=CLOSER * _each_s(lab), only=doubtful)
        specs, size = Specs.of(store, full), _size(full_side)
        lab.keep(
            [
                _update(specs.update, compared, sides),
                _lists(specs.lists, compared, sides, again=doubtful),
                specs.size.result(full_side.bytes_each, holds=True, detail=size),
            ]
        )
        lab.progress.step(f"{store}, the reaper")
        await small_side.stop()
        try:
            cleared = _reaper(specs.reaper, await reaped(lab, full_side))
        except Fault as fault:
            cleared = specs.reaper.failed(str(fault))
        lab.keep([cleared])
        await full_side.stop()
    return []


@dataclass(kw_only=True)
class Compared:
    """p50 and p99 in ms by what was asked and whom; what failed, and why."""

    p50_ms: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    p99_ms: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def note(self, what: str, side: str, p50_ms: float, p99_ms: float) -> None:
        self.p50_ms.setdefault(what, {}).setdefault(side, []).append(p50_ms)
        self.p99_ms.setdefault(what, {}).setdefault(side, []).append(p99_ms)

    @property
    def doubtful(self) -> frozenset[str]:
        """The lists that do not hold, or nearly do not."""
        asked = self.p99_ms.keys() - self.failed.keys() - {UPDATE}
        return frozenset(what for what in asked if self.share(what) > NEAR)

    def forget(self, asked: Collection[str]) -> None:
        for what in asked:
            del self.p50_ms[what], self.p99_ms[what]

    def medians(self, what: str) -> tuple[float, float]:
        """Of the small ledger and of the full one."""
        of = self.p99_ms[what]
        return median(of[SMALL]), median(of[FULL])

    def ratio(self, what: str) -> float:
        """What counts: a difference below the floor is none."""
        small, full = self.medians(what)
        return full / small if full - small > FLOOR_MS else min(full / small, 1.0)

    def share(self, what: str) -> float:
        """What the full ledger takes of what it may: over 1 does not hold."""
        small, full = self.medians(what)
        return full / max(MOST * small, small + FLOOR_MS)

    def only_by_floor(self, what: str) -> bool:
        """It holds because the difference is small, and not by its ratio."""
        small, full = self.medians(what)
        return self.ratio(what) <= MOST < full / small


def _each_s(lab: Lab) -> float:
    """How long each list is read in a round, in seconds."""
    return max(0.1, lab.plan.seconds / 60)


async def _ask_for_as_many(sides: tuple[Side, Side], compared: Compared) -> None:
    """Have both answer each call with as many items: it is finding them that is compared, not writing them down."""
    alike: list[list[ListCall]] = [[] for _ in sides]
    for calls in zip(*(side.calls for side in sides), strict=True):
        try:
            counts = [await side.look(call) for side, call in zip(sides, calls, strict=True)]
        except Fault as fault:
            compared.failed[calls[0].name] = str(fault)
            counts = [0]
        fewest = min(counts)
        narrows = 0 < fewest < max(counts) and len(calls[0].paths) == 1
        for side, of_side, call in zip(sides, alike, calls, strict=True):
            of_side.append(call.of(fewest) if narrows else call)
            if narrows:
                side.items[call.name] = fewest
    for side, of_side in zip(sides, alike, strict=True):
        side.calls = of_side


async def _read_lists(
    sides: tuple[Side, Side], compared: Compared, *, seconds: float, only: Collection[str] | None = None
) -> None:
    """Each call on either side before the next; what failed once is not asked again."""
    for calls in zip(*(side.calls for side in sides), strict=True):
        for side, call in zip(sides, calls, strict=True):
            if call.name in compared.failed or (only is not None and call.name not in only):
                continue
            try:
                compared.note(call.name, side.name, *await side.read(call, connections=READING, seconds=seconds))
            except Fault as fault:
                compared.failed[call.name] = str(fault)


def _update(spec: Spec, compared: Compared, sides: tuple[Side, Side]) -> Result:
    small, full = compared.medians(UPDATE)
    detail: JsonObject = {
        "operations": {side.name: side.size.operations for side in sides},
        "orders": {side.name: side.size.orders for side in sides},
        "connections": UPDATING,
        "p99_ms": {SMALL: round(small, 3), FULL: round(full, 3)},
        "p99_ms_by_round": rounds(compared.p99_ms[UPDATE]),
    }
    return spec.result(full / small, holds=compared.ratio(UPDATE) <= MOST, detail=detail)


def _lists(spec: Spec, compared: Compared, sides: tuple[Side, Side], *, again: Collection[str]) -> Result:
    """The figure holds when that of every call does."""
    small, full = sides
    names = [call.name for call in full.calls if call.name not in compared.failed]
    of: dict[str, JsonObject] = {}
    for name in names:
        before, after = compared.medians(name)
        items = {side.name: side.items[name] for side in sides}
        p99_ms = {small.name: round(before, 3), full.name: round(after, 3)}
        of[name] = {
            "p50_ms": {side: round(median(took), 3) for side, took in compared.p50_ms[name].items()},
            "p99_ms": p99_ms,
            "ratio": round(after / before, 2),
            "holds": compared.ratio(name) <= MOST,
            "only_by_floor": compared.only_by_floor(name),
            "again": name in again,
            "items": items,
        }
    worst = max(names, key=compared.ratio) if names else None
    detail: JsonObject = {"worst": worst, "calls": of, "failed": dict(compared.failed), "connections": READING}
    holds = not compared.failed and all(compared.ratio(name) <= MOST for name in names)
    return spec.result(compared.ratio(worst) if worst is not None else float("nan"), holds=holds, detail=detail)


def _size(full: Side) -> JsonObject:
    each: dict[str, float] = {
        table: round(count / full.size.operations, 1) for table, count in full.size_bytes.items() if count > 0
    }
    return {"operations": full.size.operations, "bytes_each": full.bytes_each, "by_table": each}


def _reaper(spec: Spec, found: Reaped) -> Result:
    ratios, p99_ms = found.ratios, median(found.p99_ms)
    undisturbed = p99_ms <= max(DISTURBS * found.before_p99_ms, found.before_p99_ms + DISTURBS_MS)
    detail: JsonObject = {
        "sustained_per_second": round(found.sustained, 1),
        "cleared_per_second": {kind: round(median(rates)) for kind, rates in found.cleared.items()},
        "written_per_second": {kind: round(median(rates)) for kind, rates in found.written.items()},
        "ratios": {kind: round(ratio, 2) for kind, ratio in ratios.items()},
        "p99_ms": {"before": round(found.before_p99_ms, 2), "meanwhile": round(p99_ms, 2)},
        "p99_ms_by_slice": [round(value, 2) for value in found.p99_ms],
    }
    return spec.result(min(ratios.values()), holds=undisturbed, detail=detail)
