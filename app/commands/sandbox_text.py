"""What the sandbox prints when it is ready: addresses, credentials, and commands to copy."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.json import JsonObject

RULE = "-" * 100
FREE: Mapping[str, JsonObject] = {
    "notes": {"notes": "Key at the office"},
    "title": {"title": "Boiler service"},
    "description": {"description": "Boiler service"},
    "rules.in_warranty": {"rules": {"in_warranty": True}},
}
"""Members whose value no vendor looks up in tables of its own, each with a change of it."""


@dataclass(frozen=True, kw_only=True)
class Neighbour:
    """One running simulator. `start` starts it again, `check` looks at it through the gateway's configuration."""

    title: str
    backend: str
    url: str
    pid: int
    start: str
    check: str
    example_order: str
    writable: Sequence[str]
    """The members of an order that can be changed there."""

    @property
    def change(self) -> JsonObject | None:
        """A change of its example order; None where it has none of the members that can be changed blindly."""
        return next((FREE[name] for name in FREE if name in self.writable), None)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A sandbox that is ready. The commands move the first neighbour's example order, and change one of each other."""

    url: str
    client_id: str
    secret: str
    neighbours: Sequence[Neighbour]
    keeps: bool
    """Whether the data stay when it stops."""
    now: datetime


def block(scene: Scene) -> str:
    """The whole text. What is not a command for sh begins with #."""
    told = [*_steps(scene), *(step for one in scene.neighbours[1:] for step in _pair(scene, one))]
    steps = "\n\n".join(f"# {number}. {title}\n{text}" for number, (title, text) in enumerate(told, start=1))
    return f"{_head(scene)}\n\n{steps}\n\n# {RULE}\n"


def _head(scene: Scene) -> str:
    lines = [
        RULE,
        "The Orderbridge sandbox is ready.",
        "",
        f"API         {scene.url}   client {scene.client_id}, secret {scene.secret}",
        f"Try it      {scene.url}/docs   in a browser, with the same credentials",
        "",
    ]
    for one in scene.neighbours:
        lines += [
            f"{one.backend:11} {one.url}   {one.title}, simulated: process {one.pid}",
            f"  stop it         kill {one.pid}",
            f"  start it again  {one.start}",
            f"  look at it      {one.check}",
        ]
    kept = "what is in --data stays." if scene.keeps else "then all is forgotten (--data DIR would keep it)."
    lines += ["", f"Stop        Ctrl-C; {kept}", RULE]
    return "\n".join(f"# {line}".rstrip() for line in lines)


def _steps(scene: Scene) -> Sequence[tuple[str, str]]:
    """A title and its commands for each thing worth trying, in an order in which all of them work."""
    vendor = scene.neighbours[0]
    order = vendor.example_order
    return (
        ("Get a token; it lives 15 minutes.", _token(scene)),
        (
            f"Say that the engineer is on site at order {order}. Run it twice: the same key, so still one update.",
            _update(scene, "on_site", "Engineer on site"),
        ),
        ("See what the vendor has really changed.", f"curl -s '{vendor.url}/_sim/effects?order={order}'; echo"),
        ("Ask for the same status with a new key: a 409 that helps.", _update(scene, "on_site", "Still on site")),
        (
            "Stop the vendor and send the next update: a 202 after 2 seconds, and it is kept until the vendor is back.",
            f"kill {vendor.pid}; sleep 1\n"
            + _update(scene, "practically_complete", "Waiting for the inspection", '-H "Prefer: wait=2" '),
        ),
        ("Start the vendor again, in another terminal: the update arrives within 15 seconds.", vendor.start),
        ("See where every update of the order stands.", _read(_updates(scene))),
        (
            "Let the client cancel the order in their own system, then try to complete it.",
            f"curl -s -X POST {vendor.url}/_sim/orders/{order}/cancel; echo\n{_update(scene, 'complete', 'All done')}",
        ),
    )


def _pair(scene: Scene, vendor: Neighbour) -> Iterator[tuple[str, str]]:
    """The order of another vendor: first read, then changed, as far as that can be."""
    number, change = vendor.example_order, vendor.change
    order = f"{scene.url}/v1/backends/{vendor.backend}/work-orders/{number}"
    if change is None:
        yield (
            f"{vendor.title}: read order {number}, and see where it may go.",
            f"{_read(order)}\n{_read(order + '/transitions')}",
        )
        return
    preview = {"kind": "patch", "work_order": number, "body": change}
    yield (
        f"{vendor.title}: read order {number}, and see the very request that a change of it would be. Nothing is sent.",
        f"{_read(order)}\n"
        f"curl -s {scene.url}/v1/backends/{vendor.backend}/preview \\\n"
        f'  -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\\n'
        f"  -d '{json.dumps(preview)}'; echo",
    )
    yield (
        "Make that change, and see the vendor's own record.",
        f"curl -i -X PATCH {order} \\\n"
        f'  -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/merge-patch+json" \\\n'
        f'  -H "Idempotency-Key: {uuid.uuid4()}" \\\n'
        f"  -d '{json.dumps(change)}'; echo\n"
        f"curl -s {vendor.url}/_sim/orders/{number}; echo",
    )


def _read(url: str) -> str:
    return f'curl -s -H "Authorization: Bearer $TOKEN" {url}; echo'


def _token(scene: Scene) -> str:
    credentials = f"-u {scene.client_id}:{scene.secret} -d grant_type=client_credentials"
    member = """sed 's/.*"access_token": *"\\([^"]*\\)".*/\\1/'"""
    return f"TOKEN=$(curl -s {credentials} {scene.url}/oauth/token | {member})"


def _updates(scene: Scene) -> str:
    vendor = scene.neighbours[0]
    return f"{scene.url}/v1/backends/{vendor.backend}/work-orders/{vendor.example_order}/status-updates"


def _update(scene: Scene, status: str, comments: str, headers: str = "") -> str:
    """A status update with a key of its own."""
    at = scene.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    return (
        f"curl -i {_updates(scene)} \\\n"
        f'  -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\\n'
        f'  {headers}-H "Idempotency-Key: {uuid.uuid4()}" \\\n'
        f"""  -d '{{"status": "{status}", "occurred_at": "{at}", "comments": "{comments}"}}'; echo"""
    )
