"""`openapi`: the contract as YAML, the same wherever it is made."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from app.commands import contract
from tests.cli.conftest import Run, Said


def test_the_contract_is_printed_without_a_configuration_and_is_the_same_each_time(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run("openapi")
    monkeypatch.setenv("ORDERBRIDGE_SERVER__PUBLIC_URL", "https://elsewhere.example")
    assert run("openapi") == first
    assert (first.code, first.err) == (0, "")
    document = yaml.safe_load(first.out)
    assert document["openapi"].startswith("3.1")
    assert list(document)[:3] == ["openapi", "info", "paths"]
    assert "createStatusUpdate" in first.out
    assert "&id" not in first.out


def test_check_compares_with_the_committed_copy(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = folder / "openapi.yaml"
    monkeypatch.setattr(contract, "COMMITTED", kept)
    none = "openapi.yaml differs from the code (there is none): run `make openapi`\n"
    assert run("openapi", "--check") == Said(code=1, out="", err=none)
    kept.write_text(contract.document())
    assert run("openapi", "--check") == Said(code=0, out="", err="")
    kept.write_text(kept.read_text().replace("title: Orderbridge", "title: Other", 1))
    differs = "openapi.yaml differs from the code from line 3 on: run `make openapi`\n"
    assert run("openapi", "--check") == Said(code=1, out="", err=differs)
