"""The page at /docs as a person uses it: authorize, open a call, execute it, read what is shown."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Locator, Page, expect

KEY = "idempotency-key"


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What the page shows of an answer, and the key that was sent."""

    status: int
    headers: dict[str, str]
    body: Any
    key: str | None


class SwaggerPage:
    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url

    def open(self) -> None:
        self.page.goto(f"{self.url}/docs")
        expect(self.page.locator(".opblock").first).to_be_visible()

    def authorize(self, client_id: str, secret: str) -> Locator:
        """Log in with a client's credentials; the dialog, which stays open."""
        dialog = self.page.locator(".dialog-ux")
        if not dialog.is_visible():
            self.page.locator(".btn.authorize").first.click()
        dialog.get_by_label("client_id").fill(client_id)
        dialog.get_by_label("client_secret").fill(secret)
        with self.page.expect_response("**/oauth/token"):
            dialog.locator(".auth-btn-wrapper .authorize").click()
        return dialog

    def close_dialog(self) -> None:
        self.page.locator(".btn-done").click()

    def fresh_keys(self, on: bool) -> None:
        self.page.get_by_label("New Idempotency-Key for every execute").set_checked(on)

    def call(self, operation_id: str) -> Locator:
        """The block of a call, opened."""
        block = self.page.locator(f".opblock[id$='-{operation_id}']")
        if "is-open" not in (block.get_attribute("class") or ""):
            block.locator(".opblock-summary-control").click()
        expect(block.locator(".btn.execute")).to_be_visible()
        return block

    def fold(self, operation_id: str) -> None:
        self.page.locator(f".opblock[id$='-{operation_id}'] .opblock-summary-control").click()

    def execute(self, operation_id: str) -> Shown:
        """Press Execute and nothing else; what the page then shows."""
        block = self.call(operation_id)
        with self.page.expect_response(lambda answer: answer.request.resource_type == "fetch") as waiting:
            block.locator(".btn.execute").click()
        answer = waiting.value
        live = block.locator(".live-responses-table")
        # The id of the request tells this answer from the one that stood there before.
        expect(live).to_contain_text(answer.headers["x-request-id"])
        headers = dict(line.strip().split(": ", 1) for line in live.locator(".headerline").all_inner_texts())
        code = live.locator("tbody .response-col_status").first.inner_text()
        return Shown(
            status=int(code.split()[0]),
            headers=headers,
            body=json.loads(live.locator("pre").first.inner_text())
            if "json" in headers.get("content-type", "")
            else None,
            key=answer.request.headers.get(KEY),
        )
