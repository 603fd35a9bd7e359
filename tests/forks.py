"""Processes for tests that start within tenths of a second: forked from one that has loaded everything."""

from __future__ import annotations

import multiprocessing

PRELOADED = "tests.preloaded"

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([PRELOADED])  # there is one list for the whole process, so it is set here alone
