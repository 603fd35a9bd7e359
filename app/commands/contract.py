"""`orderbridge openapi`: the API's contract as YAML."""

from __future__ import annotations

import json
from itertools import zip_longest
from pathlib import Path
from typing import Annotated

import typer

from app.commands.ends import FAILED, Ends

COMMITTED = Path(__file__).parent.parent.parent / "openapi.yaml"


def openapi(
    check: Annotated[bool, typer.Option("--check", help="Compare with the openapi.yaml of this tree.")] = False,
) -> None:
    """Print the API's contract, OpenAPI 3.1 as YAML.

    It needs no configuration, and is the same wherever it is made.

    \b
    Example:
      orderbridge openapi > openapi.yaml
    \b
    Exit codes: 0 printed, or the same; 1 openapi.yaml differs from the code.
    """
    made = document()
    if not check:
        print(made, end="")
        return
    kept = COMMITTED.read_text(encoding="utf-8") if COMMITTED.exists() else ""
    if kept != made:
        raise Ends(f"{COMMITTED.name} differs from the code {_where(kept, made)}: run `make openapi`", code=FAILED)


def document() -> str:
    """The contract as YAML, in the order in which FastAPI gives it."""
    import yaml
    from pydantic import SecretStr

    from app.auth_settings import AuthSettings
    from app.main import create_app
    from app.server_settings import ServerSettings
    from app.settings import Configuration, DatabaseSettings, DeliverySettings

    class Dumper(yaml.SafeDumper):
        """Texts of several lines keep their lines."""

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)

    Dumper.add_representer(str, text)
    app = create_app(
        Configuration(
            server=ServerSettings(),
            database=DatabaseSettings(),
            auth=AuthSettings(signing_key=SecretStr("nothing is signed while printing")),
            delivery=DeliverySettings(),
            backends={},
            folder=Path(),
        )
    )
    plain = json.loads(json.dumps(app.openapi()))  # copies: YAML would write a shared object as an alias
    made: str = yaml.dump(plain, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=10_000)
    return made


def _where(kept: str, made: str) -> str:
    pairs = zip_longest(kept.splitlines(), made.splitlines())
    first = next((number for number, (old, new) in enumerate(pairs, start=1) if old != new), 1)
    return f"from line {first} on" if kept else "(there is none)"
