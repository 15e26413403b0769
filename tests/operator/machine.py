"""A machine for the commands of docs/operator.md: folders below a root, no packages, no other user.

The commands are taken as they stand; what is another here is written down in ``CHANGED`` and
``LEFT_OUT``, with the reason.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.engine import make_url

from tests.operator.page import ROOT
from tests.operator.services import Services
from tests.ports import free_port

APP = "/srv/alliance/app"
UNITS = "/etc/systemd/system"
BELOW_THE_ROOT = (
    "/srv/alliance",
    "/etc/",
    "/var/backups",
    "/var/lib/alliance",
    "/run/alliance-web",
)
PROGRAM = ("lti_alliance", "migrations", "config", "wsgi.py")
_SECONDS = 120

LEFT_OUT = {
    r"^sudo apt install ": "the machine has its packages",
    r"^sudo adduser ": "the user of the tests stands in for alliance",
    r"createuser ": "the role of the tests is there",
    r"pip install ": "the environment of the tests was installed from the same lock",
    r"git fetch ": "there is no newer release to fetch",
    r"Caddyfile|reload caddy": "the tests have no name of their own to get a certificate for",
    r"^alliance platform approve ": "needs an LMS that has registered itself",
    r"^alliance platform check NAME": "names no platform",
}
"""Commands that are not run, and why; whatever else is on the page is."""

CHANGED = (
    (r"-o alliance -g alliance ", ""),
    (r"--owner alliance ", ""),
    (r"https://tool\.example", "{base_url}"),
    (r"redis://127\.0\.0\.1:6379/0", "{limiter_url}"),
    (r"127\.0\.0\.1:8000", "127.0.0.1:{port}"),
    (r"(template0 |postgresql:///|--dbname )alliance\b(?!_)", r"\1{database}"),
    (r"\balliance_restored\b", "{restored}"),
    (r"/usr/local/bin/alliance\b", "{root}/usr/local/bin/alliance"),
)
"""What is another on this machine, in commands and in the files of ``config/`` alike."""


def own_environment() -> dict[str, str]:
    """Return the environment of the tests, without settings of the tool."""
    return {name: text for name, text in os.environ.items() if not name.startswith("ALLIANCE_")}


def copy_program(to: Path) -> None:
    """Put the program of this checkout into a folder of its own."""
    to.mkdir()
    for name in PROGRAM:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, to / name)
        else:
            shutil.copy2(ROOT / name, to / name)


_SUDO = """\
#!/bin/sh
if [ "$1" = -u ]; then shift 2; fi
exec "$@"
"""


@dataclass
class Machine:
    """An empty machine, on which one command of the page runs after the other."""

    root: Path
    databases: Sequence[str]
    """Names on the server: the tool's, the one to restore into, and one that is to be upgraded."""
    server_url: str
    limiter_url: str
    port: int = field(default_factory=free_port)
    left_out: list[str] = field(default_factory=list)
    cwd: Path = Path("/")

    def __post_init__(self) -> None:
        """Make the folders that every machine has, and a ``sudo`` that changes nobody."""
        for folder in ("usr/local/bin", "etc/systemd/system", "var/backups", "srv/alliance"):
            (self.root / folder).mkdir(parents=True)
        sudo = self.root / "usr/local/bin/sudo"
        sudo.write_text(_SUDO)
        sudo.chmod(0o755)
        self.services = Services(self.root, self.path(UNITS), self.env)

    @property
    def base_url(self) -> str:
        """The tool's address."""
        return f"http://localhost:{self.port}"

    @property
    def env(self) -> Mapping[str, str]:
        """What every command finds in its environment."""
        server = make_url(self.server_url)
        told = {
            "PGHOST": server.host,
            "PGPORT": server.port and str(server.port),
            "PGUSER": server.username,
            "PGPASSWORD": server.password,
        }
        return own_environment() | {
            **{name: str(text) for name, text in told.items() if text},
            "PATH": f"{self.root}/usr/local/bin:{os.environ['PATH']}",
            "PYTHONPATH": str(self.path(APP)),
            "LC_ALL": "C.UTF-8",
            # As few as can share something.
            "GUNICORN_CMD_ARGS": "--workers 2",
        }

    def path(self, absolute: str) -> Path:
        """Return where something of the page is here."""
        return self.root / absolute.lstrip("/")

    def translated(self, words: str) -> str:
        """Return a command, or a file, as it has to read on this machine."""
        for pattern, instead in CHANGED:
            words = re.sub(pattern, instead.replace("\\1", "\\g<1>"), words)
        for folder in BELOW_THE_ROOT:
            words = re.sub(rf"(?<![\w/.}}-]){re.escape(folder)}", f"{{root}}{folder}", words)
        facts: dict[str, object] = {
            "base_url": self.base_url,
            "limiter_url": self.limiter_url,
            "port": self.port,
        }
        facts |= {"database": self.databases[0], "restored": self.databases[1], "root": self.root}
        for name, fact in facts.items():
            words = words.replace(f"{{{name}}}", str(fact))
        return words

    def run(self, command: str, *, may_fail: bool = False) -> str:
        """Run one command of the page and return what it said."""
        if any(re.search(pattern, command) for pattern in LEFT_OUT):
            self.left_out.append(command)
            return ""
        if "git clone" in command:
            return self._install_program()
        here = self.translated(command)
        if found := re.fullmatch(r"cd (\S+)", here):
            self.cwd = Path(found[1])
            return ""
        if found := re.fullmatch(r"sudo systemctl (.+)", here):
            self.services.systemctl(*found[1].split())
            return ""
        if "-m venv" in here:
            (self.cwd / ".venv").symlink_to(sys.prefix)
            return ""
        done = subprocess.run(
            ["/bin/sh", "-c", here],
            env=self.env,
            cwd=self.cwd,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
        )
        said = done.stdout + done.stderr
        assert may_fail or done.returncode == 0, f"{command}\n{said}"
        return said

    def _install_program(self) -> str:
        """Put the program of this checkout where the page would clone it to."""
        app = self.path(APP)
        copy_program(app)
        for path in (app / "config").rglob("*"):
            if path.is_file() and path.suffix in (".sh", ".service", ".socket", ".timer"):
                path.write_text(self.translated(path.read_text()))
        return ""
