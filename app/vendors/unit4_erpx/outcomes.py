"""What an answer of ERPx proves: for a write an outcome, for a read an error. The table is in `tables.py`."""

from __future__ import annotations

from dataclasses import replace

from app.domain.errors import (
    FieldFault,
    GatewayError,
    VendorRejectedData,
    WorkOrderExists,
    WorkOrderNotFound,
)
from app.domain.ports import Answer, Kind, Outcome
from app.vendors.meanings import Meaning, answer_of, lost, unreadable
from app.vendors.replies import whole
from app.vendors.unit4_erpx.answers import Heard
from app.vendors.unit4_erpx.rejections import faults_of
from app.vendors.unit4_erpx.settings import Unit4ErpxSettings
from app.vendors.unit4_erpx.tables import ANSWERS, EXISTS, Call, Shape


def meaning_of(call: Call, status: int, shape: Shape) -> Meaning:
    """The first row of the table that fits; an answer that none fits proves nothing."""
    for row in ANSWERS:
        if call in row.calls and status == row.status and shape in row.shapes:
            return row.meaning
    return Meaning(outcome=Outcome.unknown, detail=f"ERPx gave no documented answer (HTTP {status}, {shape.name}).")


def write_answer(kind: Kind, call: Call, heard: Heard, settings: Unit4ErpxSettings) -> Answer:
    """The outcome of a write.

    A rejected status update gets no code here: the order, read afterwards, tells more than the text (it may have ended).
    """
    meaning = meaning_of(call, heard.status, heard.shape)
    error = meaning.error
    faults: tuple[FieldFault, ...] = ()
    if error is VendorRejectedData:
        faults = faults_of(heard.messages)
        if kind is Kind.status_update:
            error = None
        elif kind is Kind.create and any(EXISTS in text.casefold() for text in heard.messages):
            error, faults = WorkOrderExists, ()
    said_of = replace(meaning, detail=in_words(meaning, settings), error=error)
    return answer_of(said_of, heard.said, heard.retry_after_s, faults)


def read_error(heard: Heard, settings: Unit4ErpxSettings) -> GatewayError:
    """The error of a read that did not show the order: WorkOrderNotFound or the vendor's trouble."""
    meaning = meaning_of(Call.read, heard.status, heard.shape)
    detail, after_s = in_words(meaning, settings), whole(heard.retry_after_s)
    if meaning.error is WorkOrderNotFound:
        return WorkOrderNotFound(detail, vendor=heard.said)
    if meaning.trouble is not None:
        return meaning.trouble(detail, vendor=heard.said, after_s=after_s)
    if 400 <= heard.status < 500:
        return unreadable(detail)
    return lost(detail, heard.said, heard.retry_after_s)


def in_words(meaning: Meaning, settings: Unit4ErpxSettings) -> str:
    """What a person reads about it, with the setting that may be wrong."""
    return meaning.detail.replace("{client}", settings.client_id).replace("{company}", settings.company_id)
