"""What the documentation has from the code: `python -m app.commands.tables` writes it anew.

A table stands in its page between two comments, of which the first names it. Pages that are all from the code are whole files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import get_args, get_origin

from pydantic import BaseModel

from app.api.order_bodies import OrderMembers
from app.commands.reference import (
    api_calls,
    command_line,
    events,
    metrics,
    problems,
    rehearsals,
    settings,
    state_diagram,
)
from app.commands.reference.markdown import table as _table
from app.domain.field_table import EXTENSIONS
from app.domain.ports import Capability
from app.domain.statuses import Status
from app.domain.work_orders import MEMBERS
from app.vendors.registry import VENDORS
from app.vendors.vendor import Vendor

TOP = Path(__file__).parent.parent.parent
PAGES = tuple(
    TOP / name
    for name in (
        "README.md",
        "docs/vendors/README.md",
        "docs/work-order.md",
        "docs/api.md",
        "docs/configuration.md",
        "docs/cli.md",
        "docs/events.md",
        "docs/observability.md",
    )
)
MARKED = re.compile(r"(?<=<!-- make tables: )([a-z-]+)( -->\n).*?(?=<!-- end -->)", re.DOTALL)
NONE = "–"
CAN = {
    Capability.read:          "read an order now",
    Capability.list:          "list its orders, so that they are kept fresh",
    Capability.status_update: "status updates",
    Capability.create:        "create (`POST`)",
    Capability.patch:         "change (`PATCH`)",
    Capability.replace:       "create or replace (`PUT`)",
    Capability.delete:        "`DELETE`",
}  # fmt: skip


def filled(page: str) -> str:
    """The page with each of its marked tables as the code has it now."""
    return MARKED.sub(lambda found: f"{found[1]}{found[2]}{TABLES[found[1]]()}\n", page)


def page_of(vendor: Vendor) -> str:
    """The file name of the vendor's own page."""
    return vendor.slug.replace("_", "-") + ".md"


def _compared(facts: Mapping[str, Callable[[Vendor], str]], *, pages: str) -> str:
    """One column for each vendor; `pages` is where their pages are, seen from the page that the table stands in."""
    rows = [[what, *(tell(one) for one in VENDORS.values())] for what, tell in facts.items()]
    return _table(["", *(f"[{one.title}]({pages}{page_of(one)})" for one in VENDORS.values())], rows)


def _can(capability: Capability, vendor: Vendor) -> str:
    if capability not in vendor.capabilities:
        return NONE
    if capability is Capability.status_update and vendor.workflow.settable is not None:
        return f"{_settable(vendor)} only"
    if capability is Capability.delete and vendor.removal is not None:
        return f"the order is {vendor.removal.effect}"
    return "yes"


def _settable(vendor: Vendor) -> str:
    if not vendor.statuses:
        return "those of the client's own table"
    steps = vendor.workflow.settable
    return "all" if steps is None else _names(str(row.status) for row in vendor.statuses if row.step in steps)


IN_SHORT = {what: partial(_can, capability) for capability, what in CAN.items()}
IN_FULL: Mapping[str, Callable[[Vendor], str]] = {
    **IN_SHORT,
    # A collection is named whole, instead of by each member of its elements.
    "members that `PATCH` may change": lambda one: _names(path.partition("{}")[0] for path in one.writable),
    "collections for `PATCH ?replace=`": lambda one: _names(one.replaceable),
    "statuses that can be set": _settable,
    "of a status update, kept here alone": lambda one: _names(one.kept_here),
    "settle time": lambda one: f"{one.settle_s:g} s",
}


def _statuses() -> str:
    vendors = [one for one in VENDORS.values() if one.statuses]
    rows = [[f"`{status}`", *(_codes(one, status) for one in vendors)] for status in Status]
    return _table(["status", *(one.title for one in vendors)], [row for row in rows if set(row[1:]) != {NONE}])


def _codes(vendor: Vendor, status: Status) -> str:
    rows = [row for row in vendor.statuses if row.status is status]
    told = (f"`{row.code}` {row.label}{' (default)' if row.default and len(rows) > 1 else ''}" for row in rows)
    return ", ".join(told) or NONE


def _work_order() -> str:
    """One row for every member that a caller may name or a vendor fills; an object that no vendor has as such is left out."""
    names = ("number", "external_reference", *MEMBERS, "vendor_status", "vendor_ids")
    placed = [ours for one in VENDORS.values() for _, ours in one.homes]
    paths = dict.fromkeys(["number", *_paths(OrderMembers), *placed])
    shown = [path for path in paths if path in placed or not any(other.startswith(path + ".") for other in paths)]
    rows = [
        [f"`{path}`", *(_names(theirs for theirs, ours in one.homes if ours == path) for one in VENDORS.values())]
        for path in sorted(shown, key=lambda path: names.index(re.split(r"\W", path)[0]))
    ]
    return _table(["here", *(one.title for one in VENDORS.values())], rows)


def _extensions() -> str:
    """The vendors' own members. One inside an object that has a name here stands in the `extensions` of that object."""
    rows = [
        [one.title, f"`{theirs}`", f"`{_extension(one, theirs)}`"]
        for one in VENDORS.values()
        for theirs in one.own_members
    ]
    return _table(["vendor", "member", "here"], rows)


def _extension(vendor: Vendor, theirs: str) -> str:
    places = dict(vendor.homes)
    above, _, name = theirs.rpartition(".")
    if above.removesuffix("[]") in places:
        within = places[above.removesuffix("[]")] + ("{}" if above.endswith("[]") else "")
        return f"{within}.{EXTENSIONS}.{vendor.slug}.{name}"
    return f"{EXTENSIONS}.{vendor.slug}.{theirs}"


def _paths(model: type[BaseModel], at: str = "") -> Iterator[str]:
    """Every member of a model, written as the vendors' tables write paths: `{}` and `[]` stand for any element."""
    for name, member in model.model_fields.items():
        if name != EXTENSIONS:
            yield at + name
            yield from _inside(member.annotation, at + name)


def _inside(kind: object, path: str) -> Iterator[str]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield from _paths(kind, path + ".")
    origin = get_origin(kind)
    for part in get_args(kind):
        yield from _inside(part, path + ("{}" if origin is dict else "[]" if origin is list else ""))


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in dict.fromkeys(names)) or NONE


TABLES: Mapping[str, Callable[[], str]] = {
    "in-short": partial(_compared, IN_SHORT, pages="docs/vendors/"),
    "in-full": partial(_compared, IN_FULL, pages=""),
    "statuses": _statuses,
    "work-order": _work_order,
    "extensions": _extensions,
    "api-list": api_calls.overview,
    "api-calls": api_calls.calls,
    "settings": settings.sections,
    "backend-settings": settings.backends,
    "commands": command_line.commands,
    "faults": rehearsals.faults,
    "event-types": events.types,
    "metrics": metrics.all_metrics,
}


def files() -> Mapping[str, str]:
    """What is all from the code, by its path below the top."""
    return {**problems.pages(), state_diagram.PATH: state_diagram.diagram()}


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")
    made = files()
    for old in (TOP / problems.FOLDER).glob("*.md"):
        if str(old.relative_to(TOP)) not in made:
            old.unlink()
    for name, text in made.items():
        (TOP / name).parent.mkdir(exist_ok=True)
        (TOP / name).write_text(text, encoding="utf-8")
