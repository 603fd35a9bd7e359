"""Names for what would stand inline in the OpenAPI document: a generated client then has classes with names of ours.

A generator has to invent a name for each object that has none (`GetJwksResponse200KeysItem`, `OperationResultType0`), and
another one at each place where the same object stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Node = dict[str, Any]

RENAMED = {
    "BackendOut": "Backend",
    "DeliveryOut": "Delivery",
    "FieldFaultOut": "FieldFault",
    "HoldOut": "Hold",
    "VendorRequestOut": "VendorRequest",
    "WebhookOut": "Webhook",
}
"""Models whose plain name is another class's in our code, and theirs in the contract."""

NULL: Node = {"type": "null"}
_TEXTS = ("title", "description")


@dataclass(frozen=True, kw_only=True)
class Named:
    """A component to be, and where it stands inline: `Component.member`, `Component.member[]`, or `operationId` with the
    `request` or the status of an answer."""

    name: str
    description: str
    places: tuple[str, ...]


class Unlike(ValueError):
    """Two places that are to share a name hold different schemas."""


_BODIES = ("WorkOrderIn", "WorkOrderPatch")


def _collection(member: str, name: str, told: str) -> tuple[Named, Named]:
    written = f"{told} In a patch, null takes one away."
    return (
        Named(name=name, description=told, places=(f"WorkOrder.{member}",)),
        Named(name=f"{name}In", description=written, places=tuple(f"{body}.{member}" for body in _BODIES)),
    )


NAMED = (
    Named(
        name="Extensions",
        description="Members of the vendor's own that have no name here: under the vendor's slug, by the vendor's names.",
        places=("*.extensions",),
    ),
    Named(
        name="Coordinate",
        description="A coordinate as the vendor keeps it: a number, or a text.",
        places=("ActivityAddress.x_coordinate", "ActivityAddress.y_coordinate"),
    ),
    *_collection("assets", "Assets", "Assets, each under its number."),
    *_collection("operations", "PlannedOperations", "Steps of the work, each under its execution order as text."),
    *_collection("discounts", "Discounts", "Discounts, each under its id."),
    *_collection("info_panels", "InfoPanels", "Panels, each under its id."),
    *_collection("related_values", "RelatedValues", "Values, each under `relation_id~date_from`."),
    Named(
        name="VendorIds",
        description="Ids that only the vendor's own calls need, by the vendor's names.",
        places=("WorkOrder.vendor_ids", "WorkOrderIn.vendor_ids"),
    ),
    Named(
        name="RemovalEffect",
        description="What a DELETE does at the vendor. `closed`: the order is still there. `deleted`: it is gone for good.",
        places=("BackendOut.delete_effect", "Effect.effect"),
    ),
    Named(name="Kind", description="The kinds of write.", places=("PreviewIn.kind",)),
    Named(
        name="WriteBody",
        description="The body of a write: a StatusUpdateIn, a WorkOrderIn or a WorkOrderPatch, by the kind of write.",
        places=("PreviewIn.body", "HoldResolutionIn.body"),
    ),
    Named(
        name="WriteResult",
        description="What a write has answered: a StatusUpdate, a WorkOrder or an Effect, by the kind of write.",
        places=("Operation.result",),
    ),
    Named(
        name="EventData", description="What there is to tell; its members depend on the type.", places=("Event.data",)
    ),
    Named(name="TokenRequest", description="The form of RFC 6749, section 4.4.2.", places=("createToken request",)),
    Named(name="Token", description="A bearer token (RFC 6749, section 5.1).", places=("createToken 200",)),
    Named(
        name="TokenError",
        description="A refusal of RFC 6749, section 5.2.",
        places=("createToken 400", "createToken 401"),
    ),
    Named(name="JwkSet", description="A JWK Set (RFC 7517).", places=("getJwks 200",)),
    Named(name="Jwk", description="A public key (RFC 7517).", places=("JwkSet.keys[]",)),
    Named(
        name="Condition",
        description="How the process is.",
        places=("getLiveness 200", "getReadiness 200", "getReadiness 503"),
    ),
    Named(name="ErrorCodeList", description="Every error code.", places=("listProblems 200",)),
    Named(
        name="ErrorCode", description="What an error code means.", places=("getProblem 200", "ErrorCodeList.items[]")
    ),
    Named(name="SignedTimeline", description="The story of an order, signed.", places=("getTimeline 200",)),
    Named(name="TimelineSignature", description="One signature.", places=("SignedTimeline.signatures[]",)),
)


