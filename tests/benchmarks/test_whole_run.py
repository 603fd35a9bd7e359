"""One small run of vendor, gateway and load together."""

from __future__ import annotations

import pytest

from benchmarks.contestants import BACKEND, our_gateway
from benchmarks.lab import Lab
from benchmarks.load import reads
from benchmarks.processes import Fault


async def test_what_the_gateway_answers_is_what_the_vendor_was_sent(lab: Lab) -> None:
    ours, gateway = await our_gateway(lab, store="sqlite", orders=12)
    cost = await ours.sample(4, 0.5)
    assert cost.sample.answered > 10
    assert set(cost.sample.statuses) == {"201"}
    assert 100 < cost.cpu_us < 100_000
    await ours.check()
    path = f"/v1/backends/{BACKEND}/work-orders/{ours.vendor.orders[0]}"
    assert (await gateway.get(path))["number"] == str(ours.vendor.orders[0])
    load = await reads(lab, gateway.url, bearer=gateway.bearer, paths=[path])
    assert (await load.run(connections=1, each=3)).statuses == {"200": 3}
    ours.answered += 1
    with pytest.raises(Fault, match="but the vendor took"):
        await ours.check()
