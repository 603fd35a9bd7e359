"""The WSDL: what zeep makes of it, what a client's own may look like, and what no document can make us open."""

from __future__ import annotations

import re
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path

import pytest
from lxml import etree

from app.vendors.civica_cx.contract import ContractFault, load
from app.vendors.civica_cx.documents import VENDORED, FolderDocuments, ForeignDocument, LiveDocuments
from app.vendors.civica_cx.envelope import hole
from app.vendors.civica_cx.soap import members
from app.vendors.civica_cx.tables import CALLS, ELEMENTS, LIST_ORDERS, UPDATE_STATUS
from tests.vendors.civica_cx.messages import FOREIGN, SETS, WsdlSet

URL = "https://riverside.example/cx"
CONTRACTOR = "WSRepairContractorService"
UPDATE_TEXTS = dict.fromkeys(
    ("Token", "Comments", "StatusCodeId", "StatusDate", "StatusReasonId", "WorkOrderId", "WorkOrderUid"), "1"
)


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        pytest.fail("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture(params=SETS, ids=lambda wsdl: wsdl.id)
def wsdl(request: pytest.FixtureRequest) -> WsdlSet:
    chosen = request.param
    assert isinstance(chosen, WsdlSet)
    return chosen


@pytest.mark.usefixtures("no_network")
def test_both_sets_load_from_their_folder_alone_and_miss_nothing(wsdl: WsdlSet) -> None:
    contract = load(FolderDocuments(wsdl.folder), URL, {})
    assert {name: operation.missing for name, operation in contract.operations.items()} == dict.fromkeys(
        (call.operation for call in CALLS), ()
    )


def test_the_vendored_schema_requires_of_an_update_what_the_document_says_it_must_include() -> None:
    """Vendor document 000, "What you must send", but for the token, which every call's base class has."""
    schema = etree.parse(VENDORED / f"{CONTRACTOR}.xsd2.xsd")
    of_an_update = schema.iterfind(
        "{*}complexType[@name='UpdateRepairWorksOrderStatusRequest']//{*}sequence/{*}element"
    )
    of_its_status = schema.iterfind("{*}complexType[@name='RepairWorksOrderStatus']//{*}sequence/{*}element")
    required = [one.get("name") for one in (*of_an_update, *of_its_status) if one.get("minOccurs") != "0"]
    assert sorted(str(name) for name in required) == [
        "NewStatus",
        "StatusCodeId",
        "StatusDate",
        "StatusSetByUserId",
        "StatusSetDate",
        "WorkOrderId",
        "WorkOrderUid",
    ]


def test_the_address_is_the_backend_s_and_never_the_wsdl_s(wsdl: WsdlSet) -> None:
    contract = load(FolderDocuments(wsdl.folder), URL, {})
    assert {operation.url for operation in contract.operations.values()} == {
        f"{URL}/webservice/WSTokenService",
        f"{URL}/webservice/{CONTRACTOR}",
    }


def test_the_soap_action_is_the_wsdl_s() -> None:
    actions = {
        wsdl.id: [operation.action for operation in load(FolderDocuments(wsdl.folder), URL, {}).operations.values()]
        for wsdl in SETS
    }
    assert actions == {
        "ours": [
            "http://tempuri.org/IWSTokenService/GetUserWSToken",
            *(
                f"http://www.civica.co.uk/Civica.Housing.Cx.WebServices/I{CONTRACTOR}/{name}"
                for name in ("UpdateRepairWorksOrderStatus", "GetRepairWorkOrders", "GetRepairWorkOrderDetails")
            ),
        ],
        "foreign": [
            "urn:wessex-homes:cx:security/IWSTokenService/GetUserWSToken",
            *(
                f"urn:wessex-homes:cx:contractor:2019/I{CONTRACTOR}/{name}"
                for name in ("UpdateRepairWorksOrderStatus", "GetRepairWorkOrders", "GetRepairWorkOrderDetails")
            ),
        ],
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Our own files, to be spoilt."""
    return shutil.copytree(VENDORED, tmp_path / "wsdl")


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_a_renamed_element_is_found_by_the_client_s_name(folder: Path) -> None:
    edit(folder / f"{CONTRACTOR}.xsd2.xsd", 'name="StatusReasonId" type', 'name="ReasonId" type')
    contract = load(FolderDocuments(folder), URL, {"NewStatus.StatusReasonId": "ReasonId"})
    body = contract[UPDATE_STATUS].envelope(members(UPDATE_STATUS, UPDATE_TEXTS)).fill(UPDATE_TEXTS)
    assert b":ReasonId>1<" in body
    assert contract[UPDATE_STATUS].missing == ()


def test_a_renamed_operation_is_found_by_the_client_s_name(folder: Path) -> None:
    for name in (f"{CONTRACTOR}.wsdl", f"{CONTRACTOR}.xsd0.xsd", f"{CONTRACTOR}.xsd2.xsd"):
        edit(folder / name, "GetRepairWorkOrders", "ListOrders")
    contract = load(FolderDocuments(folder), URL, {"GetRepairWorkOrders": "ListOrders"})
    assert (contract[LIST_ORDERS].name, contract[LIST_ORDERS].missing) == ("ListOrders", ())


def test_a_member_that_has_no_place_is_never_dropped_in_silence(folder: Path) -> None:
    edit(folder / f"{CONTRACTOR}.xsd2.xsd", 'name="Comments"', 'name="Remarks"')
    operation = load(FolderDocuments(folder), URL, {})[UPDATE_STATUS]
    assert operation.missing == ("NewStatus.Comments",)
    with pytest.raises(ContractFault, match=r"no Comments in NewStatus; .* \[backends\.x\.elements\]"):
        operation.envelope(members(UPDATE_STATUS, UPDATE_TEXTS))


@pytest.mark.parametrize("name", ["StatusSetByUserId", "StatusSetDate"])
def test_a_member_that_cx_does_not_use_may_be_missing(folder: Path, name: str) -> None:
    edit(folder / f"{CONTRACTOR}.xsd2.xsd", f'name="{name}"', 'name="Other"')
    operation = load(FolderDocuments(folder), URL, {})[UPDATE_STATUS]
    assert name.encode() not in operation.envelope(members(UPDATE_STATUS, UPDATE_TEXTS)).fill(UPDATE_TEXTS)


def test_what_we_do_not_know_is_absent_null_or_the_least_that_is_allowed() -> None:
    operation = load(FolderDocuments(FOREIGN), URL, {})[UPDATE_STATUS]
    body = operation.envelope(members(UPDATE_STATUS, UPDATE_TEXTS)).fill(UPDATE_TEXTS).decode()
    assert "CorrelationId" not in body
    assert "Source" not in body
    assert ":NotifyTenant>false<" in body
    assert 'LateCompletionReasonId xmlns:ns2="http://schemas.datacontract.org/2004/07/Abc.Wessex.Cx.Works"' in body


def test_a_wsdl_without_the_operation_is_refused_by_its_name(folder: Path) -> None:
    with pytest.raises(ContractFault, match=r"no SOAP 1\.1 operation SetStatus"):
        load(FolderDocuments(folder), URL, {"UpdateRepairWorksOrderStatus": "SetStatus"})


def test_a_wsdl_without_a_soap_1_1_binding_is_refused(folder: Path) -> None:
    file = folder / f"{CONTRACTOR}.wsdl"
    edit(file, "<soap:", "<soap12:")
    with pytest.raises(ContractFault, match=r"no SOAP 1\.1 operation"):
        load(FolderDocuments(folder), URL, {})


def test_an_empty_folder_says_which_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(
        ContractFault, match=r"webservice/WSTokenService: the WSDL cannot be read: .*WSTokenService\.wsdl"
    ):
        load(FolderDocuments(tmp_path), URL, {})


def test_the_case_of_a_file_does_not_matter(folder: Path) -> None:
    for file in list(folder.iterdir()):
        file.rename(folder / file.name.lower())
    assert load(FolderDocuments(folder), URL, {})[UPDATE_STATUS].missing == ()


@dataclass(frozen=True, kw_only=True)
class Escape:
    id: str
    location: str
    told: str


ESCAPES = [
    Escape(id="a local file", location="file:///etc/passwd", told="leads to /etc/passwd, which is never asked"),
    Escape(
        id="another server",
        location="http://169.254.169.254/latest/meta-data",
        told="leads to http://169.254.169.254, which is never asked, and the folder has no meta-data",
    ),
    Escape(
        id="a path out of the folder",
        location="../../../../../../../../etc/passwd",
        told="leads out of the folder: passwd",
    ),
    Escape(id="an absolute path", location="/etc/passwd", told="leads out of the folder: passwd"),
    Escape(id="another protocol", location="ftp://files.example/x.xsd", told="No such file or directory"),
]


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("case", ESCAPES, ids=lambda case: case.id)
def test_an_import_that_leads_out_of_the_folder_is_refused(folder: Path, case: Escape) -> None:
    edit(folder / f"{CONTRACTOR}.wsdl", f'schemaLocation="{CONTRACTOR}.xsd0.xsd"', f'schemaLocation="{case.location}"')
    with pytest.raises(ContractFault, match=re.escape(case.told)):
        load(FolderDocuments(folder), URL, {})


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("kind", ["wsdl:import", "xs:include"])
def test_an_import_of_any_kind_is_held_to_the_folder(folder: Path, kind: str) -> None:
    file, anchor, text = {
        "wsdl:import": (
            f"{CONTRACTOR}.wsdl",
            "<wsdl:types>",
            '<wsdl:import namespace="u" location="file:///etc/passwd"/>',
        ),
        "xs:include": (
            f"{CONTRACTOR}.xsd3.xsd",
            "  <xs:complexType",
            '<xs:include schemaLocation="file:///etc/passwd"/>',
        ),
    }[kind]
    original = (folder / file).read_text()
    (folder / file).write_text(original.replace(anchor, text + anchor, 1))
    with pytest.raises(ContractFault, match="leads to /etc/passwd; only the files of the folder are read"):
        load(FolderDocuments(folder), URL, {})


@pytest.mark.usefixtures("no_network")
def test_a_link_out_of_the_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.xsd"
    secret.write_text((folder / f"{CONTRACTOR}.xsd3.xsd").read_text())
    (folder / f"{CONTRACTOR}.xsd3.xsd").unlink()
    (folder / f"{CONTRACTOR}.xsd3.xsd").symlink_to(secret)
    with pytest.raises(ContractFault, match="leads out of the folder"):
        load(FolderDocuments(folder), URL, {})


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize(
    "doctype",
    ['<!DOCTYPE x SYSTEM "http://evil.example/x.dtd">', '<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]>'],
    ids=["external", "entity"],
)
def test_a_document_type_in_a_wsdl_is_refused(folder: Path, doctype: str) -> None:
    edit(folder / f"{CONTRACTOR}.wsdl", "<wsdl:definitions", f"{doctype}<wsdl:definitions")
    with pytest.raises(ContractFault):
        load(FolderDocuments(folder), URL, {})


def test_live_documents_stay_on_the_backend_s_own_server() -> None:
    fetched: list[str] = []

    def fetch(address: str) -> bytes:
        fetched.append(address)
        return b""

    documents = LiveDocuments(URL, fetch)
    assert documents.entry("webservice/WSTokenService") == f"{URL}/webservice/WSTokenService?wsdl"
    for allowed in (f"{URL}/webservice/WSTokenService?wsdl", "https://RIVERSIDE.example:443/other?xsd=xsd0"):
        documents.load(allowed)
    for refused in (
        "http://riverside.example/cx/webservice/x?wsdl",
        "https://riverside.example:8443/cx?xsd=xsd0",
        "https://riverside.example.evil/cx?xsd=xsd0",
        "https://riverside.example@evil.example/cx",
        "file:///etc/passwd",
        "/etc/passwd",
    ):
        with pytest.raises(ForeignDocument, match="not the backend's own server"):
            documents.load(refused)
    assert len(fetched) == 2


@pytest.mark.parametrize(
    ("address", "file"),
    [
        ("http://any/cx/webservice/wsrepaircontractorservice?XSD=xsd2", f"{CONTRACTOR}.xsd2.xsd"),
        (f"http://any/cx/webservice/{CONTRACTOR}.svc?wsdl=wsdl0", f"{CONTRACTOR}.wsdl0.wsdl"),
        (f"http://any/cx/webservice/{CONTRACTOR}?singleWsdl", f"{CONTRACTOR}.wsdl"),
    ],
)
def test_an_address_of_wcf_is_found_as_the_file_it_was_saved_to(address: str, file: str) -> None:
    assert FolderDocuments(FOREIGN).load(address) == (FOREIGN / file).read_bytes()


def test_every_name_of_the_contract_can_be_renamed() -> None:
    layout = members(UPDATE_STATUS, {"Comments": hole("Comments")})
    inner = layout["NewStatus"]
    assert isinstance(inner, dict)
    assert set(layout) | set(inner) <= ELEMENTS
