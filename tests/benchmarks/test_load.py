"""The load generator sends what a caller would send, and a run with a wrong answer is no measurement."""

from __future__ import annotations

import json
import re
from collections import defaultdict

import pytest

from benchmarks.connection import percentile
from benchmarks.lab import Lab
from benchmarks.load import reads, status_updates
from benchmarks.processes import Fault
from tests.benchmarks.answering import CREATED, answering, bearer

ORDERS = range(100, 106)


async def test_each_order_goes_by_turns_from_one_status_to_the_other_with_fresh_keys(lab: Lab) -> None:
    async with answering(lambda n: CREATED) as server:
        load = await status_updates(lab, server.url, bearer=bearer, orders=ORDERS, statuses=("on_site", "delayed"))
        samples = [await load.run(connections=2, each=5), await load.run(connections=3, each=4)]
    assert [sample.statuses for sample in samples] == [{"201": 10}, {"201": 12}]
    keys = [re.findall(r"^Idempotency-Key: (.+)\r$", head, re.MULTILINE) for head in server.heads]
    assert len({key for (key,) in keys}) == 22
    sent = defaultdict(list)
    for head, body in zip(server.heads, server.bodies, strict=True):
        sent[head.split()[1]].append(json.loads(body)["status"])
    assert set(sent) == {f"/v1/backends/civica-cx/work-orders/{order}/status-updates" for order in ORDERS}
    assert all(one == (["on_site", "delayed"] * 4)[: len(one)] for one in sent.values())
    assert all("\r\nAuthorization: Bearer a-token\r\n" in head for head in server.heads)


async def test_no_two_connections_of_a_run_update_the_same_order(lab: Lab) -> None:
    async with answering(lambda n: CREATED) as server:
        load = await status_updates(lab, server.url, bearer=bearer, orders=ORDERS)
        await load.run(connections=3, each=6)
    assert sorted(len(set(lines)) for lines in server.by_connection) == [2, 2, 2]
    assert len({line for lines in server.by_connection for line in lines}) == len(ORDERS)


async def test_answers_that_come_in_pieces_are_read_whole(lab: Lab) -> None:
    async with answering(lambda n: CREATED, in_pieces=True) as server:
        load = await status_updates(lab, server.url, bearer=bearer, orders=ORDERS)
        assert (await load.run(connections=2, each=3)).answered == 6


async def test_a_rate_is_kept_whatever_the_answers(lab: Lab) -> None:
    async with answering(lambda n: CREATED.replace(b"201 Created", b"200 OK")) as server:
        load = await reads(lab, server.url, bearer=bearer, paths=["/a", "/b"], headers={"Cache-Control": "max-stale=9"})
        sample = await load.run(connections=4, rate=100, seconds=0.5)
    assert sample.answered == 50
    assert 0.3 < sample.seconds < 2
    assert {head.split()[1] for head in server.heads} == {"/a", "/b"}
    assert all("\r\nCache-Control: max-stale=9\r\n" in head for head in server.heads)


async def test_a_run_with_an_unexpected_status_fails(lab: Lab) -> None:
    refused = b'HTTP/1.1 409 Conflict\r\nContent-Length: 13\r\n\r\n{"code": "no"}'[:-1]
    async with answering(lambda n: refused if n == 3 else CREATED) as server:
        load = await status_updates(lab, server.url, bearer=bearer, orders=ORDERS)
        with pytest.raises(Fault, match=r"1 answers were wrong.*409"):
            await load.run(connections=2, each=4)


async def test_a_run_that_loses_an_answer_fails(lab: Lab) -> None:
    async with answering(lambda n: b"" if n == 3 else CREATED) as server:
        load = await status_updates(lab, server.url, bearer=bearer, orders=ORDERS)
        with pytest.raises(Fault, match="the connection was lost before its answer"):
            await load.run(connections=2, each=4)


async def test_more_connections_than_orders_are_refused(lab: Lab) -> None:
    async with answering(lambda n: CREATED) as server:
        load = await status_updates(lab, server.url, bearer=bearer, orders=ORDERS)
        with pytest.raises(Fault, match="7 connections need as many orders"):
            await load.run(connections=7, each=1)


async def test_nobody_listening_is_a_fault(lab: Lab) -> None:
    async with answering(lambda n: CREATED) as server:
        load = await status_updates(lab, server.url, bearer=bearer, orders=ORDERS)
    with pytest.raises(Fault, match="no connection"):
        await load.run(connections=2, each=1)


def test_a_percentile_is_the_smallest_value_that_so_many_do_not_exceed() -> None:
    ordered = [float(n) for n in range(1, 101)]
    assert [percentile(ordered, share) for share in (0.5, 0.99, 1.0)] == [50.0, 99.0, 100.0]
    assert [percentile([7.0], share) for share in (0.5, 0.99, 1.0)] == [7.0, 7.0, 7.0]
    assert percentile([], 0.5) == 0.0
