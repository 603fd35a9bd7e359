"""Each alert fires when it should and not otherwise, as Debian's promtool works the shipped rules out on made-up series."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import yaml

RULES = Path(__file__).parents[2] / "deploy/prometheus/alerts.yaml"
CX = 'backend="cx", vendor="civica_cx"'
A, B = f'{CX}, instance="a", job="orderbridge"', f'{CX}, instance="b", job="orderbridge"'
AGE, HOLDS, HOLD_AGE = (
    "orderbridge_operation_oldest_age_seconds",
    "orderbridge_holds_open",
    "orderbridge_hold_oldest_age_seconds",
)
PAUSED, LAG, EVERY = "orderbridge_backend_paused", "orderbridge_poll_lag_seconds", "orderbridge_poll_interval_seconds"
REQUESTS, CALLS = "orderbridge_http_requests_total", "orderbridge_vendor_calls_total"
BUSY, MOST = "orderbridge_vendor_calls_running", "orderbridge_vendor_connections_max"
HOUR = 60


@dataclass(frozen=True, kw_only=True)
class Case:
    id: str
    series: dict[str, str]
    """In promtool's words: `5x60` is the same value each minute of an hour, `0+3x60` rises by 3."""
    fire: set[str]
    after_m: int = HOUR


CASES = [
    Case(
        id="all is well",
        series={
            f'{AGE}{{{A}, state="unknown"}}': "30x60",
            f'{AGE}{{{A}, state="queued"}}': "300x60",
            f"{HOLD_AGE}{{{A}}}": "0x60",
            f'{HOLDS}{{{A}, cause="vendor-refused"}}': "0x60",
            f'{PAUSED}{{{A}, reason="breaker"}}': "0x60",
            f"{LAG}{{{A}}}": "70x60",
            f"{EVERY}{{{A}}}": "60x60",
            f'{REQUESTS}{{{A}, route="/v1", status="201"}}': "0+600x60",
            f'{REQUESTS}{{{A}, route="/v1", status="503"}}': "0+6x60",
            f'{REQUESTS}{{{A}, route="/readyz", status="503"}}': "0+60x60",
            f'{CALLS}{{{A}, call="send", outcome="applied"}}': "0+600x60",
            f'{CALLS}{{{A}, call="send", outcome="unknown"}}': "0+6x60",
            f"{BUSY}{{{A}}}": "5x60",
            f"{MOST}{{{A}}}": "16x60",
            'up{instance="a", job="orderbridge"}': "1x60",
            'orderbridge_ledger_up{instance="a", job="orderbridge"}': "1x60",
            'orderbridge_ledger_up{instance="b", job="orderbridge"}': "0x60",
            "orderbridge_webhook_oldest_age_seconds": "60x60",
            "orderbridge_disk_free_bytes": "50x60",
            "orderbridge_disk_size_bytes": "100x60",
        },
        fire=set(),
    ),
    Case(
        id="one of two is down",
        series={
            'up{instance="a", job="orderbridge"}': "0x60",
            'up{instance="b", job="orderbridge"}': "1x60",
            'up{instance="c", job="other"}': "0x60",
        },
        fire={"OrderbridgeGatewayDown"},
    ),
    Case(
        id="no gateway has the database",
        series={'orderbridge_ledger_up{instance="a"}': "0x60", 'orderbridge_ledger_up{instance="b"}': "0x60"},
        fire={"OrderbridgeLedgerDown"},
    ),
    Case(id="unknown", series={f'{AGE}{{{A}, state="verifying"}}': "700x60"}, fire={"OrderbridgeUnknownTooOld"}),
    Case(
        id="a hold",
        series={
            f'{HOLDS}{{{A}, cause="vendor-refused"}}': "1x60",
            f'{HOLDS}{{{B}, cause="vendor-refused"}}': "1x60",
            f"{HOLD_AGE}{{{A}}}": "3600x60",
        },
        fire={"OrderbridgeHoldsOpen"},
    ),
    Case(id="an old hold", series={f"{HOLD_AGE}{{{A}}}": "20000x60"}, fire={"OrderbridgeHoldTooOld"}),
    Case(
        id="an old queue",
        series={f'{AGE}{{{A}, state="queued"}}': "1000x60", f"{HOLD_AGE}{{{A}}}": "0x60"},
        fire={"OrderbridgeQueueTooOld"},
    ),
    Case(
        id="an old queue beside a hold",
        series={f'{AGE}{{{A}, state="queued"}}': "1000x60", f"{HOLD_AGE}{{{A}}}": "1000x60"},
        fire={"OrderbridgeQueueTooOld"},
    ),
    Case(
        id="a hold, and what waits behind it",
        series={f'{AGE}{{{A}, state="queued"}}': "0x60", f"{HOLD_AGE}{{{A}}}": "1000x60"},
        fire=set(),
    ),
    Case(
        id="one gateway sees the breaker open",
        series={f'{PAUSED}{{{A}, reason="breaker"}}': "1x60", f'{PAUSED}{{{B}, reason="breaker"}}': "0x60"},
        fire={"OrderbridgeBreakerOpen"},
    ),
    Case(
        id="a log-in refused",
        series={f'{PAUSED}{{{A}, reason="misconfigured"}}': "1x60"},
        fire={"OrderbridgeLogInRefused"},
    ),
    Case(
        id="never polled",
        series={f"{LAG}{{{A}}}": " ".join(["Inf"] * 61), f"{EVERY}{{{A}}}": "60x60"},
        fire={"OrderbridgePollLag"},
    ),
    Case(
        id="not polled in maintenance",
        series={
            f"{LAG}{{{A}}}": "4000x60",
            f"{EVERY}{{{A}}}": "60x60",
            f'{PAUSED}{{{A}, reason="maintenance"}}': "1x60",
        },
        fire=set(),
    ),
    Case(
        id="server errors of two gateways",
        series={
            f'{REQUESTS}{{{A}, route="/v1", status="201"}}': "0+600x60",
            f'{REQUESTS}{{{B}, route="/v1", status="503"}}': "0+30x60",
        },
        fire={"OrderbridgeServerErrors"},
    ),
    Case(
        id="lost answers",
        series={
            f'{CALLS}{{{A}, call="send", outcome="applied"}}': "0+90x60",
            f'{CALLS}{{{A}, call="send", outcome="unknown"}}': "0+10x60",
        },
        fire={"OrderbridgeOutcomesLost"},
    ),
    *(
        Case(
            id=f"{busy} of {most} connections",
            series={f"{BUSY}{{{A}}}": f"{busy}x60", f"{MOST}{{{A}}}": f"{most}x60"},
            fire={"OrderbridgeVendorConnectionsFull"},
        )
        for busy, most in ((1, 1), (2, 2), (3, 3), (3, 4), (6, 8), (14, 16), (254, 256))
    ),
    *(
        Case(
            id=f"{busy} of {most} connections are not full",
            series={f"{BUSY}{{{A}}}": f"{busy}x60", f"{MOST}{{{A}}}": f"{most}x60"},
            fire=set(),
        )
        for busy, most in ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 4), (5, 8), (13, 16))
    ),
    Case(
        id="late webhooks",
        series={"orderbridge_webhook_oldest_age_seconds": "4000x60"},
        fire={"OrderbridgeWebhooksLate"},
    ),
    Case(
        id="a full disk",
        series={"orderbridge_disk_free_bytes": "5x60", "orderbridge_disk_size_bytes": "100x60"},
        fire={"OrderbridgeDiskFull"},
    ),
]


def test_the_alerts_fire_when_they_should(tmp_path: Path) -> None:
    """`ALERTS` holds what fires: each case names all of it."""
    tests = [
        {
            "name": case.id,
            "interval": "1m",
            "input_series": [{"series": name, "values": values} for name, values in case.series.items()],
            "promql_expr_test": [
                {
                    "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
                    "eval_time": f"{case.after_m}m",
                    "exp_samples": [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in sorted(case.fire)],
                }
            ],
        }
        for case in CASES
    ]
    path = tmp_path / "tests.yaml"
    path.write_text(yaml.safe_dump({"rule_files": [str(RULES)], "tests": tests}))
    done = subprocess.run([promtool(), "test", "rules", path], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_case() -> None:
    alerts = {rule["alert"] for rule in yaml.safe_load(RULES.read_text())["groups"][0]["rules"]}
    assert set().union(*(case.fire for case in CASES)) == alerts


def promtool() -> str:
    found = shutil.which("promtool")
    assert found is not None, "these tests need promtool: run `make test-system`, or `apt-get install prometheus`"
    return found
