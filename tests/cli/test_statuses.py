"""`statuses import`, and the status codes that `backends` shows."""

from __future__ import annotations

import json
from pathlib import Path

from app.vendors.registry import VENDORS
from tests.cli.conftest import Run, Said

HEAD = "RepairStatusCodeId,RepairStatusCode,RepairMasterStatusCode,WorksOrderApplicable\n"
GOOD = HEAD + "3,Issued,Issued,1\n11,On Site,Work In Progress,1\n12,Going,Work In Progress,1\n40,Other,Issued,0\n"
FAULTY = HEAD + "3,Issued,Issued,1\nx,On Site,Work In Progress,1\n12,Going,Nowhere,1\n"


def codes(run: Run) -> object:
    return json.loads(run("backends", "--json").out)[0]["status_codes"]


def test_a_good_file_is_imported_and_counted_by_status(run: Run, ready: Path) -> None:
    (ready / "codes.csv").write_text(GOOD)
    assert run("statuses", "import", "riverside", "codes.csv") == Said(
        code=0, out="riverside: 3 status codes were imported: 1 issued, 2 in_progress.\n", err=""
    )
    assert codes(run) == 3


def test_a_dry_run_imports_nothing_and_needs_no_database(run: Run, configured: Path) -> None:
    (configured / "codes.csv").write_text(GOOD)
    assert run("statuses", "import", "riverside", "codes.csv", "--dry-run") == Said(
        code=0, out="riverside: 3 status codes could be imported: 1 issued, 2 in_progress.\n", err=""
    )
    assert not (configured / "orderbridge.db").exists()


def test_every_fault_of_a_file_has_its_line_and_nothing_is_imported(run: Run, ready: Path) -> None:
    (ready / "codes.csv").write_text(GOOD)
    run("statuses", "import", "riverside", "codes.csv")
    (ready / "faulty.csv").write_text(FAULTY)
    said = run("statuses", "import", "riverside", "faulty.csv")
    lines = said.err.splitlines()
    assert (said.code, said.out, len(lines)) == (1, "", 3)
    assert lines[0].startswith("faulty.csv: line 3: RepairStatusCodeId 'x' ")
    assert lines[1].startswith("faulty.csv: line 4: RepairMasterStatusCode 'Nowhere' ")
    assert lines[2] == "faulty.csv: nothing was imported"
    assert codes(run) == 3


def test_a_file_that_is_not_there_or_no_text_is_said(run: Run, ready: Path) -> None:
    assert run("statuses", "import", "riverside", "none.csv") == Said(
        code=2, out="", err="none.csv: No such file or directory\n"
    )
    (ready / "binary.csv").write_bytes(b"\xff\xfe\x00")
    assert run("statuses", "import", "riverside", "binary.csv") == Said(
        code=1, out="", err="binary.csv: it is not UTF-8; nothing was imported\n"
    )


def test_a_backend_that_is_not_configured_is_named_beside_those_that_are(run: Run, ready: Path) -> None:
    says = "there is no backend 'lakeside' in the configuration; there is: riverside\n"
    assert run("statuses", "import", "lakeside", "codes.csv") == Said(code=2, out="", err=says)
    assert run("check", "lakeside") == Said(code=2, out="", err=says)


def test_backends_are_listed_with_what_they_can_do(run: Run, ready: Path) -> None:
    assert json.loads(run("backends", "--json").out) == [
        {
            "name": "riverside",
            "vendor": "civica_cx",
            "url": "http://127.0.0.1:9",
            "title": "Riverside Homes",
            "capabilities": sorted(one.value for one in VENDORS["civica_cx"].capabilities),
            "status_codes": 0,
        }
    ]
    assert run("backends").out == (
        "riverside: Riverside Homes\n"
        "  vendor        civica_cx at http://127.0.0.1:9\n"
        "  can           list, read, status_update\n"
        "  status codes  none yet\n"
    )
