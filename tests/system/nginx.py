"""Debian's nginx with the configuration that we ship; only what is marked there to be changed is changed."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.cli.processes import LONG_S, free_ports
from tests.running.gateways import Gateway

SHIPPED = Path(__file__).parents[2] / "deploy/nginx.conf"
SPOOLS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def program() -> str:
    found = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    assert found is not None, "these tests need nginx: run `make test-system`, or `apt-get install nginx-light`"
    return found


def adapted(folder: Path, *, port: int, behind: Sequence[Gateway]) -> str:
    """The shipped configuration with other ports, and files in a folder that every user may write to."""
    text = SHIPPED.read_text()
    shipped = re.findall(r"^ +server gateway-\d+:8000 .+;\n", text, re.MULTILINE)
    assert len(shipped) == len(behind)
    for line, gateway in zip(shipped, behind, strict=True):
        text = text.replace(line, re.sub(r"gateway-\d+:8000", f"127.0.0.1:{gateway.port}", line))
    spools = "\n".join(f"    {name}_temp_path {folder}/{name};" for name in SPOOLS)
    for old, new in (
        ("listen 8080;", f"listen 127.0.0.1:{port};"),
        ("/var/log/nginx/error.log", str(folder / "nginx.log")),
        ("/run/nginx.pid", str(folder / "nginx.pid")),
        ("http {\n", f"http {{\n{spools}\n"),
    ):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


@contextmanager
def nginx(folder: Path, behind: Sequence[Gateway]) -> Iterator[str]:
    """Its address; it ends with the block."""
    (port,) = free_ports(1)
    path = folder / "nginx.conf"
    path.write_text(adapted(folder, port=port, behind=behind))
    subprocess.run([program(), "-t", "-q", "-c", path], check=True)
    process = subprocess.Popen([program(), "-c", path, "-g", "daemon off;"])
    try:
        _wait_until_it_listens(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(LONG_S)
    said = (folder / "nginx.log").read_text()
    assert not re.search(r"\[(emerg|alert|crit)\]", said), said


def _wait_until_it_listens(port: int) -> None:
    ends = time.monotonic() + LONG_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            assert time.monotonic() < ends
            time.sleep(0.05)
