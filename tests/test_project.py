"""What holds for the whole tree: the vendors' folders, how files begin and how long they are, the locks, Swagger UI."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
CONFIGURATION = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = CONFIGURATION["project"]
SWAGGER_UI = ROOT / "app/api/static/swagger-ui"
LOCKS = {
    "requirements.lock": PROJECT["dependencies"],
    "requirements-dev.lock": [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]],
    "requirements-clients.lock": CONFIGURATION["dependency-groups"]["clients"],
}

MAX_LINES = 300
LONG_FILES: frozenset[str] = frozenset(
    {
        "app/domain/errors.py",  # one class per code with the text of its page, drawn as one tree
    }
)


def python_files() -> Iterator[Path]:
    """Every Python file of ours."""
    for top in ("app", "benchmarks", "migrations", "tests", ".ci"):
        yield from sorted((ROOT / top).rglob("*.py"))


def vendors_files(pattern: str) -> Iterator[Path]:
    """The files of that name in the vendors' folders."""
    yield from sorted((ROOT / "app/vendors").glob(f"*/{pattern}"))


def own_folders_imports(path: Path) -> set[str]:
    """What the file imports of the folder that it is in, however it is written: the modules' names."""
    folder = ".".join(path.parent.relative_to(ROOT).parts)
    named: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            named |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            whence = f"{folder}.{node.module or ''}".rstrip(".") if node.level else str(node.module)
            named |= {f"{whence}.{each.name}" for each in node.names}
    within = [f"{name}." for name in named if f"{name}.".startswith(f"{folder}.")]
    return {name.removeprefix(f"{folder}.").partition(".")[0] for name in within}


def pins(lock: str) -> dict[str, str]:
    """Package name -> the version that `lock` pins."""
    lines = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", (ROOT / lock).read_text(), re.MULTILINE)
    return {canonicalize_name(name): version for name, version in lines}


def test_every_vendor_folder_is_in_the_registry() -> None:
    from app.vendors.registry import VENDORS

    folders = {path.parent.name for path in (ROOT / "app/vendors").glob("*/adapter.py")}
    assert folders == set(VENDORS)


def test_every_vendor_has_a_simulator() -> None:
    from app.vendors.registry import VENDORS

    folders = {path.parent.name for path in (ROOT / "app/vendors").glob("*/simulator*")}
    assert folders == set(VENDORS)


def test_a_simulator_imports_nothing_of_its_adapters_files() -> None:
    imported = {str(path.relative_to(ROOT)): own_folders_imports(path) for path in vendors_files("simulator*.py")}
    foreign = {path: {name for name in names if not name.startswith("simulator")} for path, names in imported.items()}
    assert {path: names for path, names in foreign.items() if names} == {}
    assert any(imported.values()), "no simulator has two files: then nothing was looked at"


def test_every_python_file_says_what_it_is_for() -> None:
    assert [str(path) for path in python_files() if not ast.get_docstring(ast.parse(path.read_text()))] == []


def test_no_file_of_the_application_is_long() -> None:
    counts = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in (ROOT / "app").rglob("*.py")}
    assert {path: lines for path, lines in counts.items() if lines > MAX_LINES and path not in LONG_FILES} == {}


def test_the_version_that_the_gateway_tells_is_the_packages() -> None:
    from app.main import VERSION

    assert PROJECT["version"] == VERSION


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_every_dependency_at_a_version_that_pyproject_allows(lock: str) -> None:
    pinned = pins(lock)
    wanted = {canonicalize_name(each.name): each.specifier for each in map(Requirement, LOCKS[lock])}
    assert {name: spec for name, spec in wanted.items() if name not in pinned or pinned[name] not in spec} == {}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_host_and_hashes_every_package(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert re.findall(r"^.*(?:://|--index|--find-links|--trusted-host).*$", text, re.MULTILINE) == []
    requirements = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)
    assert [each.split()[0] for each in requirements if "==" in each and "--hash=sha256:" not in each] == []


def test_the_development_lock_holds_the_other_one_whole() -> None:
    # The Makefile counts on it: an environment made for the tests also runs the gateway.
    assert pins("requirements.lock").items() <= pins("requirements-dev.lock").items()


def test_the_lock_of_the_tools_for_node_names_no_host_and_hashes_every_package() -> None:
    packages = json.loads((ROOT / "tests/system/node/package-lock.json").read_text())["packages"]
    assert [name for name, package in packages.items() if name and "integrity" not in package] == []
    assert [name for name, package in packages.items() if "resolved" in package] == []


def test_swagger_ui_is_as_published() -> None:
    sums = dict(line.split()[::-1] for line in (SWAGGER_UI / "SHA256SUMS").read_text().splitlines())
    published = [path for path in SWAGGER_UI.iterdir() if path.name != "SHA256SUMS"]
    assert {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in published} == sums
    # The published 5.35.0 itself, so that the sums cannot follow a changed file unseen.
    assert sums["swagger-ui-bundle.js"] == "e6a898692f2d768e807c3ba4626068a69a2c5dd960dd6c76f3e4d3a3de180af2"
    assert sums["swagger-ui.css"] == "5ed08757e53da3e026d6cbecc61fe5d43585c9560b302d534ad56692519a273d"


def test_ci_can_be_run_as_a_command() -> None:
    assert os.access(ROOT / ".ci/run", os.X_OK)


def test_the_linked_command_starts_the_command_line(tmp_path: Path) -> None:
    # .ci/link.py in an environment of its own, in a folder with a space in its name, as a bare clone might have.
    environment = tmp_path / "an environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    subprocess.run([environment / "bin/python", ROOT / ".ci/link.py"], check=True)
    # The environment holds none of our dependencies: getting as far as missing one proves that the tree was found.
    answer = subprocess.run([environment / "bin/orderbridge"], cwd=tmp_path, capture_output=True, text=True)
    assert f'File "{ROOT}/app/cli.py"' in answer.stderr
