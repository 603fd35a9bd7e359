"""The live read: both sides read the vendor for each request, and a gateway that costs too much does not hold."""

from __future__ import annotations

import asyncio
import urllib.request

import pytest

from benchmarks.figures.live_read import AGAIN, OURS, PEER, each_was_live, judged, measure, pass_through, paths_of
from benchmarks.lab import Lab
from benchmarks.processes import Fault
from benchmarks.workload import Reads


@pytest.mark.parametrize(("ours", "holds"), [(590.0, True), (610.0, False)])
def test_it_holds_up_to_one_and_a_half_of_a_pass_through(ours: float, holds: bool) -> None:
    result = judged({OURS: [100.0, ours, 9000.0], PEER: [400.0, 300.0, 500.0], AGAIN: [1.0, 1.0, 1.0]}, {})
    assert (result.measured, result.holds) == (ours / 400, holds)


async def test_it_is_measured_on_both_sides(lab: Lab) -> None:
    (result,) = await measure(lab)
    cpu_us = result.detail["cpu_us"]
    assert isinstance(cpu_us, dict)
    assert cpu_us.keys() == {OURS, PEER, AGAIN}
    assert result.measured == pytest.approx(cpu_us[OURS] / cpu_us[PEER], rel=0.01)


async def test_the_peer_passes_the_vendors_bytes_through_and_a_copy_is_no_live_read(lab: Lab) -> None:
    peer = await pass_through(lab, orders=2)
    path = paths_of(peer.vendor)[1]

    def body() -> bytes:
        with urllib.request.urlopen(peer.vendor.url.replace(str(peer.vendor.port), port) + path, timeout=10) as answer:
            found: bytes = answer.read()
            return found

    port = peer.process.command[list(peer.process.command).index("--port") + 1]
    assert str(peer.vendor.orders[1]).encode() in await asyncio.to_thread(body)
    await peer.sample(each=1)
    with pytest.raises(Fault, match="16 answers, but the vendor was read 17 times"):
        await each_was_live((peer,))
    peer.answered += 1
    await each_was_live((peer,))


def test_connections_read_far_from_each_other() -> None:
    reads = Reads("host", {"paths": [f"/{n}" for n in range(8)], "headers": {}})
    dealt = [[next_request().split()[1] for _ in range(3)] for next_request in reads.dealt(4, "token")]
    assert dealt == [[b"/0", b"/1", b"/2"], [b"/2", b"/3", b"/4"], [b"/4", b"/5", b"/6"], [b"/6", b"/7", b"/0"]]
