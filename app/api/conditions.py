"""The conditions that a request puts on its write: what each method takes of If-Match and If-None-Match.

What a write does not honour is refused: a caller who guards an order must not find it overwritten all the same.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import Headers

from app.domain.entity_tags import if_match, if_none_match
from app.domain.errors import MalformedRequest
from app.domain.terms import Terms

IF_MATCH, IF_NONE_MATCH = "if-match", "if-none-match"


def given(headers: Headers) -> dict[str, str]:
    """The conditions of a request, by name; the lines of one are one list, however many there are (RFC 9110, 5.3)."""
    lines = {name: headers.getlist(name) for name in (IF_MATCH, IF_NONE_MATCH)}
    return {name: ", ".join(each) for name, each in lines.items() if each}


def of_put(headers: Mapping[str, str]) -> Terms:
    """Only an order that is there, or is as it was read; or only one that is not there. Raises MalformedRequest."""
    terms = Terms(if_match=if_match(headers.get(IF_MATCH)), if_none_match=if_none_match(headers.get(IF_NONE_MATCH)))
    if terms.must_exist and terms.must_be_new:
        raise MalformedRequest("Send If-Match or If-None-Match: no order meets both.")
    return terms


def of_change(headers: Mapping[str, str], *, replace: tuple[str, ...] = ()) -> Terms:
    """An order that is there, or is as it was read. Raises MalformedRequest."""
    if IF_NONE_MATCH in headers:
        raise MalformedRequest(
            "PATCH and DELETE are for orders that exist and take no If-None-Match; send the ETag of a read as If-Match."
        )
    return Terms(replace=replace, if_match=if_match(headers.get(IF_MATCH)))


def refuse_any(headers: Mapping[str, str]) -> None:
    """Raise MalformedRequest if a POST comes with a condition: it says itself what must be so."""
    if IF_MATCH in headers or IF_NONE_MATCH in headers:
        raise MalformedRequest("A POST takes no If-Match and no If-None-Match: leave them out.")
