"""A backend that is taken out of the configuration while writes of it are open: nobody delivers them, and that is said."""

from __future__ import annotations

import json
import time
from types import MappingProxyType

from app.delivery.service import Delivery
from tests.delivery.bench import operation, send_async
from tests.delivery.recording import UPDATE, Glass
from tests.gateway import Site
from tests.logged import logged
from tests.vendors.loopback import hang_up


async def test_what_is_open_says_that_it_waits_for_its_backend_and_nobody_waits_for_a_probe_of_it(
    seen_on_sqlite: tuple[Site, Glass],
) -> None:
    site, glass = seen_on_sqlite
    gateway = site.app.state.gateway
    glass.instead(UPDATE, hang_up)
    site.fault("http_500", on="read", count=1000)
    lost = await send_async(site, "113427", 11)
    behind = await send_async(site, "113427", 9)
    object.__setattr__(gateway, "backends", MappingProxyType({}))

    waiting = (await operation(site, behind))["waiting_for"]
    assert (waiting["code"], "not configured any more" in waiting["detail"]) == ("backend-misconfigured", True)
    began = time.monotonic()
    answer = await site.api.post(f"/v1/operations/{lost}/probe")
    assert (answer.status_code, time.monotonic() - began < 3) == (202, True)
    assert int(answer.headers["Retry-After"]) > 3000

    bare = Delivery(gateway.store, {}, public_url="http://gateway.test", deadline_s=1)
    with logged() as said:
        await bare.start()
        await bare.stop()
    every = [json.loads(line) for line in said.getvalue().splitlines()]  # of the gateway, whose reads fail, too
    [line] = [line for line in every if line["event"] == "writes wait for a backend that is not configured"]
    assert (line["backend"], line["operations"]) == (site.backend, 2)
