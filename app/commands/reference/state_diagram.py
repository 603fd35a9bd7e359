"""docs/operation-states.svg: the states of an operation, drawn by hand, with an arrow for every edge of the code and no other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from itertools import product

from app.domain.operations import EDGES, FINAL, State

PATH = "docs/operation-states.svg"
WIDTH, HEIGHT = 980, 624

STYLE = """
.card { fill: #ffffff; stroke: #d5dae1; }
.group { fill: none; stroke: #9aa3b0; stroke-dasharray: 5 4; }
.state { fill: #eef2f7; stroke: #5b6470; stroke-width: 1.5; }
.final { stroke-width: 3; }
.applied { fill: #dcf3e2; } .refused { fill: #f1e4e4; } .unknown, .verifying { fill: #fff2cf; } .held { fill: #fbdcd6; }
.arrow { fill: none; stroke: #5b6470; stroke-width: 1.5; marker-end: url(#head); }
.head { fill: #5b6470; }
text { font: 13px system-ui, sans-serif; fill: #343b46; }
.name { font: 600 15px ui-monospace, monospace; fill: #14181f; text-anchor: middle; dominant-baseline: central; }
@media (prefers-color-scheme: dark) {
  .card { fill: #1a1e26; stroke: #39414d; }
  .group { stroke: #6b7482; }
  .state { fill: #2a313c; stroke: #9aa5b4; }
  .applied { fill: #1f4a2e; } .refused { fill: #4a3030; } .unknown, .verifying { fill: #524414; } .held { fill: #5c2a22; }
  .arrow { stroke: #9aa5b4; } .head { fill: #9aa5b4; }
  text { fill: #c6ced9; } .name { fill: #f2f5f9; }
}
"""

PLACES: dict[State, tuple[int, int, int, int]] = {
    State.queued:    (140, 110, 130, 56),
    State.sending:   (430, 110, 130, 56),
    State.refused:   (850, 110, 130, 56),
    State.applied:   (850, 290, 130, 56),
    State.unknown:   (375, 295, 110, 44),
    State.verifying: (540, 295, 110, 44),
    State.held:      (455, 440, 130, 56),
    State.skipped:   (160, 573, 130, 40),
    State.replaced:  (330, 573, 130, 40),
    State.cancelled: (500, 573, 130, 40),
}  # fmt: skip
"""Centre, width and height."""
LOST = (State.unknown, State.verifying)
LEFT_OUT = (State.skipped, State.replaced, State.cancelled)
GROUPS = (
    (290, 235, 340, 100, 130, "being found out"),
    (60, 520, 540, 88, 12, "left out, by a person or with its order"),
)
"""Left, top, width, height, and how far in begins what the states within have in common. Arrows of all begin at the border."""


@dataclass(frozen=True, kw_only=True)
class Arrow:
    """One drawn arrow: it stands for every edge from one of `sources` to one of `targets`. `at` is where its text begins."""

    sources: tuple[State, ...]
    targets: tuple[State, ...]
    path: str
    at: tuple[int, int] = (0, 0)
    text: tuple[str, ...] = ()


ARROWS = (
    Arrow(sources=(State.queued,), targets=(State.sending,), path="M205 122 H363", at=(260, 138), text=("its turn",)),
    Arrow(
        sources=(State.sending,),
        targets=(State.queued,),
        path="M365 98 H207",
        at=(222, 91),
        text=("surely not processed",),
    ),
    Arrow(
        sources=(State.queued,),
        targets=(State.refused,),
        path="M140 82 V50 Q140 38 152 38 H838 Q850 38 850 50 V80",
        at=(390, 30),
        text=("our own checks, just before sending",),
    ),
    Arrow(
        sources=(State.queued,),
        targets=LEFT_OUT,
        path="M110 138 V518",
        at=(14, 320),
        text=("the order", "ended, or", "a person", "said so"),
    ),
    Arrow(
        sources=(State.sending,),
        targets=(State.refused,),
        path="M495 96 H783",
        at=(580, 89),
        text=("the vendor said no",),
    ),
    Arrow(
        sources=(State.sending,),
        targets=(State.applied,),
        path="M495 112 H738 Q750 112 750 124 V264 Q750 276 762 276 H783",
        at=(758, 205),
        text=("the vendor said yes",),
    ),
    Arrow(
        sources=(State.sending,),
        targets=(State.unknown,),
        path="M400 138 V271",
        at=(408, 190),
        text=("the answer was lost",),
    ),
    Arrow(
        sources=(State.sending,),
        targets=(State.held,),
        path="M495 128 H650 Q662 128 662 140 V414 Q662 426 650 426 H522",
        at=(670, 380),
        text=("it did more, or other,", "than was asked"),
    ),
    Arrow(sources=(State.unknown,), targets=(State.verifying,), path="M430 288 H483"),
    Arrow(sources=(State.verifying,), targets=(State.unknown,), path="M485 302 H432"),
    Arrow(sources=LOST, targets=(State.applied,), path="M630 290 H783", at=(690, 308), text=("the order", "shows it")),
    Arrow(
        sources=LOST,
        targets=(State.queued,),
        path="M290 290 H202 Q190 290 190 278 V140",
        at=(198, 222),
        text=("proved not applied",),
    ),
    Arrow(
        sources=LOST, targets=(State.held,), path="M455 335 V410", at=(463, 377), text=("reading does not settle it",)
    ),
    Arrow(
        sources=(State.held,),
        targets=(State.applied,),
        path="M520 454 H838 Q850 454 850 442 V320",
        at=(610, 474),
        text=("it took effect: a person's word, or a proof",),
    ),
    Arrow(
        sources=(State.held,),
        targets=(State.queued,),
        path="M390 440 H162 Q150 440 150 428 V140",
        at=(200, 458),
        text=("a person: send it again",),
    ),
    Arrow(
        sources=(State.held,), targets=LEFT_OUT, path="M455 468 V518", at=(463, 498), text=("a person: leave it out",)
    ),
)


def drawn() -> frozenset[tuple[State, State]]:
    """Every edge that an arrow stands for."""
    return frozenset(edge for arrow in ARROWS for edge in product(arrow.sources, arrow.targets))


def diagram() -> str:
    """The drawing. Raises ValueError if the arrows are not the edges of the code."""
    edges = {(was, to) for was, onward in EDGES.items() for to in onward}
    if drawn() != edges:
        raise ValueError(f"drawn and not in the code, or the other way round: {sorted(drawn() ^ edges)}")
    body = "\n".join([*_groups(), *_arrows(), *_states()])
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="The states of an operation">
<!-- Made from the code by `make tables`. -->
<style>{STYLE}</style>
<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto">\
<path class="head" d="M0 0 L10 5 L0 10 z"/></marker></defs>
<rect class="card" x="0.5" y="0.5" width="{WIDTH - 1}" height="{HEIGHT - 1}" rx="10"/>
{body}
<text x="640" y="590">Bold border: final. Nothing follows.</text>
</svg>
"""


def _groups() -> Iterator[str]:
    for x, y, width, height, inward, text in GROUPS:
        yield f'<rect class="group" x="{x}" y="{y}" width="{width}" height="{height}" rx="8"/>'
        yield f'<text x="{x + inward}" y="{y + 19}">{escape(text)}</text>'


def _arrows() -> Iterator[str]:
    for arrow in ARROWS:
        yield f'<path class="arrow" d="{arrow.path}"/>'
        for line, text in enumerate(arrow.text):
            yield f'<text x="{arrow.at[0]}" y="{arrow.at[1] + 16 * line}">{escape(text)}</text>'


def _states() -> Iterator[str]:
    for state, (x, y, width, height) in PLACES.items():
        final = " final" if state in FINAL else ""
        box = f'x="{x - width // 2}" y="{y - height // 2}" width="{width}" height="{height}"'
        yield f'<rect class="state {state}{final}" {box} rx="8"/>'
        yield f'<text class="name" x="{x}" y="{y}">{state}</text>'
