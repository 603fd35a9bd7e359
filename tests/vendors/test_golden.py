"""Every answer that a vendor may give to any call comes to what its golden matrix says: outcome, code, sent again or not."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from app.domain.ports import Capability
from app.vendors.registry import VENDORS
from tests.vendors.golden import CALLS, Row, calls, missing, rows
from tests.vendors.golden_bench import Bench, bench

MATRIX = [row for slug in sorted(VENDORS) for row in rows(slug)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def vendor(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    """The vendor of this slug, in its simulator's care."""
    async with bench(VENDORS[request.param]) as made:
        yield made


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("vendor", "row"),
    [pytest.param(row.slug, row, id=row.id) for row in MATRIX],
    indirect=["vendor"],
    scope="module",
)
async def test_the_answer_comes_to_what_the_matrix_says(vendor: Bench, row: Row) -> None:
    met = await vendor.meet(row)
    assert met.came_to == row.came_to
    assert met.requests > 0, "the call was not made"
    if row.after_s is not None:
        assert met.after_s == row.after_s


@pytest.mark.parametrize("slug", sorted(VENDORS))
def test_every_call_of_a_vendor_has_every_answer(slug: str) -> None:
    supported = {capability.value for capability in VENDORS[slug].capabilities} | ({"login"} & set(calls(slug)))
    of_call = {call: [row for row in rows(slug) if row.call == call] for call in CALLS}
    holes = {call: gaps for call in CALLS if call in supported and (gaps := missing(of_call[call]))}
    assert holes == {}
    assert {call for call in CALLS if of_call[call]} == supported == set(calls(slug))


@pytest.mark.parametrize("slug", sorted(VENDORS))
def test_the_rows_of_a_call_have_names_of_their_own(slug: str) -> None:
    names = [(row.call, row.name) for row in rows(slug)]
    assert len(set(names)) == len(names)


def test_every_capability_is_a_call_of_the_matrix() -> None:
    assert {capability.value for capability in Capability} < set(CALLS)
