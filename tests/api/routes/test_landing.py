"""`/`: a page for people, links for programs, and nothing else at that address."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from app.api.html_pages import HEADERS
from app.main import VERSION, create_app
from app.settings import configured
from tests.api.routes.contract import PROBLEM_JSON
from tests.gateway import CX

PUBLIC_URL = "https://gateway.example"
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    settings = {
        "server": {"public_url": PUBLIC_URL},
        "auth": {"signing_key": "0123456789abcdef" * 4},
        "backends": {"civica-cx": {**CX.sandbox.section("http://127.0.0.1:9"), "wsdl": "vendored"}},
    }
    app = create_app(configured(settings, folder=tmp_path))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as client:
        yield client


async def test_a_person_gets_a_page_without_a_script_under_a_policy_that_allows_none(api: httpx.AsyncClient) -> None:
    answer = await api.get("/", headers=BROWSER)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert re.findall(r"<script|\bstyle=|\bon\w+=", answer.text) == []
    assert VERSION in answer.text


async def test_every_link_of_the_page_leads_somewhere(api: httpx.AsyncClient) -> None:
    page = (await api.get("/", headers=BROWSER)).text
    links = set(re.findall(r'href="([^"]+)"', page)) - {"readyz"}  # which asks a database that is not there
    assert links == {
        "./",
        "./docs",
        "./docs/static/icon.svg",
        "./openapi.json",
        "./problems",
        "docs",
        "openapi.json",
        "problems",
    }
    assert {(await api.get(f"/{link}", headers=BROWSER)).status_code for link in links} == {200}


async def test_the_first_lines_name_this_gateway_and_have_a_new_key_each_time(api: httpx.AsyncClient) -> None:
    pages = [html.unescape((await api.get("/", headers=BROWSER)).text) for _ in range(2)]
    assert all(f"URL={PUBLIC_URL}\n" in page for page in pages)
    assert len({key for page in pages for key in re.findall(r"Idempotency-Key: ([0-9a-f-]{36})", page)}) == 2


@pytest.mark.parametrize("accept", ["*/*", "text/html", "text/html, application/json", ""])
async def test_only_who_asks_for_json_and_for_no_page_gets_json(api: httpx.AsyncClient, accept: str) -> None:
    assert (await api.get("/", headers={"Accept": accept})).headers["content-type"].startswith("text/html")


async def test_a_program_gets_the_same_links(api: httpx.AsyncClient) -> None:
    answer = await api.get("/", headers={"Accept": "application/json"})
    assert answer.json() == {
        "name": "Orderbridge",
        "version": VERSION,
        "documentation": f"{PUBLIC_URL}/docs",
        "openapi": f"{PUBLIC_URL}/openapi.json",
        "problems": f"{PUBLIC_URL}/problems",
        "token": f"{PUBLIC_URL}/oauth/token",
        "live": f"{PUBLIC_URL}/livez",
        "ready": f"{PUBLIC_URL}/readyz",
    }


async def test_head_is_answered_as_get_is(api: httpx.AsyncClient) -> None:
    answer = await api.head("/", headers=BROWSER)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")


async def test_another_method_and_another_path_are_problems_as_ever(api: httpx.AsyncClient) -> None:
    posted = await api.post("/")
    assert (posted.status_code, posted.json()["code"], posted.headers["allow"]) == (
        405,
        "method-not-allowed",
        "GET, HEAD, OPTIONS",
    )
    for path in ("/index.html", "/docs/", "/favicon.ico"):
        answer = await api.get(path, headers=BROWSER)
        assert (answer.status_code, answer.headers["content-type"], answer.json()["code"]) == (
            404,
            PROBLEM_JSON,
            "not-found",
        ), path


async def test_the_page_is_no_part_of_the_contract(api: httpx.AsyncClient) -> None:
    assert "/" not in (await api.get("/openapi.json")).json()["paths"]


@pytest.mark.parametrize("path", ["/", "/docs", "/docs/static/docs.css", "/problems", "/livez"])
async def test_no_header_is_sent_twice(api: httpx.AsyncClient, path: str) -> None:
    names = [name.lower() for name, _ in (await api.get(path, headers=BROWSER)).headers.raw]
    assert sorted(names) == sorted(set(names))
    assert b"x-content-type-options" in names
