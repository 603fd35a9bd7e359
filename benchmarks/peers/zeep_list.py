"""What zeep's own reading of Cx's list of orders costs: the same answer parsed again and again, and nothing else."""

from __future__ import annotations

import argparse
import json
import statistics
import time
from typing import Any

from zeep import Client, Transport, xsd

from benchmarks.peers.cx_zeep import SETTINGS, WSDL


def measure(url: str, times: int) -> dict[str, float]:
    """CPU seconds of one parse, the median of so many; how many bytes and orders the list has."""
    transport, answers = Transport(), []
    transport.session.trust_env = False
    transport.session.hooks["response"].append(lambda answer, *_, **__: answers.append(answer))
    security, repairs = (_client(transport, name) for name in ("WSTokenService", "WSRepairContractorService"))
    credentials = {"UserName": SETTINGS["username"], "Password": SETTINGS["password"]}
    token = _service(security, url).GetUserWSToken(request=credentials).Token
    _service(repairs, url).GetRepairWorkOrders(request={"Token": token, "FromDate": xsd.Nil})
    answer, binding = answers[-1], _binding(repairs)
    operation = binding.get("GetRepairWorkOrders")
    took, orders = [], 0
    for _ in range(times):
        began = time.process_time()
        listed = binding.process_reply(repairs, operation, answer)
        took.append(time.process_time() - began)
        orders = len(listed.WorkOrders.RepairWorkOrder)
    return {"cpu_s": statistics.median(took), "bytes": len(answer.content), "orders": orders}


def _client(transport: Transport, name: str) -> Any:
    client = Client(str(WSDL / f"{name}.wsdl"), transport=transport)
    for operation in _binding(client).all().values():
        operation.abstract.wsa_action = None
    return client


def _binding(client: Any) -> Any:
    (binding,) = client.wsdl.bindings.values()
    return binding


def _service(client: Any, url: str) -> Any:
    (service,) = client.wsdl.services
    return client.create_service(_binding(client).name.text, f"{url}/webservice/{service}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers.zeep_list", description=__doc__)
    parser.add_argument("--vendor", required=True, metavar="URL", help="where Cx is")
    parser.add_argument("--times", type=int, default=5, metavar="N")
    options = parser.parse_args()
    print(json.dumps(measure(options.vendor, options.times)))


if __name__ == "__main__":
    main()
