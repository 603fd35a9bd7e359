"""The main job by mouse: the pages of a sandbox in Debian's Chromium, which can reach nothing but loopback."""

from __future__ import annotations

import html
import os
import re
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.cli.processes import free_ports, running
from tests.ports import free_row
from tests.system.browser import Watch, open_page
from tests.system.swagger_page import SwaggerPage

SCREENSHOT = Path(__file__).parents[2] / "docs/swagger-ui.png"
REFRESH = os.environ.get("REFRESH_SCREENSHOTS") == "1"
CLIENT = ("sandbox", "sandbox-secret")
ORDER = "113427"
NOBODYS = {404}
"""The id of the example is nobody's."""
AS_THEY_STAND: dict[str, set[int]] = {
    "createStatusUpdate": {201, 409},
    "createToken": {200},
    "createWebhook": {422},
    "createWorkOrder": {201},
    "putWorkOrder": {201},
    **dict.fromkeys(("getHold", "getOperation", "probeOperation", "resolveHold"), NOBODYS),
    **dict.fromkeys(
        (
            "deleteWebhook",
            "getWebhook",
            "listWebhookDeliveries",
            "patchWebhook",
            "replayWebhookDelivery",
            "rotateWebhookSecret",
            "testWebhook",
        ),
        NOBODYS,
    ),
}
"""What the examples are answered in a sandbox, where it is not 200; 409 where the update has been sent before."""
AGAIN = {"createWorkOrder": 201, "deleteWorkOrder": 200, "patchWorkOrder": 200, "putWorkOrder": 200}
"""What the changes of orders are answered afterwards, with a new key."""
BY_MOUSE = ["listTransitions", *AGAIN, "probeOperation", "listHolds", "listEvents", "createToken", "getProblem"]
"""One of each kind of field that the page fills in: in paths, queries, headers, JSON, forms; and an id from before."""
ENDLESS = {"streamEvents"}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Its address, and that of its simulated Civica Cx."""
    (port,), vendor_port = free_ports(1), free_row(4)
    ports = ("--port", str(port), "--vendor-port", str(vendor_port))
    with running("sandbox", *ports, folder=tmp_path_factory.mktemp("sandbox")) as command:
        command.wait_for("sandbox is ready", on=command.out)
        yield f"http://127.0.0.1:{port}", f"http://127.0.0.1:{vendor_port}"
        command.stop(15)


def effects(vendor: str) -> list[Any]:
    answer = httpx.get(f"{vendor}/_sim/effects", params={"order": ORDER}, trust_env=False)
    found: list[Any] = answer.json()["effects"]
    return found


def test_the_first_lines_of_the_landing_page_work_as_they_stand(sandbox: tuple[str, str]) -> None:
    url, vendor = sandbox
    page = httpx.get(url, headers={"Accept": "text/html"}, trust_env=False).text
    lines = html.unescape(re.findall(r"<pre>(.*?)</pre>", page, re.DOTALL)[0])
    said = [
        subprocess.run(["sh", "-eu", "-c", lines], capture_output=True, text=True, check=True, timeout=60).stdout
        for _ in range(2)
    ]
    for answer, replayed in zip(said, ("false", "true"), strict=True):
        assert '"number":"113427"' in answer
        assert "HTTP/1.1 201" in answer
        assert f"idempotent-replayed: {replayed}" in answer
    assert len(effects(vendor)) == 1


def test_the_main_job_by_mouse(sandbox: tuple[str, str]) -> None:
    """After the landing page's own lines: the order is on its way already."""
    url, vendor = sandbox
    with open_page() as (page, watch):
        docs = SwaggerPage(page, url)
        page.goto(url, wait_until="networkidle")  # or the click would abort the fetch of its icon
        page.get_by_role("link", name="Try it").first.click()
        expect(page.locator(".opblock").first).to_be_visible()

        expect(docs.authorize("sandbox", "not-its-secret").locator(".errors")).to_contain_text("not known here")
        expect(docs.authorize(*CLIENT)).to_contain_text("Authorized")
        docs.close_dialog()

        order = docs.execute("getWorkOrder")
        assert (order.status, order.body["number"], order.body["status"]) == (200, ORDER, "en_route")

        preview = docs.execute("previewWrite")
        (request,) = preview.body["requests"]
        assert (preview.status, request["method"]) == (200, "POST")
        assert "<ns2:StatusCodeId>11</ns2:StatusCodeId>" in request["body"]
        assert len(effects(vendor)) == 1

        first = docs.execute("createStatusUpdate")
        assert (first.status, first.body["state"], first.body["status"]) == (201, "applied", "on_site")
        assert first.headers["idempotent-replayed"] == "false"
        if REFRESH:
            take(page, docs)

        operation = docs.execute("getOperation")  # the page fills in the id that it has just been answered
        assert (operation.status, operation.body["state"], operation.body["result"]) == (200, "applied", first.body)

        docs.fresh_keys(False)
        replay = docs.execute("createStatusUpdate")
        assert (replay.status, replay.body, replay.key) == (201, first.body, first.key)
        assert replay.headers["idempotent-replayed"] == "true"

        docs.fresh_keys(True)
        other = docs.execute("createStatusUpdate")
        assert (other.status, other.body["code"]) == (409, "status-unchanged")
        assert other.key != first.key
        assert len(effects(vendor)) == 2

        listed = docs.execute("listOperations")
        assert [one["state"] for one in listed.body["items"]] == ["applied", "applied"]
        assert watch.complaints == []


