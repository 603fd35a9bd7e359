"""What the contract says as a whole: what this API is, its terms, its parts in reading order, and its examples in the sandbox."""

from __future__ import annotations

DESCRIPTION = """\
One JSON API for work orders, whatever system the client runs. You send status updates and changes here; Orderbridge speaks the
client's own system (Civica Cx and others) and always tells you where you stand: **applied**, **refused** (and why, and what to
do), or **not known yet** and being found out. Nothing is lost, and nothing happens twice.

**The main job:** read an order, look at what an update would send, send the update, and read the operation that it became.

**Six words**

- A **backend** is one client's system, seen with one set of credentials.
- A **status** is what you say of an order: `on_site`, `no_access`, `complete` and so on, the same words for every vendor. Behind
  each stands the vendor's own code, which `GET .../statuses` lists. The **phase** is where the order stands, in the coarse.
- An **operation** is a write that we have accepted, with an id of its own. It is kept on disk and goes on without you:
  `queued`, `sending`, and at the end `applied` or `refused`.
- **Unknown** means that the vendor's answer got lost. Nothing is sent again on a guess: the order is read until it shows what
  happened.
- A **hold** is an order that waits for a person, because reading did not settle it, or because the vendor refused a write with
  others behind it. It says why, and how it can go on. Other orders do not wait for it.
- The **Idempotency-Key** names one intended change. Send the same request with the same key as often as you like: there is one
  effect, and you get the first answer again, with `Idempotent-Replayed: true`. A new change needs a new key.

**How a write is answered**

- **201** or **200**: the vendor has it.
- **202**: we have it, and the vendor has not settled it yet, perhaps because it is down. You need not send it again. Read the
  operation (`Location`) after `Retry-After`, or listen to the events.
- **409** or **422**: refused, with a `code`, a `detail`, and what to do `next`. `outcome` says whether the vendor was asked at
  all. Every code has a page under `/problems`.
- **5xx**: it may or may not have been accepted. Repeat the request with the same key: if it was, you get its answer.
"""

TAGS = [
    {"name": "auth", "description": "Tokens: your client's id and secret for a token that lives 15 minutes."},
    {"name": "backends", "description": "The client systems that you may use, their statuses and their reasons."},
    {"name": "work orders", "description": "Orders as the client's system shows them, changed where it can be."},
    {"name": "preview", "description": "What a write would send to the vendor, without sending it."},
    {"name": "status updates", "description": "The main job: say what became of an order."},
    {"name": "operations", "description": "Every write that was accepted, and where it stands."},
    {"name": "holds", "description": "Orders that wait for a person, and how they go on."},
    {
        "name": "events",
        "description": "What happened to orders: as a feed, as a stream, and as the story of one order.",
    },
    {"name": "webhooks", "description": "Endpoints of yours that are told when something happens."},
    {"name": "problems", "description": "What each error means, and what to do."},
    {"name": "health", "description": "For load balancers and monitors."},
]

SECURITY = """\
The id and secret of your client; in the sandbox `sandbox` and `sandbox-secret`. Choose no scope at all, and the token has all
that your client has. A token lives 15 minutes; when calls answer 401, log out and authorize again.
"""

EXAMPLES: dict[str, str] = {
    "createToken": "The example is the sandbox's own client. Give its id and secret as the user and password of HTTP Basic, or "
    "as members of the form, and not both.",
    "getWorkOrder": "In the sandbox, order 113427 is there to be played with.",
    "previewWrite": "The example is the status update that the next call sends: this is what Civica Cx would get.",
    "createStatusUpdate": "In the sandbox the example works as it stands. Send it again with the same key: the same answer, "
    "`Idempotent-Replayed: true`, and still one update. Send it again with a new key: that is a new intention, and 409 "
    "`status-unchanged`, because the order is on site already; try `practically_complete`, then `complete`.",
    "getOperation": "Take the `operation_id` of an answer, or one that `GET /v1/operations` lists; that of the example is "
    "nobody's, and 404.",
    "listHolds": "In a new sandbox there is none.",
    "createWorkOrder": "The example makes a new order each time, as the vendor numbers it, unless the key is the same.",
    "putWorkOrder": "The example is 201 the first time, and 200 with the same order afterwards.",
    "deleteWorkOrder": "The example closes order 123 of the sandbox; closed once more, it stays closed.",
    "streamEvents": "A page that waits for the end of an answer cannot show it; use `curl -N`.",
    "createWebhook": "The address must exist, and take what is posted there; the example's does not. In the sandbox an address "
    "of this machine will do, for example `http://127.0.0.1:9999/`.",
}
"""By operationId: what to know of the examples, above all when they are sent for the second time."""
