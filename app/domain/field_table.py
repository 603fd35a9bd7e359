"""Between a vendor's record and the work order of our API, by a table: lossless both ways, whatever the record holds.

A table lists the vendor's members and where each stands in our work order. What it does not list stands in
`extensions.<vendor>` of the same object, under the vendor's own name; so does a value that is not of the listed shape.
"""

from app.domain.field_reading import to_ours
from app.domain.field_shapes import (
    EXTENSIONS,
    MOMENT,
    PLAIN,
    FieldTable,
    Keyed,
    Member,
    Moment,
    Nested,
    Plain,
    Record,
    Rows,
    Shape,
    Spread,
    by_one,
    homes,
    one_id,
    own_members,
)
from app.domain.field_writing import Removed, Theirs, to_theirs

__all__ = [
    "EXTENSIONS",
    "MOMENT",
    "PLAIN",
    "FieldTable",
    "Keyed",
    "Member",
    "Moment",
    "Nested",
    "Plain",
    "Record",
    "Removed",
    "Rows",
    "Shape",
    "Spread",
    "Theirs",
    "by_one",
    "homes",
    "one_id",
    "own_members",
    "to_ours",
    "to_theirs",
]
