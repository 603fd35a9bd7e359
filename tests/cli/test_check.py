"""`check` against the simulated Cx, and with which status table it compares the codes that stand on orders there."""

from __future__ import annotations

import signal
import socket
import sqlite3
from pathlib import Path

import pytest

from app.ledger.migrate import migrate, needed_version
from app.vendors.registry import VENDORS
from tests.cli.conftest import CONFIG, Run, Said
from tests.cli.processes import free_ports, run_in, running
from tests.gateway import simulator

HEAD = "RepairStatusCodeId,RepairStatusCode,RepairMasterStatusCode,WorksOrderApplicable\n"
SHOWN = {"3": "Issued", "4": "On Hold", "8": "Received", "9": "Live", "17": "Complete", "18": "Cancelled"}
"""The codes of the simulator's orders."""
MASTERS = {"8": "Work In Progress", "9": "Work In Progress"}
NO_TABLES = "the database has no tables yet: run `orderbridge migrate`"
AWAY = "the database cannot be used, so an imported one was not looked for"


def table(*, without: str = "") -> str:
    """A client's table with every code that the simulator shows, but for one."""
    rows = [f"{code},{label},{MASTERS.get(code, label)},1\n" for code, label in SHOWN.items() if code != without]
    return HEAD + "".join(rows)


def section(cx_url: str) -> str:
    of_simulator = CONFIG.replace("http://127.0.0.1:9", cx_url).replace("api.contractor", "sandbox")
    return of_simulator.replace("a-password", "sandbox-secret")


@pytest.fixture
def looking(folder: Path, cx_url: str) -> Path:
    """A folder whose backend is the simulator, and no database yet."""
    (folder / "orderbridge.toml").write_text(section(cx_url))
    return folder


@pytest.fixture
def migrated(looking: Path) -> Path:
    """The same with a database."""
    migrate(f"sqlite:///{looking}/orderbridge.db")
    return looking


def configure(folder: Path, more: str) -> None:
    with (folder / "orderbridge.toml").open("a") as file:
        file.write(more)


def import_into(folder: Path, run: Run, text: str) -> None:
    (folder / "imported.csv").write_text(text)
    assert run("statuses", "import", "riverside", "imported.csv").code == 0


def of_codes(said: Said) -> str:
    """The line about the status codes, which is the last one."""
    assert said.err == ""
    last = said.out.splitlines()[-1]
    assert " status codes: " in last
    return last


def test_nothing_is_wrong_with_the_simulated_cx(run: Run, looking: Path) -> None:
    said = run("check", "riverside")
    assert (said.code, said.err) == (0, "")
    assert {line.split()[0] for line in said.out.splitlines()} == {"ok"}
    assert "log-in: Cx gave sandbox a token." in said.out


def test_what_failed_is_said(run: Run, folder: Path, cx_url: str) -> None:
    (folder / "orderbridge.toml").write_text(CONFIG.replace("http://127.0.0.1:9", cx_url))
    said = run("check", "riverside")
    assert (said.code, said.err) == (1, "")
    failed = [line for line in said.out.splitlines() if not line.startswith("ok")]
    assert [line.split()[:2] for line in failed] == [["failed", "log-in:"]]
    assert "a-password" not in said.out


