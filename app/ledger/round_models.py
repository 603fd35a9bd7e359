"""The table of polling: whose turn it is to look at a backend's orders, so that many gateways do it once."""

from __future__ import annotations

from sqlmodel import Field

from app.ledger.models import Table, _big, _text


class PollRoundRow(Table, table=True):
    """One backend's rounds. `owner` is at work until `until`, unless it says that it goes on; null: the last round is over.

    `started_at` and `completed_at` are those of the last round begun and of the last that saw every order; `rounds` counts.
    `shown_at` and `shown_round`: when the vendor was asked for the last list that was taken in to its end, and when the round
    began that did so: that is how fresh the orders are that stand in the list (`work_order.stands`). The row
    without a name is no backend's: it is written to see whether the database takes a write (`rounds.ping`).
    """

    __tablename__ = "poll_round"

    backend: str = Field(sa_column=_text(primary_key=True))
    owner: str | None = Field(sa_column=_text(nullable=True))
    until: int = Field(sa_column=_big())
    started_at: int = Field(sa_column=_big())
    completed_at: int | None = Field(sa_column=_big(nullable=True))
    rounds: int = Field(sa_column=_big())
    shown_at: int | None = Field(sa_column=_big(nullable=True))
    shown_round: int | None = Field(sa_column=_big(nullable=True))
