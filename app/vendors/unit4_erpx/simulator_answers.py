"""The answers of the simulated ERPx that carry no work order: its refusals, in the vendor document's words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.vendors.simulation_messages import Answer, json_answer

REQUIRED = "The {} field is required."
BLANK = "Illegal value entered"
NO_RELATED_VALUE = "A value must be entered for {}."
SERIES_NEEDS_RELATION = "This number series requires a relation value for {}. Please enter the relation value."
NOT_A_DATE = "Invalid date time format: {} is not a date written as YYYY-MM-DD."
NOT_CONVERTED = "Error converting value {} to type '{}'. Path '{}'."
OUT_OF_RANGE = "The field {} must be between {} and {}."
TOO_LONG = "The field {} must be a string with max length {}"
OUT_OF_TIME = "The date must be between {} and {}"
WRONG_ORDER = "{} must be equal or earlier than {}"
EXISTS = "The work order already exists."
NOT_LEGAL = "{} is not a legal {}"
ILLEGAL = "Illegal {}"
NO_LOCATION = "The target location specified by path segment '{}' was not found."

GET_UNKNOWN = "The entity of the following parameters [Company: {company}, Work order: {number}] was not found."
PATCH_UNKNOWN = "Work order with ID {number} was not found within the company {company}."
DELETE_UNKNOWN = "WorkOrder with Id {number} was not found within company {company}"

NOT_AUTHORISED = json_answer(403, {"code": 2030, "message": "User is not authorised."})
INVALID_JWT = json_answer(401, {"statusCode": 401, "message": "Invalid JWT."})
NO_ROUTE = json_answer(404, {"statusCode": 404, "message": "Resource not found"})
INTERNAL = json_answer(500, {"statusCode": 500, "message": "Internal server error"})
NO_MEDIA_TYPE = Answer(status=415)
NOTHING = Answer(status=200)
INVALID_CLIENT = json_answer(400, {"error": "invalid_client"})


class Refused(Exception):
    """A call ends here without an effect, with this answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.body.decode())
        self.answer = answer


def unknown(text: str, company: str, number: str) -> Answer:
    return json_answer(404, {"code": 1040, "message": text.format(company=company, number=number)})


def invalid(messages: Sequence[str]) -> Answer:
    """422 with one object for each fault."""
    return json_answer(422, [{"code": 1020, "message": message} for message in messages])


def malformed(message: str) -> Answer:
    return json_answer(400, {"code": 1020, "message": message})


def not_allowed(*methods: str) -> Answer:
    """GET_003 and DEL_002: an empty message."""
    return Answer(status=405, headers=(("allow", ", ".join(methods)),))


def too_many(seconds: int) -> Answer:
    """As Azure's API manager words it, with the seconds in the header and in the body."""
    message = f"Rate limit is exceeded. Try again in {seconds} seconds."
    answer = json_answer(429, {"statusCode": 429, "message": message})
    return replace(answer, headers=(("retry-after", str(seconds)),))
