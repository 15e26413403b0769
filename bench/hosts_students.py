"""Students in their browsers: launch, answer, hand in, each request on a connection of its own.

A browser whose connection is closed without an answer does what its person would do: it sends the
same once more. That is counted, and so is every answer that says that the tool failed.
"""

import http.client
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus

from bench.hosts_scene import ACTIVITY, COLUMN, QUESTIONS, FromAddress, Scene
from lti_alliance.demo.browser import Page, ScriptedBrowser
from lti_alliance.demo.launching import launch
from tests.failures.running import find_form, press

AT_ONCE = 8
_TRIES = 6
_PAUSE_S = 0.3


@dataclass
class Counts:
    """What all browsers met."""

    sent: int = 0
    again: int = 0
    """Requests sent once more, after a connection that was closed without an answer."""
    failed: int = 0
    """Answers of 500 and above, and requests that were given up."""
    slowest_s: float = 0.0


class PatientBrowser(ScriptedBrowser):
    """A browser whose person presses the button again when no answer comes."""

    def __init__(self, number: int, counts: Counts, lock: threading.Lock) -> None:
        # Every address of 127.0.0.0/8 is this machine's own.
        super().__init__(FromAddress(f"127.1.{number // 250}.{number % 250 + 1}"))
        self._counts = counts
        self._lock = lock

    def _open(self, request: urllib.request.Request) -> Page:
        began = time.monotonic()
        for attempt in range(_TRIES):
            if attempt:
                time.sleep(_PAUSE_S)
            try:
                page = super()._open(request)
            except (OSError, http.client.HTTPException):
                self._note(again=1)
                continue
            has_failed = page.status >= HTTPStatus.INTERNAL_SERVER_ERROR
            self._note(sent=1, failed=int(has_failed), began=began)
            return page
        self._note(failed=1)
        raise OSError(f"no answer in {_TRIES} tries")

    def _note(self, *, sent: int = 0, again: int = 0, failed: int = 0, began: float = 0.0) -> None:
        with self._lock:
            self._counts.sent += sent
            self._counts.again += again
            self._counts.failed += failed
            if began:
                took_s = time.monotonic() - began
                self._counts.slowest_s = max(self._counts.slowest_s, took_s)


class Student:
    """One student, who opens the quiz, saves every answer as it is given, and hands in."""

    def __init__(self, scene: Scene, browser: ScriptedBrowser, told: dict[str, str], rank: int):
        self._scene = scene
        self._browser = browser
        self._person = told["person"]
        self._rank = rank
        self._page: Page | None = None
        self.sub = told["sub"]
        self.refused: Counter[int] = Counter()

    def points(self, turn: int) -> int:
        """Return how many questions this student answers rightly in an attempt."""
        return 1 + (self._rank + turn) % QUESTIONS

    def score(self, turn: int) -> float:
        """Return what the gradebook should show after that attempt."""
        return COLUMN * self.points(turn) / QUESTIONS

    def arrive(self) -> Page:
        """Launch the activity, and return its first page."""
        return launch(
            self._scene.stage,
            platform="canvas",
            person=self._person,
            activity=ACTIVITY,
            browser=self._browser,
        ).page

    def begin(self) -> None:
        """Launch, and begin an attempt."""
        self._page = self._see(press(self._browser, self.arrive(), "/attempts", {}))

    def answer(self, turn: int) -> None:
        """Give one answer after the other, each saved by itself, then look over all of them."""
        given: dict[str, str] = {}
        for name, value in self._scene.right_answers(self.points(turn)).items():
            given[name] = value
            self._page = self._see(press(self._browser, self._now(), "/responses", given))
        self._page = self._see(
            press(self._browser, self._now(), "/responses", given, query="?then=review")
        )

    def hand_in(self) -> None:
        """Press the button that ends the attempt."""
        form = find_form(self._now(), "/submission")
        self._see(self._browser.post(form.action, form.fields))

    def look(self) -> int:
        """Ask for the page of the attempt once more, and return the status."""
        return self._browser.get(self._now().url).status

    def _now(self) -> Page:
        if self._page is None:
            raise RuntimeError("nothing is open")
        return self._page

    def _see(self, page: Page) -> Page:
        if page.status != HTTPStatus.OK:
            self.refused[page.status] += 1
        return page


class ClassOf:
    """All students, of whom a few do something at a time."""

    def __init__(self, scene: Scene, size: int) -> None:
        self.counts = Counts()
        lock = threading.Lock()
        self.students = [
            Student(scene, PatientBrowser(rank, self.counts, lock), told, rank)
            for rank, told in enumerate(scene.enrol(size))
        ]

    def do(
        self, what: Callable[[Student], object], *, meanwhile: Callable[[], None] | None = None
    ) -> list[str]:
        """Let everybody do something, and return what went wrong, a line each."""
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="student") as pool:
            waiting = [pool.submit(what, each) for each in self.students]
            if meanwhile is not None:
                meanwhile()
        return [
            f"{student.sub}: {done.exception()!r}"
            for student, done in zip(self.students, waiting, strict=True)
            if done.exception() is not None
        ]


def refusals(students: Sequence[Student]) -> Counter[int]:
    """Count the pages that were not what was asked for, by status."""
    return sum((each.refused for each in students), Counter())
