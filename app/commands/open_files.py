"""How many files and connections a gateway may have open at once: as many as the system lets it."""

from __future__ import annotations

import resource

import structlog

FEW = 4096
"""Where fewer may be open, a burst of callers could use them up, and whoever comes then is left without an answer."""

log = structlog.get_logger(__name__)


def allow_many_open_files() -> None:
    """Raise the soft limit to the hard one, which is all that a process may do by itself; tell where that is not much.

    The soft limit is often 1,024 (for programs that call select(), which we do not), and a connection beyond it is let in
    by the system and then never taken up: neither an answer nor a line in the log.
    """
    was, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (ValueError, OSError):  # macOS takes no "unlimited" here
        log.info("the limit of open files stays as it is", soft=was, hard=hard)
    now, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if now != was:
        log.info("the limit of open files is raised", was=was, now=now)
    if now != resource.RLIM_INFINITY and now < FEW:
        log.warning("few files may be open: raise the hard limit, or callers beyond it get no answer", now=now, few=FEW)
