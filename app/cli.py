"""The command line. Every command is a function in `app.commands`; here they get their names, and their errors one line."""

from __future__ import annotations

import errno
import gc
import os
import sys
from collections.abc import Sequence

import typer

from app.commands import backends, check, clients, contract, database, operations, sandbox, serve, simulate, statuses
from app.commands.ends import FAILED, WRONG, Ends

app = typer.Typer(
    name="orderbridge",
    add_completion=False,
    rich_markup_mode=None,  # plain text keeps its lines, so that examples can be copied
    pretty_exceptions_enable=False,
    context_settings={"max_content_width": 110},
)


@app.callback()
def orderbridge() -> None:
    """One JSON API for work orders, whatever system the client runs.

    \b
    To look around, with nothing to configure:
      orderbridge sandbox
    \b
    To set up a gateway (orderbridge.example.toml is a configuration to begin with):
      orderbridge migrate
      orderbridge check riverside
      orderbridge statuses import riverside riverside-statuses.csv
      orderbridge client create acme --scope all --backend riverside
      orderbridge serve

    \b
    Exit codes: 0 done, 1 failed or something was found, 2 the command or the configuration is wrong.
    """


def _group(name: str, text: str) -> typer.Typer:
    group = typer.Typer(rich_markup_mode=None, help=text)
    app.add_typer(group, name=name)
    return group


app.command()(sandbox.sandbox)
app.command()(serve.serve)
app.command()(database.migrate)
app.command()(check.check)
app.command()(backends.backends)

client = _group("client", "The callers of the API: make, list and revoke them.\n\nExample: orderbridge client list")
client.command("create")(clients.create)
client.command("list")(clients.list_)
client.command("revoke")(clients.revoke)

status = _group(
    "statuses",
    "The status table of a backend: a client's own codes.\n\nExample: orderbridge statuses import riverside codes.csv",
)
status.command("import")(statuses.import_)

operation = _group(
    "operations",
    "Writes whose outcome only a person can tell.\n\nExample: orderbridge operations list --state unknown",
)
operation.command("list")(operations.list_)
operation.command("resolve")(operations.resolve)

app.command()(simulate.simulate)
app.command()(contract.openapi)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name (the process's own by default); returns the exit code."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    no_texts = [ascii(one) for one in given if not _is_text(one)]
    if no_texts:
        print(f"orderbridge: not UTF-8: {', '.join(no_texts)}", file=sys.stderr)
        return WRONG
    gc.disable()  # a quarter of a start would go to looking for garbage that imports do not make; servers enable it
    try:
        code = app(given or ["--help"], prog_name="orderbridge", standalone_mode=False)
        sys.stdout.flush()
    except Ends as end:
        print(*end.lines, sep="\n", file=sys.stderr)
        return end.code
    except typer.TyperException as fault:
        command = getattr(getattr(fault, "ctx", None), "command_path", "orderbridge")
        print(f"{command}: {' '.join(fault.format_message().split())} (see {command} --help)", file=sys.stderr)
        return fault.exit_code
    except OSError as fault:
        if fault.errno != errno.ENOSPC:
            raise
        print(f"orderbridge: cannot write: {fault.strerror}", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # else Python would try once more at its end
        return FAILED
    finally:
        gc.enable()
    return code if isinstance(code, int) else 0


def _is_text(argument: str) -> bool:
    """Whether it can be shown and stored: bytes that are no text come from the shell as halves of surrogates."""
    try:
        argument.encode()
    except UnicodeEncodeError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
