"""What the sandbox prints when it is ready: addresses, credentials, and commands to copy."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

RULE = "-" * 100


@dataclass(frozen=True, kw_only=True)
class Neighbour:
    """One running simulator. `start` is the command that starts it again."""

    title: str
    backend: str
    url: str
    pid: int
    start: str
    example_order: str


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A sandbox that is ready. The commands move the first neighbour's example order."""

    url: str
    client_id: str
    secret: str
    neighbours: Sequence[Neighbour]
    check: str
    """A command that looks at the first neighbour."""
    keeps: bool
    """Whether the data stay when it stops."""
    now: datetime


def block(scene: Scene) -> str:
    """The whole text. What is not a command for sh begins with #."""
    steps = "\n\n".join(f"# {number}. {title}\n{text}" for number, (title, text) in enumerate(_steps(scene), start=1))
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
        ]
    kept = "what is in --data stays." if scene.keeps else "then all is forgotten (--data DIR would keep it)."
    lines += ["", f"Look at it  {scene.check}", f"Stop        Ctrl-C; {kept}", RULE]
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
        (
            "See where every update of the order stands.",
            f'curl -s -H "Authorization: Bearer $TOKEN" {_updates(scene)}; echo',
        ),
        (
            "Let the client cancel the order in their own system, then try to complete it.",
            f"curl -s -X POST {vendor.url}/_sim/orders/{order}/cancel; echo\n{_update(scene, 'complete', 'All done')}",
        ),
    )


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
