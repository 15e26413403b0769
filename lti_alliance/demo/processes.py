"""Running several programs side by side: all start, all stop together, none is left behind."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

_STOP_WAIT_S = 8.0


class DemoError(Exception):
    """The demonstration cannot run; the message says what to do."""


class Interrupted(Exception):
    """Somebody asked the demonstration to stop."""


@dataclass
class Processes:
    """Child programs with a log file each; ``brief`` names those that may end by themselves."""

    logs: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    brief: set[str] = field(default_factory=set)

    def start(
        self,
        name: str,
        arguments: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        is_brief: bool = False,
    ) -> subprocess.Popen[bytes]:
        """Start one program in a session of its own, so that Ctrl-C reaches only this one."""
        if is_brief:
            self.brief.add(name)
        self.logs.mkdir(parents=True, exist_ok=True)
        with (self.logs / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(  # noqa: S603 - the arguments are our own
                list(arguments),
                env={**os.environ, **env},
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self.running[name]

    def check(self) -> None:
        """Raise ``DemoError`` with the last lines of the log if a lasting program has ended."""
        for name, process in self.running.items():
            if name not in self.brief and process.poll() is not None:
                log = (self.logs / f"{name}.log").read_text(errors="replace").splitlines()
                tail = "\n".join(log[-15:])
                raise DemoError(f"The {name} stopped (exit {process.returncode}):\n{tail}")

    def stop(self) -> None:
        """Ask every program to end, and insist after a while."""
        for process in self.running.values():
            _signal_group(process, signal.SIGTERM)
        deadline = time.monotonic() + _STOP_WAIT_S
        for process in self.running.values():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                _signal_group(process, signal.SIGKILL)
                process.wait()


def wait_until_up(url: str, processes: Processes, *, seconds: float = 40.0) -> None:
    """Wait until the address answers; raise ``DemoError`` if a program ends or time runs out."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        processes.check()
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own loopback address
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise DemoError(f"{url} did not answer within {seconds:.0f} seconds.")


def check_port(port: int, *, variable: str) -> None:
    """Raise ``DemoError`` if another program holds the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise DemoError(
                f"Port {port} is taken. Stop the program that uses it, or run "
                f"`make demo {variable}={port + 10}`."
            ) from None


def python(*arguments: str) -> list[str]:
    """Return the command that runs this same Python with these arguments."""
    return [sys.executable, *arguments]


def interrupt_on_signals() -> None:
    """Turn Ctrl-C, a closed terminal and a polite kill into ``Interrupted``."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        # Once is enough: a second signal must not break the stopping itself.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        raise Interrupted

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    if process.poll() is None:
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return
