"""What the environment puts over the file: texts as they are, tables and lists as JSON, and one line for each fault."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.settings import Configuration, load
from app.vendors.civica_cx.settings import CivicaCxSettings
from app.vendors.registry import VENDORS
from tests.cli.conftest import CONFIG, Run, Said

RIVERSIDE = "ORDERBRIDGE_BACKENDS__RIVERSIDE"


@pytest.fixture
def loaded(configured: Path, monkeypatch: pytest.MonkeyPatch) -> Loaded:
    return Loaded(configured / "orderbridge.toml", monkeypatch)


@dataclass(frozen=True)
class Loaded:
    """The configuration of a file with these variables in the environment."""

    path: Path
    environment: pytest.MonkeyPatch

    def __call__(self, variables: Mapping[str, str], *, more: str = "") -> Configuration:
        self.path.write_text(CONFIG + more)
        for name, text in variables.items():
            self.environment.setenv(name, text)
        return load(self.path)

    def riverside(self, variables: Mapping[str, str], *, more: str = "") -> CivicaCxSettings:
        """Its backend."""
        settings = self(variables, more=more).backends["riverside"]
        assert isinstance(settings, CivicaCxSettings)
        return settings


def test_a_table_is_json_and_put_over_the_files_key_by_key(loaded: Loaded) -> None:
    variables = {f"{RIVERSIDE}__REASONS": '{"weather": 13, "no_access": "14"}'}
    found = loaded.riverside(variables, more="reasons = { weather = 12, no_parts = 15 }\n")
    assert found.reasons == {"weather": "13", "no_access": "14", "no_parts": "15"}


def test_a_list_is_json_and_takes_the_place_of_the_files(loaded: Loaded) -> None:
    variables = {f"{RIVERSIDE}__MAINTENANCE": ' ["sun 02:00-04:00", "daily 23:30-00:30"]'}
    found = loaded.riverside(variables, more='maintenance = ["mon 01:00-02:00"]\n')
    assert [window.starts for window in found.maintenance] == [120, 1410]


@pytest.mark.parametrize("name", ["RIVER_SIDE", "RIVER-SIDE", "river_side"])
def test_an_underscore_in_a_backends_name_is_its_dash(loaded: Loaded, name: str) -> None:
    section = CONFIG.partition("[backends.riverside]")[2].partition("\n[")[0]
    variables = {f"ORDERBRIDGE_BACKENDS__{name}__TITLE": "By the river", f"{RIVERSIDE}__TITLE": "Riverside"}
    found = loaded(variables, more=f"\n[backends.river-side]{section}\n").backends
    assert {backend: section.title for backend, section in found.items()} == {
        "riverside": "Riverside",
        "river-side": "By the river",
    }


def test_one_member_of_a_table_has_a_variable_of_its_own(loaded: Loaded) -> None:
    variables = {f"{RIVERSIDE}__REASONS__WEATHER": "14"}
    found = loaded.riverside(variables, more="reasons = { weather = 12, no_parts = 15 }\n")
    assert found.reasons == {"weather": "14", "no_parts": "15"}


@pytest.mark.parametrize("reverse", [False, True])
def test_a_part_is_put_over_the_whole_in_whichever_order_they_stand(loaded: Loaded, reverse: bool) -> None:
    variables = [
        (RIVERSIDE, '{"title": "Riverside", "reasons": {"weather": 1, "no_parts": 1, "skills": 1}}'),
        (f"{RIVERSIDE}__REASONS", '{"weather": 2, "no_parts": 2}'),
        (f"{RIVERSIDE}__REASONS__WEATHER", "3"),
    ]
    found = loaded.riverside(dict(reversed(variables) if reverse else variables))
    assert (found.title, found.reasons) == ("Riverside", {"weather": "3", "no_parts": "2", "skills": "1"})


def test_a_list_within_a_table_is_json(loaded: Loaded) -> None:
    found = loaded.riverside({f"{RIVERSIDE}__TRANSITIONS__ISSUED": '["Work In Progress", "Cancelled"]'})
    assert found.transitions == {"Issued": ["Work In Progress", "Cancelled"]}


@pytest.mark.parametrize("spelling", ['"On Hold"', '"on hold"', "onhold"])
def test_a_masters_variable_stands_over_the_files_spelling(loaded: Loaded, spelling: str) -> None:
    variables = {f"{RIVERSIDE}__TRANSITIONS__ONHOLD": '["Cancelled"]'}
    found = loaded.riverside(variables, more=f'transitions = {{ {spelling} = ["Issued"] }}\n')
    assert found.transitions == {"On Hold": ["Cancelled"]}


@pytest.mark.parametrize("secret", ['{"not": "a table"}', "{broken", "[1]", "[broken"])
def test_a_text_that_looks_like_json_stays_a_text(loaded: Loaded, secret: str) -> None:
    variables = {f"{RIVERSIDE}__PASSWORD": secret, f"{RIVERSIDE}__TITLE": secret}
    found = loaded.riverside({**variables, f"{RIVERSIDE}__REASONS__WEATHER": "12"})
    assert (found.password.get_secret_value(), found.title) == (secret, secret)


def test_numbers_and_switches_are_written_as_they_are(loaded: Loaded) -> None:
    assert loaded.riverside({f"{RIVERSIDE}__POLL_S": "30"}).poll_s == 30


def test_what_json_names_in_the_environment_is_looked_up(loaded: Loaded) -> None:
    found = loaded.riverside({"NUMBER": "16", f"{RIVERSIDE}__REASONS": '{"weather": "env:NUMBER"}'})
    assert found.reasons == {"weather": "16"}


def test_a_backend_may_stand_in_the_environment_alone_its_vendor_too(loaded: Loaded) -> None:
    lakeside = "ORDERBRIDGE_BACKENDS__LAKESIDE"
    variables = {
        "LAKESIDES_VENDOR": "nexusfs",
        f"{lakeside}__ACCESS_TOKEN": "{a-token}",
        f"{lakeside}__REASONS": '{"no_parts": 1001}',
        f"{lakeside}__URL": "https://lakeside.example",
        f"{lakeside}__VENDOR": "env:LAKESIDES_VENDOR",
    }
    configured = loaded(variables)
    assert configured.backends["lakeside"].reasons == {"no_parts": "1001"}
    assert "{a-token}" in configured.secrets()


def test_every_backend_may_stand_in_one_variable(loaded: Loaded) -> None:
    variables = {"ORDERBRIDGE_BACKENDS": '{"riverside": {"maintenance": ["sun 02:00-04:00"]}}'}
    assert len(loaded.riverside(variables).maintenance) == 1


@pytest.mark.parametrize("text", ["[broken", '{"not": "a table"}'])
def test_a_text_of_another_section_stays_a_text_too(loaded: Loaded, text: str) -> None:
    assert loaded({"ORDERBRIDGE_AUTH__ISSUER": text, "orderbridge_auth__audience": text}).auth.issuer == text


def test_lists_and_tables_of_the_other_sections_are_json_too(loaded: Loaded) -> None:
    variables = {
        "ORDERBRIDGE_WEBHOOKS__ALLOWED_PORTS": "[443, 8443]",
        "ORDERBRIDGE_DELIVERY": '{"wait_s": 3, "fresh_s": 4}',
        "ORDERBRIDGE_DELIVERY__WAIT_S": "5",
    }
    found = loaded(variables)
    assert found.webhooks.allowed_ports == (443, 8443)
    assert (found.delivery.wait_s, found.delivery.fresh_s) == (5, 4)


NO_COMMA = "this is not JSON: Expecting ',' delimiter"
NO_VALUE = "this is not JSON: Expecting value"


@dataclass(frozen=True, kw_only=True)
class Case:
    id: str
    environment: dict[str, str]
    says: list[str]


CASES = [
    Case(
        id="tables and lists",
        environment={
            f"{RIVERSIDE}__REASONS": '{"weather": 13 "skills": 14}',
            f"{RIVERSIDE}__MAINTENANCE": '["sun 02:00-04:00"',
            f"{RIVERSIDE}__TRANSITIONS__ISSUED": "[Cancelled]",
        },
        says=[
            f"{RIVERSIDE}__MAINTENANCE: {NO_COMMA} (at line 1, column 19)",
            f"{RIVERSIDE}__REASONS: {NO_COMMA} (at line 1, column 16)",
            f"{RIVERSIDE}__TRANSITIONS__ISSUED: {NO_VALUE} (at line 1, column 2)",
        ],
    ),
    Case(id="a backend", environment={RIVERSIDE: "[x"}, says=[f"{RIVERSIDE}: {NO_VALUE} (at line 1, column 2)"]),
    Case(
        id="all backends",
        environment={"ORDERBRIDGE_BACKENDS": '{"riverside": {"url": x}}'},
        says=[f"ORDERBRIDGE_BACKENDS: {NO_VALUE} (at line 1, column 23)"],
    ),
    Case(
        id="no JSON at all",
        environment={f"{RIVERSIDE}__REASONS": "weather=13", f"{RIVERSIDE}__MAINTENANCE": "sun 02:00-04:00"},
        says=[
            "backends.riverside.reasons: Input should be a valid dictionary",
            'backends.riverside.maintenance: must be a list, like ["sun 02:00-04:00"]',
        ],
    ),
    Case(
        id="JSON of another kind",
        environment={f"{RIVERSIDE}__REASONS": "[13]", f"{RIVERSIDE}__LATE_REASONS": '{"parts_delay": {}}'},
        says=[
            "backends.riverside.reasons: Input should be a valid dictionary",
            "backends.riverside.late_reasons.parts_delay: Input should be a valid string",
        ],
    ),
    Case(
        id="a key that the vendor does not have",
        environment={f"{RIVERSIDE}__REASON": "{"},
        says=["backends.riverside.reason: Extra inputs are not permitted"],
    ),
    Case(
        id="a backend without a vendor",
        environment={"ORDERBRIDGE_BACKENDS__LAKESIDE__REASONS": "{"},
        says=[f"backends.lakeside.vendor: must be one of {', '.join(sorted(VENDORS))}"],
    ),
    Case(
        id="another section",
        environment={
            "ORDERBRIDGE_AUTH__TRUSTED_ISSUERS": "[{",
            "ORDERBRIDGE_DELIVERY": '{"wait_s": 3',
            "orderbridge_webhooks__allowed_ports": "[443 8443]",
        },
        says=[
            f"ORDERBRIDGE_DELIVERY: {NO_COMMA} (at line 1, column 13)",
            "ORDERBRIDGE_AUTH__TRUSTED_ISSUERS: this is not JSON: Expecting property name enclosed in double quotes "
            "(at line 1, column 3)",
            f"orderbridge_webhooks__allowed_ports: {NO_COMMA} (at line 1, column 6)",
        ],
    ),
    Case(
        id="another section, no JSON at all",
        environment={"ORDERBRIDGE_WEBHOOKS__ALLOWED_PORTS": "443", "ORDERBRIDGE_DELIVERY": "3"},
        says=[
            "delivery: Input should be a valid dictionary or instance of DeliverySettings",
            "webhooks.allowed_ports: Input should be a valid tuple",
        ],
    ),
    Case(
        id="nested too deeply",
        environment={f"{RIVERSIDE}__REASONS": "[" * 100_000, "ORDERBRIDGE_DELIVERY": '{"wait_s":' * 100_000},
        says=[
            "ORDERBRIDGE_DELIVERY: this is nested too deeply",
            f"{RIVERSIDE}__REASONS: this is nested too deeply",
        ],
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_each_fault_of_the_environment_is_a_line(
    case: Case, run: Run, configured: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in case.environment.items():
        monkeypatch.setenv(name, text)
    assert run("migrate") == Said(code=2, out="", err="".join(f"{line}\n" for line in case.says))
    assert not (configured / "orderbridge.db").exists()
