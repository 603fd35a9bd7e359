"""The documentation page: all of it from our own files, under a policy that allows nothing else."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from app.api.docs_page import HEADERS, docs_page, mount_docs


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI(title="Orderbridge", docs_url=None, redoc_url=None)
    mount_docs(app)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://testserver") as client:
        yield client


async def test_the_page_forbids_whatever_is_not_ours(client: httpx.AsyncClient) -> None:
    answer = await client.get("/docs")
    assert answer.status_code == 200
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert "unsafe" not in HEADERS["Content-Security-Policy"]


async def test_the_page_holds_no_script_and_no_style_of_its_own() -> None:
    page = docs_page(title="Orderbridge", openapi_url="openapi.json")
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=", page) == []


async def test_every_address_on_the_page_is_served_by_us(client: httpx.AsyncClient) -> None:
    page = (await client.get("/docs")).text
    addresses = set(re.findall(r'(?:src|href|data-openapi-url)="([^"]+)"', page)) - {"./", "problems"}
    assert {(address, (await client.get(f"/{address}")).status_code) for address in addresses} == {
        ("docs", 200),
        ("docs/static/docs.css", 200),
        ("docs/static/docs.js", 200),
        ("docs/static/icon.svg", 200),
        ("docs/static/swagger-ui/swagger-ui-bundle.js", 200),
        ("docs/static/swagger-ui/swagger-ui.css", 200),
        ("openapi.json", 200),
    }


async def test_the_page_is_no_part_of_the_contract(client: httpx.AsyncClient) -> None:
    assert (await client.get("/openapi.json")).json()["paths"] == {}


@pytest.mark.parametrize(
    "path", ["../docs_page.py", "%2e%2e/docs_page.py", "swagger-ui/../../docs_page.py", "swagger-ui"]
)
async def test_no_other_file_is_served(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(f"/docs/static/{path}")).status_code == 404


def test_the_screenshot_is_one_that_a_page_can_show() -> None:
    picture = (Path(__file__).parents[2] / "docs/swagger-ui.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 300_000


def test_a_title_is_text_and_not_markup() -> None:
    page = docs_page(title="<u>", openapi_url="openapi.json")
    assert "<u>" not in page
    assert "&lt;u&gt;" in page


def test_an_app_that_publishes_no_contract_cannot_have_the_page() -> None:
    with pytest.raises(ValueError, match="openapi_url"):
        mount_docs(FastAPI(openapi_url=None))
