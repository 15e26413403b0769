"""Where contestants meet: a load platform, databases and served tools, gone at the end."""

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.children import free_port
from bench.contestants import Contestant, Serving, serving
from bench.messages import Issuer, new_issuer
from lti_alliance.demo.browser import ScriptedBrowser
from lti_alliance.demo.processes import Processes, python, wait_until_up
from lti_alliance.demo.run import ROOT


@dataclass(frozen=True, slots=True)
class LoadPlatform:
    """A running load platform; ``issuer`` signs in its name."""

    issuer: Issuer

    def set(self, **values: float) -> None:
        """Change what it is like; the names stand in `bench.load_platform`."""
        self._ask("set", values)

    def clear(self) -> None:
        """Let it forget every score and count anew."""
        self._ask("clear", {})

    def drop_tokens(self) -> None:
        """Let it refuse every token that it has given out."""
        self._ask("drop_tokens", {})

    def book(self) -> dict[str, Any]:
        """Return what it was told, every person's last score included."""
        told: dict[str, Any] = self._ask("scores", {})
        return told

    def counts(self) -> dict[str, Any]:
        """Return how much it was told."""
        told: dict[str, Any] = self._ask("counts", {})
        return told

    def _ask(self, name: str, value: object) -> Any:
        return ScriptedBrowser().send_json(f"{self.issuer.base_url}/_bench/{name}", value)


@dataclass(frozen=True, slots=True)
class Arena:
    """Everything that runs for one measurement."""

    platform: LoadPlatform
    contestants: Sequence[Contestant]
    processes: Processes
    folder: Path
    """For files that are gone when the block ends."""

    @property
    def issuer(self) -> Issuer:
        """Return who signs."""
        return self.platform.issuer


@contextmanager
def running_platform(
    processes: Processes, folder: Path, *, padding_chars: int = 0
) -> Iterator[LoadPlatform]:
    """Run a load platform with a key of its own; who stops the processes stops it."""
    port = free_port()
    issuer = new_issuer(f"http://127.0.0.1:{port}", padding_chars=padding_chars)
    keys = folder / "keys.json"
    keys.write_text(json.dumps(issuer.jwks), encoding="utf-8")
    processes.start(
        "platform",
        python("-m", "bench.load_platform", "--port", str(port), "--keys", str(keys)),
        env={},
        cwd=ROOT,
    )
    wait_until_up(f"{issuer.base_url}/keys", processes)
    yield LoadPlatform(issuer)


@contextmanager
def arena(
    names: tuple[str, ...], *, server: str, how: Serving, padding_chars: int = 0
) -> Iterator[Arena]:
    """Serve everybody named, beside one load platform, until the block ends."""
    with tempfile.TemporaryDirectory(prefix="alliance-bench-") as name:
        folder = Path(name)
        processes = Processes(folder / "logs")
        try:
            with (
                running_platform(processes, folder, padding_chars=padding_chars) as platform,
                serving(
                    names,
                    platform.issuer,
                    server=server,
                    folder=folder,
                    processes=processes,
                    how=how,
                ) as found,
            ):
                yield Arena(platform, found, processes, folder)
        finally:
            processes.stop()
