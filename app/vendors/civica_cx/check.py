"""`orderbridge check` for Civica Cx: is it there, does it let us in, is its WSDL ours, do we know its codes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing

from app.domain.errors import VendorTrouble
from app.domain.glimpses import Listed, read
from app.domain.ports import Finding, KnownCodes
from app.vendors import findings
from app.vendors.civica_cx.contract import Contract, ContractFault, load
from app.vendors.civica_cx.live import live_documents, page_request
from app.vendors.civica_cx.settings import CivicaCxSettings
from app.vendors.civica_cx.soap import Soap
from app.vendors.civica_cx.tables import CALLS
from app.vendors.exchange import NotSent, Unanswered
from app.vendors.transport import VendorHttp
from app.vendors.vendor import Connection

Listing = Callable[[], AsyncGenerator[Sequence[Listed], None]]


async def check(
    connection: Connection,
    settings: CivicaCxSettings,
    soap: Soap,
    http: VendorHttp,
    listing: Listing,
    known: KnownCodes | Finding,
) -> AsyncIterator[Finding]:
    """Every finding in the order of a first set-up; nothing is changed at the vendor but a log-in."""
    reachable = True
    for service in dict.fromkeys(call.service for call in CALLS):
        finding = await _page(f"{settings.url}/{service}", service, http, connection.deadline_s)
        reachable = reachable and finding.ok
        yield finding
    if not reachable:
        return
    async for finding in _wsdl(settings, soap, http, connection.deadline_s):
        yield finding
    log_in = await findings.log_in(soap.log_in, accepted=f"Cx gave {settings.username} a token.")
    yield log_in
    if not log_in.ok:
        return
    yield known if isinstance(known, Finding) else await _codes(listing, known)


async def _page(address: str, service: str, http: VendorHttp, deadline_s: float) -> Finding:
    name = f"page of {service.rpartition('/')[2]}"
    try:
        reply = await http.exchange(page_request(address), deadline_s=deadline_s)
    except (NotSent, Unanswered) as fault:
        return Finding(name=name, ok=False, detail=f"{address}: {fault.detail}")
    return Finding(name=name, ok=reply.status == 200, detail=f"{address} answers with HTTP {reply.status}.")


async def _wsdl(settings: CivicaCxSettings, soap: Soap, http: VendorHttp, deadline_s: float) -> AsyncIterator[Finding]:
    """What the client's server publishes, beside what is in use."""
    documents = live_documents(settings.url, http, deadline_s)
    try:
        used = await soap.contract()
    except NotSent as fault:
        yield Finding(name="WSDL in use", ok=False, detail=fault.detail)
        return
    missing = [f"{operation.name}: {', '.join(operation.missing)}"
               for operation in used.operations.values() if operation.missing]  # fmt: skip
    yield Finding(
        name="elements",
        ok=not missing,
        detail=f"Not in the WSDL in use: {'; '.join(missing)}." if missing else "The WSDL in use has every element.",
    )
    try:
        live = await asyncio.to_thread(load, documents, settings.url, settings.elements)
    except (ContractFault, NotSent, Unanswered) as fault:
        yield Finding(name="live WSDL", ok=True, warning=True, detail=f"It could not be compared: {fault}")
        return
    for finding in _drift(used, live):
        yield finding


def _drift(used: Contract, live: Contract) -> list[Finding]:
    """How the published contract differs from the one in use, call by call."""
    differences: list[str] = []
    for name, ours in used.operations.items():
        theirs = live.operations[name]
        lost = sorted((ours.request | ours.result) - (theirs.request | theirs.result))
        added = sorted((theirs.request | theirs.result) - (ours.request | ours.result))
        if lost:
            differences.append(f"{ours.name} has no {', '.join(lost)} any more")
        if added:
            differences.append(f"{ours.name} also has {', '.join(added)}")
        if ours.action != theirs.action:
            differences.append(f"{ours.name} has the SOAPAction {theirs.action}, we use {ours.action}")
    if not differences:
        return [Finding(name="live WSDL", ok=True, detail="The published WSDL is the one in use.")]
    return [Finding(name="live WSDL", ok=False, detail=f"{difference}.") for difference in differences]


async def _codes(listing: Listing, known: KnownCodes) -> Finding:
    """The status codes that the client's orders have, beside the table that is in use."""
    seen: dict[str, int] = {}
    try:
        async with aclosing(listing()) as batches:
            async for batch in batches:
                for one in batch:
                    order = read(one)
                    if order is not None and order.code is not None:
                        seen[order.code] = seen.get(order.code, 0) + 1
    except VendorTrouble as fault:
        return Finding(name=findings.CODES, ok=False, detail=f"The list of orders could not be read: {fault.detail}")
    told = ", ".join(f"{code} ({count} orders)" for code, count in sorted(seen.items())) or "none"
    if not known.codes:
        return Finding(
            name=findings.CODES, ok=True, detail=f"Codes seen in the list: {told}; there is no {known.table}."
        )
    unknown = sorted(set(seen) - known.codes)
    if unknown:
        return Finding(name=findings.CODES, ok=False, detail=f"Not in the {known.table}: {', '.join(unknown)}.")
    return Finding(name=findings.CODES, ok=True, detail=f"All in the {known.table}: {told}.")
