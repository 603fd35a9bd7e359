"""The charts of `docs/performance.md`, one message each, drawn from the results with matplotlib."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from app.domain.json import JsonValue
from benchmarks.figures.result import shown

mpl.use("Agg")

Entry = Mapping[str, JsonValue]
Entries = Mapping[str, Entry]
Chart = Callable[[Entries, Figure], str | None]
"""Draws into the figure and gives the words for those who do not see it; None where its results are not there."""

OURS, OTHERS, GOOD, BAD, TARGET = "#1f5fa8", "#b5bcc6", "#2e8b57", "#c0392b", "#c0392b"
INK, FAINT = "#22272e", "#6b7480"
DPI = 160
STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": FAINT,
    "axes.edgecolor": "#d0d5db",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": FAINT,
    "ytick.color": INK,
    "figure.facecolor": "white",
}


def draw(entries: Sequence[Entry], folder: Path) -> dict[str, str]:
    """Draw what the results allow into the folder; gives the file names with their words. Charts of no result are removed."""
    found = {str(entry["figure"]): entry for entry in entries}
    folder.mkdir(parents=True, exist_ok=True)
    drawn: dict[str, str] = {}
    for name, chart in CHARTS.items():
        path = folder / name
        with mpl.rc_context(STYLE):  # type: ignore[arg-type]
            figure = Figure(figsize=(8, 4), layout="constrained")
            words = chart(found, figure)
            if words is None:
                path.unlink(missing_ok=True)
                continue
            figure.savefig(path, dpi=DPI, metadata={"Software": None})
        drawn[name] = words
    return drawn


def cpu_per_update(entries: Entries, figure: Figure) -> str | None:
    """What one status update costs each contestant's process; on the others' bars, how much of theirs ours may be."""
    cpu_us = _numbers(_first(entries, "status-update-"), "cpu_us")
    ours = cpu_us.get(SQLITE)
    if ours is None or len(cpu_us) < 2:
        return None
    names = sorted(cpu_us, key=lambda name: cpu_us[name], reverse=True)
    axes = _plain(
        figure, "CPU time for one status update, by who does it", "µs of the process's own CPU, at 16 connections"
    )
    axes.barh(names, [cpu_us[name] for name in names], color=[_colour(name) for name in names], height=0.62)
    axes.axvline(ours, color=OURS, linewidth=1, linestyle=(0, (1, 2)))
    for place, name in enumerate(names):
        ends, words = cpu_us[name], f"{cpu_us[name]:,.0f} µs"
        if name in LIMITS:
            share, says = LIMITS[name]
            limit = share * (ours if name == POSTGRES else cpu_us[name])
            _limit(axes, place, limit)
            ends, words = max(ends, limit), f"{words}   {says}"
        _beside(axes, place, ends, words)
    axes.set_xlim(0, max(cpu_us.values()) * 1.5)
    return "CPU for one status update: " + ", ".join(f"{name} {cpu_us[name]:,.0f} µs" for name in names)


SQLITE, POSTGRES = "Orderbridge on SQLite", "Orderbridge on PostgreSQL"
LIMITS: Mapping[str, tuple[float, str]] = {
    "plain FastAPI": (1 / 7, "limit for SQLite: 1/7"),
    "Node, no ledger": (1.3, "limit for SQLite: 1.3 x"),
    "Node, our job": (0.9, "limit for SQLite: 0.9 x"),
    POSTGRES: (1.6, "limit: 1.6 x SQLite"),
}
"""What our cost may be at most: of that of each other contestant; on PostgreSQL, of our own on SQLite."""


def latency(entries: Entries, figure: Figure) -> str | None:
    """How long one update takes a single caller, with a gateway in between and without."""
    found = _first(entries, "latency-")
    by_round = {shown_as: _rounds(found, member) for shown_as, member in (("p50", "p50_ms"), ("p99", "p99_ms"))}
    if not all(by_round.values()):
        return None
    axes = _plain(figure, "Time of one update at a single caller", "ms")
    height, longest = 0.36, 0.0
    words: list[str] = []
    for place, (name, values) in enumerate(reversed(by_round.items())):
        direct, ours = (median(values[who]) for who in ("direct zeep client", "Orderbridge"))
        allowed = direct + ADDED_MS[name]
        for shift, who, value in ((height / 2, "direct zeep client", direct), (-height / 2, "Orderbridge", ours)):
            axes.barh(place + shift, value, height=height * 0.9, color=_colour(who))
            ends, says = value, f"{value:.1f} ms   {who}"
            if who == "Orderbridge":
                _limit(axes, place + shift, allowed, half=height / 2)
                ends, says = max(value, allowed), f"{says}   limit: direct + {ADDED_MS[name]:g} ms"
            longest = max(longest, ends)
            _beside(axes, place + shift, ends, says)
        words.append(f"{name} {ours:.1f} ms, direct {direct:.1f} ms")
    axes.set_yticks(range(len(by_round)), list(reversed(by_round)))
    axes.set_xlim(0, longest * 1.6)
    return "Time of one update through the gateway and by a direct client: " + "; ".join(words)


ADDED_MS = {"p50": 2.5, "p99": 8.0}


def throughput(entries: Entries, figure: Figure) -> str | None:
    """How many updates one process takes in a second as callers become more."""
    per_second = _numbers(_first(entries, "sustained-"), "per_second")
    if not per_second:
        return None
    clients = list(per_second)
    axes = _plain(figure, "Status updates that one process takes in a second", "clients at once", grid="y")
    bars = axes.bar(clients, list(per_second.values()), color=OURS, width=0.5)
    axes.bar_label(bars, labels=[f"{value:,.0f}/s" for value in per_second.values()], padding=4)
    axes.margins(y=0.18)
    for place, count in enumerate(clients):
        least = {"16": 1000.0, "256": 900.0}.get(count, 0.8 * per_second.get("256", 0.0))
        axes.hlines(least, place - 0.32, place + 0.32, color=TARGET, linestyle=(0, (4, 2)), linewidth=1.4)
        axes.text(place + 0.34, least, f"at least {least:,.0f}", color=TARGET, fontsize=8, va="center")
    return "Updates in a second, by clients at once: " + ", ".join(f"{n}: {v:,.0f}" for n, v in per_second.items())


def against_targets(entries: Entries, figure: Figure) -> str | None:
    """Every figure that was measured, as a share of what it may be."""
    shares: dict[str, tuple[float, str]] = {}
    for name, entry in entries.items():
        measured, most, least = entry["measured"], entry["at_most"], entry["at_least"]
        if not isinstance(measured, int | float):
            continue
        words = shown(measured, entry["unit"])
        if isinstance(most, int | float) and most > 0:
            shares[name] = max(0.0, measured / most), words
        elif isinstance(least, int | float) and measured > 0:
            shares[name] = least / measured, words
    if not shares:
        return None
    figure.set_size_inches(8, 1.4 + 0.34 * len(shares))
    axes = _plain(figure, "What was measured, where the limit is one number", "% of the limit; left of the line holds")
    names = list(reversed(shares))
    values = [min(shares[name][0], MOST_SHOWN) * 100 for name in names]
    holds = [bool(entries[name]["holds"]) for name in names]
    axes.barh(names, values, color=[GOOD if good else BAD for good in holds], height=0.62)
    axes.axvline(100, color=INK, linewidth=1)
    for place, name in enumerate(names):
        cut = "  (bar cut)" if shares[name][0] > MOST_SHOWN else ""
        _beside(axes, place, values[place], f"{shares[name][1]}{cut}")
    axes.set_xlim(0, max(130.0, *values) * 1.2)
    return f"{sum(holds)} of the {len(holds)} measured figures whose limit is one number hold"


MOST_SHOWN = 3.0
"""A bar of more than so many times its limit is cut there."""

CHARTS: Mapping[str, Chart] = {
    "targets.png": against_targets,
    "cpu-per-update.png": cpu_per_update,
    "latency.png": latency,
    "throughput.png": throughput,
}


def _plain(figure: Figure, title: str, label: str, *, grid: str = "x") -> Axes:
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", fontsize=12, fontweight="bold", pad=12)
    axes.set_xlabel(label)
    axes.grid(axis="y" if grid == "y" else "x", color="#eceff2")
    axes.set_axisbelow(True)
    axes.tick_params(length=0)
    return axes


def _limit(axes: Axes, place: float, at: float, *, half: float = 0.38) -> None:
    """A target on the bar at this place."""
    axes.vlines(at, place - half, place + half, color=TARGET, linestyle=(0, (4, 2)), linewidth=1.6)


def _beside(axes: Axes, place: float, at: float, words: str) -> None:
    """Words to the right of a bar, over whatever line runs there."""
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
    axes.annotate(
        words, (at, place), xytext=(6, 0), textcoords="offset points", va="center", fontsize=8.5, zorder=5, bbox=box
    )


def _colour(name: str) -> str:
    return OURS if name.startswith("Orderbridge") else OTHERS


def _first(entries: Entries, prefix: str) -> Mapping[str, JsonValue]:
    """The detail of the first figure of that family that was measured."""
    for name, entry in entries.items():
        detail = entry["detail"]
        if name.startswith(prefix) and entry["measured"] is not None and isinstance(detail, Mapping):
            return detail
    return {}


def _numbers(detail: Mapping[str, JsonValue], member: str) -> dict[str, float]:
    values = detail.get(member)
    if not isinstance(values, Mapping):
        return {}
    return {name: float(value) for name, value in values.items() if isinstance(value, int | float)}


def _rounds(detail: Mapping[str, JsonValue], member: str) -> dict[str, list[float]]:
    values = detail.get(member)
    if not isinstance(values, Mapping):
        return {}
    return {
        name: [float(value) for value in of if isinstance(value, int | float)]
        for name, of in values.items()
        if isinstance(of, Sequence) and not isinstance(of, str)
    }
