"""compose.yaml and the units, as far as they can be checked without a container: nothing here starts one."""

from __future__ import annotations

import gc
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml

from app.cli import main
from app.settings import Configuration, load

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: Mapping[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if service["image"].startswith("orderbridge:")]
GATEWAYS = ["gateway-1", "gateway-2"]
UNITS = sorted((ROOT / "deploy").glob("*.service"))


def named(path: Path) -> str:
    return path.name


def kept_files() -> Iterator[tuple[str, str]]:
    """Every file that compose.yaml takes from this tree, and the mark of its place."""
    for kind in ("configs", "secrets"):
        for name, source in COMPOSE[kind].items():
            yield f"{kind}.{name}", source["file"]


def test_it_keeps_to_the_compose_specification() -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml"]
    done = subprocess.run(check, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_every_file_that_it_mounts_is_there_or_is_made_by_make_secrets(made_secrets: Path) -> None:
    missing = [
        (place, path)
        for place, path in kept_files()
        if not (ROOT / path).is_file() and not (made_secrets / Path(path).name).is_file()
    ]
    assert missing == []
    assert {path.name for path in made_secrets.iterdir()} == set(COMPOSE["secrets"])


def test_what_a_service_uses_is_declared() -> None:
    for name, service in SERVICES.items():
        for config in service.get("configs", []):
            assert config["source"] in COMPOSE["configs"], name
        assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"]), name
        assert set(service.get("networks", [])) <= set(COMPOSE["networks"]), name
        assert set(service.get("depends_on", [])) <= set(SERVICES), name
        for volume in service.get("volumes", []):
            assert volume.partition(":")[0] in COMPOSE["volumes"], name


def test_there_is_one_volume_and_it_is_the_databases() -> None:
    assert {name: one["volumes"] for name, one in SERVICES.items() if "volumes" in one} == {
        "database": ["ledger:/var/lib/postgresql/data"]
    }


def test_the_migration_is_over_before_a_gateway_starts_and_both_before_the_balancer() -> None:
    assert SERVICES["migrate"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    for name in GATEWAYS:
        assert SERVICES[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    assert SERVICES["balancer"]["depends_on"] == {name: {"condition": "service_healthy"} for name in GATEWAYS}


def test_every_service_that_stays_says_when_it_is_well_and_starts_again() -> None:
    for name in ("database", *GATEWAYS, "balancer"):
        assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"
        assert SERVICES[name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", OURS)
def test_a_container_of_ours_has_no_rights_and_nothing_to_write_to(name: str) -> None:
    service = SERVICES[name]
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert "ports" not in service


@pytest.mark.parametrize("name", OURS)
def test_the_command_line_knows_what_a_container_runs(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert unknown_options(SERVICES[name]["command"], capsys) == []


def test_only_this_machine_reaches_the_ports() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert sorted(ports) == ["127.0.0.1:3000:3000", "127.0.0.1:8080:8080", "127.0.0.1:9090:9090"]


def test_a_gateways_name_means_one_address_to_the_balancer() -> None:
    for name in GATEWAYS:
        assert set(SERVICES[name]["networks"]) & set(SERVICES["balancer"]["networks"]) == {"inside"}
    fixed = {SERVICES[name]["networks"]["inside"]["ipv4_address"] for name in GATEWAYS}
    assert len(fixed) == len(GATEWAYS)


def test_nothing_but_what_is_inside_reaches_the_database() -> None:
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert SERVICES["database"]["networks"] == ["inside"]


def test_a_container_is_given_the_time_that_a_gateway_takes_to_stop() -> None:
    settings = load_configuration({"database_url": "sqlite:///a.db", "signing_key": "k" * 32})
    needed = settings.server.drain_s + 25 + settings.delivery.deadline_s + 5
    for name in GATEWAYS:
        assert SERVICES[name]["stop_grace_period"] == f"{needed:.0f}s"


def test_the_balancers_configuration_names_the_gateways() -> None:
    nginx = (ROOT / "deploy/nginx.conf").read_text()
    assert re.findall(r"^ +server ([a-z0-9-]+):8000 ", nginx, re.MULTILINE) == GATEWAYS
    assert "listen 8080;" in nginx


def test_the_gateways_trust_the_balancer_and_nobody_else_about_whose_a_request_is() -> None:
    settings = load_configuration({"database_url": "sqlite:///a.db", "signing_key": "k" * 32})
    assert settings.server.trusted_proxies == (f"{SERVICES['balancer']['networks']['inside']['ipv4_address']}/32",)


def test_prometheus_asks_each_gateway_itself() -> None:
    scraped = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())["scrape_configs"]
    assert scraped[0]["static_configs"] == [{"targets": [f"{name}:8000" for name in GATEWAYS]}]


def test_the_configuration_is_sound_with_the_secrets_that_are_made(made_secrets: Path) -> None:
    values = {path.name: path.read_text() for path in made_secrets.iterdir()}
    assert {len(values[name]) for name in values if name != "database_url"} == {64}
    loaded = load_configuration(values)
    database = f"postgresql://orderbridge:{values['database_password']}@database/orderbridge"
    assert (loaded.database.url, set(loaded.backends)) == (database, {"civica-cx"})
    assert values["database_password"] in loaded.secrets()


def test_secrets_once_made_are_kept_and_nobody_else_gets_into_their_folder(made_secrets: Path) -> None:
    before = {path.name: path.read_text() for path in made_secrets.iterdir()}
    subprocess.run([made_secrets.parent / "make-secrets"], check=True, capture_output=True)
    assert {path.name: path.read_text() for path in made_secrets.iterdir()} == before
    assert oct(made_secrets.stat().st_mode & 0o777) == "0o700"


def test_every_secret_that_the_configuration_names_is_mounted() -> None:
    text = (ROOT / "deploy/compose/orderbridge.toml").read_text()
    wanted = set(re.findall(r'"file:/run/secrets/([a-z_]+)"', text))
    for name in (*GATEWAYS, "migrate"):
        assert set(SERVICES[name]["secrets"]) == wanted


@pytest.mark.parametrize("unit", UNITS, ids=named)
def test_the_command_line_knows_what_a_unit_runs(unit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = re.findall(r"^ExecStart=/srv/orderbridge/\.venv/bin/orderbridge (.+)$", unit.read_text(), re.MULTILINE)
    assert unknown_options(line.split(), capsys) == []


def unknown_options(arguments: Sequence[str], capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The options of a command that its help does not name; the command itself is known."""
    command, *options = arguments
    assert main([command, "--help"]) == 0
    gc.enable()  # commands begin without it
    help_text = capsys.readouterr().out
    return [option for option in options if option.startswith("--") and option not in help_text]


def load_configuration(secrets: Mapping[str, str]) -> Configuration:
    """deploy/compose/orderbridge.toml with these files as /run/secrets."""
    with TemporaryDirectory() as folder:
        for name, value in secrets.items():
            Path(folder, name).write_text(value)
        path = Path(folder, "orderbridge.toml")
        path.write_text((ROOT / "deploy/compose/orderbridge.toml").read_text().replace("/run/secrets", folder))
        return load(path)


@pytest.fixture
def made_secrets(tmp_path: Path) -> Path:
    """deploy/secrets, as the script makes it elsewhere."""
    script = tmp_path / "deploy/make-secrets"
    script.parent.mkdir()
    shutil.copy(ROOT / "deploy/make-secrets", script)
    subprocess.run([script], check=True, capture_output=True)
    return script.parent / "secrets"
