"""What a full ledger costs: an update and every list against one with hardly anything in it, bytes, and the clearing up."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from app.domain.json import JsonObject
from benchmarks.figures.result import Result, Spec, rounds
from benchmarks.lab import STORES, Lab, median
from benchmarks.ledger.calls import ListCall
from benchmarks.ledger.reaping import Reaped, reaped
from benchmarks.ledger.sides import Side, filled_side, full_size, small_size
from benchmarks.processes import Fault

MOST = 1.3
FLOOR_MS = 1.0
"""A difference that is no more than this is the machine's, whatever the ratio."""
UPDATING, READING = 8, 2
"""Callers at once."""
CLOSER = 6
"""How much longer a list is looked at that did not hold at first: of so many calls, the p99 of a few is high by chance."""
UPDATE = "update"
CLEARS = 2.0
DISTURBS, DISTURBS_MS = 2.0, 5.0
EMPTY, FULL = "the empty store", "the full ledger"
LEDGER = "ledger with 5 million operations and 500,000 orders"
NAMED = {"sqlite": ("", "on SQLite"), "postgres": ("-postgres", "on PostgreSQL")}
NEARLY = f"at most {MOST:g} x the empty store, or {FLOOR_MS:g} ms more"


@dataclass(frozen=True, kw_only=True)
class Specs:
    """The figures of one store."""

    update: Spec
    lists: Spec
    size: Spec
    reaper: Spec

    @classmethod
    def of(cls, store: str) -> Specs:
        suffix, where = NAMED[store]
        return cls(
            update=Spec(
                name=f"full-ledger-update{suffix}",
                title=f"{LEDGER}, {where}: p99 of a status update",
                target=NEARLY,
                unit="x",
            ),
            lists=Spec(
                name=f"full-ledger-lists{suffix}",
                title=f"{LEDGER}, {where}: p99 of the list call that suffers most",
                target=NEARLY,
                unit="x",
            ),
            size=Spec(
                name=f"full-ledger-bytes{suffix}",
                title=f"{LEDGER}, {where}: bytes per operation, nothing cleared up yet",
                target="stated",
                unit="B",
            ),
            reaper=Spec(
                name=f"full-ledger-reaper{suffix}",
                title=f"{LEDGER}, {where}: rows that the reaper clears against rows written, at half load",
                target=f"at least {CLEARS:g} x, an update's p99 at most {DISTURBS:g} x or {DISTURBS_MS:g} ms more meanwhile",
                unit="x",
                at_least=CLEARS,
            ),
        )


SPECS: Mapping[str, Specs] = {store: Specs.of(store) for store in STORES}
FIGURES: tuple[Spec, ...] = tuple(
    spec for specs in SPECS.values() for spec in (specs.update, specs.lists, specs.size, specs.reaper)
)


async def measure(lab: Lab) -> list[Result]:
    """Both ledgers of each store, in rounds: updates, then each list by turns; then the reaper on the full one."""
    full = full_size(quick=lab.plan.quick)
    results: list[Result] = []
    lab.progress.expect(len(lab.plan.stores) * (4 + 2 * lab.plan.rounds))
    for store in lab.plan.stores:
        lab.progress.step(f"filling {store}: {full.operations:,} operations")
        small_side = await filled_side(lab, EMPTY, small_size(full), store=store)
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
        specs, size = SPECS[store], _size(full_side)
        results += [_update(specs.update, compared, full_side), _lists(specs.lists, compared, sides)]
        results.append(specs.size.result(full_side.bytes_each, holds=True, detail=size))
        lab.progress.step(f"{store}, the reaper")
        await small_side.stop()
        try:
            results.append(_reaper(specs.reaper, await reaped(lab, full_side)))
        except Fault as fault:
            results.append(specs.reaper.failed(str(fault)))
        await full_side.stop()
    return results


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
        """The lists that do not hold."""
        return frozenset(what for what in self.p99_ms if what != UPDATE and self.ratio(what) > MOST)

    def forget(self, asked: Collection[str]) -> None:
        for what in asked:
            del self.p50_ms[what], self.p99_ms[what]

    def medians(self, what: str) -> tuple[float, float]:
        """Of the empty store and of the full ledger."""
        of = self.p99_ms[what]
        return median(of[EMPTY]), median(of[FULL])

    def ratio(self, what: str) -> float:
        """What counts: a difference below the floor is none."""
        empty, full = self.medians(what)
        return full / empty if full - empty > FLOOR_MS else min(full / empty, 1.0)


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


def _update(spec: Spec, compared: Compared, full: Side) -> Result:
    empty, p99 = compared.medians(UPDATE)
    detail: JsonObject = {
        "operations": full.size.operations,
        "orders": full.size.orders,
        "connections": UPDATING,
        "p99_ms": {EMPTY: round(empty, 3), FULL: round(p99, 3)},
        "p99_ms_by_round": rounds(compared.p99_ms[UPDATE]),
    }
    return spec.result(p99 / empty, holds=compared.ratio(UPDATE) <= MOST, detail=detail)


def _lists(spec: Spec, compared: Compared, sides: tuple[Side, Side]) -> Result:
    """The figure holds when that of every call does."""
    empty, full = sides
    names = [call.name for call in full.calls if call.name not in compared.failed]
    of: dict[str, JsonObject] = {}
    for name in names:
        before, after = compared.medians(name)
        items = {side.name: side.items[name] for side in sides}
        p99_ms = {empty.name: round(before, 3), full.name: round(after, 3)}
        of[name] = {
            "p50_ms": {side: round(median(took), 3) for side, took in compared.p50_ms[name].items()},
            "p99_ms": p99_ms,
            "ratio": round(after / before, 2),
            "holds": compared.ratio(name) <= MOST,
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
