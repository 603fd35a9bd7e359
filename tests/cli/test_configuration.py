"""A configuration that cannot be used: every fault on a line of its own, and exit code 2."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.settings import Settings, configured, load
from app.vendors.civica_cx.settings import CivicaCxSettings
from app.vendors.nexusfs.settings import NexusFsSettings
from app.vendors.registry import VENDORS
from tests.cli.conftest import CONFIG, Run, Said

EXAMPLE = Path(__file__).parent.parent.parent / "orderbridge.example.toml"
KEY = 'signing_key = "0123456789abcdef0123456789abcdef"'
ISSUER = """\
[[auth.trusted_issuers]]
issuer = "{issuer}"
audience = "{audience}"
jwks_url = "https://id.example/keys"
"""
FIELD = """\
[backends.field]
vendor = "nexusfs"
url = "http://127.0.0.1:9"
access_token = "env:FIELD_TOKEN"
"""
NO_MASTER = (
    "is none of Entered, Open, Awaiting Authorisation, Issued, Work In Progress, On Hold, "
    "Awaiting Variation Authorisation, Awaiting Pre Inspection, Partially Complete, Varied, Complete, Cancelled, "
    "Fully Invoiced"
)


@dataclass(frozen=True, kw_only=True)
class Case:
    id: str
    config: str | None
    says: list[str]
    environment: dict[str, str] = field(default_factory=dict)


CASES = [
    Case(
        id="no file",
        config=None,
        says=["orderbridge.toml: there is no such file; name one with --config or ORDERBRIDGE_CONFIG"],
    ),
    Case(
        id="not TOML",
        config="[auth\n",
        says=["orderbridge.toml: Expected ']' at the end of a table declaration (at line 1, column 6)"],
    ),
    Case(id="nested lists", config="a = " + "[" * 100_000, says=["orderbridge.toml: it is nested too deeply"]),
    Case(
        id="nested tables",
        config=CONFIG + f"[backends.{'a.' * 2000}b]\n",
        says=["orderbridge.toml: it is nested too deeply"],
    ),
    Case(
        id="a number of 5,000 digits",
        config=f"a = {'1' * 5000}\n",
        says=["orderbridge.toml: it holds a number of too many digits"],
    ),
    Case(
        id="a variable with a number of 5,000 digits",
        config=CONFIG,
        environment={
            "ORDERBRIDGE_DELIVERY": f'{{"wait_s": {"1" * 5000}}}',
            "ORDERBRIDGE_BACKENDS__RIVERSIDE__REASONS": f'{{"weather": {"1" * 5000}}}',
        },
        says=[
            "ORDERBRIDGE_DELIVERY: this holds a number of too many digits",
            "ORDERBRIDGE_BACKENDS__RIVERSIDE__REASONS: this holds a number of too many digits",
        ],
    ),
    Case(
        id="files that no name can be",
        config=CONFIG + 'statuses = "a\\u0000b"\nwsdl = "a\\u0000b"\n',
        says=[
            "backends.riverside.statuses: this holds a control character",
            "backends.riverside.wsdl: this holds a control character",
        ],
    ),
    Case(
        id="a database in a file that no name can be",
        config=CONFIG + '[database]\nurl = "sqlite:///a%00b"\n',
        says=["database.url: no file can have this name"],
    ),
    *(
        Case(
            id=f"SQLite with {parameter}",
            config=CONFIG + f'[database]\nurl = "sqlite:///x.db?{parameter}"\n',
            says=["database.url: an address of SQLite takes no parameters, and no ? in its file's name"],
        )
        for parameter in ("timeout=soon", "mode=ro")
    ),
    Case(id="no signing key", config="[auth]\n", says=["auth.signing_key: Field required"]),
    Case(
        id="an empty signing key, beside other faults",
        config=CONFIG.replace("0123456789abcdef0123456789abcdef", "") + "poll_s = 0\n",
        says=[
            "auth.signing_key: it has 0 bytes; an HS256 secret needs at least 32",
            "backends.riverside.poll_s: Input should be greater than or equal to 1",
        ],
    ),
    Case(
        id="a signing key that is not there is one fault",
        config=CONFIG.replace("0123456789abcdef0123456789abcdef", "env:NO_KEY"),
        says=["auth.signing_key: the environment variable NO_KEY is not set"],
    ),
    Case(
        id="trusted proxies that are no addresses",
        config=CONFIG
        + '[server]\ntrusted_proxies = ["nginx", "10.0.0.1", "172.30.7.10/24", "2001:db8::/32", "10.0.0.0/33", ""]\n',
        says=[
            f"server.trusted_proxies.{place}: must be an IP address, or a network without bits of a host, like 172.30.7.0/24"
            for place in (0, 2, 4, 5)
        ],
    ),
    Case(
        id="a trusted issuer with our own name",
        config=CONFIG + ISSUER.format(issuer="orderbridge", audience="a"),
        says=["auth.trusted_issuers: one has our own issuer's name (auth.issuer), whose tokens are our own"],
    ),
    Case(
        id="a trusted issuer twice",
        config=CONFIG + 2 * ISSUER.format(issuer="https://id.example", audience="a"),
        says=["auth.trusted_issuers: the same issuer is there twice with the same audience"],
    ),
    Case(id="unknown section", config=CONFIG + "[databse]\n", says=["databse: Extra inputs are not permitted"]),
    Case(
        id="unknown key",
        config=CONFIG + "[delivery]\nwait = 8\n",
        says=["delivery.wait: Extra inputs are not permitted"],
    ),
    Case(
        id="value out of range",
        config=CONFIG + "[delivery]\nwait_s = 60\n",
        says=["delivery.wait_s: Input should be less than or equal to 25"],
    ),
    Case(
        id="unknown database",
        config=CONFIG + '[database]\nurl = "mysql://x"\n',
        says=["database.url: must be sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE"],
    ),
    Case(
        id="public address",
        config=CONFIG + '[server]\npublic_url = "gateway.example"\n',
        says=["server.public_url: must be an http or https address without user, query or fragment"],
    ),
    Case(
        id="public address with a path",
        config=CONFIG + '[server]\npublic_url = "https://gateway.example/orders"\n',
        says=["server.public_url: must have no path: Location and the contract name addresses from the host's root on"],
    ),
    Case(
        id="missing variable",
        config=CONFIG.replace('"a-password"', '"env:RIVERSIDE_PASSWORD"'),
        says=["backends.riverside.password: the environment variable RIVERSIDE_PASSWORD is not set"],
    ),
    Case(
        id="missing file of a value",
        config=CONFIG.replace('"a-password"', '"file:nowhere"'),
        says=["backends.riverside.password: {folder}/nowhere: No such file or directory"],
    ),
    Case(
        id="missing variable of a value that has a form",
        config=CONFIG,
        environment={"ORDERBRIDGE_DATABASE__URL": "env:NOPE"},
        says=["database.url: the environment variable NOPE is not set"],
    ),
    Case(
        id="missing file of a vendor, beside another fault",
        config=CONFIG.replace('"civica_cx"', '"file:nowhere"') + "[delivery]\nwait = 8\n",
        says=[
            "backends.riverside.vendor: {folder}/nowhere: No such file or directory",
            "delivery.wait: Extra inputs are not permitted",
        ],
    ),
    Case(
        id="a short secret",
        config=CONFIG + '[telemetry]\nmetrics_token = "too-short"\n',
        says=["telemetry.metrics_token: needs at least 16 characters"],
    ),
    Case(
        id="missing variable and missing file in a list",
        config=CONFIG
        + 'transitions = { issued = ["Cancelled", "env:MOVE"] }\n'
        + '[[auth.trusted_issuers]]\nissuer = "file:nowhere"\naudience = "a"\njwks_url = "https://id.example/keys"\n',
        says=[
            "auth.trusted_issuers.0.issuer: {folder}/nowhere: No such file or directory",
            "backends.riverside.transitions.issued.1: the environment variable MOVE is not set",
        ],
    ),
    Case(
        id="a file that no name can be",
        config=CONFIG.replace('"a-password"', '"file:a\\u0000b"'),
        says=["backends.riverside.password: no file can have this name"],
    ),
    Case(
        id="a variable that holds a control character",
        config=CONFIG.replace('"a-password"', '"env:RIVERSIDE_PASSWORD"'),
        environment={"RIVERSIDE_PASSWORD": "a\x01b"},
        says=["backends.riverside.password: the environment variable RIVERSIDE_PASSWORD holds a control character"],
    ),
    Case(
        id="a variable that is not UTF-8",
        config=CONFIG.replace('"a-password"', '"env:RIVERSIDE_PASSWORD"'),
        environment={"RIVERSIDE_PASSWORD": "p\udce4ssword"},
        says=["backends.riverside.password: the environment variable RIVERSIDE_PASSWORD is not UTF-8"],
    ),
    Case(
        id="a control character in the file itself, beside another fault",
        config=CONFIG.replace('"a-password"', '"a\\u001bb"') + "poll_s = 0\n",
        says=[
            "backends.riverside.password: this holds a control character",
            "backends.riverside.poll_s: Input should be greater than or equal to 1",
        ],
    ),
    Case(
        id="an override that is not UTF-8",
        config=CONFIG,
        environment={"ORDERBRIDGE_BACKENDS__RIVERSIDE__PASSWORD": "env:p\udce4ssword"},
        says=["backends.riverside.password: this is not UTF-8"],
    ),
    Case(
        id="a token with a line break within",
        config=CONFIG + FIELD,
        environment={"FIELD_TOKEN": "abc\ndef"},
        says=["backends.field.access_token: must be visible ASCII characters without spaces, as the header carries it"],
    ),
    Case(
        id="unknown vendor",
        config=CONFIG.replace("civica_cx", "acme"),
        says=[f"backends.riverside.vendor: must be one of {', '.join(sorted(VENDORS))}"],
    ),
    Case(
        id="unknown key of a backend",
        config=CONFIG + 'passwrd = "x"\n',
        says=["backends.riverside.passwrd: Extra inputs are not permitted"],
    ),
    Case(
        id="masters that Cx does not have",
        config=CONFIG
        + "[backends.riverside.transitions]\n"
        + '"Isued" = ["Cancelled"]\n"work in progress" = ["On Hold", "Complet", "Cancelled", "Closed"]\n',
        says=[
            f"backends.riverside.transitions.Isued.[key]: {NO_MASTER}",
            f"backends.riverside.transitions.work in progress.1: {NO_MASTER}",
            f"backends.riverside.transitions.work in progress.3: {NO_MASTER}",
        ],
    ),
    Case(
        id="masters in two spellings",
        config=CONFIG
        + "[backends.riverside.transitions]\n"
        + '"On Hold" = ["Issued"]\nissued = ["Cancelled"]\n"on hold" = ["Complete"]\nIssued = ["Complete"]\n',
        says=[
            "backends.riverside.transitions: this is one master in two spellings: "
            "'On Hold' and 'on hold'; 'issued' and 'Issued'"
        ],
    ),
    Case(
        id="time zone",
        config=CONFIG.replace("Europe/London", "London"),
        says=["backends.riverside.time_zone: must be an IANA time zone, for example Europe/London"],
    ),
    Case(
        id="unknown override",
        config=CONFIG,
        environment={"ORDERBRIDGE_DATABSE__URL": "sqlite:///x"},
        says=["ORDERBRIDGE_DATABSE__URL: there is no section [databse]"],
    ),
    Case(
        id="unknown override in small letters",
        config=CONFIG,
        environment={"orderbridge_databse__url": "sqlite:///x"},
        says=["orderbridge_databse__url: there is no section [databse]"],
    ),
    Case(
        id="override",
        config=CONFIG,
        environment={"ORDERBRIDGE_DELIVERY__DEADLINE_S": "soon"},
        says=["delivery.deadline_s: Input should be a valid number, unable to parse string as a number"],
    ),
    Case(
        id="several",
        config=CONFIG.replace(KEY, "").replace('username = "api.contractor"\n', ""),
        says=["auth.signing_key: Field required", "backends.riverside.username: Field required"],
    ),
]


NO_ADDRESSES = [
    "http://fsm..example",
    f"http://{'a' * 64}.example",
    "http://host:99999",
    "http://host:0",
    "http://host:port",
    "http://a b",
    "http://host/a\\nb",
    "http://[::1",
]


@pytest.mark.parametrize("address", NO_ADDRESSES)
def test_an_address_that_nobody_could_reach_is_a_fault(address: str, run: Run, folder: Path) -> None:
    (folder / "orderbridge.toml").write_text(
        CONFIG.replace("http://127.0.0.1:9", address) + f'[server]\npublic_url = "{address}"\n'
    )
    says = "cannot be an address: look for white space, for two dots together, and for a port that is not 1 to 65535"
    lines = f"server.public_url: {says}\nbackends.riverside.url: {says}\n"
    assert run("check", "riverside") == Said(code=2, out="", err=lines)


@pytest.mark.parametrize(
    "address", ["http://[::1]:8080", "https://bücher.example", "https://fsm.example.", "http://under_score:1"]
)
def test_an_address_that_somebody_could_have_is_none(address: str) -> None:
    document = {"auth": {"signing_key": "k" * 32}, "server": {"public_url": address}}
    assert configured(document, folder=Path()).server.public_url == address


@pytest.mark.parametrize(
    ("address", "sent"),
    [
        ("https://bücher.example/wöhnen/", "https://xn--bcher-kva.example/w%C3%B6hnen"),
        ("HTTP://Host.Example:8080/a/../%62", "http://host.example:8080/b"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_a_backends_address_is_kept_as_it_is_on_the_wire(address: str, sent: str) -> None:
    section = {"vendor": "overit", "url": address, "access_token": "t", "external_system_code": "OB"}
    found = configured({"auth": {"signing_key": "k" * 32}, "backends": {"fsm": section}}, folder=Path())
    assert found.backends["fsm"].url == sent


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_each_fault_of_a_configuration_is_a_line(
    case: Case, run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if case.config is not None:
        (folder / "orderbridge.toml").write_text(case.config)
    for name, value in case.environment.items():
        monkeypatch.setenv(name, value)
    lines = "".join(f"{line.format(folder=folder)}\n" for line in case.says)
    assert run("serve") == Said(code=2, out="", err=lines)
    assert run("migrate") == Said(code=2, out="", err=lines)


def test_the_configuration_is_the_one_that_config_names(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "other.toml").write_text("[auth]\n")
    monkeypatch.setenv("ORDERBRIDGE_CONFIG", str(folder / "nowhere.toml"))
    assert run("migrate", "--config", "other.toml").err == "auth.signing_key: Field required\n"
    assert run("migrate").err.startswith(f"{folder}/nowhere.toml: there is no such file")


def test_an_empty_variable_names_no_configuration(run: Run, ready: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERBRIDGE_CONFIG", "")
    assert run("migrate").code == 0


def test_an_issuer_may_be_trusted_with_two_audiences(folder: Path) -> None:
    sections = [ISSUER.format(issuer="https://id.example", audience=audience) for audience in ("a", "b")]
    (folder / "orderbridge.toml").write_text(CONFIG + "".join(sections))
    trusted = load(folder / "orderbridge.toml").auth.trusted_issuers
    assert [one.audience for one in trusted] == ["a", "b"]


@pytest.mark.parametrize(
    "command", [("serve", "--port", "1"), ("backends",), ("check", "riverside"), ("client", "list")]
)
def test_a_short_signing_key_is_refused_by_name_and_not_shown(command: tuple[str, ...], run: Run, ready: Path) -> None:
    (ready / "orderbridge.toml").write_text(CONFIG.replace("0123456789abcdef0123456789abcdef", "too-short"))
    says = "auth.signing_key: it has 9 bytes; an HS256 secret needs at least 32\n"
    assert run(*command) == Said(code=2, out="", err=says)


def test_the_faults_of_a_status_file_stop_the_start_with_their_lines(run: Run, ready: Path) -> None:
    (ready / "orderbridge.toml").write_text(CONFIG + 'statuses = "codes.csv"\n')
    assert run("serve") == Said(
        code=2, out="", err="backends.riverside.statuses: codes.csv: No such file or directory\n"
    )
    overit = '[backends.fsm]\nvendor = "overit"\nurl = "http://127.0.0.1:9"\naccess_token = "a-token"\n'
    (ready / "orderbridge.toml").write_text(CONFIG + overit + 'external_system_code = "US"\nstatuses = "example"\n')
    says = "backends.fsm.statuses: example: there is no such file, and OverIT NextGen FSM has no example table\n"
    assert run("serve") == Said(code=2, out="", err=says)
    (ready / "orderbridge.toml").write_text(CONFIG + 'statuses = "codes.csv"\n')
    (ready / "codes.csv").write_text("RepairStatusCodeId,RepairStatusCode\n")
    says = "backends.riverside.statuses: codes.csv: line 1: no column RepairMasterStatusCode, WorksOrderApplicable\n"
    assert run("serve") == Said(code=2, out="", err=says)


def test_every_text_may_stand_elsewhere_in_lists_and_their_tables_too(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THE_ISSUER", "https://id.example/")
    monkeypatch.setenv("NIGHTS", "sun 02:00-04:00")
    monkeypatch.setenv("NEXT", "Cancelled")
    (folder / "audience").write_text("orders\n")
    (folder / "orderbridge.toml").write_text(
        CONFIG
        + 'maintenance = ["daily 23:30-00:30", "env:NIGHTS"]\ntransitions = { issued = ["env:NEXT"] }\n'
        + '[[auth.trusted_issuers]]\nissuer = "env:THE_ISSUER"\naudience = "file:audience"\n'
        + 'jwks_url = "https://id.example/keys"\n'
    )
    loaded = load(folder / "orderbridge.toml")
    [issuer] = loaded.auth.trusted_issuers
    assert (issuer.issuer, issuer.audience) == ("https://id.example/", "orders")
    riverside = loaded.backends["riverside"]
    assert [window.starts for window in riverside.maintenance] == [1410, 120]
    assert riverside.transitions == {"Issued": ["Cancelled"]}


@pytest.mark.parametrize("bytes_", [b"a\x07b", b"a\xe4b"], ids=["control character", "not UTF-8"])
def test_a_file_that_no_secret_can_be_is_a_fault(bytes_: bytes, run: Run, folder: Path) -> None:
    (folder / "password").write_bytes(bytes_)
    (folder / "orderbridge.toml").write_text(CONFIG.replace('"a-password"', '"file:password"'))
    said = run("migrate")
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert said.err.startswith(f"backends.riverside.password: {folder}/password")


@pytest.mark.parametrize(("ending", "kept"), [("\n", ""), ("\r\n", ""), ("\n\n", ""), (" \n", " "), ("", "")])
def test_line_breaks_at_the_end_of_a_text_are_not_meant_and_spaces_are(
    ending: str, kept: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIELD_TOKEN", f"abc{ending.strip(' ')}")
    (folder / "password").write_bytes(f" a\nb{ending}".encode())
    monkeypatch.setenv("THE_NAME", f" a\nb{ending}")
    named = CONFIG.replace('"a-password"', '"file:password"').replace('"api.contractor"', '"env:THE_NAME"')
    (folder / "orderbridge.toml").write_text(named + FIELD)
    loaded = load(folder / "orderbridge.toml")
    riverside, field = loaded.backends["riverside"], loaded.backends["field"]
    assert isinstance(riverside, CivicaCxSettings)
    assert isinstance(field, NexusFsSettings)
    assert riverside.password.get_secret_value() == riverside.username == f" a\nb{kept}"
    assert field.secrets == ("abc",)


def test_the_example_configuration_loads_and_shows_every_vendor(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = re.findall(r'^[a-z_]+ *= *"env:(\w+)"', EXAMPLE.read_text(), re.MULTILINE)
    secrets = {name: f"a-secret-of-32-bytes-or-more-of-{name}" for name in named}
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    loaded = load(EXAMPLE)
    assert set(tomllib.loads(EXAMPLE.read_text())) == set(Settings.model_fields)
    assert sorted(section.vendor for section in loaded.backends.values()) == sorted(VENDORS)
    assert loaded.secrets() == list(secrets.values())


@pytest.mark.parametrize(
    ("url", "secrets"),
    [
        ("postgresql://us:p%40ss@word@host/db", ["p%40ss@word", "p@ss@word"]),
        ("postgresql://us@host/db?password=p%40ss&sslpassword=key", ["p%40ss", "p@ss", "key", "key"]),
    ],
)
def test_the_databases_password_is_a_secret_as_written_and_as_meant(url: str, secrets: list[str]) -> None:
    document = {"auth": {"signing_key": "k" * 32}, "database": {"url": url}}
    assert configured(document, folder=Path()).secrets() == ["k" * 32, *secrets]
