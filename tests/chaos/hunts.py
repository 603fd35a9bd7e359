"""Which scene catches which planted bug, on which store: the proof that the proof can fail, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tests.chaos.scenes import (
    Scene,
    crowd,
    kill_loop,
    killed_at,
    late_zombie,
    lost_answers,
    refusal_in_mid_queue,
    skewed_host,
)
from tests.chaos.scenes_of_callers import held_for_long, redirected, strangers, vendor_away

Store = Literal["sqlite", "postgres"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Hunt:
    """One scene with all the bugs that it has to catch, each by itself; without any it must find nothing."""

    name: str
    scene: Scene
    store: Store
    bugs: tuple[str, ...]


HUNTS = (
    Hunt(
        name="kill loop",
        scene=kill_loop,
        store="sqlite",
        bugs=("restart-queues-again", "except-is-success", "every-proof-is-applied"),
    ),
    Hunt(
        name="lost answers",
        scene=lost_answers,
        store="sqlite",
        bugs=(
            "no-settle-time",
            "code-alone-proves",
            "fault-is-refusal",
            "empty-answer-is-success",
            "bad-gateway-is-sent-again",
        ),
    ),
    Hunt(
        name="killed with the answer in hand",
        scene=killed_at("F9", left="sending"),
        store="sqlite",
        bugs=("intent-after-send",),
    ),
    Hunt(
        name="killed in mid-acceptance", scene=killed_at("F2", left=None), store="sqlite", bugs=("no-begin-immediate",)
    ),
    Hunt(name="crowd", scene=crowd, store="sqlite", bugs=("seq-outside-the-transaction",)),
    Hunt(
        name="refusal in mid-queue",
        scene=refusal_in_mid_queue,
        store="sqlite",
        bugs=("hold-in-a-second-transaction",),
    ),
    Hunt(name="skewed host", scene=skewed_host, store="postgres", bugs=("lease-by-host-clock",)),
    Hunt(name="late zombie", scene=late_zombie, store="postgres", bugs=("fence-not-checked",)),
    Hunt(
        name="strangers",
        scene=strangers,
        store="sqlite",
        bugs=(
            "key-without-client",
            "fingerprint-ignores-the-path",
            "replay-skips-authorisation",
            "tenant-filter-dropped",
        ),
    ),
    Hunt(name="vendor away", scene=vendor_away, store="sqlite", bugs=("trouble-is-stored",)),
    Hunt(name="held for long", scene=held_for_long, store="sqlite", bugs=("keys-expire-while-held",)),
    Hunt(name="redirected webhook", scene=redirected, store="sqlite", bugs=("webhook-redirect-followed",)),
)
