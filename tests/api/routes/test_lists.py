"""What every list has in common: of a parameter that is given twice nobody can say which one counts."""

from __future__ import annotations

import re

import pytest

from tests.api.routes.contract import check_problem
from tests.api.routes.scene import new_order
from tests.gateway import Site

pytestmark = pytest.mark.asyncio(loop_scope="module")

LISTS = {
    "listBackends",
    "listStatuses",
    "listReasons",
    "listTransitions",
    "listWorkOrders",
    "listStatusUpdates",
    "listOperations",
    "listHolds",
    "listEvents",
    "listWebhooks",
    "listWebhookDeliveries",
    "getTimeline",
}


async def test_a_parameter_that_is_given_twice_is_refused_by_every_route_that_has_it(shared: Site) -> None:
    places = {"backend": shared.backend, "number": new_order(shared)}
    limited, taken = set(), []
    for path, methods in shared.app.openapi()["paths"].items():
        address = re.sub(r"{(\w+)}", lambda found: places.get(found[1], "x"), path)
        for method, operation in methods.items():
            for parameter in operation.get("parameters", []):
                name = parameter["name"]
                if parameter["in"] != "query" or parameter["schema"].get("type") == "array" or name == "replace":
                    continue
                if name == "limit":
                    limited.add(operation["operationId"])
                answer = await shared.api.request(method.upper(), f"{address}?{name}=1&{name}=2")
                faults = answer.json().get("errors", [])
                if (f"/query/{name}", "repeated") not in [(fault["pointer"], fault["code"]) for fault in faults]:
                    taken.append((operation["operationId"], name, answer.status_code))
                else:
                    check_problem(answer)
    assert taken == []
    assert limited == LISTS