def take(page: Page, docs: SwaggerPage) -> None:
    """The screenshot of the documentation: what was sent, and the 201 with its headers."""
    page.set_viewport_size({"width": 1280, "height": 1130})
    docs.call("createStatusUpdate").locator(".btn-group").evaluate(
        "buttons => window.scrollTo(0, buttons.getBoundingClientRect().top + window.scrollY - 60)"
    )
    page.screenshot(path=SCREENSHOT)


def as_it_stands(url: str) -> Iterator[tuple[str, httpx.Request]]:
    """Each operation of the contract as the page fills it in: the request that its examples are, with a key of its own."""
    document = httpx.get(f"{url}/openapi.json", trust_env=False).json()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            given: dict[str, dict[str, Any]] = {"path": {}, "query": {}, "header": {}}
            for each in operation.get("parameters", []):
                if "example" in each:
                    given[each["in"]][each["name"]] = each["example"]
            if "Idempotency-Key" in given["header"]:
                given["header"]["Idempotency-Key"] = str(uuid.uuid4())
            sent: dict[str, Any] = {}
            for kind, content in list(operation.get("requestBody", {}).get("content", {}).items())[:1]:
                given["header"]["Content-Type"] = kind
                sent = {"data" if "form" in kind else "json": content["example"]}
            address = url + path.format(**given["path"])
            request = httpx.Request(method, address, params=given["query"], headers=given["header"], **sent)
            yield operation["operationId"], request


def test_every_example_means_something_as_it_stands(sandbox: tuple[str, str]) -> None:
    url, _ = sandbox
    with httpx.Client(trust_env=False, timeout=30) as api:
        form = {"grant_type": "client_credentials", "client_id": CLIENT[0], "client_secret": CLIENT[1]}
        token = api.post(f"{url}/oauth/token", data=form).json()["access_token"]
        found: dict[str, int] = {}
        for name, request in as_it_stands(url):
            if name not in ENDLESS:
                if name != "createToken":
                    request.headers["Authorization"] = f"Bearer {token}"
                found[name] = api.send(request).status_code
    assert {name: status for name, status in found.items() if status not in AS_THEY_STAND.get(name, {200})} == {}
    assert found.keys() >= AS_THEY_STAND.keys()


def test_the_page_fills_in_what_a_call_needs(sandbox: tuple[str, str]) -> None:
    url, _ = sandbox
    with open_page() as (page, watch):
        docs = SwaggerPage(page, url)
        docs.open()
        docs.authorize(*CLIENT)
        docs.close_dialog()
        found: dict[str, int] = {}
        for name in BY_MOUSE:
            found[name] = docs.execute(name).status
            docs.fold(name)
        assert found == {**dict.fromkeys(BY_MOUSE, 200), **AGAIN}
        assert watch.complaints == []


def test_the_pages_lead_to_each_other_and_load_nothing_from_elsewhere(sandbox: tuple[str, str]) -> None:
    url, _ = sandbox
    with open_page(scheme="dark") as (page, watch):
        for path in ("/", "/problems", "/problems/status-unchanged", "/docs"):
            page.goto(url + path, wait_until="networkidle")
            for link in page.locator("a[href]").all():
                address = str(link.evaluate("link => link.href"))
                if address.startswith(url) and "#" not in address:
                    assert page.request.get(address).status == 200, (path, address)
        expect(page.locator("html")).to_have_class("dark-mode")
        assert watch.complaints == []


def test_a_page_that_asks_elsewhere_or_breaks_its_policy_would_be_noticed(sandbox: tuple[str, str]) -> None:
    url, _ = sandbox
    with open_page() as (page, watch):
        assert elsewhere(page, watch, url) == {"error", "elsewhere", "failed"}


def elsewhere(page: Page, watch: Watch, url: str) -> set[str]:
    """The kinds of complaint of a page that does what ours never may."""
    page.goto(f"{url}/docs", wait_until="networkidle")
    assert watch.complaints == []
    page.evaluate("document.head.append(Object.assign(document.createElement('style'), {textContent: 'b {}'}))")
    page.goto("data:text/html,<img src='http://elsewhere.example/pixel.png'>", wait_until="networkidle")
    return {complaint.partition(":")[0] for complaint in watch.complaints}
