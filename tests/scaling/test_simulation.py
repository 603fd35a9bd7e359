"""The simulation agrees with theory where there is a closed form, and with the model as a whole; a wrong model is noticed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from benchmarks.scaling.costs import Costs
from benchmarks.scaling.model import predict
from benchmarks.scaling.outlook import Outlook, differences
from benchmarks.scaling.plan import Load, Plan, plan_for
from benchmarks.scaling.simulate import TASTE, simulate
from benchmarks.scaling.simulation import Simulation
from benchmarks.scaling.theory import many_servers, one_server
from benchmarks.scaling.world import DAY_S, AnswerTime, Demand, Fleet, Window

FREE = replace(
    Costs(),
    update_cpu_s=0.0,
    queued_cpu_s=0.0,
    idle_cpu_s=0.0,
    seen_cpu_s=0.0,
    shown_cpu_s=0.0,
    db_update_cpu_s=0.0,
    db_queued_cpu_s=0.0,
    db_idle_cpu_s=0.0,
    db_seen_cpu_s=0.0,
    db_shown_cpu_s=0.0,
    db_reap_cpu_s=0.0,
    flush_s=0.0,
)
"""Nothing of ours takes any time: what is left are the places and the vendor."""
ANSWER = AnswerTime.log_normal("usual", share=1.0, median_s=0.4, sigma=0.6)
ONE = Demand(
    backends=1, orders=1_000_000, day=(1.0,) * 24, answers=(ANSWER,), burst_share=0.0, outage_share=0.0, outage_s=0.0
)
PLAN = Plan(groups=1, places=11)
HOUR = Window(start_s=0.0, length_s=3_600.0)


def simulated(demand: Demand, *, plan: Plan = PLAN, window: Window = HOUR, costs: Costs = FREE) -> Outlook:
    return Simulation(costs, demand, plan, Fleet.of(demand), window, seed=5).run()


@pytest.mark.parametrize("busy", [0.5, 0.8, 0.9])
def test_places_make_wait_as_in_m_g_k(busy: float) -> None:
    per_s = busy * PLAN.places / ANSWER.mean_s
    found = simulated(replace(ONE, updates_per_day=per_s * DAY_S))
    expected = many_servers(PLAN.places, per_s=per_s, mean_s=ANSWER.mean_s, square_s2=ANSWER.square_s2)
    assert found.delay_mean_s == pytest.approx(expected.share * expected.mean_s, rel=0.15, abs=0.001)
    assert found.calls == pytest.approx(per_s * ANSWER.mean_s, rel=0.03)  # Little's law


def test_updates_of_one_order_wait_for_each_other_as_in_m_g_1() -> None:
    per_s = 0.7 / ANSWER.mean_s
    found = simulated(
        replace(ONE, orders=1, updates_per_day=per_s * DAY_S), window=Window(start_s=0.0, length_s=DAY_S / 2)
    )
    expected = one_server(per_s=per_s, mean_s=ANSWER.mean_s, square_s2=ANSWER.square_s2)
    assert found.delay_mean_s == pytest.approx(expected, rel=0.12)


def test_what_an_outage_kept_waiting_is_gone_after_a_time_that_follows_from_the_places() -> None:
    busy, outage_s = 0.5, 300.0
    per_s = busy * PLAN.places / ANSWER.mean_s
    struck = replace(ONE, updates_per_day=per_s * DAY_S, outage_share=1.0, outage_s=outage_s)
    found = simulated(struck)
    waited = per_s * outage_s * (outage_s + busy * outage_s) / 2  # those that came during it
    waited += per_s * (busy * outage_s / (1 - busy)) * busy * outage_s / 2  # those that came while it was worked off
    predicted = predict(FREE, struck, PLAN, Fleet.of(struck), HOUR)
    expected = waited / found.updates
    assert [found.delay_mean_s, predicted.delay_mean_s] == pytest.approx([expected, expected], rel=0.06)


def test_what_places_cannot_take_grows_for_as_long_as_it_comes() -> None:
    busy, window = 1.2, Window(start_s=0.0, length_s=1_200.0)
    too_much = replace(ONE, updates_per_day=busy * PLAN.places / ANSWER.mean_s * DAY_S)
    found = simulated(too_much, window=window)
    predicted = predict(FREE, too_much, PLAN, Fleet.of(too_much), window)
    expected = (busy - 1) * window.length_s / 2
    assert [found.delay_mean_s, predicted.delay_mean_s] == pytest.approx([expected, expected], rel=0.06)


def test_a_part_of_the_peak_is_as_the_model_says() -> None:
    done = simulate(TASTE, Costs(), Demand(), say=lambda words: None)
    assert [one for one in done.differences if not one.agrees] == []
    assert done.found.updates > 15_000


DEMAND = Demand(outage_s=30.0, outage_share=0.2)
FLEET = Fleet.of(DEMAND, every=20)
SAMPLED = plan_for(Costs(), FLEET.part_of(DEMAND), db_cores=4)
WINDOW = Window.peak(DEMAND, length_s=300.0)


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """What the model takes for so, wrongly, and the number that cannot agree then."""

    id: str
    noticed: str
    costs: Costs = field(default_factory=Costs)
    demand: Demand = field(default_factory=lambda: DEMAND)


RIGHT = Costs()
MISTAKES = [
    Mistake(id="costs the gateway half", noticed="gateway_busy", costs=replace(RIGHT, update_cpu_s=0.00055)),
    Mistake(id="costs the database nothing", noticed="db_busy", costs=replace(RIGHT, db_update_cpu_s=0.0)),
    Mistake(id="a flush takes half", noticed="commit_s", costs=replace(RIGHT, flush_s=0.0005)),
    Mistake(id="bursts are shorter", noticed="delay_p90_s", demand=replace(DEMAND, burst=3)),
    Mistake(id="outages are forgotten", noticed="delay_p999_s", demand=replace(DEMAND, outage_share=0.0)),
    Mistake(id="fewer updates", noticed="updates", demand=replace(DEMAND, updates_per_day=45e6)),
]


@pytest.fixture(scope="module")
def found() -> Outlook:
    return Simulation(RIGHT, DEMAND, SAMPLED, FLEET, WINDOW).run()


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.id)
def test_a_model_with_a_mistake_does_not_agree(mistake: Mistake, found: Outlook) -> None:
    predicted = predict(mistake.costs, mistake.demand, SAMPLED, FLEET, WINDOW)
    assert mistake.noticed in {one.name for one in differences(predicted, found) if not one.agrees}


WEIGHTY = replace(RIGHT, db_reap_cpu_s=0.0004)
"""With it each part of what is done besides is enough to be noticed."""
ASIDE = ("polls", "shown", "idle", "forgetting")


@pytest.mark.parametrize("part", ASIDE)
def test_a_model_that_forgets_a_part_of_its_load_does_not_agree(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The formula itself is broken, for whoever uses it: a simulation that took its load from there would agree."""
    left = [name for name in ASIDE if name != part]
    monkeypatch.setattr(Load, "aside", property(lambda load: sum(getattr(load, name) for name in left)))
    predicted = predict(WEIGHTY, DEMAND, SAMPLED, FLEET, WINDOW)
    found = Simulation(WEIGHTY, DEMAND, SAMPLED, FLEET, WINDOW).run()
    monkeypatch.undo()
    disagree = {one.name for one in differences(predicted, found) if not one.agrees}
    assert disagree == ({"db_busy"} if part == "forgetting" else {"gateway_busy", "db_busy"})
    right = predict(WEIGHTY, DEMAND, SAMPLED, FLEET, WINDOW)
    assert [one for one in differences(right, found) if not one.agrees] == []


def test_the_model_without_a_mistake_agrees(found: Outlook) -> None:
    predicted = predict(RIGHT, DEMAND, SAMPLED, FLEET, WINDOW)
    assert [one for one in differences(predicted, found) if not one.agrees] == []


def test_a_sampled_backend_is_as_busy_as_among_all() -> None:
    whole, sample = Fleet.of(Demand()), Fleet.of(Demand(), every=100)
    assert list(sample.shares) == list(whole.shares[50::100])
    assert list(sample.kinds) == list(whole.kinds[50::100])
    assert sample.part_of(Demand()).updates_per_day == pytest.approx(sum(whole.shares[50::100]) * 50_000_000)
