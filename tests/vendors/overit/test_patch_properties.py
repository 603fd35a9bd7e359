"""For any merge patch at all: it is refused in our words, or what goes out leaves nothing of it behind."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import CapabilityMissing, InvalidRequest
from app.domain.field_table import to_ours
from app.domain.json import JsonObject, JsonValue
from app.domain.merge_patch import applied, shows
from app.domain.ports import Kind, Write
from app.domain.work_orders import OrderKey
from app.vendors.overit.constraints import ADDRESS_PLACES, OPERATION_PLACES, WRITABLE
from app.vendors.overit.fields import ORDER
from app.vendors.overit.patch import payload
from app.vendors.overit.translate import asked_of, from_record
from tests.vendors.overit import documented

AT = datetime(2026, 11, 20, 20, 40, tzinfo=UTC)
RECORD = documented.record()
BEFORE = [
    from_record(RECORD, as_of=AT).fields,
    from_record({**RECORD, "operationsAssignment": "AGGREGATED"}, as_of=AT).fields,
    from_record({**RECORD, "operations": []}, as_of=AT).fields,
    from_record({"code": "WO00223"}, as_of=AT).fields,
]

TOP = sorted({path.partition(".")[0] for path in WRITABLE if "{" not in path} | {"operations", "title", "number"})
values = st.none() | st.sampled_from(["", " ", "U1", "operation1", "2023-11-20T09:00:00+01:00"]) | st.integers(0, 99)
addresses = st.dictionaries(st.sampled_from(sorted(ADDRESS_PLACES.values())), values, max_size=3)
extensions = st.fixed_dictionaries(
    {
        "overit": st.dictionaries(
            st.sampled_from(["extension", "aggregateCardinalityCode", "aggregateDuration", "operations", "typeCode"]),
            values | st.dictionaries(st.sampled_from(["myFieldName", "more"]), values),
            max_size=2,
        )
    }
)
operations = st.dictionaries(
    st.sampled_from(["1", "2", "03", "x"]),
    st.none()
    | st.dictionaries(
        st.sampled_from(sorted({*OPERATION_PLACES.values(), "extensions"})), values | addresses | extensions, max_size=4
    ),
    max_size=3,
)
bodies = st.fixed_dictionaries(
    {},
    optional={
        **{name: values for name in TOP},
        "dates": values | st.dictionaries(st.sampled_from(["planned_start", "planned_end", "raised"]), values),
        "appointment": values | st.dictionaries(st.sampled_from(["start", "end", "other"]), values),
        "extensions": extensions,
        "operations": operations | values,
    },
)


@given(bodies, st.sampled_from(BEFORE))
def test_any_patch_is_refused_or_goes_out_whole(body: JsonObject, before: JsonObject) -> None:
    write = Write(operation_id="op_1", kind=Kind.patch, order=OrderKey(number="WO00223"), body=body, before=before)
    try:
        sent = payload(write, "ORDERBRIDGE")
    except (CapabilityMissing, InvalidRequest):
        return
    after = before if sent is None else applied(_as_ours(sent), before)
    assert shows(after, asked_of(body))


def _as_ours(sent: JsonObject) -> Mapping[str, JsonValue]:
    return to_ours(ORDER, documented.joined(sent))
