"""docs/clients.md, as it stands: each generator makes its client, and the client does the main job in a sandbox of its own."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.processes import LONG_S, running
from tests.ports import free_row
from tests.system.documented_commands import NODE_TOOLS, PYTHON_TOOLS, ROOT, Section, run, sections
from tests.test_project import pins

START, SECTIONS = sections()
READER = Path(__file__).with_name("read_every_example.py")
IN_A_ROW = 5
"""The gateway's port and those of its four simulators."""

WARNINGS = {
    "OpenAPI 3.1 support is still in beta. To report an issue related to 3.1 spec, please kindly open an issue in the "
    "Github repo: https://github.com/openAPITools/openapi-generator.",
    "Failed to get the schema name: null",  # of every document of OpenAPI 3.1, the smallest too
}
INVENTED = re.compile(
    r"body_|any_?of|one_?of|inline|_type_\d|response_?\d|\d_?response|_inner|keys_item", re.IGNORECASE
)
"""What generators call a schema that has no name."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """What came of a section."""

    folder: Path
    said: list[str]
    read: list[str]
    """Of a Python client: what `read_every_example.py` printed."""


def make(section: Section, folder: Path, port: int) -> Made:
    places = [folder / name for name in ("sandbox", "client")]
    for place in places:
        place.mkdir(parents=True)
    options = ["--port", str(port), "--vendor-port", str(port + 1), "--data", "kept"]
    with running("sandbox", *options, folder=places[0]) as sandbox:
        sandbox.wait_for("The Orderbridge sandbox is ready", on=sandbox.out)
        addresses = {"127.0.0.1:8000": f"127.0.0.1:{port}", "127.0.0.1:9101": f"127.0.0.1:{port + 1}"}
        said = run([*START, *section.steps], places[1], addresses)
        read = [read_examples(places[1], package.name) for package in sorted(places[1].glob("orderbridge_*/"))]
        assert sandbox.stop(signal.SIGTERM) == 0
        assert "unforeseen_error" not in sandbox.err.read_text()
    return Made(folder=places[1], said=said, read=read)


def read_examples(folder: Path, package: str) -> str:
    command = [str(PYTHON_TOOLS / "python"), str(READER), package]
    done = subprocess.run(
        command, cwd=folder, env={"PYTHONPATH": str(folder)}, capture_output=True, text=True, timeout=LONG_S
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def coming(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Made]]]:
    """Each section at work, all at the same time."""
    with ThreadPoolExecutor(len(SECTIONS)) as pool:
        yield {
            section.title: pool.submit(make, section, tmp_path_factory.mktemp("clients"), free_row(IN_A_ROW))
            for section in SECTIONS
        }


def test_the_page_shows_a_client_of_each_generator() -> None:
    assert [section.title for section in SECTIONS] == [
        "Python, with openapi-python-client",
        "TypeScript, with @hey-api/openapi-ts",
        "Any other language, with openapi-generator",
    ]


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.title)
def test_the_page_has_people_install_what_the_locks_pin(section: Section) -> None:
    node = json.loads((ROOT / "tests/system/node/package-lock.json").read_text())["packages"]
    pinned = {
        **pins("requirements-clients.lock"),
        **{name.removeprefix("node_modules/"): package["version"] for name, package in node.items() if name},
    }
    assert section.installs
    assert [f"{name} {version}" for name, version in section.installs if pinned[name] != version] == []


@pytest.mark.parametrize("title", [section.title for section in SECTIONS])
def test_the_documented_commands_make_a_client_that_does_the_main_job(
    coming: dict[str, Future[Made]], title: str
) -> None:
    made = coming[title].result()
    assert len(made.said) >= 2


@pytest.mark.parametrize("title", [section.title for section in SECTIONS])
def test_a_generator_warns_of_nothing_that_the_page_does_not_tell_of(
    coming: dict[str, Future[Made]], title: str
) -> None:
    said = "\n".join(coming[title].result().said)
    warnings = {found.strip() for found in re.findall(r"\bWARN(?:ING)?\b[^-\n]*- (.+)$", said, re.MULTILINE)}
    assert warnings == (WARNINGS if "openapi-generator" in title else set())
    assert "Unable" not in said


@pytest.mark.parametrize("title", [section.title for section in SECTIONS])
def test_no_class_of_a_client_has_a_name_that_a_generator_invented(coming: dict[str, Future[Made]], title: str) -> None:
    folder = coming[title].result().folder
    names = [path.stem for path in folder.glob("orderbridge_*/models/*.py")]
    for types in folder.glob("orderbridge/types.gen.ts"):
        names += re.findall(r"^export type (\w+)", types.read_text(), re.MULTILINE)
    assert len(names) > 60
    assert [name for name in names if INVENTED.search(name)] == []


@pytest.mark.parametrize("title", [section.title for section in SECTIONS if "TypeScript" not in section.title])
def test_a_python_client_reads_every_example_and_tells_null_from_left_out(
    coming: dict[str, Future[Made]], title: str
) -> None:
    (read,) = coming[title].result().read
    found = re.fullmatch(r"(\d+) examples; patches: (.+)\n", read)
    assert found is not None, read
    assert int(found[1]) > 80
    assert json.loads(found[2]) == [{}, {"rules": None}, {"priority": "1002"}]


def test_the_tools_for_node_are_installed_from_their_lock() -> None:
    assert (NODE_TOOLS / ".bin/openapi-ts").exists(), "run `make test-system`"
