"""Run beside a generated Python client: read each example of openapi.json into the client's class, and write it again.

`python read_every_example.py PACKAGE` prints how many examples there were, and what came back otherwise than it went in. It needs
nothing but the package.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any


def examples(document: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Where it stands, the component that it is of, and the example."""
    for path in document["paths"].values():
        for operation in path.values():
            bodies = {"request": operation.get("requestBody", {}), **operation["responses"]}
            for where, body in bodies.items():
                for media, content in body.get("content", {}).items():
                    component = content["schema"].get("$ref", "").rpartition("/")[2]
                    if component and "example" in content:
                        yield f"{operation['operationId']} {where} {media}", component, content["example"]
    for code, example in document["components"]["examples"].items():
        yield code, "Problem", example["value"]


def plain(value: Any) -> Any:
    """With times as moments, and without what is null: of that, each client has its own way to tell it from what is left out."""
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items() if member is not None}
    if isinstance(value, list):
        return [plain(element) for element in value]
    if isinstance(value, str) and "T" in value:
        try:
            return datetime.fromisoformat(value).isoformat()
        except ValueError:
            return value
    return value


def written(made: Any) -> Any:
    """What the client would send."""
    return json.loads(made.to_json()) if hasattr(made, "to_json") else made.to_dict()


def main(package: str) -> None:
    models = importlib.import_module(f"{package}.models")
    count = 0
    for place, component, example in examples(json.loads(Path("openapi.json").read_text())):
        if component == "TokenRequest" and not hasattr(models, component):
            continue  # openapi-generator makes arguments of a form's members
        again = written(getattr(models, component).from_dict(example))
        count += 1
        if plain(again) != plain(example):
            print(f"{place}: {component}: {again} is not {example}")
    patches = [models.WorkOrderPatch(), models.WorkOrderPatch(rules=None), models.WorkOrderPatch(priority="1002")]
    print(f"{count} examples; patches: {json.dumps([written(patch) for patch in patches])}")


if __name__ == "__main__":
    main(sys.argv[1])
