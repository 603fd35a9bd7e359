"""The tables of `docs/scaling.md`, from what was measured, predicted, simulated and seen in plans."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from benchmarks.scaling.carries import MONTH, SITES, capacity, days_until, kept, writes
from benchmarks.scaling.costs import Measured, Source
from benchmarks.scaling.outlook import TOLERANCES
from benchmarks.scaling.plan import BUSY, db_load, gateway_load, plan_for
from benchmarks.scaling.plans import Read
from benchmarks.scaling.simulate import Done
from benchmarks.scaling.units import bytes_, cores, cpu, each_s, ms, number, percent, plain, seconds, times
from benchmarks.scaling.world import Demand

ROWS = (
    ("an update that goes out at once: the gateway, on PostgreSQL", "update_cpu_s", cpu),
    ("the same on SQLite", "sqlite_update_cpu_s", cpu),
    ("of which the ledger's functions, on PostgreSQL", "ledger_cpu_s", cpu),
    ("the same: PostgreSQL", "db_update_cpu_s", cpu),
    ("the same on tables divided by month", "db_divided_cpu_s", cpu),
    ("more, if it had to wait its turn: the gateway", "queued_cpu_s", cpu),
    ("more, if it had to wait its turn: PostgreSQL", "db_queued_cpu_s", cpu),
    ("forgetting its key, answer and event: PostgreSQL", "db_reap_cpu_s", cpu),
    ("an order that polling shows as it was: the gateway", "seen_cpu_s", cpu),
    ("an order that polling shows as it was: PostgreSQL", "db_seen_cpu_s", cpu),
    ("more, if an update has changed it: the gateway", "shown_cpu_s", cpu),
    ("more, if an update has changed it: PostgreSQL", "db_shown_cpu_s", cpu),
    ("a backend at which nothing happens, each second: a gateway", "idle_cpu_s", cpu),
    ("a backend at which nothing happens, each second: PostgreSQL", "db_idle_cpu_s", cpu),
    ("a backend in a gateway's memory", "backend_bytes", bytes_),
    ("statements for an update", "statements", plain),
    ("transactions that write, for an update", "commits", plain),
    ("more of them, if it had to wait", "queued_commits", plain),
    ("WAL of an update", "wal_bytes", bytes_),
    ("more right after a checkpoint, for images of pages", "wal_images_bytes", bytes_),
    ("WAL of an order that polling shows as it was", "seen_wal_bytes", bytes_),
    ("more, if an update has changed it", "shown_wal_bytes", bytes_),
    ("row versions for vacuum, from an update's acceptance until all of it is forgotten", "dead_rows", plain),
    ("on disk for good: operation, attempt, their indexes", "operation_bytes", bytes_),
    ("its stored answer (7 days) and key (7 days)", "answer_bytes+key_bytes", bytes_),
    ("its event (400 days)", "event_bytes", bytes_),
    ("the event of what polling shows of it (400 days)", "shown_event_bytes", bytes_),
    ("an order", "order_bytes", bytes_),
    ("a commit's flush to disk", "flush_s", ms),
)
SAID = {
    Source.measured: "measured",
    Source.bench: "[bench](performance.md)",
    Source.assumed: "**assumed**",
}


def costs(measured: Measured) -> str:
    """What an update costs, and whether that can be relied on."""
    rows = []
    for title, names, unit in ROWS:
        parts = [measured.values[name] for name in names.split("+")]
        noisy = "" if all(one.quiet or one.source is Source.assumed for one in parts) else ", **on a busy machine**"
        rows.append((title, unit(sum(one.value for one in parts)), SAID[parts[0].source] + noisy))
    return table(("what", ">cost", "from"), rows)


def carries(measured: Measured) -> str:
    """What installations of three sizes carry."""
    rows = []
    for site in SITES:
        can = capacity(measured.costs, site)
        rows.append(
            (
                site.title,
                f"{site.backends:,} / {site.orders:,}",
                each_s(can.per_s),
                number(can.per_day),
                can.limit,
                bytes_(can.bytes_per_day),
            )
        )
    heads = (
        "installation",
        ">backends / orders",
        ">updates in the busiest hour",
        ">updates a day",
        "busy first",
        ">on disk, a day",
    )
    return table(heads, rows)


def plan(measured: Measured, demand: Demand) -> str:
    """What keeps the cores busy at 50 million updates a day, polled every minute and every ten."""
    rows = []
    for poll_s in (60.0, 600.0):
        asked = replace(demand, poll_s=poll_s)
        per_s = asked.per_s(asked.peak_hour)
        chosen = plan_for(measured.costs, asked)
        for who, load in (
            ("gateways", gateway_load(measured.costs, asked, per_s=per_s, copies=2)),
            ("PostgreSQL", db_load(measured.costs, asked, per_s=per_s, copies=2)),
        ):
            size = f"{chosen.processes} processes in {chosen.groups} groups"
            if who == "PostgreSQL":
                size = f"{chosen.databases} of {chosen.db_cores} cores"
            busy = (load.updates + load.forgetting, load.shown, load.polls, load.idle, load.cores)
            rows.append((f"{who}, `poll_s = {poll_s:.0f}`", *map(cores, busy), size))
    heads = (
        "busiest hour",
        ">updates",
        ">polling shows them",
        ">polling the rest",
        ">looking for work",
        ">cores busy",
        "so it takes",
    )
    return table(heads, rows)


SHOWN = {
    "updates": ("updates", number),
    "calls": ("vendor calls under way, on average", plain),
    "gateway_busy": ("a gateway process is busy", percent),
    "db_busy": ("the database's cores are busy", percent),
    "commit_s": ("a commit takes", ms),
    "delay_mean_s": ("from acceptance to the call: mean", seconds),
    "delay_p90_s": ("90 % begin within", seconds),
    "delay_p99_s": ("99 %", seconds),
    "delay_p999_s": ("99.9 %", seconds),
    "within_wait": ("applied within 8 s, and so answered 201", percent),
}


def agreement(runs: Mapping[str, Done]) -> str:
    """Each run of the simulation beside the model."""
    parts = []
    for done in runs.values():
        rows = [
            (words, unit(one.predicted), unit(one.found), _within(one.name), "yes" if one.agrees else "**no**")
            for one in done.differences
            for words, unit in [SHOWN[one.name]]
        ]
        took = f"{done.took_s / 60:.0f} min" if done.took_s > 100 else f"{done.took_s:.0f} s"
        size = f"{done.backends:,} backends, {done.plan.processes} gateway processes, simulated in {took}"
        parts.append(
            f"**{done.title[0].upper()}{done.title[1:]}** ({size}):\n\n"
            + table(("", ">model", ">simulation", "may differ by", "agree"), rows)
        )
    return "\n\n".join(parts) if parts else "Not simulated yet."


def _within(name: str) -> str:
    """How far apart the two may be: so much of the larger one, or so much as a number of its own."""
    allowed, (_, unit) = TOLERANCES[name], SHOWN[name]
    words = [f"{allowed.relative:.0%}"] if allowed.relative else []
    words += [unit(allowed.absolute) + (" of all" if unit is percent else "")] if allowed.absolute else []
    return " or ".join(words)


def limits(measured: Measured, demand: Demand) -> str:
    """What 50 million updates a day write."""
    asked = writes(measured.costs, demand)
    commits = f"{each_s(asked.commits_per_s)}, in {each_s(asked.flushes_per_s)} flushes"
    wal, cold = asked.wal_per_s, asked.wal_per_s_cold
    vacuum = f"{bytes_(asked.vacuum_per_day)} a day, {asked.vacuum_cpu_s_per_day / 60:,.0f} min of CPU"
    rows = (
        ("CPU", f"{cores(asked.cores)} cores", "64 cores, 60 % busy", times(64 * BUSY / asked.cores)),
        ("commits that write", commits, "flushes are shared, the more the busier", "no limit"),
        ("WAL, images aside", f"{bytes_(wal)}/s", "200 MB/s, to disk and to a standby", times(WAL_MOST / wal)),
        ("WAL, right after a checkpoint", f"{bytes_(cold)}/s", "the same", times(WAL_MOST / cold)),
        ("vacuum goes through", vacuum, "at its default pace 3.4 TB", times(VACUUM_MOST / asked.vacuum_per_day)),
        (
            "transaction ids",
            f"{number(asked.transactions_per_day)} a day",
            "old rows frozen every 200 million",
            f"every {asked.days_to_freeze:.1f} days",
        ),
        (
            "growth for good, and for 400 days",
            f"{bytes_(asked.bytes_per_day)} a day, and {bytes_(kept(measured.costs, demand, days=1).events)} of events",
            "8 TB in all, to be restored within a day",
            f"full in {days_until(measured.costs, demand, DISK_MOST):,} days",
        ),
    )
    return table((f"at {demand.per_s(demand.peak_hour):,.0f} updates/s", ">is", "one server takes", ">room"), rows)


WAL_MOST, DISK_MOST = 200e6, 8e12
"""Bytes in a second, and bytes: what one good server is taken to bear."""
VACUUM_MOST = 39e6 * 86_400
"""Bytes a day: 10 pages written every 2 ms (vacuum_cost_limit / vacuum_cost_page_dirty, vacuum_cost_delay)."""


def growth(measured: Measured) -> str:
    """How large the ledger is after some months, for smaller demands too."""
    rows = []
    for a_day in (100_000.0, 1_000_000.0, 10_000_000.0, 50_000_000.0):
        demand = Demand(updates_per_day=a_day, orders=round(a_day / 50))
        sizes = [kept(measured.costs, demand, days=months * MONTH).total for months in (1, 12, 36)]
        rows.append((number(a_day), *map(bytes_, sizes)))
    return table((">updates a day", ">1 month", ">12 months", ">36 months"), rows)


def plans(seen: Mapping[str, Mapping[str, Read]]) -> str:
    """Of each hot statement the partitions that it reads, by layout."""
    if not seen:
        return "Not looked at yet."
    layouts = list(seen)
    names = list(dict.fromkeys(name for each in seen.values() for name in each))
    rows = [(name, *[_read(seen[layout].get(name, {})) for layout in layouts]) for name in names]
    return table(("statement", *(f"divided {layout}" for layout in layouts)), rows)


def _read(tables: Read) -> str:
    wide = [f"**{name}: {count}**" for name, count in tables.items() if count > 1]
    return ", ".join(wide) or "one"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Markdown; a head that begins with > has its column to the right."""
    lines = [
        " | ".join(head.lstrip(">") for head in heads),
        " | ".join("---:" if head.startswith(">") else "---" for head in heads),
    ]
    lines += [" | ".join(row) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)
