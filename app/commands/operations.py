"""`orderbridge operations`: writes whose outcome only a person can tell."""

from __future__ import annotations

import json
import os
import pwd
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.configured import ConfigOption, JsonOption
from app.commands.ends import FAILED, WRONG, Ends, plainly

if TYPE_CHECKING:
    from app.domain.operations import Operation
    from app.ledger.store import Store
    from app.settings import Configuration
    from app.vendors.backends import Backend

MOST = 100
APPLIED, NOT_APPLIED = "applied", "not-applied"


def list_(
    state: Annotated[
        str, typer.Option(metavar="STATE", help="Only those in this state: unknown, held, queued...")
    ] = "",
    backend: Annotated[str, typer.Option(metavar="BACKEND", help="Only those of this backend.")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the newest 100 operations of all clients.

    `unknown` and `held` are the states in which the vendor's answer was lost. A line names the tenant, and the
    operation or hold behind which the write waits.

    \b
    Example:
      orderbridge operations list --state unknown
    \b
    Exit codes: 0 listed, 1 the database cannot be used, 2 no such state, or the configuration is wrong.
    """
    with plainly():
        from app.commands.configured import configuration, in_store
        from app.domain.operations import State
        from app.domain.receipts import operation_json
        from app.ledger import operation_lists

        if state and state not in State.__members__:
            raise Ends(f"there is no state {state!r}; there is: {', '.join(State)}", code=WRONG)
        wanted = operation_lists.list_everyones(
            state=State(state) if state else None, backend=backend or None, most=MOST
        )
        found = in_store(configuration(config), lambda store: store.read(wanted))
        shown = [{"tenant": one.tenant, **operation_json(one, waiting_for=None)} for one in found]
    if as_json:
        print(json.dumps(shown, indent=2, ensure_ascii=False))
        return
    if not found:
        print("There are no such operations.")
    for one, told in zip(found, shown, strict=True):
        place = f"{one.backend} {one.number or 'a new order'}"
        behind = "" if told["blocked_by"] is None else f"  blocked by {told['blocked_by']}"
        print(f"{one.id}  {one.state.value:9}  {told['accepted_at']}  {one.tenant}  {place}  {one.kind.value}{behind}")


def resolve(
    operation_id: Annotated[str, typer.Argument(metavar="ID", help="The operation, op_...")],
    outcome: Annotated[str, typer.Option("--as", metavar="applied|not-applied", help="What became of it.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="How you know. It is kept with your user name.")],
    config: ConfigOption = None,
) -> None:
    """Say whether a write whose answer was lost took effect.

    Look in the client's system first. `applied` ends it so, and its caller reads a success. `not-applied` has it
    sent again, unless the order shows it when it is read for that. For a refused operation whose hold stops the
    queue of its order, either word lets the rest go on.

    \b
    Example:
      orderbridge operations resolve op_01KAKZ6S5T8Q3V1M9R4C7E2B6N --as applied --reason "seen in Cx at 14:05"
    \b
    Exit codes: 0 resolved, 1 there is no such operation or it needs nobody's word, 2 wrong use or configuration.
    """
    with plainly():
        from app.commands.configured import configuration, in_store

        if outcome not in (APPLIED, NOT_APPLIED):
            raise Ends(f"--as must be {APPLIED} or {NOT_APPLIED}", code=WRONG)
        if not reason.strip():
            raise Ends("--reason must say something", code=WRONG)
        configured = configuration(config)
        said = in_store(
            configured,
            lambda store: _resolve(store, configured, operation_id, applied=outcome == APPLIED, reason=reason.strip()),
        )
    print(said)


async def _resolve(store: Store, configured: Configuration, operation_id: str, *, applied: bool, reason: str) -> str:
    """Resolves it; returns what happens next."""
    from app.domain.evidence import Evidence
    from app.ledger import endings, operations

    was = await store.look(operations.find(operation_id))
    if was is None:
        raise Ends(f"there is no operation {operation_id!r}", code=FAILED)
    now = store.now()
    ending, result, removes = None, None, False
    backend = await _backend(store, configured, was)
    if applied and backend is not None:
        removes = backend.vendor.removes
        receipt = endings.receipt(
            was,
            backend.rules.table,
            at=now,
            evidence=Evidence.operator,
            effect=backend.vendor.delete_effect,
            kept_here=backend.vendor.kept_here,
        )
        if receipt is not None:
            ending = receipt.ending
            result = ending.answer_body
    try:
        after = await store.write(
            operations.resolve(
                operation_id,
                applied=applied,
                ending=ending,
                result=result,
                removes=removes,
                reason=reason,
                by=_user(),
                now=now,
            )
        )
    except operations.NotUnresolved as fault:
        raise Ends(f"{operation_id}: {fault}", code=FAILED) from fault
    return _next(after, delivered=backend is not None)


async def _backend(store: Store, configured: Configuration, operation: Operation) -> Backend | None:
    """The operation's backend; None where it has no section any more: then the operation's answer is itself."""
    from app.commands.configured import backend_of
    from app.ledger import statuses

    if operation.backend not in configured.backends:
        return None
    backend = backend_of(configured, operation.backend)
    backend.use_statuses(await store.read(statuses.read(operation.backend)))
    return backend


def _next(operation: Operation, *, delivered: bool) -> str:
    order = f"{f'order {operation.number}' if operation.number else 'a new order'} of {operation.backend}"
    name = operation.id
    if not delivered:
        waits = (
            f"nothing of {operation.backend} is sent until the configuration has [backends.{operation.backend}] again"
        )
        return f"{name} is {operation.state.value}, on your word; {waits}."
    match operation.state.value:
        case "applied":
            return f"{name} is applied, on your word; what waits behind it on {order} goes on."
        case "queued":
            return f"{name} is back at the head of the queue of {order}; a running gateway sends it again unless it shows there."
        case state:
            return f"{name} stays {state}; its hold is closed, and what waits behind it on {order} goes on."


def _user() -> str:
    uid = os.getuid()
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
