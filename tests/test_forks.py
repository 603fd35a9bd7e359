"""The fork server passes over what it cannot load, in silence: every process would load everything by itself."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.forks import FORKS, PRELOADED


def tell(file: str) -> None:
    Path(file).write_text("\n".join(sys.modules))


def test_a_forked_process_has_everything_loaded_before_it_begins(tmp_path: Path) -> None:
    told = tmp_path / "modules"
    process = FORKS.Process(target=tell, args=(str(told),))
    process.start()
    process.join(60)
    assert process.exitcode == 0
    names = told.read_text().splitlines()
    assert PRELOADED in names
    assert names.index("app.vendors.civica_cx.adapter") < names.index(__name__)
