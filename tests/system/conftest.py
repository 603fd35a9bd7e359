"""These tests are collected where this folder, or a file in it, is named: `make test` needs Python alone."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    asked = [config.invocation_params.dir / argument.partition("::")[0] for argument in config.args]
    return None if any(HERE in (path, *path.parents) for path in asked) else True
