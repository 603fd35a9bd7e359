"""Vendor document 003, "API Specifics": GET, PUT, POST, PATCH and DELETE of one work order, and who may call them."""

from __future__ import annotations

import pytest

from app.vendors.simulation import Json
from tests.vendors.nexusfs.simulator_requests import ABSENT, OVERRIDE, Nexus, document, documented, ok, refusal

PATH = "/seiapi/v3/trans/WorkOrder"
START = document("example_1_initial")


def new(number: str, **members: Json) -> dict[str, Json]:
    return START | {"OrderNum": number} | members


def test_get_answers_the_work_order_in_alphabetical_order(sim_shared: Nexus) -> None:
    answer = sim_shared.send("GET", "1214")

    assert (answer.status_code, answer.headers["content-type"], answer.json()) == (200, "application/json", START)
    assert list(answer.json()) == sorted(START)
    assert list(answer.json()["Location"]) == [
        "Address", "LanguageID", "LocationNum", "Name", "SigReq", "WorkCenter",
    ]  # fmt: skip


def test_put_inserts_with_201_and_the_location_of_the_order(sim_shared: Nexus) -> None:
    answer = sim_shared.send("PUT", "WO 77/ü".replace("/", "-"), new("WO 77-ü"))

    assert (answer.status_code, answer.json()) == (201, {"status": 201})
    assert answer.headers["location"] == f"{sim_shared.url}{PATH}/WO%2077-%C3%BC"
    assert sim_shared.http.get(
        answer.headers["location"], headers={"x-access-token": sim_shared.token or ""}
    ).json() == (new("WO 77-ü"))
    assert (sim_shared.kinds("WO 77-ü"), sim_shared.details("WO 77-ü")) == (["created"], [new("WO 77-ü")])


def test_put_replaces_the_whole_of_an_order_that_is_there(sim_shared: Nexus, sim_order: str) -> None:
    ok(sim_shared.send("PUT", sim_order, new(sim_order, User="T7", Assets=[{"AssetNum": "1"}])))

    ok(sim_shared.send("PUT", sim_order, new(sim_order, OrderStatus="6")))

    assert sim_shared.record(sim_order) == new(sim_order, OrderStatus="6")
    assert sim_shared.kinds(sim_order) == ["replaced", "replaced"]


def test_post_replaces_the_whole_order(sim_shared: Nexus, sim_order: str) -> None:
    ok(sim_shared.send("PUT", sim_order, new(sim_order, User="T7")))

    ok(sim_shared.send("POST", sim_order, new(sim_order, Priority="1001")))

    assert sim_shared.record(sim_order) == new(sim_order, Priority="1001")
    assert sim_shared.details(sim_order)[-1] == new(sim_order, Priority="1001")


def test_post_with_the_supplied_details_only_wipes_the_rest(sim_shared: Nexus, sim_order: str) -> None:
    ok(sim_shared.send("POST", sim_order, {"OrderNum": sim_order, "OrderStatus": "6"}))

    assert sim_shared.record(sim_order) == {"OrderNum": sim_order, "OrderStatus": "6"}
    assert sim_shared.kinds(sim_order) == ["replaced"]


def test_post_with_the_method_override_is_a_patch(sim_nexus: Nexus) -> None:
    ok(sim_nexus.send("POST", "1214", documented("example_1_request"), OVERRIDE))

    assert sim_nexus.record() == document("example_1_result")
    assert sim_nexus.kinds() == ["updated"]


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_the_override_means_nothing_on_another_method(sim_shared: Nexus, sim_order: str, method: str) -> None:
    ok(sim_shared.send(method, sim_order, new(sim_order), {"X-HTTP-Method-Override": "DELETE"}))

    assert sim_shared.record(sim_order)["OrderNum"] == sim_order


def test_strip_override_makes_the_patch_a_post_that_wipes_the_order(sim_shared: Nexus, sim_order: str) -> None:
    sim_shared.fault(kind="strip_override", order=sim_order)
    body: dict[str, Json] = {
        "_fields": ["Rules"],
        "_paths": ["$.User"],
        "FlexView": [{"ID": "1001", "Delete": True}],
        "OrderNum": sim_order,
    }

    ok(sim_shared.send("POST", sim_order, body, OVERRIDE))

    left: dict[str, Json] = {"OrderNum": sim_order, "FlexView": [{"ID": "1001"}]}
    assert sim_shared.record(sim_order) == left
    assert [(effect["kind"], effect["detail"]) for effect in sim_shared.effects(sim_order)] == [
        *(
            ("dropped_member", {"member": member, "operation": "POST", "why": "has a meaning in a PATCH only"})
            for member in ("_fields", "_paths", "FlexView[0].Delete")
        ),
        ("replaced", left),
    ]
    ok(sim_shared.send("POST", sim_order, {"OrderNum": sim_order, "User": "T7"}, OVERRIDE))
    assert sim_shared.record(sim_order) == left | {"User": "T7"}


