"""`python -m benchmarks.ledger.capture`: runs the product for a handful of orders, and keeps the rows that each step left.

What it keeps is `pattern.json`, from which `fill` makes as many as are wanted. A step is all that a request, the vendor's word or
a person brought about, until everything rested again: the rows that came, and the order's row before and after.
"""

from __future__ import annotations

import asyncio
import io
import itertools
import json
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import httpx

from app.domain.json import JsonObject, JsonValue
from app.vendors.registry import VENDORS
from benchmarks.gateway import PROGRAM, new_site
from benchmarks.lab import Lab, Plan, open_lab
from benchmarks.processes import Fault, free_port
from benchmarks.progress import Progress

PATTERN = Path(__file__).with_name("pattern.json")
BACKEND = "civica-cx"
FIRST = 7_430_001
"""Numbers that stand for nothing else in any row."""
ORDERS = 8
TABLES: Mapping[str, Sequence[str]] = {
    "operation": ("id",),
    "attempt": ("operation_id", "n"),
    "idempotency_key": ("client_id", "key"),
    "event": ("id",),
    "order_hold": ("id",),
}
"""The tables of which a step leaves rows, with their keys."""
COUNTED = ("version", "last_seq", "event_seq", "fence")
COMMENTS = "Engineer on site, isolating valve replaced; tenant signed."
AT_REST_S = 2.5
"""Two rounds of polling, so that what they show of a write belongs to its step."""
WITHIN_S = 60.0

Row = Mapping[str, JsonValue]
Rows = Mapping[str, Mapping[tuple[JsonValue, ...], Row]]


@dataclass(kw_only=True)
class Stage:
    """A gateway at work, its vendor, and the file that its ledger is in."""

    api: httpx.AsyncClient
    vendor: httpx.AsyncClient
    file: Path
    steps: list[JsonObject] = field(default_factory=list)
    _keys: itertools.count[int] = field(default_factory=itertools.count)

    async def update(
        self,
        number: int,
        status: str,
        *,
        expected: int = 201,
        wait: int | None = None,
        more: Mapping[str, str] | None = None,
    ) -> None:
        """Send a status update; `more` are members of its body. Raises Fault where it is not answered as expected."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        headers = {"Idempotency-Key": f"0b1c5d6e-7f80-4a1b-8c2d-{next(self._keys):012d}"}
        if wait is not None:
            headers["Prefer"] = f"wait={wait}"
        answer = await self.api.post(
            f"/v1/backends/{BACKEND}/work-orders/{number}/status-updates",
            json={"status": status, "occurred_at": now, "comments": COMMENTS, **(more or {})},
            headers=headers,
        )
        _expect(answer, expected)

    async def fault(self, kind: str, number: int, **more: JsonValue) -> None:
        """The order's next write meets this fault."""
        _expect(await self.vendor.post("/_sim/faults", json={"kind": kind, "order": str(number), **more}), 201)

    async def on_screen(self, number: int, code: int) -> None:
        """A client's user gives the order another status."""
        body = {"StatusCodeId": code}
        _expect(await self.vendor.post(f"/_sim/orders/{number}/status", json=body), 200)

    async def resolve(self, action: str, **more: str) -> None:
        """A person resolves the one hold that is open."""
        (hold,) = (await self.api.get("/v1/holds?state=open")).json()["items"]
        _expect(
            await self.api.post(
                f"/v1/holds/{hold['hold_id']}/resolution",
                json={"action": action, "reason": "J. Smith spoke to the client", **more},
                headers={"Idempotency-Key": f"0b1c5d6e-7f80-4a1b-8c2d-{next(self._keys):012d}"},
            ),
            200,
        )

    async def step(self, name: str, number: int, work: Callable[[], Awaitable[None]], *, until: str) -> None:
        """Do the work, wait until everything rests with a row that `until` finds, and keep what is new."""
        before, order = self._rows(), self._order(number)
        await work()
        rest, last = time.monotonic() + AT_REST_S, None
        ends = time.monotonic() + WITHIN_S
        while time.monotonic() < rest:
            now = {table: len(rows) for table, rows in self._rows().items()}, self._found(until, number)
            if now != last or not now[1]:
                last, rest = now, time.monotonic() + AT_REST_S
            if time.monotonic() > ends:
                raise Fault(f"{name}: nothing came of it: {self._order(number)}")
            await asyncio.sleep(0.1)
        after = self._rows()
        new = {table: [row for key, row in after[table].items() if key not in before[table]] for table in TABLES}
        self.steps.append(_step(name, number, order, self._order(number), new))

    def _rows(self) -> Rows:
        with closing(sqlite3.connect(self.file)) as connection:
            connection.row_factory = sqlite3.Row
            return {
                table: {
                    tuple(row[column] for column in key): dict(row)
                    for row in connection.execute(f"SELECT * FROM {table} ORDER BY {', '.join(key)}")
                }
                for table, key in TABLES.items()
            }

    def _order(self, number: int) -> Row | None:
        with closing(sqlite3.connect(self.file)) as connection:
            connection.row_factory = sqlite3.Row
            row = connection.execute("SELECT * FROM work_order WHERE number = ?", [str(number)]).fetchone()
            return None if row is None else dict(row)

    def _found(self, until: str, number: int) -> bool:
        with closing(sqlite3.connect(self.file)) as connection:
            statement = f"SELECT 1 FROM work_order WHERE number = ? AND {until}"
            return connection.execute(statement, [str(number)]).fetchone() is not None


