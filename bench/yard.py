"""Hosts made of Linux network namespaces: computers on one bridge, whose cables can be pulled.

Everything happens in a network of its own (``enter``): the bridge, its addresses and the names of
the hosts exist for this program alone, two runs do not meet, and no packet leaves it. The kernel
takes it all away with the program's last process, however that ends. Needs root and iproute2.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

NETWORK = "10.77.0.0/24"
YARD_ADDRESS = "10.77.0.1"
"""Where the hosts find what runs beside the bridge: the database, the LMS."""
_BRIDGE = "yard"
_FIRST_HOST = 11
_NAMES = Path("/run/netns")
_WITH_ME = ("setpriv", "--pdeathsig", "KILL", "--")
"""What is started so is killed when its parent is gone, however that ended."""
_ENTER = (
    *_WITH_ME,
    "unshare",
    "--net",
    "--mount",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
)
MEND = "network namespaces need root, and ip and unshare (Debian: apt install iproute2 util-linux)"


class NoYard(Exception):
    """This machine lets nobody make networks; the message says what is missing."""


def why_not() -> str:
    """Say why this machine cannot have a yard; nothing when it can."""
    if os.geteuid() != 0 or not shutil.which("ip") or not shutil.which("unshare"):
        return MEND
    tried = subprocess.run(
        [*_ENTER, "ip", "link", "add", _BRIDGE, "type", "bridge"],
        capture_output=True,
        text=True,
        check=False,
    )
    return f"no network can be made here: {tried.stderr.strip()}" if tried.returncode else ""


def run_inside(module: str, arguments: Sequence[str]) -> int:
    """Run a Python module in a network of its own, and return its exit status.

    Nothing that it starts outlives it: it is the first process of a world of its own.
    """
    if reason := why_not():
        raise NoYard(reason)
    command = [*_ENTER, sys.executable, "-m", module, *arguments]
    # A polite end reaches the parent alone; it has to come up to here for the child to be killed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="alliance-yard-") as folder:
        env = {**os.environ, "TMPDIR": folder}
        return subprocess.run(command, check=False, env=env).returncode


@dataclass(frozen=True, slots=True)
class Host:
    """One computer on the bridge."""

    name: str
    address: str

    def command(self, arguments: Sequence[str]) -> list[str]:
        """Return the command that runs another one on this host."""
        return ["ip", "netns", "exec", self.name, *arguments]

    def cut(self) -> None:
        """Pull the cable: what is sent either way is lost, and nobody is told."""
        _ip("link", "set", self._cable, "down")

    def join(self) -> None:
        """Put the cable back."""
        _ip("link", "set", self._cable, "up")

    def connect(self) -> None:
        """Make the host and lay its cable."""
        _ip("netns", "add", self.name)
        _ip("link", "add", self._cable, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        _ip("link", "set", self._cable, "master", _BRIDGE, "up")
        _ip("-n", self.name, "address", "add", f"{self.address}/24", "dev", "eth0")
        _ip("-n", self.name, "link", "set", "lo", "up")
        _ip("-n", self.name, "link", "set", "eth0", "up")

    @property
    def _cable(self) -> str:
        return f"to-{self.name}"


def build(names: Sequence[str]) -> dict[str, Host]:
    """Build the bridge and the hosts; only in a process that ``run_inside`` has started."""
    if os.getpid() != 1:
        raise NoYard("this would change the machine's own network")
    _NAMES.mkdir(exist_ok=True)
    # Names of namespaces are files, and a database is many more: all of these are in memory, seen
    # by nobody else and left behind by nobody.
    for folder in (str(_NAMES), tempfile.gettempdir()):
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs", folder], check=True)
    _ip("link", "set", "lo", "up")
    _ip("link", "add", _BRIDGE, "type", "bridge")
    _ip("address", "add", f"{YARD_ADDRESS}/24", "dev", _BRIDGE)
    _ip("link", "set", _BRIDGE, "up")
    prefix = YARD_ADDRESS.rpartition(".")[0]
    hosts = {
        name: Host(name, f"{prefix}.{number}") for number, name in enumerate(names, _FIRST_HOST)
    }
    for host in hosts.values():
        host.connect()
    return hosts


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)
