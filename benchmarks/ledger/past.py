"""The past of a ledger: orders come, are updated by several clients, and end, by the steps that the product was seen to take.

Everything is in the order in which it would have come: ids rise with time, `seq` counts within each order, and no order is worked
on by two steps at once. The same seed gives the same past.
"""

from __future__ import annotations

import hashlib
import heapq
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import islice
from uuid import NAMESPACE_URL, uuid5

from benchmarks.ledger.pattern import COUNTS, DAY, SECOND, Slot, StepPattern, columns_of, steps

Rows = Mapping[str, list[list[object]]]
"""By their table; values in the order of its columns."""
BATCH = 20_000
OLD = 402 * DAY
LEAST_EACH = 2
FIRST_ENDED = 3_000_000
STOPPED = 4
"""So many of each backend's open orders, the last, wait for a person."""
ODDS: Mapping[str, Mapping[str, float]] = {
    "11": {"unchanged": 0.01, "refused": 0.02, "lost": 0.01},
    "12": {"retried": 0.005},
}
"""From a state: how often what comes is not just applied, besides holds."""
RESOLVED = ("skipped", "marked")
"""Steps in which an order is held until a person says how it goes on."""
ENOUGH = 4
"""Operations that must still be to come for one of those."""
CANCELLED = 0.05
"""So many of the orders end by the client's word; the others are completed, and then closed by the client."""
_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [high + low for high in _DIGITS for low in _DIGITS]


@dataclass(frozen=True, kw_only=True)
class Caller:
    """A client of a tenant, and its share of the orders."""

    tenant: str
    client: str
    share: int


