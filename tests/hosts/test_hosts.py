"""Several hosts over one PostgreSQL, as network namespaces, some of them cut off midway."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bench import yard
from lti_alliance.demo.processes import python
from lti_alliance.demo.run import ROOT
from tests.conftest import MEND
from tests.failures import private_postgres as postgres

pytestmark = [
    pytest.mark.processes,
    pytest.mark.namespaces,
    pytest.mark.timeout(900),
    pytest.mark.xdist_group("hosts"),
]
NETWORKS = "/proc/self/net/dev"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The outcome of a small class on two web hosts and two worker hosts (`bench.hosts`)."""
    if postgres.find_programs() is None:
        pytest.skip(postgres.MEND)
    if shutil.which("redis-server") is None:
        pytest.skip(MEND["needs_redis"])
    file = tmp_path_factory.mktemp("hosts") / "outcome.json"
    done = subprocess.run(
        python("-m", "bench.hosts", "--quick", "--json", str(file)),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
    )
    assert file.exists(), done.stdout + done.stderr
    return json.loads(file.read_text()) | {"status": done.returncode}


def test_hosts_that_are_cut_off_lose_nothing(told: dict[str, Any]) -> None:
    """Launches, answers and hand-ins go to either of two web hosts in turn, and are all answered
    although one is cut off midway; every score is in the gradebook once and in order although a
    worker host is cut off with some in its hands; a platform that is disabled, a new key and a lost
    Redis mean the same on every host."""
    assert told["faults"] == []
    assert told["status"] == 0


def test_what_a_cut_off_host_held_is_free_again(told: dict[str, Any]) -> None:
    """A host that vanished in the middle of a transaction keeps its locks for less than a minute,
    where the system's own patience is two hours; and its scores go over to another worker."""
    measured = {each["target"]: each["measured"] for each in told["verdicts"]}

    assert measured["locks of a cut-off host free again"] < 60
    assert measured["scores of a cut-off worker taken over and delivered"] > 0


def test_nothing_is_left_of_the_network(told: dict[str, Any]) -> None:
    """The bridge and the hosts were the run's own: this machine's network has never had them."""
    devices = Path(NETWORKS).read_text()

    assert "yard" not in devices
    assert "to-web1" not in devices
    assert not list(Path("/run/netns").glob("web*"))


def test_a_yard_is_not_built_in_the_machines_own_network() -> None:
    """Building one is refused to every process that has not been put into a network of its own."""
    with pytest.raises(yard.NoYard, match="own network"):
        yard.build(["web1"])
