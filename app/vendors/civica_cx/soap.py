"""A conversation with one Cx: the contract loaded, the log-in kept, one request per call, one more when the token was bad."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime

from app.domain.errors import BackendMisconfigured, BackendUnavailable
from app.domain.waits import retry_after
from app.shared import Shared
from app.vendors.civica_cx.answers import KnownYes, Reading, read_answer
from app.vendors.civica_cx.characters import readable
from app.vendors.civica_cx.contract import Contract, ContractFault, Members, Operation
from app.vendors.civica_cx.envelope import NotXml, hole
from app.vendors.civica_cx.outcomes import Heard, trouble_of, without_secrets
from app.vendors.civica_cx.settings import CivicaCxSettings
from app.vendors.civica_cx.tables import GET_TOKEN, LIST_ORDERS, READ_ORDER, UPDATE_STATUS, Call
from app.vendors.civica_cx.token import token_from
from app.vendors.exchange import EVERY_REQUEST, NotSent, Outgoing, Reply, Unanswered
from app.vendors.tokens import Token, Tokens, not_logged_in
from app.vendors.transport import Streamed, VendorHttp

Clock = Callable[[], datetime]

_UPDATE: Members = {
    "Token": hole("Token"),
    "NewStatus": {
        "StatusCodeId": hole("StatusCodeId"),
        "StatusDate": hole("StatusDate"),
        "StatusReasonId": hole("StatusReasonId"),
        "StatusSetByUserId": "0",
        "StatusSetDate": None,
    },
    "WorkOrderId": hole("WorkOrderId"),
    "WorkOrderUid": hole("WorkOrderUid"),
}
_UPDATE_WITH_COMMENTS: Members = {
    **_UPDATE,
    "NewStatus": {"Comments": hole("Comments"), **_UPDATE["NewStatus"]},  # type: ignore[dict-item]
}
_LIST: Members = {"Token": hole("Token"), "FromDate": None}  # all of them
_READ: Members = {
    "Token": hole("Token"),
    "WorkOrderReference": hole("WorkOrderReference"),
    "WorkOrderUid": "00000000-0000-0000-0000-000000000000",  # Cx goes by the reference (dossier §1.4)
}
_LOG_IN: Members = {"Password": hole("Password"), "UserName": hole("UserName")}
_KEYS = {"Password": "password", "UserName": "username"}
"""A member of a log-in -> the key of the configuration that it comes from."""


def members(call: Call, texts: Mapping[str, str]) -> Members:
    """What a call's request looks like when it carries `texts`."""
    if call is UPDATE_STATUS:
        return _UPDATE_WITH_COMMENTS if "Comments" in texts else _UPDATE
    if call is LIST_ORDERS:
        return _LIST
    return _READ if call is READ_ORDER else _LOG_IN


def headers(operation: Operation) -> dict[str, str]:
    """What we say beside the body; none of it is secret."""
    return {
        **EVERY_REQUEST,
        "Accept": "text/xml",
        "Content-Type": "text/xml; charset=utf-8",
        "SOAPAction": f'"{operation.action}"',
    }


