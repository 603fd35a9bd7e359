"""The signed story of an order, checked by the program that the documentation gives to those who doubt it."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from app.api import timeline as timeline_routes
from app.api.canonical_json import canonical
from app.domain.evidence import EVIDENCE, OUTCOMES, Evidence
from app.domain.ports import Outcome
from tests.delivery.bench import body
from tests.gateway import CX, Site, simulator, site

SECRET_KEY = "0123456789abcdef" * 4
DOCS = Path(__file__).parents[2] / "docs" / "events.md"


def pem(private: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


SIGNING_KEYS: dict[str, str] = {
    "HS256": SECRET_KEY,
    "ES256": pem(ec.generate_private_key(ec.SECP256R1())),
    "RS256": pem(rsa.generate_private_key(65537, 2048)),
}


@pytest.fixture(scope="session")
def program() -> str:
    """The verifying program, as it stands in the documentation."""
    [found] = re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)
    return str(found)


@pytest.fixture(scope="session")
def verified(program: str) -> Callable[..., Any]:
    """Its function."""
    names: dict[str, Any] = {"__name__": "verify_timeline"}
    exec(compile(program, "verify_timeline.py", "exec"), names)
    found: Callable[..., Any] = names["verified"]
    return found


@dataclass(frozen=True, kw_only=True)
class Exported:
    """A document with what is needed to verify it."""

    made: Site
    alg: str
    text: str
    jwks: dict[str, Any]

    @property
    def document(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.text)
        return parsed


@pytest.fixture(params=sorted(SIGNING_KEYS))
async def exported(request: pytest.FixtureRequest, sqlite_database: str, tmp_path: Path) -> AsyncIterator[Exported]:
    """An order with one applied update, exported by a gateway with each kind of key."""
    with simulator(CX) as url:
        auth = {"signing_key": SIGNING_KEYS[request.param]}
        async with site(CX, url, sqlite_database, tmp_path, auth=auth) as made:
            assert (await made.update("113427", body(11), key="the-key-of-this-update")).status_code == 201
            answer = await made.api.get(made.orders("113427") + "/timeline", params={"format": "evidence"})
            assert answer.status_code == 200
            assert answer.headers["content-type"] == "application/jose+json"
            assert answer.headers["content-disposition"] == (
                'attachment; filename="timeline-civica-cx-113427.jws.json"'
            )
            jwks = (await made.api.get("/.well-known/jwks.json")).json()
            yield Exported(made=made, alg=request.param, text=answer.text, jwks=jwks)


async def test_a_document_tells_the_whole_story_and_verifies(exported: Exported, verified: Callable[..., Any]) -> None:
    told = verified(exported.document, exported.jwks, SECRET_KEY.encode())
    whole = await exported.made.api.get(exported.made.orders("113427") + "/timeline", params={"limit": 200})
    assert told["entries"] == whole.json()["items"]
    assert told["complete"] is True
    assert told["issuer"] == {"name": "orderbridge", "url": "http://127.0.0.1:8000"}
    assert {name: told["exported"][name] for name in ("by_client", "tenant")} == {
        "by_client": "tester",
        "tenant": "acme",
    }
    assert told["exported"]["request_id"].startswith("req_")
    assert {name: told["work_order"][name] for name in ("backend", "vendor", "number", "external_reference")} == {
        "backend": "civica-cx",
        "vendor": "civica_cx",
        "number": "113427",
        "external_reference": "WO113427",
    }
    assert told["meaning"]["evidence"] == EVIDENCE
    public = exported.alg != "HS256"
    assert exported.document["verification"] == ("jwks" if public else "ask the issuer")
    assert (len(exported.jwks["keys"]), "jwks_url" in told["verification"]) == (int(public), public)
    payload = exported.document["payload"]
    assert canonical(told) == base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))


async def test_one_changed_byte_anywhere_is_found(exported: Exported, verified: Callable[..., Any]) -> None:
    text = exported.text
    step = 1 if exported.alg == "HS256" else 7
    for place in range(0, len(text), step):
        other = "B" if text[place] == "A" else "A"
        changed = text[:place] + other + text[place + 1 :]
        with pytest.raises(Exception):  # noqa: B017, PT011 - whatever it is, it is no success
            verified(json.loads(changed), exported.jwks, SECRET_KEY.encode())


async def test_the_signature_of_another_key_is_found(exported: Exported, verified: Callable[..., Any]) -> None:
    others = {
        "keys": [
            {**key, "x": key.get("y"), "n": key["n"][::-1] if "n" in key else None} for key in exported.jwks["keys"]
        ]
    }
    with pytest.raises(Exception):  # noqa: B017, PT011
        verified(exported.document, others, b"another secret of the right length")


async def test_no_document_is_a_token(exported: Exported) -> None:
    document = exported.document
    [signature] = document["signatures"]
    token = f"{signature['protected']}.{document['payload']}.{signature['signature']}"
    answer = await exported.made.api.get("/v1/backends", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401


async def test_the_program_of_the_documentation_says_whether_a_document_is_genuine(
    exported: Exported, program: str, tmp_path: Path
) -> None:
    (tmp_path / "verify_timeline.py").write_text(program)
    (tmp_path / "jwks.json").write_text(json.dumps(exported.jwks))

    def run(text: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "timeline.jws.json").write_text(text)
        return subprocess.run(
            [sys.executable, "verify_timeline.py", "timeline.jws.json", "jwks.json"],
            cwd=tmp_path,
            env={**os.environ, "SIGNING_KEY": SECRET_KEY},
            capture_output=True,
            text=True,
            check=False,
        )

    genuine = run(exported.text)
    assert (genuine.returncode, genuine.stderr) == (0, "")
    assert json.loads(genuine.stdout)["work_order"]["number"] == "113427"
    document = exported.document
    told = json.loads(base64.urlsafe_b64decode(document["payload"] + "=="))
    told["entries"][-1]["at"] = "2026-11-01T00:00:00Z"
    document["payload"] = base64.urlsafe_b64encode(canonical(told)).rstrip(b"=").decode()
    forged = run(json.dumps(document))
    assert forged.returncode == 1
    assert forged.stderr.startswith("NOT genuine")


async def test_a_story_too_long_to_be_told_whole_says_so(
    cx_on_sqlite: Site, verified: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeline_routes, "READ_AT_ONCE", 2)
    await cx_on_sqlite.update("113427", body(11))
    path = cx_on_sqlite.orders("113427") + "/timeline"
    whole = verified((await cx_on_sqlite.api.get(path, params={"format": "evidence"})).json(), {}, SECRET_KEY.encode())
    monkeypatch.setattr(timeline_routes, "MOST", len(whole["entries"]))
    monkeypatch.setattr(timeline_routes, "READ_AT_ONCE", 1)  # so that the last page is a full one
    just = verified((await cx_on_sqlite.api.get(path, params={"format": "evidence"})).json(), {}, SECRET_KEY.encode())
    assert (just["complete"], just["entries"]) == (True, whole["entries"])
    monkeypatch.setattr(timeline_routes, "MOST", 4)
    part = verified((await cx_on_sqlite.api.get(path, params={"format": "evidence"})).json(), {}, SECRET_KEY.encode())
    assert (whole["complete"], part["complete"]) == (True, False)
    assert part["entries"] == whole["entries"][:4]


def test_every_word_of_evidence_has_its_meaning_here_and_in_the_documentation() -> None:
    assert list(EVIDENCE) == list(Evidence)
    table = DOCS.read_text(encoding="utf-8").partition("| `evidence` | means |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(Evidence)


def test_every_outcome_has_its_meaning() -> None:
    assert OUTCOMES.keys() == {one.value for one in Outcome}
