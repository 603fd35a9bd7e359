"""An adapter whose calls are counted, timed and traced; to everybody else it is the adapter."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Sequence
from contextlib import nullcontext
from time import perf_counter
from typing import TypeVar

from opentelemetry.trace import Span

from app.domain.errors import GatewayError, WorkOrderNotFound
from app.domain.glimpses import Glimpse
from app.domain.ports import Answer, Outcome, VendorAdapter, Write
from app.domain.work_orders import Observation
from app.telemetry import spans
from app.telemetry.tallies import Tallies

A = TypeVar("A")
T = TypeVar("T")

SEND, READ, LIST = "send", "read", "list"
OK, CUT_SHORT, FAULT = "ok", "cancelled", "fault"
"""Outcomes of a call that have no name of their own: it was answered, its caller let go, our code failed."""
WELL = frozenset({OK, CUT_SHORT, WorkOrderNotFound.code, Outcome.applied.value, Outcome.refused.value})
"""Outcomes after which nothing is wrong with the vendor's system."""


class WatchedAdapter:
    """Implements `VendorAdapter` by another one."""

    def __init__(self, adapter: VendorAdapter, tallies: Tallies, *, backend: str, vendor: str) -> None:
        self.behind = adapter
        self._tallies = tallies
        self._backend = backend
        self._vendor = vendor
        self.screen = adapter.screen
        self.own_number = adapter.own_number
        self.requests = adapter.requests
        self.prove = adapter.prove
        self.side_effect = adapter.side_effect
        self.check = adapter.check
        self.aclose = adapter.aclose

    def send(self, write: Write) -> Coroutine[None, None, Answer]:
        return self._watched(SEND, self.behind.send, write, _outcome)

    def read(self, number: str) -> Coroutine[None, None, Observation]:
        return self._watched(READ, self.behind.read, number, _answered)

    async def listing(self) -> AsyncIterator[Sequence[Observation | Glimpse]]:
        """Only waiting for the vendor counts, not what is done with a batch before the next is asked for."""
        parts = self.behind.listing()
        waited, word = 0.0, FAULT
        running = self._tallies.running
        running[self._backend] = running.get(self._backend, 0) + 1
        with nullcontext() if spans.tracer is None else spans.vendor_call(self._backend, self._vendor, LIST) as span:
            try:
                while True:
                    began = perf_counter()
                    try:
                        with nullcontext() if span is None else spans.within(span):
                            batch = await anext(parts)
                    except StopAsyncIteration:
                        word = OK
                        return
                    except GatewayError as error:
                        word = error.code
                        raise
                    finally:
                        waited += perf_counter() - began
                    yield batch
            except (asyncio.CancelledError, GeneratorExit):
                word = CUT_SHORT
                raise
            finally:
                running[self._backend] -= 1
                self._ended(LIST, word, waited, span)
                if isinstance(parts, AsyncGenerator):
                    await parts.aclose()

    async def _watched(
        self,
        call: str,
        make: Callable[[A], Coroutine[None, None, T]],
        of: A,
        outcome: Callable[[T], str],
        span: Span | None = None,
    ) -> T:
        if spans.tracer is not None and span is None:
            with spans.vendor_call(self._backend, self._vendor, call) as made, spans.within(made):
                return await self._watched(call, make, of, outcome, made)
        running, word = self._tallies.running, FAULT
        running[self._backend] = running.get(self._backend, 0) + 1
        began = perf_counter()
        try:
            answer = await make(of)
            word = outcome(answer)
            return answer
        except GatewayError as error:
            word = error.code
            raise
        except asyncio.CancelledError:
            word = CUT_SHORT
            raise
        finally:
            running[self._backend] -= 1
            self._ended(call, word, perf_counter() - began, span)

    def _ended(self, call: str, word: str, seconds: float, span: Span | None) -> None:
        self._tallies.call(self._backend, call, word, seconds)
        if span is not None:
            spans.outcome(span, word, well=word in WELL)


def _outcome(answer: Answer) -> str:
    return str(answer.outcome)


def _answered(_: object) -> str:
    return OK