def name_schemas(document: Node) -> None:
    """Move each inline schema of NAMED to the components, and rename those of RENAMED. Raises Unlike, KeyError."""
    components: Node = document["components"]["schemas"]
    for named in NAMED:
        for holder, member in list(_holders(document, named)):
            _moved(components, named, holder, member)
    for old, new in RENAMED.items():
        components[new] = {**components.pop(old), "title": new}
    for node in _nodes(document):
        target = node.get("$ref")
        if isinstance(target, str) and (new_name := RENAMED.get(target.rpartition("/")[2])) is not None:
            node["$ref"] = f"#/components/schemas/{new_name}"
    document["components"]["schemas"] = dict(sorted(components.items()))


def without_member_titles(document: Node) -> None:
    """Drop the titles that FastAPI makes of members' names: they say nothing, and generators take them for class names."""
    for schema in document["components"]["schemas"].values():
        for member in schema.get("properties", {}).values():
            for part in (member, member.get("items", {}), *member.get("anyOf", ())):
                part.pop("title", None)
    for operation in (each for path in document["paths"].values() for each in path.values()):
        for parameter in operation.get("parameters", []):
            parameter["schema"].pop("title", None)


def _holders(document: Node, named: Named) -> Iterator[tuple[Node, str]]:
    """The objects in which the schema stands, each with the member under which."""
    components: Node = document["components"]["schemas"]
    for place in named.places:
        if " " in place:
            yield from _contents(document, *place.split())
            continue
        owner, _, member = place.partition(".")
        owners = components.values() if owner == "*" else [components[owner]]
        found = [each["properties"] for each in owners if member.removesuffix("[]") in each.get("properties", {})]
        if not found:
            raise KeyError(place)
        for properties in found:
            if member.endswith("[]"):
                yield properties[member[:-2]], "items"
            else:
                yield properties, member


def _contents(document: Node, operation_id: str, where: str) -> Iterator[tuple[Node, str]]:
    operations = (each for path in document["paths"].values() for each in path.values())
    operation = next(each for each in operations if each["operationId"] == operation_id)
    body = operation["requestBody"] if where == "request" else operation["responses"][where]
    for content in body["content"].values():
        if content["schema"].get("properties"):
            yield content, "schema"


def _moved(components: Node, named: Named, holder: Node, member: str) -> None:
    """Put a reference in the place of the schema; what told of the member goes on doing so, beside the reference."""
    inline: Node = holder[member]
    arms: list[Node] = inline.get("anyOf", [inline])
    kept = [{name: arm[name] for name in arm if name not in _TEXTS} for arm in arms if arm != NULL]
    schema = kept[0] if len(kept) == 1 else {"anyOf": kept}
    made: Node = {**schema, "title": named.name, "description": named.description}
    known: Node = components.setdefault(named.name, made)
    if {name: known[name] for name in known if name not in _TEXTS} != schema:
        raise Unlike(f"{named.name} at {member}: {schema} is not {known}")
    reference: Node = {"$ref": f"#/components/schemas/{named.name}"}
    told = {"description": inline["description"]} if "description" in inline and member != "schema" else {}
    holder[member] = {"anyOf": [reference, dict(NULL)], **told} if NULL in arms else {**reference, **told}


def _nodes(node: object) -> Iterator[Node]:
    if isinstance(node, dict):
        yield node
    inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for each in inner:
        yield from _nodes(each)