@dataclass(frozen=True, kw_only=True)
class Size:
    """`open_orders` of each backend are open still, numbered from `first_open`; the last few of them are held."""

    operations: int
    orders: int
    backends: Mapping[str, int] = field(default_factory=lambda: {"civica-cx": 60, "civica-cx-2": 20, "civica-cx-3": 20})
    """Their shares of the orders."""
    callers: Sequence[Caller] = (
        Caller(tenant="bench", client="bench", share=45),
        Caller(tenant="bench", client="bench-office", share=15),
        Caller(tenant="north", client="north-app", share=25),
        Caller(tenant="south", client="south-app", share=15),
    )
    open_orders: int = 1024
    first_open: int = 300_000
    span_s: int = 6 * 86_400
    """How long ago the first came: the product keeps all of them for seven days."""
    old: int = 0
    """So many operations, the first, are older than anything is kept, by default, but for the operations themselves."""
    resolved: int | None = None
    """About so many holds were resolved; by default one of a thousand operations was the cause of one."""
    seed: int = 4711

    def __post_init__(self) -> None:
        if self.operations < LEAST_EACH * self.orders:
            raise ValueError(f"{self.orders} orders need at least {LEAST_EACH * self.orders} operations")

    @property
    def shares(self) -> Mapping[str, int]:
        """How many orders each backend has."""
        whole, names = sum(self.backends.values()), list(self.backends)
        counts = {name: self.orders * self.backends[name] // whole for name in names}
        counts[names[0]] += self.orders - sum(counts.values())
        return counts

    def open_of(self, backend: str) -> int:
        return min(self.open_orders, self.shares[backend] // 2)

    def free(self, backend: str) -> range:
        """The numbers of its open orders that nothing stops."""
        return range(self.first_open, self.first_open + max(0, self.open_of(backend) - STOPPED))


@dataclass(slots=True, kw_only=True)
class Lane:
    """One order on its way."""

    backend: str
    caller: Caller
    number: int
    left: int
    """Operations that are still to come."""
    ends: bool
    stops: bool
    state: str = ""
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    code_since: int = 0
    code_operation: str | None = None
    free_at: int = 0
    step: StepPattern | None = None
    began: int = 0
    ids: dict[str, list[str]] = field(default_factory=dict)


class Past:
    """Makes the rows. `now` is the present, in microseconds."""

    def __init__(self, size: Size, *, now: int) -> None:
        self._size = size
        self._now = now
        self._dice = random.Random(size.seed)
        self._steps: dict[tuple[str, str], list[StepPattern]] = defaultdict(list)
        for step in steps():
            self._steps[step.name, step.was].append(step)
        self._rows: defaultdict[str, list[list[object]]] = defaultdict(list)
        self._events: list[tuple[int, int, list[object]]] = []
        """Those that are to come, by their time."""
        self._pushed = self._event_id = 0
        self._place = {name: place for place, name in enumerate(columns_of("work_order"))}
        resolved = size.operations / 1000 if size.resolved is None else size.resolved
        stopping = dict.fromkeys(
            RESOLVED, resolved / size.operations
        )  # half of all steps go out from 11, and there are two
        self._odds = {**ODDS, "11": {**ODDS["11"], **stopping}}

    def batches(self) -> Iterator[tuple[int, Rows]]:
        """Rows, and how many operations there are with them; each is to be stored before the next is asked for."""
        size = self._size
        waiting = {backend: self._lanes(backend) for backend in size.backends}
        at_work = {backend: list(islice(lanes, size.open_of(backend))) for backend, lanes in waiting.items()}
        for lanes in at_work.values():
            for lane in lanes:
                self._take(lane, "raised", self._moment(0))
        done = told = at = 0
        still_open: list[Lane] = []
        while done < size.operations:
            at = max(at, self._moment(done + self._dice.random()))
            self._tell(at)
            backend = self._backend(at_work)
            place, lane = self._free(at_work[backend], at)
            done += self._next(lane, max(at, lane.free_at))
            if lane.left == 0:
                following = next(waiting[backend], None)
                if following is None:
                    at_work[backend][place] = at_work[backend][-1]
                    at_work[backend].pop()
                else:
                    at_work[backend][place] = following
                    self._take(following, "raised", at)
                if lane.ends:
                    self._end(lane)
                else:
                    still_open.append(lane)
            if done - told >= BATCH:
                told = done
                yield done, self._taken()
        self._tell(self._now)
        for lane in still_open:
            self._keep_order(lane)
        yield done, self._taken()

    def _moment(self, n: float) -> int:
        """When the nth operation came; the last an hour ago."""
        size = self._size
        if n < size.old:
            return self._now - OLD + round(n / size.old * DAY)
        share = (n - size.old) / (size.operations - size.old)
        return self._now - size.span_s * SECOND + round(share * (size.span_s - 3600) * SECOND)

    def _lanes(self, backend: str) -> Iterator[Lane]:
        """Its orders, in the order in which they come; those that stay open are the last."""
        size, dice = self._size, self._dice
        count, open_ = size.shares[backend], size.open_of(backend)
        callers = [caller for caller in size.callers for _ in range(caller.share)]
        for n, left in enumerate(self._shared_out(backend)):
            ends = n < count - open_
            yield Lane(
                backend=backend,
                caller=dice.choice(callers),
                number=FIRST_ENDED + n if ends else size.first_open + n - (count - open_),
                left=left,
                ends=ends,
                stops=not ends and n >= count - min(STOPPED, open_ // 2),
            )

    def _shared_out(self, backend: str) -> Sequence[int]:
        """How many operations each order of the backend gets."""
        size, dice, counts = self._size, self._dice, self._size.shares
        whole = size.operations * counts[backend] // size.orders
        if backend == next(iter(size.backends)):
            whole = size.operations - sum(size.operations * counts[one] // size.orders for one in list(counts)[1:])
        most = 2 * (whole // counts[backend]) - LEAST_EACH
        each = [dice.randint(LEAST_EACH, most) for _ in range(counts[backend])]
        over = whole - sum(each)
        while over:
            n = dice.randrange(len(each))
            if over > 0 or each[n] > LEAST_EACH:
                each[n] += 1 if over > 0 else -1
                over += -1 if over > 0 else 1
        return each

    def _backend(self, at_work: Mapping[str, Sequence[Lane]]) -> str:
        names = [name for name, lanes in at_work.items() if lanes]
        return self._dice.choices(names, [self._size.backends[name] for name in names])[0]

    def _free(self, lanes: Sequence[Lane], at: int) -> tuple[int, Lane]:
        """One that no step is at work on, or else any."""
        place = 0
        for _ in range(5):
            place = int(self._dice.random() * len(lanes))
            if lanes[place].free_at <= at:
                break
        return place, lanes[place]

    def _next(self, lane: Lane, at: int) -> int:
        """The lane's next step; returns how many operations that made."""
        state, left = lane.state, lane.left
        if lane.stops and state == "11" and left <= LEAST_EACH:
            return self._take(lane, "held" if left == 1 else "stopped", at)
        if lane.ends and left == 1 and state in ODDS and self._dice.random() > CANCELLED:
            return self._take(lane, "applied", at, to="17")
        if state in ODDS:
            thrown = self._dice.random()
            for name, share in self._odds[state].items():
                thrown -= share
                if thrown < 0 and (left >= ENOUGH or name not in RESOLVED):
                    return self._take(lane, name, at)
                if thrown < 0:
                    break
        return self._take(lane, "applied", at, to="11" if state != "11" else "12")

    def _end(self, lane: Lane) -> None:
        """The client's last word, some time after the last update; then nothing comes any more."""
        soon = lane.free_at + round(self._dice.random() * 600 * SECOND)
        self._take(lane, "closed" if lane.state == "17" else "cancelled", soon)
        self._keep_order(lane)

    def _take(self, lane: Lane, name: str, at: int, to: str | None = None) -> int:
        of = self._steps[name, lane.state]
        step = of[0] if to is None else next(one for one in of if one.state == to)
        lane.step, lane.began = step, at
        lane.ids = {kind: [self._id(kind, at + n) for n in range(count)] for kind, count in step.counts.items()}
        values = self._values(lane, step.slots)
        for row in step.rows:
            made = row.filled(values)
            if row.table == "event":
                self._pushed += 1
                heapq.heappush(self._events, (_int(made[1]), self._pushed, made))
            else:
                self._rows[row.table].append(made)
        for count, more in step.adds.items():
            lane.counts[count] += more
        if step.since is not None:
            lane.code_since = step.since if isinstance(step.since, int) else _int(self._values(lane, [step.since])[0])
            lane.code_operation = lane.ids["op"][-1] if step.sets_code else None
        lane.state = step.state
        lane.left -= step.operations
        lane.free_at = at + step.lasts + SECOND
        return step.operations

    def _keep_order(self, lane: Lane) -> None:
        assert lane.step is not None
        row = lane.step.order.filled(self._values(lane, lane.step.order_slots))
        if not lane.ends:  # the poller has just seen it
            row[self._place["observed_at"]] = row[self._place["listed_at"]] = self._now
        row[self._place["stands"]] = int(not lane.ends)
        self._rows["work_order"].append(row)

    def _tell(self, upto: int) -> None:
        """Events get their ids in the order of their times."""
        while self._events and self._events[0][0] <= upto:
            _, _, row = heapq.heappop(self._events)
            self._event_id += 1
            row[0] = self._event_id
            self._rows["event"].append(row)

    def _taken(self) -> Rows:
        rows, self._rows = self._rows, defaultdict(list)
        return rows

    def _id(self, kind: str, at: int) -> str:
        bits = self._dice.getrandbits
        if kind == "key":
            text = f"{bits(128):032x}"
            return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
        millis = at // 1000
        return "".join(
            [
                kind,
                "_",
                *[_PAIRS[millis >> shift & 1023] for shift in _TIME_SHIFTS],
                *[_PAIRS[bits(10)] for _ in range(8)],
            ]
        )

    def _values(self, lane: Lane, slots: Sequence[Slot]) -> list[object]:
        return [_SOURCES[kind](self, lane, n) for kind, n in slots]

    def random_text(self, bits: int) -> str:
        return f"{self._dice.getrandbits(bits):0{bits // 4}x}"


_TIME_SHIFTS = (40, 30, 20, 10, 0)
_Source = Callable[[Past, Lane, int], object]


@lru_cache(maxsize=65_536)
def _to_the_second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def _rfc(_past: Past, lane: Lane, offset: int) -> str:
    seconds, micros = divmod(lane.began + offset, SECOND)
    return f"{_to_the_second(seconds)}.{micros:06}Z"


def _of(kind: str, _past: Past, lane: Lane, n: int) -> str:
    return lane.ids[kind][n]


def _count(name: str, _past: Past, lane: Lane, more: int) -> int:
    return lane.counts[name] + more


def _etag(_past: Past, lane: Lane, _: int) -> str:
    return hashlib.sha256(f"{lane.backend} {lane.number} {lane.counts['version']}".encode()).hexdigest()[:32]


_SOURCES: Mapping[str, _Source] = {
    "at": lambda past, lane, offset: lane.began + offset,
    "second": lambda past, lane, offset: (lane.began + offset) // SECOND * SECOND,
    "rfc": _rfc,
    "rfc-second": lambda past, lane, offset: f"{_to_the_second((lane.began + offset) // SECOND)}Z",
    **{kind: partial(_of, kind) for kind in ("op", "hold", "key")},
    **{name: partial(_count, name) for name in COUNTS},
    "print": lambda past, lane, n: past.random_text(256),
    "request": lambda past, lane, n: f"req_{past.random_text(128)}",
    "reference": lambda past, lane, n: f"JOB-{past.random_text(48)}",
    "number": lambda past, lane, n: str(lane.number),
    "uid": lambda past, lane, n: str(uuid5(NAMESPACE_URL, f"urn:orderbridge:civica-cx:{lane.number}")),
    "backend": lambda past, lane, n: lane.backend,
    "tenant": lambda past, lane, n: lane.caller.tenant,
    "client": lambda past, lane, n: lane.caller.client,
    "code_since": lambda past, lane, n: lane.code_since,
    "code_operation": lambda past, lane, n: lane.code_operation,
    "etag": _etag,
    "mark": _etag,
    "marked_version": partial(_count, "version"),
}


def _int(value: object) -> int:
    assert isinstance(value, int)
    return value