def test_a_system_that_is_away_fails(run: Run, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed_soon:
        port = closed_soon.getsockname()[1]
    (folder / "orderbridge.toml").write_text(CONFIG.replace("127.0.0.1:9", f"127.0.0.1:{port}"))
    said = run("check", "riverside")
    assert (said.code, said.err) == (1, "")
    assert all(line.startswith("failed   page of ") for line in said.out.splitlines())


# --- the status table that is in use


def test_a_code_that_the_imported_table_lacks_is_named(run: Run, migrated: Path) -> None:
    import_into(migrated, run, table(without="18"))
    said = run("check", "riverside")
    assert (said.code, of_codes(said)) == (1, "failed   status codes: Not in the imported table: 18.")
    assert not (migrated / "orderbridge.db.lock").exists()


def test_the_imported_table_is_compared_and_not_the_file(run: Run, migrated: Path) -> None:
    configure(migrated, 'statuses = "file.csv"\n')
    (migrated / "file.csv").write_text(table(without="3"))
    import_into(migrated, run, table())
    said = run("check", "riverside")
    assert said.code == 0
    assert of_codes(said).startswith("ok       status codes: All in the imported table: 17 (1 orders), ")


def test_a_table_that_is_still_empty_is_that_of_the_file(run: Run, migrated: Path) -> None:
    configure(migrated, 'statuses = "file.csv"\n')
    (migrated / "file.csv").write_text(table(without="3"))
    said = run("check", "riverside")
    assert said.code == 1
    assert of_codes(said) == "failed   status codes: Not in the file file.csv (nothing is imported): 3."


def test_without_any_table_the_codes_are_told(run: Run, migrated: Path) -> None:
    said = run("check", "riverside")
    assert said.code == 0
    assert of_codes(said).startswith("ok       status codes: Codes seen in the list: 17 (1 orders), ")
    assert of_codes(said).endswith("; there is no status table (nothing is imported).")


def test_without_a_database_the_file_is_compared_and_none_is_made(run: Run, looking: Path) -> None:
    configure(looking, 'statuses = "file.csv"\n')
    (looking / "file.csv").write_text(table(without="17"))
    said = run("check", "riverside")
    assert (said.code, of_codes(said)) == (1, f"failed   status codes: Not in the file file.csv ({NO_TABLES}): 17.")
    assert list(looking.glob("orderbridge.db*")) == []


def test_without_a_database_the_example_is_compared(run: Run, looking: Path) -> None:
    configure(looking, 'statuses = "example"\n')
    said = run("check", "riverside")
    assert said.code == 0
    assert of_codes(said).startswith(f"ok       status codes: All in the example table ({NO_TABLES}): ")


@pytest.mark.parametrize(
    ("text", "says"),
    [(None, "No such file or directory"), (b"\xff\xfe\x00", "codec can't decode"), (HEAD.encode(), "no row has")],
    ids=["not there", "no text", "no table"],
)
def test_a_file_that_cannot_be_read_is_a_finding(run: Run, looking: Path, text: bytes | None, says: str) -> None:
    configure(looking, 'statuses = "file.csv"\n')
    if text is not None:
        (looking / "file.csv").write_bytes(text)
    said = run("check", "riverside")
    assert said.code == 1
    assert of_codes(said).startswith("failed   status codes: file.csv: ")
    assert says in of_codes(said)


def test_a_database_of_another_version_is_left_alone_and_said(run: Run, migrated: Path) -> None:
    import_into(migrated, run, table(without="18"))
    with sqlite3.connect(migrated / "orderbridge.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    said = run("check", "riverside")
    newer = f"this database belongs to a newer orderbridge: it has schema 9999, we know up to {needed_version()}"
    assert said.code == 0
    assert of_codes(said).endswith(f"; there is no status table ({newer}).")


@pytest.mark.parametrize(
    "url", ["postgresql://u:p@127.0.0.1:1/none", "sqlite:///broken.db"], ids=["nobody there", "no database"]
)
def test_a_database_that_cannot_be_used_is_said(run: Run, looking: Path, url: str) -> None:
    (looking / "broken.db").write_text("not a database, but long enough to be looked at by SQLite " * 20)
    configure(looking, f'[database]\nurl = "{url}"\n')
    said = run("check", "riverside")
    assert said.code == 0
    assert of_codes(said).endswith(f"; there is no status table ({AWAY}).")


def test_the_imported_table_is_read_beside_a_running_gateway(migrated: Path, run: Run) -> None:
    import_into(migrated, run, table(without="18"))
    (port,) = free_ports(1)
    with running("serve", "--port", str(port), folder=migrated) as gateway:
        gateway.wait_for('"event":"serving"', on=gateway.err)
        said = run_in(migrated, "check", "riverside")
        assert gateway.stop(signal.SIGTERM) == 0
    assert (said.returncode, said.stderr) == (1, "")
    assert said.stdout.splitlines()[-1] == "failed   status codes: Not in the imported table: 18."


def test_the_imported_table_is_read_from_postgresql(run: Run, looking: Path, postgres_database: str) -> None:
    configure(looking, f'[database]\nurl = "{postgres_database}"\n')
    import_into(looking, run, table(without="18"))
    said = run("check", "riverside")
    assert (said.code, of_codes(said)) == (1, "failed   status codes: Not in the imported table: 18.")


def test_a_postgresql_without_the_database_is_said(run: Run, looking: Path, postgres_database: str) -> None:
    configure(looking, f'[database]\nurl = "{postgres_database}_gone"\n')
    said = run("check", "riverside")
    assert said.code == 0
    assert of_codes(said).endswith(f"; there is no status table ({AWAY}).")


@pytest.mark.parametrize(
    ("slug", "status_codes"),
    [
        ("unit4_erpx", "ok       status codes: The imported table has N; ERPx lists no orders, and no order was read yet."),
        ("overit", "warning  status codes: NextGen FSM has no documented list of orders, so the codes in use cannot be held "
         "against the imported table."),
        ("nexusfs", "warning  status codes: The imported table has no 1/0, 1/1, 1/2, 1/3, 1001, 4096, 4097, 6, 7, 8, 9; it has "
         "5001, which the vendor does not publish."),
    ],
    ids=lambda value: value.partition(" ")[0],
)  # fmt: skip
def test_the_other_vendors_look_at_the_imported_table_too(run: Run, folder: Path, slug: str, status_codes: str) -> None:
    vendor, code = VENDORS[slug], {"nexusfs": "5001"}.get(slug, "N")
    with simulator(vendor) as url:
        values = {name: value for name, value in vendor.sandbox.section(url).items() if isinstance(value, str)}
        lines = [f"{name} = '{value}'\n" for name, value in values.items()]
        (folder / "orderbridge.toml").write_text(f"{CONFIG}[backends.other]\n{''.join(lines)}")
        (folder / "codes.csv").write_text(f"Code,Label,Status\n{code},A code,issued\n")
        migrate(f"sqlite:///{folder}/orderbridge.db")
        assert run("statuses", "import", "other", "codes.csv").code == 0
        said = run("check", "other")
    assert (said.code, of_codes(said)) == (0, status_codes)
