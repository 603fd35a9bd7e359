"""A client's own table of a vendor's codes: what is taken, what is refused and where, and what an import leads to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from app.domain.statuses import PHASE, Basis, Phase, Status, StatusCode
from app.vendors.status_csv import read_statuses
from app.vendors.vendor import StatusFileFault

STOCKHOLM = ZoneInfo("Europe/Stockholm")
HEADER = "Code,Label,Status"
FULL = "Code,Label,Status,Default,EffectiveFrom,EffectiveTo"
STATUSES = ", ".join(Status)
PARKED = StatusCode(code="P", label="Parked", status=Status.on_hold, phase=Phase.on_hold, basis=Basis.configured)


def read(*lines: str, header: str = HEADER) -> tuple[StatusCode, ...]:
    return read_statuses("\n".join([header, *lines, ""]), STOCKHOLM)


def faults(*lines: str, header: str = HEADER) -> list[str]:
    with pytest.raises(StatusFileFault) as caught:
        read(*lines, header=header)
    return caught.value.faults


def test_a_control_character_is_a_fault_with_its_line() -> None:
    assert faults("P,Par\0ked,on_hold", "T,Terminated,cancelled", "Q\x1b[0m,Quiet\x7fly,on_hold") == [
        "line 2: Label has a control character (U+0000)",
        "line 4: Code has a control character (U+001B)",
        "line 4: Label has a control character (U+007F)",
    ]


def test_what_an_ignored_column_holds_and_a_line_break_or_tab_within_a_field_are_no_faults() -> None:
    (code,) = read('P,"Parked\tuntil\r\nspring",on_hold,\0', header=f"{HEADER},Notes")
    assert code.label == "Parked\tuntil\r\nspring"


def test_a_table_becomes_configured_codes_in_its_own_order() -> None:
    assert read(
        "T,Terminated,cancelled,1,,",
        "P,Parked,on_hold,,2026-01-01,2026-06-30",
        "4711,Waiting for the caretaker,,0,NULL,2026-06-30 17:30:00",
        header=FULL,
    ) == (
        StatusCode(
            code="T",
            label="Terminated",
            status=Status.cancelled,
            phase=Phase.ended,
            default=True,
            basis=Basis.configured,
        ),
        StatusCode(
            code="P",
            label="Parked",
            status=Status.on_hold,
            phase=Phase.on_hold,
            effective_from=datetime(2025, 12, 31, 23, 0, tzinfo=UTC),
            effective_to=datetime(2026, 6, 30, 21, 59, 59, 999999, tzinfo=UTC),
            basis=Basis.configured,
        ),
        StatusCode(
            code="4711",
            label="Waiting for the caretaker",
            status=None,
            phase=None,
            effective_to=datetime(2026, 6, 30, 15, 30, tzinfo=UTC),
            basis=Basis.configured,
        ),
    )


@pytest.mark.parametrize("status", Status)
def test_the_phase_is_that_of_our_status(status: Status) -> None:
    assert [(row.status, row.phase) for row in read(f"P,Parked,{status}")] == [(status, PHASE[status])]


@pytest.mark.parametrize("word", ["", "  ", "NULL"])
def test_a_code_without_a_status_of_ours_has_no_phase_either(word: str) -> None:
    assert [(row.status, row.phase) for row in read(f"P,Parked,{word}")] == [(None, None)]


@pytest.mark.parametrize("word", ["on_hold", "On Hold", "ON-HOLD", " on_hold "])
def test_our_status_may_be_written_as_people_write_it(word: str) -> None:
    assert read(f"P,Parked,{word}") == (PARKED,)


@pytest.mark.parametrize(
    ("text", "default"),
    [("1", True), ("true", True), ("TRUE", True), ("0", False), ("False", False), ("", False), ("NULL", False)],
)
def test_default_is_one_or_true(text: str, default: bool) -> None:
    assert [row.default for row in read(f"P,Parked,on_hold,{text}", header=f"{HEADER},Default")] == [default]


@dataclass(frozen=True, kw_only=True)
class Written:
    """Another way to write the table that has the one code PARKED."""

    id: str
    text: str


WRITTEN = [
    Written(id="columns in another order, and one more", text="Status,Company,LABEL,code\non_hold,All,Parked,P\n"),
    Written(id="spaces around everything", text="Code , Label, Status\n P , Parked , on_hold \n"),
    Written(id="semicolons", text="Code;Label;Status\nP;Parked;on_hold\n"),
    Written(id="tabs", text="Code\tLabel\tStatus\nP\tParked\ton_hold\n"),
    Written(id="quotes", text='"Code","Label","Status"\n"P","Parked","on_hold"\n'),
    Written(id="a byte order mark", text="\ufeffCode,Label,Status\nP,Parked,on_hold\n"),
    Written(id="windows line ends and empty lines", text="Code,Label,Status\r\n\r\nP,Parked,on_hold\r\n,,\r\n"),
    Written(id="no last line end", text="Code,Label,Status\nP,Parked,on_hold"),
    Written(id="optional columns cut off", text="Code,Label,Status,Default,EffectiveTo\nP,Parked,on_hold\n"),
    Written(id="NULL for what is empty", text=f"{FULL}\nP,Parked,on_hold,NULL,NULL,NULL\n"),
]


@pytest.mark.parametrize("case", WRITTEN, ids=lambda case: case.id)
def test_the_same_table_written_with(case: Written) -> None:
    assert read_statuses(case.text, STOCKHOLM) == (PARKED,)


@pytest.mark.parametrize("code", ["N", "n", "1/0", "TO_RESCHEDULE", "007", "Väntar"])
def test_a_code_is_text_and_kept_as_it_is(code: str) -> None:
    assert [row.code for row in read(f"{code},Name,")] == [code]


def test_codes_that_differ_in_case_are_two() -> None:
    assert [row.code for row in read("N,New,issued", "n,Not billed,issued")] == ["N", "n"]


def test_every_fault_of_a_file_is_told_at_once_with_its_line() -> None:
    assert faults(
        "N,New,issued,,,",
        ",Nameless,issued,,,",
        "A,,issued,,,",
        "B,Done,done,,,",
        "N,New again,issued,,,",
        "C,Name,issued,yes,,",
        "D,Name,issued,,01/04/2026,2026-13-01",
        "E,Name,issued,,2026-02-01,2026-01-01",
        "F,Name,issued,,,,,",
        "G,Name",
        '"H\nH",,issued,,,',
        "N,,,,,",
        header=FULL,
    ) == [
        "line 3: Code '' is empty",
        "line 4: Label '' is empty",
        f"line 5: Status 'done' is none of {STATUSES}",
        "line 6: Code N was on line 2 already",
        "line 7: Default 'yes' is neither 1 nor 0, true nor false",
        "line 8: EffectiveFrom '01/04/2026' is not a date such as 2026-04-01 or 2026-04-01 08:30:00",
        "line 8: EffectiveTo '2026-13-01' is not a date such as 2026-04-01 or 2026-04-01 08:30:00",
        "line 9: EffectiveTo '2026-01-01' is before EffectiveFrom",
        "line 10: 8 fields, but the header has 6",
        "line 11: it ends before Status",
        "line 12: Label '' is empty",
        "line 14: Label '' is empty",
        "line 14: Code N was on line 2 already",
    ]


def test_a_code_repeated_after_a_faulty_line_is_told_too() -> None:
    assert faults("N,,issued", "N,New,issued") == ["line 2: Label '' is empty", "line 3: Code N was on line 2 already"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "line 1: the file is empty"),
        ("\ufeff\n", "line 1: no column Code, Label, Status"),
        ("Name,Status\nNew,issued\n", "line 1: no column Code, Label"),
        ("Code,Label,Status,CODE\n", "line 1: twice the column Code"),
        (f"{HEADER}\n\n,,\n", "line 1: the table has no rows"),
        (f'{HEADER}\nN,"Ne"w,issued\n', "line 2: ',' expected after '\"'"),
        (f'{HEADER}\nN,"New,issued\n', "line 2: unexpected end of data"),
    ],
    ids=["empty", "a blank line", "another table", "a column twice", "no rows", "broken quotes", "an open quote"],
)
def test_a_file_that_is_no_status_table_is_refused(text: str, fault: str) -> None:
    with pytest.raises(StatusFileFault) as caught:
        read_statuses(text, STOCKHOLM)
    assert caught.value.faults == [fault]
