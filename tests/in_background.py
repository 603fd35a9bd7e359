"""A vendor's simulator in a thread of the tests' process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from app.vendors.simulation import Simulation
from app.vendors.simulation_server import SimulatorServer


@contextmanager
def in_background(app: Simulation, *, port: int = 0) -> Iterator[str]:
    """Serves it while the block runs; gives its URL. Port 0 takes a free one."""
    ready = Event()
    server = SimulatorServer(app, host="127.0.0.1", port=port, ready=ready.set)
    thread = Thread(target=server.run, name="simulator", daemon=True)
    thread.start()
    try:
        while not ready.wait(0.05):
            if not thread.is_alive():
                raise RuntimeError(f"the simulator did not start on port {port}")
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