def _step(name: str, number: int, before: Row | None, after: Row | None, rows: JsonObject) -> JsonObject:
    """A step as it is kept; of the order before it, its code and what counts up."""
    was = None if before is None else {column: before[column] for column in ("code", "recheck", *COUNTED)}
    return {"name": name, "number": number, "before": was, "after": after, "rows": rows}


def _expect(answer: httpx.Response, status: int) -> None:
    if answer.status_code != status:
        raise Fault(f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}, not {status}")


def _is(code: int) -> str:
    return f"code = '{code}' AND open_count = 0 AND blocked_by IS NULL AND recheck = 0"


async def plain_steps(on: Stage) -> None:
    """The life of orders that nothing stops."""
    a, b, c = FIRST, FIRST + 1, FIRST + 2

    async def applied(number: int, status: str, code: int, more: Mapping[str, str] | None = None) -> None:
        await on.step("applied", number, lambda: on.update(number, status, more=more), until=_is(code))

    await applied(a, "on_site", 11)
    await applied(a, "awaiting_materials", 12)
    await applied(a, "on_site", 11, {"client_reference": "JOB-2026-004711", "reason_code": "no_parts"})
    await on.step("unchanged", a, lambda: on.update(a, "on_site", expected=409), until=_is(11))
    await on.fault("refuse", a)
    await on.step("refused", a, lambda: on.update(a, "awaiting_materials", expected=409), until=_is(11))
    await on.fault("lost_answer", a)
    await on.step("lost", a, lambda: on.update(a, "awaiting_materials", wait=20), until=_is(12))
    await on.fault("reset", a)
    await on.step("retried", a, lambda: on.update(a, "on_site", wait=20), until=_is(11))
    await applied(a, "complete", 17)
    await on.step("closed", a, lambda: on.on_screen(a, 19), until=_is(19))
    for number, turns in ((b, ("on_site",)), (c, ("on_site", "awaiting_materials"))):
        for status in turns:
            await on.update(number, status)
        await asyncio.sleep(AT_REST_S)
    await applied(c, "complete", 17)
    await on.step("cancelled", b, lambda: on.on_screen(b, 18), until=_is(18))
    d = FIRST + 3
    for status in ("on_site", "awaiting_materials"):
        await on.update(d, status)
    await asyncio.sleep(AT_REST_S)
    await on.step("cancelled", d, lambda: on.on_screen(d, 18), until=_is(18))


