"""config/Containerfile and the compose example: one image, locked and closed, for every part."""

import re
from dataclasses import fields
from typing import Any

import pytest
import yaml

from lti_alliance.settings import Settings
from tests.operator import page
from tests.operator.page import ROOT
from tests.operator.services import read_unit

TEXT = (ROOT / "config" / "Containerfile").read_text(encoding="utf-8")
STEPS = re.sub(r"\\\n\s*", "", TEXT)
UNITS = ROOT / "config" / "systemd"


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """The parts of the example."""
    found = yaml.safe_load((ROOT / "config" / "compose.example.yaml").read_text(encoding="utf-8"))
    return dict(found["services"])


def steps(word: str) -> list[str]:
    """Return what follows a word of the file, each time."""
    return re.findall(rf"^{word} (.+)$", STEPS, re.MULTILINE)


def test_packages_are_installed_by_hash() -> None:
    """As on a server: from the lock, by hash, and the program itself without anything else."""
    installing = [step for step in steps("RUN") if "pip install" in step]

    assert len(installing) == 2
    assert "--require-hashes -r requirements/server.txt" in installing[0]
    assert "--no-deps --no-build-isolation -e ." in installing[1]


def test_the_image_is_nobodys() -> None:
    """Neither root nor a name that the machine could mean another by; nothing comes after it."""
    last = STEPS.rpartition("\nFROM ")[2]

    assert re.search(r"^USER \d{5}$", last, re.MULTILINE)
    assert "RUN" not in last.partition("\nUSER ")[2]


def test_what_is_copied_is_there() -> None:
    """Whatever goes into the image is a file or a folder of this project, and no more than that."""
    copied = [name for step in steps("COPY") if "--from" not in step for name in step.split()[:-1]]

    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert "." not in copied


def test_parts_are_started_as_the_units_start_them(services: dict[str, Any]) -> None:
    """The same two programs, with the same time to end."""
    web = read_unit(UNITS / "alliance-web.service")["Service"]
    worker = read_unit(UNITS / "alliance-worker.service")["Service"]
    command = yaml.safe_load(steps("CMD")[-1])

    assert command == web["ExecStart"][0].replace("/srv/alliance/app/.venv/bin/", "").split()
    assert services["worker"]["command"] == ["alliance", "worker"]
    assert worker["ExecStart"][0].endswith("/alliance worker")
    for name, unit in (("web", web), ("worker", worker)):
        assert services[name]["stop_grace_period"] == unit["TimeoutStopSec"][0] + "s"


def test_health_is_asked_of_the_web_server(services: dict[str, Any]) -> None:
    """The image knows how to ask; parts that answer nothing are not asked."""
    assert "/healthz" in steps("HEALTHCHECK")[-1]
    assert "healthcheck" not in services["web"]
    assert services["worker"]["healthcheck"] == {"disable": True}


@pytest.mark.parametrize("name", ["web", "worker", "migrate"])
def test_parts_are_closed(services: dict[str, Any], name: str) -> None:
    """The same image, read-only, with no rights, and settings that exist."""
    part = services[name]
    known = {f"ALLIANCE_{setting.name.upper()}" for setting in fields(Settings)}

    assert part["image"] == "lti-alliance"
    assert part["read_only"] is True
    assert part["cap_drop"] == ["ALL"]
    assert {path.partition(":")[0] for path in part["tmpfs"]} == {"/tmp", "/run/alliance"}
    assert set(part["environment"]) <= known
    assert not {"ALLIANCE_SECRET_KEY", "ALLIANCE_DATA_KEY"} & set(part["environment"])


def test_nothing_serves_before_the_migrations(services: dict[str, Any]) -> None:
    """Web and worker wait for the one part that migrates."""
    assert services["migrate"]["command"] == ["alliance", "db", "upgrade"]
    for name in ("web", "worker"):
        condition = services[name]["depends_on"]["migrate"]["condition"]

        assert condition == "service_completed_successfully"


def test_the_page_builds_this_image() -> None:
    """The page's command is the file's own."""
    (told,) = re.findall(r"^#   (podman build .+)$", TEXT, re.MULTILINE)

    assert told in page.commands(page.section("In containers"))
