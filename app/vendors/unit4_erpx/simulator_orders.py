"""The simulator's work orders, each known by its company and number."""

from __future__ import annotations

from app.vendors.simulation import AddedOrders, Json
from app.vendors.unit4_erpx.simulator_fields import COMPANIES
from app.vendors.unit4_erpx.simulator_record import Record, with_defaults, with_relations

DEFAULT_COMPANY = COMPANIES[0]
"""The client's own company: a call that names none means this one."""

SAMPLE: dict[str, Json] = {
    "companyId": DEFAULT_COMPANY,
    "dateFrom": "2001-01-01",
    "costCentre": "C1",
    "workOrderName": "NewWorkOrder",
    "periodFrom": 200101,
    "periodTo": 200153,
    "projectId": "ProId1",
    "projectManagerId": "33225",
    "status": "N",
    "workOrderId": "123",
    "customerInformation": {"currencyCode": "GBP"},
    "relatedValues": [
        {"relationId": "C1", "relatedValue": "100", "dateFrom": "1900-01-01", "dateTo": "2099-12-31"},
    ],
}
"""Vendor document 002, the POST sample."""

LARGEST_COUNTED = 10**18


class Orders:
    """Records are put in and never changed in place."""

    def __init__(self) -> None:
        self._records: dict[tuple[str, str], Record] = {}
        self._largest = dict.fromkeys(COMPANIES, 0)
        self._sample = with_relations(with_defaults(SAMPLE))
        self.put(self._sample)

    def find(self, company: str, number: str) -> Record | None:
        """Plain orders share one record, so the order's own keys are written over it."""
        record = self._records.get((company, number))
        return None if record is None else {**record, "companyId": company, "workOrderId": number}

    def put(self, record: Record) -> None:
        self._put(str(record["companyId"]), str(record["workOrderId"]), record)

    def next_number(self, company: str = DEFAULT_COMPANY) -> int:
        """The next one of the company's series: above every number so far."""
        number = self._largest[company] + 1
        while (company, str(number)) in self._records:
            number += 1
        return number

    def add_plain(self, added: AddedOrders) -> None:
        """As the sample, in the default company."""
        for number in range(added.first, added.first + added.count):
            self._put(DEFAULT_COMPANY, str(number), self._sample)

    def _put(self, company: str, number: str, record: Record) -> None:
        self._records[company, number] = record
        if number.isascii() and number.isdigit() and int(number) <= LARGEST_COUNTED:
            self._largest[company] = max(self._largest[company], int(number))


def name_of(company: str, number: str) -> str:
    """How effects, faults and `/_sim` name the order: its number, with `@company` outside the default company."""
    return number if company == DEFAULT_COMPANY else f"{number}@{company}"


def named(name: str) -> tuple[str, str]:
    """The company and number of a name."""
    number, _, company = name.rpartition("@")
    return (company, number) if company in COMPANIES and number else (DEFAULT_COMPANY, name)
