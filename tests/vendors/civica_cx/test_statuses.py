"""A client's status codes from the CSV of their database: what is taken, what is kept out, what is refused and where."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from app.domain.errors import StatusNotEffective, StatusUnknown, VendorCodeRequired
from app.domain.statuses import PHASE, Basis, Phase, Status, StatusCode, StatusTable
from app.vendors.civica_cx.statuses import EXAMPLE_STATUSES, read_statuses
from app.vendors.civica_cx.tables import MASTER_STATUS, PREFERRED_MASTER, WORKFLOW
from app.vendors.vendor import StatusFileFault

LONDON = ZoneInfo("Europe/London")
HEADER = "RepairStatusCodeId,RepairStatusCode,Description,RepairMasterStatusCode,WorksOrderApplicable,EffectiveFrom,EffectiveTo"
NOW = datetime(2026, 11, 20, 20, 40, tzinfo=UTC)


def read(*lines: str, header: str = HEADER) -> tuple[StatusCode, ...]:
    return read_statuses("\n".join([header, *lines, ""]), LONDON)


def faults(*lines: str, header: str = HEADER) -> list[str]:
    with pytest.raises(StatusFileFault) as caught:
        read(*lines, header=header)
    return caught.value.faults


ON_SITE = StatusCode(
    code="11",
    label="On Site",
    status=Status.in_progress,
    phase=Phase.in_progress,
    master="Work In Progress",
    basis=Basis.configured,
)


def test_a_row_as_the_clients_database_gives_it() -> None:
    assert read("11,On Site,Engineer on site,Work In Progress,1,2015-01-01 00:00:00.000,NULL") == (
        StatusCode(
            code="11",
            label="On Site",
            status=Status.in_progress,
            phase=Phase.in_progress,
            master="Work In Progress",
            effective_from=datetime(2015, 1, 1, tzinfo=UTC),
            basis=Basis.configured,
        ),
    )


@pytest.mark.parametrize("master", ["Work In Progress", "workinprogress", "WORK IN  PROGRESS", " WorkInProgress "])
def test_spaces_and_case_of_a_master_do_not_matter(master: str) -> None:
    assert read(f"11,On Site,,{master},1,,") == (ON_SITE,)


def test_columns_come_in_any_order_and_unknown_ones_are_ignored() -> None:
    header = "WorksOrderApplicable,Company,RepairMasterStatusCode,RepairStatusCode,RepairStatusCodeId"
    assert read("true,All,Work In Progress,On Site,11", header=header) == (ON_SITE,)


@pytest.mark.parametrize("separator", [";", "\t"])
def test_what_a_spreadsheet_makes_of_the_commas_is_taken_too(separator: str) -> None:
    header = HEADER.replace(",", separator)
    assert read("11,On Site,,Work In Progress,1,,".replace(",", separator), header=header) == (ON_SITE,)


def test_a_byte_order_mark_and_windows_line_ends_are_taken() -> None:
    assert read_statuses(f"\ufeff{HEADER}\r\n11,On Site,,Work In Progress,1,,\r\n\r\n", LONDON) == (ON_SITE,)


def test_a_description_stands_in_for_a_missing_name() -> None:
    assert read("11,,On Site,Work In Progress,1,,") == (ON_SITE,)


@pytest.mark.parametrize("applicable", ["0", "false", "", "NULL", "yes"])
def test_rows_that_do_not_apply_to_works_orders_are_kept_out_unread(applicable: str) -> None:
    assert read(f"x,,,Raised,{applicable},soon,never", "11,On Site,,Work In Progress,1,,") == (ON_SITE,)


def test_our_status_may_be_named_for_a_code() -> None:
    rows = read("11,On Site,,Work In Progress,1,On Site", header=f"{HEADER.rsplit(',', 2)[0]},Status")
    assert [(row.status, row.phase) for row in rows] == [(Status.on_site, Phase.in_progress)]


def test_the_phase_follows_the_vendors_master_whatever_our_status() -> None:
    rows = read("8,Received,,Work In Progress,1,accepted", header=f"{HEADER.rsplit(',', 2)[0]},Status")
    assert [(row.status, row.phase) for row in rows] == [(Status.accepted, Phase.in_progress)]


@pytest.mark.parametrize(("master", "status"), MASTER_STATUS.items())
def test_without_a_status_a_code_has_its_masters(master: str, status: Status) -> None:
    [row] = read(f"1,Name,,{master},1,,")
    assert (row.status, row.phase, row.master) == (status, PHASE[status], master)


@dataclass(frozen=True, kw_only=True)
class End:
    id: str
    text: str
    ends: datetime | None


ENDS = [
    End(id="a winter day is over at midnight", text="2026-01-31", ends=datetime(2026, 1, 31, 23, 59, 59, 999999, UTC)),
    End(
        id="a summer day is over at midnight in London",
        text="2026-06-30",
        ends=datetime(2026, 6, 30, 22, 59, 59, 999999, UTC),
    ),
    End(id="the day with 23 hours", text="2026-03-29", ends=datetime(2026, 3, 29, 22, 59, 59, 999999, UTC)),
    End(id="the day with 25 hours", text="2026-10-25", ends=datetime(2026, 10, 25, 23, 59, 59, 999999, UTC)),
    End(
        id="SQL Server's midnight is the day",
        text="2026-01-31 00:00:00.000",
        ends=datetime(2026, 1, 31, 23, 59, 59, 999999, UTC),
    ),
    End(id="a time is that time", text="2026-06-30 17:30:00", ends=datetime(2026, 6, 30, 16, 30, tzinfo=UTC)),
    End(id="a time with an offset", text="2026-06-30T17:30:00+02:00", ends=datetime(2026, 6, 30, 15, 30, tzinfo=UTC)),
    End(id="the end of all days is no end", text="9999-12-31", ends=None),
]


@pytest.mark.parametrize("case", ENDS, ids=lambda case: case.id)
def test_effective_to_is_inclusive_in_the_clients_zone(case: End) -> None:
    assert [row.effective_to for row in read(f"11,On Site,,Work In Progress,1,,{case.text}")] == [case.ends]


def test_effective_from_begins_at_the_clients_midnight() -> None:
    [row] = read("11,On Site,,Work In Progress,1,2026-07-01,")
    assert row.effective_from == datetime(2026, 6, 30, 23, 0, tzinfo=UTC)


def test_every_fault_of_a_file_is_told_at_once_with_its_line() -> None:
    header = f"{HEADER},Status"
    told = faults(
        "11,On Site,,Work In Progress,1,,,on_site",
        "eleven,On Site,,Work In Progress,1,,,",
        "11,Twice,,Issued,1,,,",
        "12,,,Issued,1,,,",
        "13,Name,,Progressing,1,,,",
        "14,Name,,Issued,1,01/04/2026,2026-13-01,",
        "15,Name,,Issued,1,2026-02-01,2026-01-01,",
        "16,Name,,Issued,1,,,done",
        "99999999999,Name,,Issued,1,,,",
        "17,Name,,Issued,1,,,,,,",
        "18,Name",
        "19,Name,,Issued,1",
        header=header,
    )
    assert [fault.split(" is none of ")[0] for fault in told] == [
        "line 3: RepairStatusCodeId 'eleven' is not a whole number that Cx could have given",
        "line 4: RepairStatusCodeId 11 was on line 2 already",
        "line 5: RepairStatusCode '' is empty, and so is Description",
        "line 6: RepairMasterStatusCode 'Progressing'",
        "line 7: EffectiveFrom '01/04/2026' is not a date such as 2026-04-01 or 2026-04-01 08:30:00",
        "line 7: EffectiveTo '2026-13-01' is not a date such as 2026-04-01 or 2026-04-01 08:30:00",
        "line 8: EffectiveTo '2026-01-01' is before EffectiveFrom",
        "line 9: Status 'done'",
        "line 10: RepairStatusCodeId '99999999999' is not a whole number that Cx could have given",
        "line 11: 11 fields, but the header has 8",
        "line 12: it ends before RepairMasterStatusCode, WorksOrderApplicable",
    ]


def test_a_line_number_counts_the_lines_inside_quotes() -> None:
    assert faults('11,"On\nSite",,Work In Progress,1,,', "x,Name,,Issued,1,,") == [
        "line 4: RepairStatusCodeId 'x' is not a whole number that Cx could have given"
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "line 1: the file is empty"),
        (
            "Code,Name\n1,2\n",
            "line 1: no column RepairStatusCodeId, RepairStatusCode, RepairMasterStatusCode, WorksOrderApplicable",
        ),
        (f"{HEADER},Status,status\n", "line 1: twice the column Status"),
        (f"{HEADER}\n1,Name,,Issued,0,,\n", "line 1: no row has WorksOrderApplicable 1"),
        (f'{HEADER}\n1,"Na"me,,Issued,1,,\n', "line 2: ',' expected after '\"'"),
    ],
    ids=["empty", "another table", "a column twice", "nothing applies", "broken quotes"],
)
def test_a_file_that_is_no_status_table_is_refused(text: str, fault: str) -> None:
    with pytest.raises(StatusFileFault) as caught:
        read_statuses(text, LONDON)
    assert caught.value.faults == [fault]


@pytest.fixture(scope="module")
def example() -> StatusTable:
    return StatusTable(rows=read_statuses(EXAMPLE_STATUSES.read_text(), LONDON), workflow=WORKFLOW)


CONTRACTOR = {
    Status.accepted: "8",
    Status.in_progress: "9",
    Status.en_route: "10",
    Status.on_site: "11",
    Status.awaiting_materials: "12",
    Status.delayed: "13",
    Status.no_access: "14",
    Status.practically_complete: "15",
    Status.on_hold: "4",
    Status.incomplete: "16",
    Status.complete: "17",
    Status.cancelled: "18",
}


@pytest.mark.parametrize(("status", "code"), CONTRACTOR.items())
def test_the_example_has_one_code_for_what_a_contractor_says(example: StatusTable, status: Status, code: str) -> None:
    assert example.choose(status=status, vendor_code=None, at=NOW).code == code


def test_the_example_has_the_document_s_eleven(example: StatusTable) -> None:
    row = example.by_code["11"]
    assert (row.label, row.master, row.status) == ("On Site", "Work In Progress", Status.on_site)


def test_the_example_s_rows_are_all_configured_and_stand_in_the_workflow(example: StatusTable) -> None:
    assert {row.basis for row in example.rows} == {Basis.configured}
    assert {row.step for row in example.rows} <= set(WORKFLOW.steps)


def test_a_code_that_is_not_effective_is_refused(example: StatusTable) -> None:
    with pytest.raises(StatusNotEffective):
        example.choose(status=None, vendor_code="20", at=NOW)
    assert example.choose(status=None, vendor_code="20", at=datetime(2021, 3, 31, 12, tzinfo=UTC)).code == "20"


def test_a_code_that_is_not_for_works_orders_is_unknown(example: StatusTable) -> None:
    with pytest.raises(StatusUnknown):
        example.choose(status=None, vendor_code="22", at=NOW)


def test_several_codes_of_one_status_without_a_default_need_the_code() -> None:
    table = StatusTable(rows=read("1,A,,Work In Progress,1,,", "2,B,,Work In Progress,1,,"), workflow=WORKFLOW)
    with pytest.raises(VendorCodeRequired):
        table.choose(status=Status.in_progress, vendor_code=None, at=NOW)


def test_the_default_for_its_master_is_chosen_and_of_several_masters_the_plainest() -> None:
    rows = read(
        "4,On Hold,,On Hold,1,1",
        "5,Inspect,,Awaiting Pre Inspection,1,1",
        "6,Waiting,,On Hold,1,0",
        header=f"{HEADER.rsplit(',', 2)[0]},DefaultForMaster",
    )
    assert [row.default for row in rows] == [True, False, False]


def test_every_status_that_several_masters_share_has_a_preferred_one() -> None:
    shared = {status for status in MASTER_STATUS.values() if list(MASTER_STATUS.values()).count(status) > 1}
    assert shared == set(PREFERRED_MASTER)


def test_every_master_has_a_row_in_the_workflow_and_leads_only_to_masters() -> None:
    assert set(WORKFLOW.steps) == set(MASTER_STATUS)
    assert {step for row in WORKFLOW.steps.values() for step in row.next} <= set(MASTER_STATUS)
    assert WORKFLOW.terminal <= set(MASTER_STATUS)


DOCUMENTED = {
    "Entered": {"Issued", "On Hold", "Awaiting Authorisation", "Awaiting Pre Inspection", "Cancelled"},
    "Awaiting Authorisation": {"Issued", "On Hold", "Cancelled"},
    "Awaiting Variation Authorisation": {"On Hold", "Varied", "Cancelled"},
    "Issued": {
        "On Hold",
        "Work In Progress",
        "Awaiting Variation Authorisation",
        "Awaiting Pre Inspection",
        "Varied",
        "Complete",
        "Cancelled",
    },
    "Work In Progress": {
        "On Hold",
        "Awaiting Variation Authorisation",
        "Awaiting Pre Inspection",
        "Varied",
        "Partially Complete",
        "Complete",
        "Cancelled",
    },
    "On Hold": {"Issued"},
}


def test_the_documented_moves_are_those_of_the_vendor_s_help_and_no_more() -> None:
    documented = {
        step: {to for to, basis in row.next.items() if basis is Basis.documented}
        for step, row in WORKFLOW.steps.items()
    }
    assert {step: to for step, to in documented.items() if to} == DOCUMENTED
    certain = {step for step, row in WORKFLOW.steps.items() if row.others is Basis.documented}
    assert certain == (set(DOCUMENTED) - {"On Hold"}) | WORKFLOW.terminal
