"""config/alerts.rules.yaml: rules that Prometheus takes, about metrics that the tool really has."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import find_promtool
from tests.operator import page
from tests.operator.page import ROOT
from tests.operator.story import Story

FILE = ROOT / "config" / "alerts.rules.yaml"
RULES: list[dict[str, Any]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))["groups"][0]["rules"]
NAMES = [rule["alert"] for rule in RULES]

needs_the_machine = [
    pytest.mark.processes,
    pytest.mark.needs_postgres,
    pytest.mark.needs_redis,
    pytest.mark.timeout(600),
    pytest.mark.xdist_group("operator-page"),
]


def promtool(*arguments: str) -> str:
    """Ask Prometheus; what it refuses is an error."""
    program = find_promtool()
    assert program
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.needs_promtool
def test_prometheus_takes_the_rules() -> None:
    """Every expression is one of Prometheus' language."""
    assert f"{len(RULES)} rules found" in promtool("check", "rules", str(FILE))


@pytest.mark.parametrize(
    "rule", [pytest.param(rule, marks=needs_the_machine) for rule in RULES], ids=NAMES
)
def test_metrics_of_a_rule_are_there(story: Story, rule: dict[str, Any]) -> None:
    """A running tool tells each metric that a rule reads, with the labels that it chooses by."""
    text = str(story.seen["metrics"])
    families = set(re.findall(r"^# TYPE (\S+) ", text, re.MULTILINE))
    names = set(re.findall(r"\b(alliance_\w+)", rule["expr"]))
    chosen = set(re.findall(r"(?:by \(|\{|, )(\w+)(?=[,)=!])", rule["expr"]))
    samples = [line for line in text.splitlines() if line.startswith(tuple(names))]
    labels = {label for line in samples for label in re.findall(r'[{,](\w+)="', line)}

    assert names or "up{" in rule["expr"]
    for name in names:
        assert {name, re.sub(r"_(count|bucket|sum)$", "", name)} & families, name
    if samples:
        assert chosen <= labels


FIRING = {
    "AllianceDown": ('up{job="alliance"}', "0x40"),
    "AllianceWorkerSilent": ("alliance_worker_silent_seconds", "5 60 600+60x40"),
    "AllianceJobOverdue": ('alliance_job_overdue_seconds{job="retention"}', "0+60x40"),
    "AllianceScoresWait": (
        'alliance_oldest_waiting_delivery_seconds{registration="a"}',
        "0+60x40",
    ),
    "AllianceScoresStuck": ('alliance_deliveries{registration="a",state="dead"}', "3x40"),
    "AlliancePlatformLeftAlone": (
        'alliance_platform_circuit_open{registration="a",endpoint="score"}',
        "1x40",
    ),
    "AlliancePlatformRefuses": (
        'alliance_platform_refusals_total{registration="a",endpoint="score"}',
        "0+1x40",
    ),
    "AllianceAuditUnsealed": ("alliance_audit_unsealed_seconds", "0+60x40"),
    "AllianceSigningKeyOld": ("alliance_signing_key_seconds", "9e9x40"),
    "AllianceDiskFull": ("alliance_disk_free_bytes", "400e6x40"),
    "AllianceFailing": (
        'alliance_request_seconds_count{status="500",endpoint="student.home",method="GET"}',
        "0+10x40",
    ),
    "AllianceSlow": ('alliance_request_seconds_bucket{le="+Inf"}', "0+10x40"),
    "AllianceLaunchesRefused": ('alliance_launches_total{code="launch.expired"}', "0+10x40"),
}
"""What a rule is about, and forty minutes of it, a value each minute, in which it is wrong."""

# So that a share has something to be a share of.
BESIDE = {
    "AllianceSlow": [
        ('alliance_request_seconds_bucket{le="2.5"}', "0x40"),
        ('alliance_request_seconds_bucket{le="10.0"}', "0+10x40"),
    ],
}


@pytest.mark.needs_promtool
def test_each_rule_fires_when_it_should(tmp_path: Path) -> None:
    """Half an hour of trouble raises the alert that is about it, and a quiet one raises none."""
    assert set(FIRING) == set(NAMES)
    tests = []
    for name, (series, values) in FIRING.items():
        given = [(series, values), *BESIDE.get(name, [])]
        tests.append(
            {
                "interval": "1m",
                "input_series": [{"series": s, "values": v} for s, v in given],
                "promql_expr_test": [
                    {
                        "expr": f'count(ALERTS{{alertname="{name}",alertstate="firing"}})',
                        "eval_time": "35m",
                        "exp_samples": [{"labels": "{}", "value": 1}],
                    }
                ],
            }
        )
    quiet = [("alliance_worker_silent_seconds", "5x40"), ('up{job="alliance"}', "1x40")]
    quiet += [('alliance_launches_total{code="ok"}', "0+10x40")]
    tests.append(
        {
            "interval": "1m",
            "input_series": [{"series": s, "values": v} for s, v in quiet],
            "promql_expr_test": [{"expr": "ALERTS", "eval_time": "35m", "exp_samples": []}],
        }
    )
    cases = tmp_path / "cases.yaml"
    cases.write_text(yaml.safe_dump({"rule_files": [str(FILE)], "tests": tests}))

    assert "SUCCESS" in promtool("test", "rules", str(cases))


def test_the_page_tells_what_to_do_about_each() -> None:
    """The table of the operator's page has every alert, and no other."""
    told = re.findall(r"^\| `(Alliance\w+)` \|", page.section("What to watch"), re.MULTILINE)

    assert told == NAMES
