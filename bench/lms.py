"""The practice LMS as the benchmark sees it: columns made, scores awaited and judged."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from bench.children import end_all
from bench.cpu import tree_seconds
from bench.practice_class import COURSE, PLATFORM
from lti_alliance.demo.browser import ScriptedBrowser
from lti_alliance.demo.processes import Processes, python, wait_until_up
from lti_alliance.demo.run import ROOT

MAXIMUM = Decimal(100)
_LOOK_EVERY_S = 0.1
_ENDLESS = 10**9
_CLOSE_ENOUGH = 1e-6
_SHOWN_FAULTS = 5

Scores = Mapping[str, Decimal]
"""A score for every ``sub``."""


@dataclass(frozen=True, slots=True)
class Column:
    """One graded activity of the course and its line item."""

    activity_id: str
    resource_link_id: str
    line_item: str
    url: str
    container_url: str


class GradedClass(Protocol):
    """A platform with a class, whichever it is."""

    @property
    def port(self) -> int:
        """Where it listens."""
        ...

    @property
    def people(self) -> int:
        """How many students there are."""
        ...

    @property
    def cpu_s(self) -> float:
        """The CPU seconds that it has used so far."""
        ...

    def registration(self) -> dict[str, Any]:
        """Return what a tool must know about the platform."""
        ...

    def trust(self, key_set: Mapping[str, Any]) -> None:
        """Take more keys for the tool's."""
        ...

    def subs(self) -> list[str]:
        """List the students as a tool knows them."""
        ...

    def slow(self, delay_ms: int) -> AbstractContextManager[None]:
        """Let every score wait before it is taken."""
        ...

    def column(self, title: str) -> AbstractContextManager[Column]:
        """Give the course a column for a while."""
        ...

    def wait_until_full(
        self, column: Column, *, within_s: float, look: Callable[[], None]
    ) -> float | None:
        """Return when the last person's score was taken, or nothing when it never came."""
        ...

    def faults(self, column: Column, wanted: Scores) -> list[str]:
        """Say what is wrong in the column."""
        ...


@dataclass(frozen=True, slots=True)
class PracticeClass:
    """A running practice LMS with a class of ``people``."""

    port: int
    pid: int
    people: int

    @property
    def url(self) -> str:
        """The practice LMS's address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def cpu_s(self) -> float:
        """The CPU seconds that it has used so far."""
        return tree_seconds(self.pid)

    def registration(self) -> dict[str, Any]:
        """Return what a tool must know about the platform."""
        told: dict[str, Any] = answer(f"{self.url}/{PLATFORM}/registration.json")
        return told

    def trust(self, key_set: Mapping[str, Any]) -> None:
        """Publish more keys as the tool's."""
        answer(f"{self.url}/_bench/keys", key_set)

    def subs(self) -> list[str]:
        """List the students as a tool knows them."""
        people = answer(f"{self.url}/_practice/people/{PLATFORM}")
        return [person["sub"] for person in people if COURSE in person["courses"]]

    @contextmanager
    def slow(self, delay_ms: int) -> Iterator[None]:
        """Let every score wait before it is taken."""
        faults = f"{self.url}/_practice/faults"
        if delay_ms:
            fault = {"platform": PLATFORM, "endpoint": "score", "kind": "delay"}
            answer(faults, fault | {"seconds": delay_ms / 1000, "times": _ENDLESS})
        try:
            yield
        finally:
            if delay_ms:
                answer(f"{faults}/{PLATFORM}", {}, method="DELETE")

    @contextmanager
    def column(self, title: str) -> Iterator[Column]:
        """Give the course a column and take it away again."""
        activities = f"{self.url}/_practice/courses/{PLATFORM}/{COURSE}/activities"
        made = answer(activities, {"title": title, "points": int(MAXIMUM)})
        items = f"{self.url}/{PLATFORM}/api/lti/courses/{COURSE}/line_items"
        yield Column(
            activity_id=made["id"],
            resource_link_id=made["resource_link_id"],
            line_item=str(made["line_item"]),
            url=f"{items}/{made['line_item']}",
            container_url=items,
        )
        answer(f"{activities}/{made['id']}", {}, method="DELETE")

    def wait_until_full(
        self, column: Column, *, within_s: float, look: Callable[[], None]
    ) -> float | None:
        """Return when the last person's score was taken, or nothing when it never came."""
        url = f"{self.url}/_bench/progress/{column.line_item}"
        return wait_until_full(url, self.people, within_s=within_s, look=look)

    def faults(self, column: Column, wanted: Scores) -> list[str]:
        """Say what is wrong in the gradebook: each person has the right score, told once."""
        book = answer(f"{self.url}/_practice/gradebook/{PLATFORM}/{COURSE}")
        shown = {
            cell["sub"]: cell["score"]
            for cell in book["cells"]
            if cell["activity"] == column.activity_id
        }
        calls = answer(f"{self.url}/_bench/calls/{column.line_item}")
        wrong = [
            f"{sub} has {shown.get(sub)} and not {score}"
            for sub, score in wanted.items()
            if not is_same(shown.get(sub), score)
        ]
        wrong += [
            f"{sub} was told {calls.get(sub, 0)} times" for sub in wanted if calls.get(sub) != 1
        ]
        strangers = (calls.keys() | {sub for sub in shown if shown[sub] is not None}) - set(wanted)
        wrong += [f"{sub} has a score and should not" for sub in sorted(strangers)]
        return first_faults(wrong)


@contextmanager
def running_class(processes: Processes, *, port: int, people: int) -> Iterator[PracticeClass]:
    """Run a practice LMS with a class of its own."""
    process = processes.start(
        f"practice LMS with {people}",
        python("-m", "bench.practice_class", "--port", str(port), "--people", str(people)),
        env={},
        cwd=ROOT,
    )
    lms = PracticeClass(port=port, pid=process.pid, people=people)
    try:
        wait_until_up(f"{lms.url}/_bench/keys", processes)
        yield lms
    finally:
        processes.running.pop(f"practice LMS with {people}")
        end_all([process])


def wait_until_full(
    url: str, people: int, *, within_s: float, look: Callable[[], None]
) -> float | None:
    """Ask for a column's progress until so many people are in it; return when the last came in."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        progress = answer(url)
        if progress["people"] >= people:
            return float(progress["filled_at"])
        look()
        time.sleep(_LOOK_EVERY_S)
    return None


def first_faults(wrong: Sequence[str]) -> list[str]:
    """Return the first few faults and how many more there are."""
    more = len(wrong) - _SHOWN_FAULTS
    return [*wrong[:_SHOWN_FAULTS], *([f"and {more} more"] if more > 0 else [])]


def is_same(shown: float | None, wanted: Decimal) -> bool:
    """Say whether a gradebook shows this score."""
    return shown is not None and abs(shown - float(wanted)) < _CLOSE_ENOUGH


def answer(url: str, value: Any = None, *, method: str = "POST") -> Any:
    """Return the JSON at an address, or what posting a value there brings back."""
    browser = ScriptedBrowser()
    return browser.get_json(url) if value is None else browser.send_json(url, value, method=method)
