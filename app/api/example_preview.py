"""The example of a preview: what the example's status update would send to Civica Cx."""

from __future__ import annotations

from app.domain.json import JsonObject

_CONTRACTS = "http://schemas.datacontract.org/2004/07/Civica.Housing.Cx.WebServices.Contracts.DataContracts"
_REPAIRS = f"{_CONTRACTS}.Modules.Repairs"
_SERVICES = "http://www.civica.co.uk/Civica.Housing.Cx.WebServices"

PREVIEW: JsonObject = {
    "requests": [
        {
            "method": "POST",
            "url": "http://127.0.0.1:9101/webservice/WSRepairContractorService",
            "headers": {
                "Accept-Encoding": "identity",
                "User-Agent": "orderbridge",
                "Accept": "text/xml",
                "Content-Type": "text/xml; charset=utf-8",
                "SOAPAction": f'"{_SERVICES}/IWSRepairContractorService/UpdateRepairWorksOrderStatus"',
            },
            "body": "<?xml version='1.0' encoding='utf-8'?>\n"
            '<soap-env:Envelope xmlns:soap-env="http://schemas.xmlsoap.org/soap/envelope/"><soap-env:Body>'
            f'<ns0:UpdateRepairWorksOrderStatus xmlns:ns0="{_SERVICES}"><ns0:request>'
            f'<ns1:Token xmlns:ns1="{_CONTRACTS}">***</ns1:Token>'
            f'<ns2:NewStatus xmlns:ns2="{_REPAIRS}"><ns2:Comments>Engineer on site</ns2:Comments>'
            "<ns2:StatusCodeId>11</ns2:StatusCodeId><ns2:StatusDate>2026-11-20T20:40:00</ns2:StatusDate>"
            "<ns2:StatusReasonId>0</ns2:StatusReasonId><ns2:StatusSetByUserId>0</ns2:StatusSetByUserId>"
            '<ns2:StatusSetDate xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/></ns2:NewStatus>'
            f'<ns3:WorkOrderId xmlns:ns3="{_REPAIRS}">113427</ns3:WorkOrderId>'
            f'<ns4:WorkOrderUid xmlns:ns4="{_REPAIRS}">0eb0a7b8-8e0d-45b4-bd73-d7ec9c9b5bc9</ns4:WorkOrderUid>'
            "</ns0:request></ns0:UpdateRepairWorksOrderStatus></soap-env:Body></soap-env:Envelope>",
        }
    ]
}
