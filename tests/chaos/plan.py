"""What a gateway process is started with, beyond its configuration: hurried timings, a failpoint, planted bugs.

A plan crosses to the new process by pickle and is applied there before the app is made. Hurrying shrinks the waits only; what
has to be proved before anything is sent again stays the same.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app import failpoints
from app.delivery import readback, settling
from tests.chaos import planted


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Seconds, unless it says otherwise."""

    deadline_s: float = 1.0
    wait_s: float = 2.0
    settle_s: float = 1.0
    """Of every backend: how long after an attempt's deadline the vendor may still apply it."""
    first_probe_s: float = 0.2
    apart_s: float = 0.3
    later_s: tuple[float, ...] = (1, 1, 2, 2, 4, 4, 8)
    """When reads fail, how long until the next; after the last the operation is held."""
    poll_s: float = 3600
    max_connections: int = 64
    failpoint: str | None = None
    """GATEWAY_FAILPOINT for this process."""
    bugs: tuple[str, ...] = ()
    """Names out of `planted.BUGS`."""
    backend: Mapping[str, Any] = field(default_factory=dict)
    """Further settings of every backend's section."""
    sections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Further sections of the configuration, or members for those that there are."""

    def apply(self) -> None:
        """In the gateway's own process, once."""
        if self.failpoint is not None:
            os.environ["GATEWAY_FAILPOINT"] = self.failpoint
            importlib.reload(failpoints)  # it was imported before the fork, and reads the variable then
        # By name, as a test's monkeypatch does it: each is a plain number in its module.
        settling.FIRST_PROBE_S = self.first_probe_s
        readback.APART_S = self.apart_s
        vars(readback)["LATER_S"] = self.later_s
        for name in self.bugs:
            planted.BUGS[name]()

    def document(self, database: str, backends: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """The configuration of a gateway before these backends: name -> section."""
        every = {"poll_s": self.poll_s, "settle_s": self.settle_s, "max_connections": self.max_connections}
        document: dict[str, Any] = {
            "auth": {"signing_key": "0123456789abcdef" * 4},
            "database": {"url": database},
            "delivery": {"wait_s": self.wait_s, "deadline_s": self.deadline_s},
            "backends": {name: {**section, **every, **self.backend} for name, section in backends.items()},
        }
        for name, members in self.sections.items():
            document[name] = {**document.get(name, {}), **members}
        return document
