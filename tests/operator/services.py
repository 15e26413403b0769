"""A stand-in for systemd: it starts what unit files say, as they say, and hands sockets over.

What a unit may do on the machine it does not enforce; `test_units.py` looks at that.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_FIRST_SOCKET = 3
_READY_WITHIN_S = 60
_STOPS_WITHIN_S = 60

# What systemd does between its fork and the program: the socket gets its number, and a variable
# names the process that it is for.
_HAND_OVER = """
import os, sys
if (given := int(sys.argv[1])) >= 0:
    os.dup2(given, 3)
    os.environ |= {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
os.execv(sys.argv[2], sys.argv[2:])
"""

Unit = Mapping[str, Mapping[str, list[str]]]


def read_unit(path: Path) -> Unit:
    """Read a unit file; a key may stand several times, and an empty value forgets those before."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    name = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            name = line.strip("[]")
        elif line.strip() and not line.startswith(("#", ";")):
            key, _, value = line.partition("=")
            if value.strip():
                found[name][key.strip()].append(value.strip())
            else:
                found[name][key.strip()].clear()
    return found


@dataclass
class Services:
    """Units of a folder, below a root that stands for the machine's."""

    root: Path
    units: Path
    env: Mapping[str, str]
    sockets: dict[str, socket.socket] = field(default_factory=dict)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    enabled: list[str] = field(default_factory=list)

    def systemctl(self, verb: str, *names: str) -> None:
        """Do what ``systemctl`` would; whatever fails is an error."""
        units = [name if "." in name else f"{name}.service" for name in names if name[:1] != "-"]
        if verb == "enable":
            for name in units:
                assert read_unit(self.units / name)["Install"]["WantedBy"], name
            self.enabled += units
            verb = "start"
        do = {"start": self.start, "stop": self.stop, "restart": self.restart}
        if verb == "daemon-reload":
            return
        for name in units:
            do[verb](name)

    def start(self, name: str) -> None:
        """Start a socket, a service, or what a timer is for."""
        unit = read_unit(self.units / name)
        if name.endswith(".timer"):
            assert (self.units / name.replace(".timer", ".service")).exists(), name
        elif name.endswith(".socket"):
            if name not in self.sockets:
                self.sockets[name] = _listen(unit["Socket"]["ListenStream"][0])
        else:
            self._start_service(name, unit)

    def stop(self, name: str) -> None:
        """Stop, and wait until nothing of it is left."""
        if found := self.sockets.pop(name, None):
            found.close()
        if (process := self.running.pop(name, None)) is not None:
            process.send_signal(signal.SIGTERM)
            assert process.wait(_STOPS_WITHIN_S) in (0, -signal.SIGTERM), self.log(name)
            for folder in read_unit(self.units / name)["Service"]["RuntimeDirectory"]:
                shutil.rmtree(self.root / "run" / folder)

    def restart(self, name: str) -> None:
        """Stop and start; a socket stays where it is."""
        self.stop(name)
        self.start(name)

    def close(self) -> None:
        """Stop everything."""
        for name in [*self.running, *self.sockets]:
            self.stop(name)

    def log(self, name: str) -> str:
        """Return what a service has written."""
        return self._log(name).read_text(encoding="utf-8", errors="replace")

    def _log(self, name: str) -> Path:
        return self.root / f"{name}.log"

    def _start_service(self, name: str, unit: Unit) -> None:
        service = unit["Service"]
        for needed in unit["Unit"]["Requires"]:
            self.start(needed)
        kind = (service["Type"] or ["simple"])[0]
        ready = _notified() if kind == "notify" else None
        process = self._run(name, service, ready)
        if kind == "oneshot":
            assert process.wait(_READY_WITHIN_S) == 0, self.log(name)
            return
        self.running[name] = process
        if ready is not None:
            with ready:
                try:
                    assert b"READY=1" in ready.recv(4096)
                except TimeoutError:
                    raise AssertionError(f"{name} is not ready: {self.log(name)}") from None

    def _run(
        self, name: str, service: Mapping[str, list[str]], ready: socket.socket | None
    ) -> subprocess.Popen[bytes]:
        env = dict(self.env) | dict(line.split("=", 1) for line in service["Environment"])
        for parent, kind in (("run", "RuntimeDirectory"), ("var/lib", "StateDirectory")):
            for folder in service[kind]:
                (self.root / parent / folder).mkdir(parents=True, exist_ok=True)
        if ready is not None:
            env["NOTIFY_SOCKET"] = "@" + ready.getsockname()[1:].decode()
        held = self.sockets.get(name.replace(".service", ".socket"))
        number = held.fileno() if held else -1
        assert number != _FIRST_SOCKET
        (command,) = service["ExecStart"]
        with self._log(name).open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-c", _HAND_OVER, str(number), *command.split()],
                env=env,
                cwd=(service["WorkingDirectory"] or [str(self.root)])[0],
                pass_fds=[number] if held else [],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )


def _listen(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    found = socket.create_server((host, int(port)), backlog=4096)
    if found.fileno() == _FIRST_SOCKET:
        with found:
            return found.dup()
    return found


def _notified() -> socket.socket:
    ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    # No file: the folders of a test have longer names than such a socket may have.
    ready.bind(f"\0alliance-{os.getpid()}-{secrets.token_hex(8)}")
    ready.settimeout(_READY_WITHIN_S)
    return ready
