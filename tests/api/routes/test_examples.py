"""The examples of the OpenAPI document are true: sent as they stand to a sandbox, they are answered as the document shows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from httpx import URL

from app.api.example_orders import CX_ORDER
from app.vendors.registry import VENDORS
from tests.api.routes.contract import Watch
from tests.gateway import Site, simulator, site

NOT_TOLD_BEFORE = {"as_of", "operation_id", "received_at", "applied_at"}
WRITES = ["createStatusUpdate", "createWorkOrder", "patchWorkOrder", "putWorkOrder", "deleteWorkOrder", "previewWrite"]
DEFAULTS = {"backend": "civica-cx", "number": "113427"}


@asynccontextmanager
async def sandbox(backend: str, database: str, folder: Path) -> AsyncIterator[Site]:
    vendor = next(vendor for vendor in VENDORS.values() if vendor.sandbox.backend == backend)
    with simulator(vendor) as url:
        async with site(vendor, url, database, folder) as made:
            Watch(made.app).on(made.api)
            yield made


def described(name: str, document: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
    """Method, path with the example's parameters, and the operation."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if operation["operationId"] == name:
                values = {
                    each["name"]: each.get("example") or each["schema"]["examples"][0]
                    for each in operation["parameters"]
                    if each["in"] == "path"
                }
                return method, path.format(**values), operation
    raise AssertionError(name)


def lasting(answer: Any) -> Any:
    """An answer without what cannot be told before: times, ids, and the port of a simulator."""
    if isinstance(answer, dict):
        return {name: lasting(value) for name, value in answer.items() if name not in NOT_TOLD_BEFORE}
    if isinstance(answer, list):
        return [lasting(one) for one in answer]
    return URL(answer).path if isinstance(answer, str) and answer.startswith("http:") else answer


@pytest.mark.parametrize("name", WRITES)
async def test_a_write_in_the_document_does_in_a_sandbox_what_it_shows(
    name: str, sqlite_database: str, tmp_path: Path, openapi: dict[str, Any]
) -> None:
    method, path, operation = described(name, openapi)
    async with sandbox(path.split("/")[3], sqlite_database, tmp_path) as made:
        contents = operation.get("requestBody", {}).get("content", {"": {}})
        media_type, content = next(iter(contents.items()))
        headers = {
            each["name"]: each["example"]
            for each in operation["parameters"]
            if each["in"] == "header" and "example" in each
        }
        answer = await made.api.request(
            method, path, json=content.get("example"), headers=headers | {"Content-Type": media_type}
        )
        assert answer.status_code < 300, answer.text
        shown = operation["responses"][str(answer.status_code)]["content"]["application/json"]["example"]
        assert lasting(answer.json()) == lasting(shown)


async def test_each_media_type_of_a_patch_shows_the_same(openapi: dict[str, Any]) -> None:
    contents = described("patchWorkOrder", openapi)[2]["requestBody"]["content"]
    assert list(contents) == ["application/json", "application/merge-patch+json"]
    assert contents["application/json"] == contents["application/merge-patch+json"]


async def test_the_order_in_the_document_is_the_sandboxs(sqlite_database: str, tmp_path: Path) -> None:
    async with sandbox("civica-cx", sqlite_database, tmp_path) as made:
        answer = await made.api.get(made.orders("113427"))
        assert lasting(answer.json()) == lasting(CX_ORDER)