def test_delete_is_real(sim_shared: Nexus, sim_order: str) -> None:
    ok(sim_shared.send("DELETE", sim_order))

    assert sim_shared.send("GET", sim_order).status_code == 404
    assert sim_shared.send("DELETE", sim_order).status_code == 404
    assert sim_shared.http.get(f"/_sim/orders/{sim_order}").status_code == 404
    assert (sim_shared.kinds(sim_order), sim_shared.details(sim_order)) == (
        ["deleted"],
        [{"DispatchStatus": 0, "notified": False}],
    )


def test_delete_of_a_dispatched_order_notifies_the_technician(sim_nexus: Nexus) -> None:
    ok(sim_nexus.send("DELETE", "1214"))

    assert sim_nexus.effects() == [
        {"n": 1, "order": "1214", "kind": "deleted", "detail": {"DispatchStatus": 3, "notified": True}}
    ]


def test_a_deleted_order_can_be_inserted_again(sim_nexus: Nexus) -> None:
    ok(sim_nexus.send("DELETE", "1214"))

    assert sim_nexus.send("PUT", "1214", documented("example_1_initial")).status_code == 201
    assert sim_nexus.record() == START
    assert sim_nexus.new_order() == "1215"


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
@pytest.mark.parametrize("status", [404, 410])
def test_an_order_that_is_not_there_answers_404_or_as_older_versions_410(
    sim_shared: Nexus, method: str, status: int
) -> None:
    sim_shared.http.post("/_sim/settings", json={"absent_status": status}).raise_for_status()

    answer = sim_shared.send(method, "4711", None if method in ("GET", "DELETE") else {"OrderNum": "4711"})

    assert refusal(answer) == (status, [])
    assert answer.json()["detail"] == ABSENT
    assert sim_shared.effects("4711") == []
    sim_shared.http.post("/_sim/settings", json={"absent_status": 404}).raise_for_status()


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_an_account_and_a_location_by_number_only_are_filled_in(sim_shared: Nexus, sim_order: str, method: str) -> None:
    body = new(sim_order, Account={"AccountNum": "1029"}, Location={"LocationNum": "1030"})

    ok(sim_shared.send(method, sim_order, body))

    assert sim_shared.record(sim_order) == new(sim_order)
    assert sim_shared.details(sim_order) == [body]


def test_the_other_master_data(sim_shared: Nexus, sim_order: str) -> None:
    body = new(sim_order, Account={"AccountNum": "1031"}, Location={"LocationNum": "1032"})

    ok(sim_shared.send("PUT", sim_order, body))

    assert sim_shared.record(sim_order) == new(
        sim_order,
        Account={"AccountNum": "1031", "AccountType": "1001", "Name": "Peachtree Ltd."},
        Location={
            "Address": {
                "AddrLine1": "84 Peachtree Place",
                "City": "Atlanta",
                "Country": "United States",
                "Region": "Georgia",
                "Zip": "30309",
            },
            "LanguageID": "en",
            "LocationNum": "1032",
            "Name": "Peachtree Works",
            "SigReq": True,
            "WorkCenter": "Default",
        },
    )


@pytest.mark.parametrize("method", ["PUT", "POST", "PATCH"])
def test_an_override_is_stored_as_given_and_nothing_is_joined(sim_shared: Nexus, sim_order: str, method: str) -> None:
    account: dict[str, Json] = {"AccountNum": "AD-HOC", "AccountType": "1001", "Name": "Not in the master data"}

    ok(sim_shared.send(method, sim_order, new(sim_order, Account=account)))

    assert sim_shared.record(sim_order)["Account"] == account


@pytest.mark.parametrize("method", ["PUT", "POST", "PATCH"])
@pytest.mark.parametrize(
    "override",
    [
        {"Account": {"AccountNum": "1029", "Name": "Ad hoc"}},
        {"Account": {"AccountType": "1001", "Name": "Ad hoc"}},
        {"Location": {"LocationNum": "1030", "Name": "Ad hoc"}},
    ],
    ids=["number and name", "no number", "location"],
)
def test_an_override_with_gaps_is_kept_with_exactly_its_members(
    sim_shared: Nexus, sim_order: str, method: str, override: dict[str, Json]
) -> None:
    """Vendor document 003: "assumes all required properties are present and this API will not join any additional"."""
    ok(sim_shared.send(method, sim_order, new(sim_order, **override)))

    assert sim_shared.record(sim_order) == new(sim_order, **override)
