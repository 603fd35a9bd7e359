"""What an accepted PATCH did besides or instead of what was asked, as the order shows it.

With method_override on a network that takes the header off, the damage is found in the order, and the setting is named.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import pytest

from app.domain.json import JsonObject, JsonValue
from app.domain.merge_patch import applied
from app.domain.ports import Kind, Outcome, Proof, Write
from app.domain.terms import Terms
from app.domain.work_orders import Observation
from tests.vendors.nexusfs.adapters import EXAMPLE, a_write, adapting
from tests.vendors.nexusfs.simulator_requests import Nexus

ON_SITE = a_write(Kind.status_update, code="7", previous="1/3")
PRIORITY = a_write(Kind.patch, {"priority": "1001"})


@dataclass(frozen=True, kw_only=True)
class Overridden:
    """What the order reads like after a write through such a network."""

    seen: Observation
    said: str | None


async def through_a_bad_network(nexus: Nexus, write: Write, *, strips: bool) -> Overridden:
    async with adapting(nexus.url, method_override=True) as adapter:
        ready = replace(write, before=(await adapter.read(EXAMPLE)).fields)
        if strips:
            nexus.fault(kind="strip_override", on="write")
        assert (await adapter.send(ready)).outcome is Outcome.applied
        seen = await adapter.read(EXAMPLE)
        return Overridden(seen=seen, said=adapter.side_effect(ready, seen))


async def test_a_post_that_says_patch_changes_only_what_it_names(sim_nexus: Nexus) -> None:
    met = await through_a_bad_network(sim_nexus, PRIORITY, strips=False)
    assert met.said is None
    assert met.seen.fields["account"] == {"number": "1029", "type": "1001", "name": "Buckhead Inc."}


async def test_a_stripped_header_replaces_the_order_and_is_named(sim_nexus: Nexus) -> None:
    met = await through_a_bad_network(sim_nexus, PRIORITY, strips=True)
    assert met.seen.fields == {"priority": "1001"}
    assert met.said is not None
    assert "without /account, /dates, /location, /rules, /type." in met.said
    assert "method_override" in met.said


async def test_a_status_update_that_says_patch_counts_when_the_order_was_read(sim_nexus: Nexus) -> None:
    async with adapting(sim_nexus.url, method_override=True) as adapter:
        answer = await adapter.send(ON_SITE)
        assert (answer.outcome, answer.detail) == (Outcome.applied, "NexusFS accepted the change.")
        assert answer.seen is not None
        assert (answer.seen.code, answer.seen.record) == ("7", sim_nexus.record())
        assert adapter.prove(ON_SITE, answer.seen) is Proof.applied


async def test_a_status_update_whose_header_is_stripped_is_never_called_applied(sim_nexus: Nexus) -> None:
    async with adapting(sim_nexus.url, method_override=True) as adapter:
        sim_nexus.fault(kind="strip_override", on="write")
        answer = await adapter.send(ON_SITE)
        assert sim_nexus.record() == {"OrderNum": "1214", "OrderStatus": "7"}
        assert answer.outcome is Outcome.unknown
        assert "without any other member. The setting method_override is on" in answer.detail
        assert adapter.prove(ON_SITE, await adapter.read(EXAMPLE)) is Proof.inconclusive


async def test_a_status_update_that_cannot_be_read_after_its_yes_is_unknown_until_it_can(sim_nexus: Nexus) -> None:
    async with adapting(sim_nexus.url, method_override=True) as adapter:
        sim_nexus.fault(kind="http_500", on="read")
        answer = await adapter.send(ON_SITE)
        assert answer.outcome is Outcome.unknown
        assert "could not be read" in answer.detail
        assert adapter.prove(ON_SITE, await adapter.read(EXAMPLE)) is Proof.applied


BEFORE: JsonObject = {
    "type": "1001",
    "account": {"number": "1", "name": "A", "extensions": {"nexusfs": {"Notes": "n"}}},
    "assets": {"1": {"number": "1", "type": "x"}, "2": {"number": "2"}},
    "rules": {"is_ops": True, "in_warranty": False},
    "extensions": {"nexusfs": {"DispatchStatus": 3, "DispatchUTC": "u", "User": "t"}},
}


@dataclass(frozen=True, kw_only=True)
class Vanished:
    """A patch and what the order shows after it; the members named, in order."""

    id: str
    patch: JsonObject
    after: JsonObject
    named: str | None
    replaced: tuple[str, ...] = ()


def without(*path: str) -> dict[str, JsonValue]:
    """BEFORE without one member."""
    copy: dict[str, JsonValue] = json.loads(json.dumps(BEFORE))
    inner: dict[str, JsonValue] = copy
    for name in path[:-1]:
        deeper = inner[name]
        assert isinstance(deeper, dict)
        inner = deeper
    del inner[path[-1]]
    return copy


VANISHED = [
    Vanished(id="nothing", patch={"type": "2"}, after={**BEFORE, "type": "2"}, named=None),
    Vanished(id="one member", patch={"priority": "2"}, after=without("rules"), named="/rules"),
    Vanished(id="a member of an object", patch={"priority": "2"}, after=without("rules", "is_ops"), named="/rules/is_ops"),
    Vanished(id="an element", patch={"assets": {"1": {"type": "y"}}}, after=without("assets", "2"), named="/assets/2"),
    Vanished(id="what was to go", patch={"rules": None}, after=without("rules"), named=None),
    Vanished(id="an element that was to go", patch={"assets": {"2": None}}, after=without("assets", "2"), named=None),
    Vanished(
        id="an element that was replaced away",
        patch={"assets": {"1": {"type": "x"}}},
        replaced=("assets",),
        after=without("assets", "2"),
        named=None,
    ),
    Vanished(
        id="the last element, which was to go",
        patch={"assets": {"1": None, "2": None}},
        after=without("assets"),
        named=None,
    ),
    Vanished(
        id="the last members of an object, which were to go",
        patch={"rules": {"is_ops": None, "in_warranty": None}},
        after=without("rules"),
        named=None,
    ),
    Vanished(
        id="the last member of the vendor's own",
        patch={"extensions": {"nexusfs": {"DispatchStatus": None, "DispatchUTC": None, "User": None}}},
        after=without("extensions"),
        named=None,
    ),
    Vanished(
        id="the last elements, beside one that nobody asked to go",
        patch={"assets": {"1": None}},
        after=without("assets"),
        named="/assets",
    ),
    Vanished(
        id="what another account does not have",
        patch={"account": {"number": "2"}},
        after={**BEFORE, "account": {"number": "2", "name": "B"}},
        named=None,
    ),
    Vanished(id="a value that changed", patch={"priority": "2"}, after={**BEFORE, "rules": {"is_ops": False, "in_warranty": 1}},
             named=None),
    Vanished(
        id="what the vendor keeps by itself",
        patch={"priority": "2"},
        after=without("extensions", "nexusfs", "DispatchUTC"),
        named=None,
    ),
    Vanished(
        id="a user", patch={"priority": "2"}, after=without("extensions", "nexusfs", "User"), named="/extensions/nexusfs/User"
    ),
    Vanished(
        id="everything",
        patch={"priority": "1"},
        after={"priority": "1"},
        named="/account, /assets, /extensions, /rules, /type",
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", VANISHED, ids=lambda case: case.id)
async def test_only_what_nobody_touched_and_is_gone_is_a_side_effect(sim_nexus: Nexus, case: Vanished) -> None:
    write = a_write(Kind.patch, case.patch, before=BEFORE, terms=Terms(replace=case.replaced))
    async with adapting("http://127.0.0.1:1", method_override=True) as adapter:
        seen = await example(sim_nexus, case.after)
        said = adapter.side_effect(write, seen)
    assert (said is None) is (case.named is None)
    assert said is None or f"without {case.named}." in said


async def example(nexus: Nexus, fields: JsonObject) -> Observation:
    async with adapting(nexus.url) as adapter:
        return replace(await adapter.read(EXAMPLE), fields=fields)


WAS: JsonObject = {
    **BEFORE,
    "priority": "1003",
    "dates": {"planned_start": "2026-11-20T20:40:00Z"},
    "location": {"number": "1", "name": "L", "address": {"line_1": "1", "line_2": "2"}},
    "assets": {"1": {"number": "1", "type": "x", "extensions": {"nexusfs": {"FlexView": [{"ID": "1"}, {"ID": "2"}]}}}},
    "discounts": {"1": {"id": "1", "percentage": 4.0, "product_types": ["1001"]}},
    "extensions": {"nexusfs": {"DispatchUTC": "u", "User": "t", "AccountingPackage": {"Extensions": {"a": {"b": 1}}}}},
}


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """A patch that NexusFS said yes to, what the order shows then (a patch of what it showed), and what is said of it."""

    id: str
    patch: JsonObject
    shows: JsonObject
    said: str | None
    replaced: tuple[str, ...] = ()


def panels(*ids: str) -> JsonObject:
    return {"assets": {"1": {"extensions": {"nexusfs": {"FlexView": [{"ID": one} for one in ids]}}}}}


def own(**members: JsonValue) -> JsonObject:
    return {"extensions": {"nexusfs": members}}


FLEX_VIEW = "/assets/1/extensions/nexusfs/FlexView"
ACCEPTED = [
    Accepted(id="taken", patch={"priority": "1001"}, shows={"priority": "1001"}, said=None),
    Accepted(id="not taken", patch={"priority": "1001"}, shows={}, said="not show it: /priority."),
    Accepted(id="vanished", patch={"priority": "1001"}, shows={"priority": None}, said="not show it: /priority."),
    Accepted(id="taken in another form", patch={"priority": "high"}, shows={"priority": "1001"}, said=None),
    Accepted(id="a member that is never shown", patch=own(OrderSubType="a", New={"a": 1}), shows={}, said=None),
    Accepted(
        id="the same moment as it was, spelt otherwise",
        patch={"dates": {"planned_start": "2026-11-20T21:40:00+01:00"}},
        shows={},
        said=None,
    ),
    Accepted(
        id="a date not taken",
        patch={"dates": {"planned_start": "2026-11-21T21:40:00Z"}},
        shows={"dates": {"planned_start": "2026-11-20T20:40:00.000Z"}},
        said="not show it: /dates/planned_start.",
    ),
    *(
        Accepted(
            id=f"{value!r} that shows as nothing",
            patch={
                "priority": value,
                "discounts": {"1": {"percentage": value}},
                "rules": {"is_ops": value},
                **own(User=value),
            },
            shows={
                "priority": None,
                "discounts": {"1": {"percentage": None}},
                "rules": {"is_ops": None},
                **own(User=None),
            },
            said=None,
        )
        for value in ("", False, 0)
    ),
    Accepted(
        id="an object of nothing but such that shows as nothing",
        patch={"rules": {"is_ops": False, "in_warranty": False}},
        shows={"rules": None},
        said=None,
    ),
    Accepted(
        id="false that nobody asked for and that is gone",
        patch={"rules": {"is_ops": False}},
        shows={"rules": {"is_ops": False, "in_warranty": None}},
        said="without /rules/in_warranty.",
    ),
    Accepted(id="a blank that is not taken", patch={"priority": ""}, shows={}, said="not show it: /priority."),
    Accepted(id="blanks that are taken off", patch={"type": " 1001 "}, shows={}, said=None),
    Accepted(id="removed", patch={"priority": None}, shows={"priority": None}, said=None),
    Accepted(id="not removed", patch={"priority": None}, shows={}, said="not show it: /priority."),
    Accepted(id="shown as another after it was removed", patch={"priority": None}, shows={"priority": "9"}, said=None),
    Accepted(id="a default after it was removed", patch={"rules": {"in_warranty": None}}, shows={}, said=None),
    Accepted(id="derived", patch=own(DispatchUTC="v"), shows={}, said=None),
    Accepted(id="an empty object", patch={"rules": {}, "assets": {"2": {}}}, shows={"rules": None}, said=None),
    Accepted(
        id="what the master data fill in again", patch={"location": {"address": {"line_2": None}}}, shows={}, said=None
    ),
    Accepted(
        id="an override not taken",
        patch={"location": {"address": {"line_1": "5"}}},
        shows={},
        said="not show it: /location/address/line_1.",
    ),
    Accepted(
        id="another location",
        patch={"location": {"number": "2"}},
        shows={"location": {"number": "2", "address": None}},
        said=None,
    ),
    Accepted(
        id="another location that is not there",
        patch={"location": {"number": "2"}},
        shows={"location": None},
        said="without /location.",
    ),
    Accepted(
        id="another location without a number",
        patch={"location": {"number": "2"}},
        shows={"location": {"number": None}},
        said="without /location/number.",
    ),
    Accepted(
        id="a location that went with its own override",
        patch={"location": {"address": {"line_2": None}}},
        shows={"location": None},
        said="without /location.",
    ),
    Accepted(
        id="a location of which its number is left",
        patch={"location": {"address": {"line_2": None}}},
        shows={"location": {"name": None, "address": None}},
        said="without /location/address, /location/name.",
    ),
    Accepted(
        id="a location of which the line that was asked for is left",
        patch={"location": {"address": {"line_1": "5", "line_2": None}}},
        shows={"location": {"number": None, "name": None, "address": {"line_1": "5", "line_2": None}}},
        said="without /location/name, /location/number.",
    ),
    Accepted(
        id="another number with a name of its own, which is an override",
        patch={"location": {"number": "2", "name": "M"}},
        shows={"location": {"number": "2", "name": "M", "address": None}},
        said="without /location/address.",
    ),
    Accepted(
        id="its own number beside another change",
        patch={"priority": "1001", "location": {"number": "1"}},
        shows={"priority": "1001", "location": {"name": None}},
        said="without /location/name.",
    ),
    Accepted(id="a location removed", patch={"location": None}, shows={"location": None}, said=None),
    Accepted(id="panels replaced", patch=panels("2"), shows=panels("2"), said=None),
    Accepted(id="panels merged", patch=panels("2"), shows={}, said=f"not show it: {FLEX_VIEW}."),
    Accepted(id="panels merged with another", patch=panels("3"), shows=panels("1", "2", "3"), said=FLEX_VIEW),
    Accepted(id="a panel that did not come", patch=panels("1", "2", "3"), shows={}, said=FLEX_VIEW),
    Accepted(id="panels not emptied", patch=panels(), shows={}, said=FLEX_VIEW),
    Accepted(id="panels emptied", patch=panels(), shows={"assets": {"1": {"extensions": None}}}, said=None),
    Accepted(
        id="panels gone",
        patch=panels("2"),
        shows={"assets": {"1": {"extensions": None}}},
        said="without /assets/1/extensions.",
    ),
    Accepted(
        id="panels that NexusFS completes",
        patch=panels("2"),
        shows={"assets": {"1": {"extensions": {"nexusfs": {"FlexView": [{"ID": "2", "Title": ""}]}}}}},
        said=None,
    ),
    Accepted(
        id="product types not taken",
        patch={"discounts": {"1": {"product_types": ["1002"]}}},
        shows={},
        said="not show it: /discounts/1/product_types.",
    ),
    Accepted(
        id="a new element", patch={"assets": {"9": {"type": "y"}}}, shows={"assets": {"9": {"type": "z"}}}, said=None
    ),
    Accepted(
        id="a new element that did not come",
        patch={"assets": {"9": {"type": "y"}}},
        shows={},
        said="not show it: /assets/9.",
    ),
    Accepted(id="nothing of a new element", patch={"assets": {"9": {"type": None}}}, shows={}, said=None),
    Accepted(id="an element not removed", patch={"assets": {"1": None}}, shows={}, said="not show it: /assets/1."),
    Accepted(
        id="an element beside a replacement",
        patch={"assets": {"9": {}}},
        replaced=("assets",),
        shows={"assets": {"9": {"number": "9"}}},
        said="not show it: /assets/1.",
    ),
    Accepted(
        id="an element that is replaced by nothing but itself",
        patch={"assets": {"1": {}}},
        replaced=("assets",),
        shows={"assets": {"1": {"type": None, "extensions": None}}},
        said=None,
    ),
    Accepted(
        id="an element of a replacement that did not come",
        patch={"assets": {"9": {}}},
        replaced=("assets",),
        shows={"assets": None},
        said="not show it: /assets/9.",
    ),
    Accepted(
        id="an element of a replacement that is nothing but its number",
        patch={"assets": {"9": {}}},
        replaced=("assets",),
        shows={"assets": {"1": None, "9": {"number": "9"}}},
        said=None,
    ),
    Accepted(
        id="a replacement that was merged",
        patch={"discounts": {"1": {"product_types": []}}},
        replaced=("discounts",),
        shows={"discounts": {"1": {"product_types": None}}},
        said="not show it: /discounts/1/percentage.",
    ),
    Accepted(
        id="a replacement with nothing left of what was there",
        patch={"discounts": {"1": {"product_types": []}}},
        replaced=("discounts",),
        shows={"discounts": {"1": {"percentage": None, "product_types": None}}},
        said=None,
    ),
    Accepted(
        id="what NexusFS shows of its own in a replacement",
        patch={"discounts": {"1": {"fixed": 2}}},
        replaced=("discounts",),
        shows={"discounts": {"1": {"fixed": 2, "percentage": 0, "description": "d", "product_types": ["1002"]}}},
        said=None,
    ),
    Accepted(
        id="an object that is replaced and not merged",
        patch=own(AccountingPackage={"Extensions": {"a": {"c": 1}}}),
        shows=own(AccountingPackage={"Extensions": {"a": {"b": None, "c": 1}}}),
        said="without /extensions/nexusfs/AccountingPackage/Extensions/a/b.",
    ),
    Accepted(
        id="an object that is merged",
        patch=own(AccountingPackage={"Extensions": {"a": {"c": 1}}}),
        shows=own(AccountingPackage={"Extensions": {"a": {"c": 1}}}),
        said=None,
    ),
    Accepted(
        id="what others take away meanwhile",
        patch={"priority": "1", "dates": {"planned_start": None}, **own(AccountingPackage={"InvoiceNum": "1"})},
        shows={"priority": "1", "dates": None, "rules": None, **own(User=None, AccountingPackage={"InvoiceNum": "1"})},
        said=None,
    ),
]


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.id)
async def test_what_an_accepted_patch_lost_or_did_not_do_is_a_side_effect(sim_nexus: Nexus, case: Accepted) -> None:
    write = a_write(Kind.patch, case.patch, before=WAS, terms=Terms(replace=case.replaced))
    async with adapting("http://127.0.0.1:1") as adapter:
        said = adapter.side_effect(write, await example(sim_nexus, applied(case.shows, WAS)))
    assert (said is None) is (case.said is None)
    assert said is None or (case.said or "") in said


async def test_what_is_gone_is_told_once_by_a_pointer_that_escapes_its_name(sim_nexus: Nexus) -> None:
    was = own(AccountingPackage={"Extensions": {"a/b~c": "1", "d": "2"}})
    now = own(AccountingPackage={"Extensions": {"d": "2"}})
    write = a_write(Kind.patch, own(AccountingPackage={"Extensions": {"a/b~c": "3"}}), before=was)
    async with adapting("http://127.0.0.1:1") as adapter:
        said = adapter.side_effect(write, await example(sim_nexus, now))
    pointer = "/extensions/nexusfs/AccountingPackage/Extensions/a~1b~0c"
    assert said == f"After this change NexusFS shows the order without {pointer}."


async def test_without_the_setting_a_status_update_has_no_side_effect_to_look_for(sim_nexus: Nexus) -> None:
    async with adapting(sim_nexus.url) as adapter:
        assert adapter.side_effect(ON_SITE, await example(sim_nexus, {})) is None
