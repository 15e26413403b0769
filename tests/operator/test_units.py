"""The units of config/systemd: systemd takes them, they are closed, and pages and files agree."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.operator import page
from tests.operator.page import ROOT
from tests.operator.services import read_unit

UNITS = ROOT / "config" / "systemd"
SERVICES = sorted(UNITS.glob("*.service"))
PROGRAM = Path("/srv/alliance/app")
MOST_EXPOSED = 2.0
"""Of ten, by systemd's own count; a service without any such line has more than nine."""


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units as they are installed, but with programs that are on this machine."""
    folder = tmp_path / "system"
    shutil.copytree(UNITS, folder)
    for path in folder.glob("*.service"):
        text = re.sub(
            r"^ExecStart=\S+", "ExecStart=/bin/true", path.read_text(), flags=re.MULTILINE
        )
        path.write_text(text)
    return folder


def ask_systemd(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze, with this folder before the machine's own."""
    return subprocess.run(
        ["systemd-analyze", "--no-pager", *arguments],
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{folder}:"},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.needs_systemd_analyze
def test_systemd_takes_the_units(installed: Path) -> None:
    """Every line is one that systemd knows, and every unit that another names is there."""
    units = [str(path) for path in installed.iterdir() if path.is_file()]
    done = ask_systemd(installed, "verify", "--man=no", *units)

    assert len(units) == 7
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.needs_systemd_analyze
@pytest.mark.parametrize("service", [path.name for path in SERVICES])
def test_services_may_do_little(installed: Path, service: str) -> None:
    """Nobody who takes a service over rules the machine."""
    done = ask_systemd(installed, "security", "--offline=yes", str(installed / service))
    told = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)

    assert told
    assert float(told[1]) <= MOST_EXPOSED


def test_programs_that_units_start_exist() -> None:
    """What is started is in the program's folder, or is installed there from its requirements."""
    installed_there = {"gunicorn", "alliance"}
    for path in SERVICES:
        (command,) = read_unit(path)["Service"]["ExecStart"]
        program = Path(command.split()[0])
        if program.parent == PROGRAM / ".venv" / "bin":
            assert program.name in installed_there
        else:
            assert os.access(ROOT / program.relative_to(PROGRAM), os.X_OK)


def test_services_share_their_user_and_their_settings() -> None:
    """All of them are the user that the page makes, in the folder that it installs."""
    for path in SERVICES:
        service = read_unit(path)["Service"]

        assert (service["User"], service["Group"]) == (["alliance"], ["alliance"])
        if "config/backup.sh" not in service["ExecStart"][0]:
            assert service["WorkingDirectory"] == [str(PROGRAM)]
            assert "ALLIANCE_CONFIG=/etc/alliance/alliance.toml" in service["Environment"]


def test_the_page_names_every_unit() -> None:
    """Its table says what each is, and its commands enable those that can be."""
    text = page.section("Services")
    named = set(re.findall(r"^\| `([\w.-]+)` \|", text, re.MULTILINE))
    there = {path.name for path in UNITS.iterdir()}
    enabled = set(re.findall(r"alliance-[\w.-]+", " ".join(page.commands(text))))

    # A timer stands for the service that it starts.
    assert named == there - {"alliance-backup.service", "alliance-audit.service"}
    for path in UNITS.iterdir():
        if path.is_file() and read_unit(path)["Install"]:
            assert {path.name, path.stem} & enabled, path.name


def test_the_page_holds_no_second_copy() -> None:
    """Units, the proxy's files and scripts are files; the page tells where they go."""
    for line in ("[Unit]", "ProtectSystem", "proxy_pass", "reverse_proxy 127", "#!/bin/sh"):
        assert line not in page.text()


def test_both_proxies_close_and_set_the_same() -> None:
    """What machines ask for is closed from outside, and who asks is told by the proxy alone."""
    caddy = (ROOT / "config" / "Caddyfile.example").read_text()
    nginx = (ROOT / "config" / "nginx.example.conf").read_text()
    port = read_unit(UNITS / "alliance-web.socket")["Socket"]["ListenStream"][0]

    for name in ("metrics", "healthz", "readyz"):
        assert re.search(rf"@inside path .*/{name}\b", caddy)
        assert re.search(rf"location ~ \^/\(.*\b{name}\b.*return 404", nginx)
    assert f"reverse_proxy {port}" in caddy
    assert f"proxy_pass http://{port};" in nginx
    assert "X-Forwarded-For $remote_addr" in nginx
    assert "access_log off" in nginx