async def held_steps(on: Stage) -> None:
    """Orders that stop until a person says how they go on; nobody polls meanwhile."""
    a, b, c, d = (FIRST + 4 + n for n in range(4))
    for number in (a, b, c, d):
        await on.update(number, "on_site")

    async def refused_with_one_behind(number: int) -> None:
        await on.on_screen(number, 12)  # so that the vendor refuses to set it once more
        await on.fault("latency", number, delay_s=1)
        await on.update(number, "awaiting_materials", expected=202, wait=0)
        await on.update(number, "delayed", expected=202, wait=0)

    async def held(number: int, code: int) -> None:
        await on.fault("lost_answer", number)
        await on.update(number, "awaiting_materials", expected=202, wait=0)
        await asyncio.sleep(0.5)
        await on.on_screen(number, code)

    async def skipped() -> None:
        await refused_with_one_behind(a)
        await asyncio.sleep(6)
        await on.resolve("skip")

    async def marked() -> None:
        await held(b, 14)
        await asyncio.sleep(22)
        await on.resolve("mark_applied", evidence="Cx showed Awaiting Materials at 20:41")

    await on.step("skipped", a, skipped, until=_is(13))
    await on.step("marked", b, marked, until="open_count = 0 AND blocked_by IS NULL")
    for number in (a, b):
        await on.step("applied", number, partial(on.update, number, "on_site"), until=_is(11))
    await on.step("stopped", c, lambda: refused_with_one_behind(c), until="held = 1 AND open_count = 1")
    await on.step("held", d, lambda: held(d, 14), until="held = 1 AND open_count = 1")


@asynccontextmanager
async def staged(lab: Lab, *, poll_s: float) -> AsyncIterator[Stage]:
    """A gateway in front of the vendor's simulator with ORDERS plain orders; each order as it was first seen is a step."""
    port = free_port()
    simulate = [*PROGRAM, "simulate", "civica-cx", "--port", str(port)]
    await lab.start(simulate, name="simulator", port=port, ready="/_sim/faults")
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as vendor:
        _expect(await vendor.post("/_sim/orders", json={"first": FIRST, "count": ORDERS}), 201)
        section = {**VENDORS["civica_cx"].sandbox.section(str(vendor.base_url)), "poll_s": poll_s, "settle_s": 0}
        site = await new_site(lab, {BACKEND: section}, sections={"delivery": {"deadline_s": 3, "wait_s": 20}})
        stage = Stage(api=httpx.AsyncClient(), vendor=vendor, file=site.folder / "ledger.db")
        gateway = await site.serve()
        await gateway.knows(ORDERS)
        bearer = {"Authorization": f"Bearer {await gateway.bearer()}"}
        async with httpx.AsyncClient(base_url=gateway.url, headers=bearer, trust_env=False, timeout=60) as stage.api:
            yield stage
        await gateway.stop()


def raised(on: Stage) -> JsonObject:
    """An order as the first list showed it."""
    events = [row for row in on._rows()["event"].values() if row["work_order"] == str(FIRST)]
    rows: JsonObject = {table: events if table == "event" else [] for table in TABLES}
    return _step("raised", FIRST, None, on._order(FIRST), rows)


async def captured(lab: Lab, *, only_plain: bool = False) -> list[JsonObject]:
    """Every step; with `only_plain` just an order's first sight and its first update, which takes seconds."""
    async with staged(lab, poll_s=1) as stage:
        steps: list[JsonObject] = [raised(stage)]
        if only_plain:
            await stage.step("applied", FIRST, lambda: stage.update(FIRST, "on_site"), until=_is(11))
            return steps + stage.steps
        await plain_steps(stage)
        steps += stage.steps
    async with staged(lab, poll_s=3600) as stage:
        await held_steps(stage)
        return steps + stage.steps


async def main() -> None:
    async with open_lab(Plan(), Progress(1, to=io.StringIO())) as lab:
        steps = await captured(lab)
    lines = ",\n".join(json.dumps(step, ensure_ascii=False) for step in steps)
    PATTERN.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    print(f"{len(steps)} steps", file=sys.stderr)


if __name__ == "__main__":
    asyncio.run(main())
