"""What the fork server loads once, so that a process starts in tenths of a second."""

from app.vendors import registry, simulation_server
from app.vendors.civica_cx import simulator as civica_cx
from app.vendors.nexusfs import simulator as nexusfs
from app.vendors.overit import simulator as overit
from app.vendors.unit4_erpx import simulator as unit4_erpx
from tests.chaos import gateway_process, vendor_process
from tests.delivery import doomed

__all__ = [
    "civica_cx",
    "doomed",
    "gateway_process",
    "nexusfs",
    "overit",
    "registry",
    "simulation_server",
    "unit4_erpx",
    "vendor_process",
]
