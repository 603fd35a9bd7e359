"""docs/problems/: the page of each error code as `/problems/{code}` shows it, and a list of them by status."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import groupby

from app.api.examples import problem_example
from app.api.problem_docs import facts
from app.api.problem_texts import ADVICE
from app.commands.reference.markdown import block, table
from app.domain.errors import ERRORS, GatewayError

FOLDER = "docs/problems"
MADE = "<!-- Made from the code by `make tables`. -->"
STATUSES: Mapping[int, str] = {
    400: "it cannot be read",
    401: "no valid token",
    403: "not allowed",
    404: "not there",
    405: "not with this method",
    409: "the order does not allow it",
    412: "it has changed",
    413: "too large",
    415: "not JSON",
    422: "it cannot be done",
    429: "too often",
    500: "a fault of ours",
    502: "the vendor does not let us in",
    503: "not now",
    504: "no answer in time",
}
INTRO = """\
Every error is `application/problem+json` (RFC 9457), and its `code` is one of these. A gateway shows the same pages under
`/problems`, and `type` in a problem is the address of its page there.

Three members tell a program what to do:

- `outcome`: whether the vendor was asked. `not_sent`: nothing was sent. `refused`: the vendor itself refused. `unknown`: a fault
  of ours, and the write may have been accepted: repeat it with the same `Idempotency-Key`. In the problem of a refused operation:
  an earlier attempt of it may have taken effect, its answer was lost; look at the order before you send it anew.
- `retryable`: whether the same request may be sent again, with the same `Idempotency-Key`.
- `next`: `action` is one of `retry`, `fix_request`, `wait`, `resolve_hold`, `contact_operator` and `none`; `after_s` is how many
  seconds to wait first, if that is known.

`request_id` names the request in the gateway's logs. Pass over members that you do not know.
"""


def pages() -> Mapping[str, str]:
    """Every page by its path."""
    return {
        f"{FOLDER}/README.md": _index(),
        **{f"{FOLDER}/{code}.md": _page(kind) for code, kind in ERRORS.items()},
    }


def _index() -> str:
    parts = []
    for status, kinds in groupby(sorted(ERRORS.values(), key=lambda kind: kind.status), lambda kind: kind.status):
        rows = [[f"[`{kind.code}`]({kind.code}.md)", kind.title, f"`{kind.action.value}`"] for kind in kinds]
        parts.append(f"## {status}: {STATUSES[status]}\n\n{table(['code', 'title', 'next'], rows)}\n")
    return f"{MADE}\n\n# Error codes\n\n{INTRO}\n" + "\n".join(parts)


def _page(kind: type[GatewayError]) -> str:
    advice = ADVICE[kind.code]
    example = json.dumps(problem_example(kind), indent=2, ensure_ascii=False)
    when = "\n".join(f"- {one}" for one in advice.when)
    do = "\n".join(f"{number}. {one}" for number, one in enumerate(advice.do, start=1))
    head, *rest = facts(kind).items()
    known = table(head, rest)
    return f"""\
{MADE}

# {kind.title}

{kind.help()}

{known}

## When it happens

{when}

## What to do

{do}

## Example

{block(example, language="json")}

[All error codes](README.md)
"""