class Soap:
    """Calls to one Cx. What does not get there raises NotSent or NotApplied, what gets no whole answer Unanswered."""

    def __init__(
        self,
        settings: CivicaCxSettings,
        http: VendorHttp,
        load_contract: Shared[Contract],
        *,
        deadline_s: float,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._http = http
        self._load_contract = load_contract
        self._loaded: Contract | None = None
        self._deadline_s = deadline_s
        self._clock = clock
        self._tokens = Tokens(self.log_in, clock)
        self._headers: dict[str, dict[str, str]] = {}
        self._known_yes = KnownYes()

    @property
    def loaded(self) -> Contract | None:
        """The contract, if it could be loaded yet."""
        return self._loaded

    async def contract(self) -> Contract:
        if self._loaded is None:
            try:
                self._loaded = await self._load_contract()
            except ContractFault as fault:
                raise NotSent(BackendMisconfigured, str(fault)) from fault
            except Unanswered as fault:
                raise NotSent(BackendUnavailable, f"The WSDL could not be fetched: {fault.detail}") from fault
        return self._loaded

    async def ask(self, call: Call, texts: Mapping[str, str], *, ends: float) -> Heard:
        """One call, its answer whole; `ends` is the loop's time at which it must be over."""

        async def asked(token: Token) -> Heard:
            contract = await self.contract()
            return await self._exchange(contract[call], texts, ends, token)

        return await self._tokens.carried(asked, is_refused=lambda heard: heard.token_refused, ends=ends)

    @asynccontextmanager
    async def listen(
        self, call: Call, texts: Mapping[str, str], *, token: Token, deadline_s: float
    ) -> AsyncIterator[Streamed]:
        """One call whose answer is read while it arrives."""
        contract = await self.contract()
        request = self._request(contract[call], {**texts, "Token": token.text})
        async with self._http.stream(request, deadline_s=deadline_s) as answer:
            yield answer

    def now(self) -> datetime:
        return self._clock()

    async def token(self) -> Token:
        return await self._tokens.get()

    def refused(self, token: Token) -> None:
        self._tokens.refused(token)

    async def log_in(self) -> Token:
        """A real log-in, whatever is kept. Raises NotSent: nothing that waits for it has been sent."""
        contract = await self.contract()
        texts = {"Password": self._settings.password.get_secret_value(), "UserName": self._settings.username}
        ends = asyncio.get_running_loop().time() + self._deadline_s
        try:
            heard = await self._exchange(contract[GET_TOKEN], texts, ends)
        except Unanswered as fault:
            raise not_logged_in(fault) from fault
        except NotXml as fault:  # our own secret, and nothing of whoever waits for the log-in
            raise NotSent(
                BackendMisconfigured, f"Our {_KEYS[str(fault)]} holds a character that XML cannot carry."
            ) from fault
        result = heard.result
        if result is None:
            meaning = heard.meaning()
            raise NotSent(
                trouble_of(meaning),
                f"The log-in was not answered: {meaning.detail}",
                said=heard.said,
                retry_after_s=heard.retry_after_s,
            )
        if not result.valid:
            raise NotSent(BackendMisconfigured, "Cx refused our log-in.", said=heard.said)
        token = token_from(result, contract.names, now=self._clock(), zone=self._settings.zone)
        if token is None:
            raise NotSent(BackendUnavailable, "Cx accepted our log-in, but gave us no token.", said=heard.said)
        return token

    def heard(self, answer: Reply | Streamed, reading: Reading, asked_at: datetime, token: Token | None) -> Heard:
        """An answer with our secrets taken out of its texts; `token` is the one that its request carried."""
        secrets = (self._settings.password.get_secret_value(), *((token.text,) if token is not None else ()))
        return Heard(
            status=answer.status,
            reading=without_secrets(reading, secrets),
            asked_at=asked_at,
            retry_after_s=retry_after(answer.headers, now=self._clock()),
        )

    async def aclose(self) -> None:
        await self._tokens.aclose()
        await self._load_contract.aclose()
        await self._http.aclose()

    async def _exchange(
        self, operation: Operation, texts: Mapping[str, str], ends: float, token: Token | None = None
    ) -> Heard:
        request = self._request(operation, texts if token is None else {**texts, "Token": token.text})
        asked_at = self._clock()
        reply = await self._http.exchange(request, deadline_s=ends - asyncio.get_running_loop().time())
        if operation.call is READ_ORDER:
            reply = replace(reply, body=readable(reply.body))
        read = self._known_yes.read if operation.call is UPDATE_STATUS else read_answer
        return self.heard(reply, read(reply, operation.name, operation.names), asked_at, token)

    def _request(self, operation: Operation, texts: Mapping[str, str]) -> Outgoing:
        said = self._headers.get(operation.name) or self._headers.setdefault(operation.name, headers(operation))
        try:
            body = operation.envelope(members(operation.call, texts)).fill(texts)
        except ContractFault as fault:
            raise NotSent(BackendMisconfigured, str(fault)) from fault
        return Outgoing(method="POST", url=operation.url, headers=said, body=body)
