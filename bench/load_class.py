"""A class on the load platform, as the benchmark sees it: columns named, scores awaited, judged.

It costs little beside the practice LMS, so that what is measured is the sender. It forgets nothing
and refuses nothing but what it is told to.
"""

import itertools
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.children import end_all
from bench.cpu import tree_seconds
from bench.lms import Column, Scores, answer, first_faults, is_same, wait_until_full
from lti_alliance.demo.processes import Processes, python, wait_until_up
from lti_alliance.demo.run import ROOT

_ITEMS = "api/lti/courses/1/line_items"


@dataclass(frozen=True, slots=True)
class LoadClass:
    """A running load platform, of which a class of ``people`` is talked about."""

    port: int
    pid: int
    people: int
    _numbers: Iterator[int] = field(default_factory=itertools.count, repr=False)

    @property
    def url(self) -> str:
        """The platform's address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def cpu_s(self) -> float:
        """The CPU seconds that it has used so far."""
        return tree_seconds(self.pid)

    def registration(self) -> dict[str, Any]:
        """Return what a tool must know about the platform."""
        return {
            "issuer": self.url,
            "client_id": "10000000000001",
            "family": "canvas",
            "auth_login_url": f"{self.url}/authorize",
            "auth_token_url": f"{self.url}/token",
            "jwks_url": f"{self.url}/keys",
            "service_host": f"127.0.0.1:{self.port}",
            "deployment_id": "1:bench",
        }

    def trust(self, key_set: Mapping[str, Any]) -> None:
        """Do nothing: the platform hands a token to whoever asks."""

    def subs(self) -> list[str]:
        """List the students as a tool knows them."""
        return [f"student-{number}" for number in range(1, self.people + 1)]

    def set(self, **settings: float) -> None:
        """Change what the platform is like."""
        answer(f"{self.url}/_bench/set", settings)

    def drop_tokens(self) -> None:
        """Let the platform forget every token that it has handed out."""
        answer(f"{self.url}/_bench/drop_tokens", {})

    def forget(self) -> None:
        """Let the platform forget what it was told."""
        answer(f"{self.url}/_bench/clear", {})

    def stats(self) -> dict[str, Any]:
        """Return what was called, how it was answered, and over how many connections."""
        told: dict[str, Any] = answer(f"{self.url}/_bench/stats")
        return told

    @contextmanager
    def slow(self, delay_ms: int) -> Iterator[None]:
        """Let every call of a service wait before it is taken."""
        self.set(latency_s=delay_ms / 1000)
        try:
            yield
        finally:
            self.set(latency_s=0.0)

    @contextmanager
    def column(self, title: str) -> Iterator[Column]:
        """Name a column that nobody has been told of yet."""
        number = str(next(self._numbers))
        items = f"{self.url}/{_ITEMS}"
        yield Column(
            activity_id=f"{title} {number}",
            resource_link_id=f"link-{number}",
            line_item=number,
            url=f"{items}/{number}",
            container_url=items,
        )

    def wait_until_full(
        self, column: Column, *, within_s: float, look: Callable[[], None]
    ) -> float | None:
        """Return when the last person's score was taken, or nothing when it never came."""
        url = f"{self.url}/_bench/progress/{column.line_item}"
        return wait_until_full(url, self.people, within_s=within_s, look=look)

    def cells(self, column: Column) -> dict[str, dict[str, Any]]:
        """Return by person the last score, how many there were, and how many out of order."""
        told: dict[str, dict[str, Any]] = answer(f"{self.url}/_bench/column/{column.line_item}")
        return told

    def told_at(self, column: Column) -> float:
        """Return when the last score of a column was taken, on the machine's monotonic clock."""
        return float(answer(f"{self.url}/_bench/progress/{column.line_item}")["told_at"])

    def lost(self, column: Column, wanted: Scores) -> int:
        """Count the people whose last score is not the one they should have."""
        found = self.cells(column)
        return sum(
            not is_same(found[sub]["score"] if sub in found else None, score)
            for sub, score in wanted.items()
        )

    def faults(
        self,
        column: Column,
        wanted: Scores,
        *,
        times: int = 1,
        may_repeat: Collection[str] = (),
    ) -> list[str]:
        """Say what is wrong: each person has the right score, told so many times and in order.

        Those of ``may_repeat`` may have been told more often.
        """
        found, repeated = self.cells(column), set(may_repeat)
        wrong = []
        for sub, score in wanted.items():
            cell = found.pop(sub, {"score": None, "count": 0, "disordered": 0})
            if not is_same(cell["score"], score):
                wrong.append(f"{sub} has {cell['score']} and not {score}")
            if cell["count"] < times or (cell["count"] > times and sub not in repeated):
                wrong.append(f"{sub} was told {cell['count']} times and not {times}")
            if cell["disordered"]:
                wrong.append(f"{sub} was told out of order")
        wrong += [f"{sub} has a score and should not" for sub in sorted(found)]
        return first_faults(wrong)


@contextmanager
def running_load_class(
    processes: Processes, *, port: int, people: int, folder: Path
) -> Iterator[LoadClass]:
    """Run a load platform of its own."""
    keys = folder / f"keys-{port}.json"
    # No launch takes part: nobody asks what the platform signs with.
    keys.write_text(json.dumps({"keys": []}), encoding="utf-8")
    name = f"load platform {port}"
    process = processes.start(
        name,
        python("-m", "bench.load_platform", "--port", str(port), "--keys", str(keys)),
        env={},
        cwd=ROOT,
    )
    platform = LoadClass(port=port, pid=process.pid, people=people)
    try:
        wait_until_up(f"{platform.url}/keys", processes)
        yield platform
    finally:
        processes.running.pop(name)
        end_all([process])
