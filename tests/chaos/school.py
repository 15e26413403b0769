"""One practice LMS in process: a course with two columns and a few students."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import requests
from werkzeug.test import Client

from lti_alliance.practice_lms import gradebook
from lti_alliance.practice_lms.app import create_practice_lms
from lti_alliance.practice_lms.course_changes import change
from lti_alliance.practice_lms.messages import MessageLog
from lti_alliance.practice_lms.platform import EXTENSION, Platform, Practice
from lti_alliance.practice_lms.scenarios import add_activity
from lti_alliance.practice_lms.services import written
from lti_alliance.practice_lms.settings import PracticeSettings
from lti_alliance.practice_lms.state import Activity, Cell, Course, Fault, LineItem, Person
from lti_alliance.practice_lms.store import Store
from tests.chaos.clocks import Clocks

TOOL = "https://tool.test"
QUIZ, BOTH = "taster", "foundations-reflection"
"""The column of a quiz, and that of a quiz with a reflection."""
COLUMNS = (QUIZ, BOTH)
STUDENTS = 2
LATE_POLICY = {"percent_per_day": 10.0, "minimum_percent": 40.0}
DAY_S = 24 * 3600.0

CONDITIONS = {
    "concluded": ("course.concluded", True),
    "not installed": ("course.tool_installed", False),
    "deleted": ("activity.deleted", True),
    "unpublished": ("activity.published", False),
    "grading closed": ("activity.grading_closed", True),
    "one attempt": ("activity.allowed_attempts", 1),
    "dropped": ("enrolment.ended", True),
}
"""What lasts until somebody mends it: the thing that changes, and its value meanwhile."""
CANVAS_ONLY = {"concluded", "not installed", "unpublished", "grading closed", "one attempt"}


@dataclass(frozen=True, slots=True)
class Place:
    """One student's cell in one column of one school, by what never changes about it."""

    school: str
    column: str
    student: int


class School:
    """A platform with a course; built once, made new for every example."""

    def __init__(self, name: str, clocks: Clocks, tool_keys: requests.Session) -> None:
        self.name = name
        self.clocks = clocks
        self.host = f"{name}.school.test"
        self.settings = PracticeSettings(
            base_url=f"https://{self.host}",
            tool_url=TOOL,
            now=clocks.true_s,
            sleep=clocks.pass_s,
            http=tool_keys,
        )
        self.app = create_practice_lms(self.settings)
        self.client = Client(self.app.wsgi_app)
        self.places = [Place(name, column, n) for column in COLUMNS for n in range(STUDENTS)]
        self.reset()

    def reset(self) -> None:
        """Begin anew: the course as on its first day, nothing broken, nothing remembered."""
        store, messages = Store(self.settings), MessageLog(self.settings.now)
        platforms = {name: Platform(name, store, messages) for name in store.platforms}
        self.app.extensions[EXTENSION] = Practice(store, messages, platforms)
        self.platform = platforms[self.name]
        self.course: Course = next(iter(self.platform.state.courses.values()))
        students = list(self.platform.students(self.course))
        self.students: list[Person] = students[:STUDENTS]
        self.conditions: set[tuple[str, str]] = set()
        self.hands: dict[Place, str] = {}
        self.points_changed: set[Place] = set()
        self.replaced: dict[str, set[str]] = {column: set() for column in COLUMNS}
        """The numbers that columns had before they were made anew."""

    # What the tool is told of it

    @property
    def root(self) -> str:
        return f"https://{self.host}/{self.name}"

    @property
    def token_url(self) -> str:
        return f"{self.root}/{'login/oauth2' if self.is_canvas else 'mod/lti'}/" + (
            "token" if self.is_canvas else "token.php"
        )

    @property
    def container_url(self) -> str:
        if self.is_canvas:
            return f"{self.root}/api/lti/courses/{self.course.id}/line_items"
        return f"{self.root}/mod/lti/services.php/{self.course.id}/lineitems?type_id=2"

    @property
    def memberships_url(self) -> str:
        if self.is_canvas:
            return f"{self.root}/api/lti/courses/{self.course.id}/names_and_roles"
        services = f"{self.root}/mod/lti/services.php"
        return f"{services}/CourseSection/{self.course.id}/bindings/2/memberships"

    def line_item_url(self, column: str) -> str:
        item = self.item(column)
        if self.is_canvas:
            return f"{self.container_url}/{item.id}"
        return self.container_url.replace("?", f"/{item.id}/lineitem?")

    def link_id(self, column: str) -> str:
        return str(self.course.activities[column].resource_link_id)

    # What stands in it

    @property
    def is_canvas(self) -> bool:
        return self.name == "canvas"

    def item(self, column: str) -> LineItem:
        item = self.course.primary_item(column)
        assert item is not None
        return item

    def cell(self, place: Place) -> Cell:
        """What the gradebook holds there now; an empty cell where there is nothing."""
        person = self.students[place.student]
        return self.course.find_cell(self.item(place.column).id, person.id) or Cell()

    def shown(self, place: Place) -> Decimal | None:
        """The share of the column's points that the gradebook gives, before any late penalty."""
        cell = self.cell(place)
        score = cell.score
        if self.is_canvas and score is not None and cell.source == "tool":
            score = cell.entered
        maximum = self.item(place.column).score_maximum
        return None if score is None else Decimal(str(score)) / Decimal(str(maximum))

    def place_of(self, item_id: str, user_id: str) -> Place | None:
        """The cell that a score message is for, even if its column has been replaced since."""
        for place in self.places:
            was = {str(self.item(place.column).id), *self.replaced[place.column]}
            if self.students[place.student].sub == user_id and item_id in was:
                return place
        return None

    @property
    def faults(self) -> list[Fault]:
        return self.platform.state.faults

    # What befalls it

    @contextmanager
    def by(self, hand: str) -> Iterator[None]:
        """Note whose hand it was, where a cell shows something else afterwards."""
        before = {place: (cell.score, len(cell.history)) for place, cell in self._cells()}
        yield
        for place, cell in self._cells():
            score, told = before[place]
            # What is told anew with the same value is ours again, unless a person's hand holds it.
            is_told = len(cell.history) != told and cell.source == "tool"
            if cell.score != score or (hand == "tool" and is_told):
                self.hands[place] = hand
            if cell.score != score and hand != "rule":
                self.points_changed.discard(place)

    def _cells(self) -> list[tuple[Place, Cell]]:
        return [(place, self.cell(place)) for place in self.places]

    def break_call(self, endpoint: str, kind: str, **members: Any) -> None:
        fault = {"endpoint": endpoint, "kind": kind, **members}
        self.faults.append(Fault.from_json(fault))

    def set_condition(self, name: str, about: str = "", *, on: bool) -> None:
        """Let a lasting condition begin or end; ``about`` is an activity or a student."""
        what, value = CONDITIONS[name]
        if what.startswith("course"):
            about = ""
        values: dict[bool, Any] = {True: value, False: not value}
        if name == "one attempt":
            values[False] = None
        change(self.platform, self.course, what, about=about, value=values[on])
        (self.conditions.add if on else self.conditions.discard)((name, about))

    def has(self, name: str, place: Place) -> bool:
        """Whether a condition holds for a cell."""
        abouts = {"", place.column, self.students[place.student].id}
        return any((name, about) in self.conditions for about in abouts)

    def set_grade(self, place: Place, share: float | None) -> None:
        """Let a teacher enter a grade, or empty the cell."""
        item, student = self.item(place.column), self.students[place.student]
        score = None if share is None else round(item.score_maximum * share, 2)
        with self.by("person"):
            gradebook.set_by_person(self.platform, self.course, item, student=student, score=score)
        self.hands[place] = "person"

    def take_hand_away(self, place: Place) -> None:
        """Let a teacher give the cell back to the tool."""
        item, student = self.item(place.column), self.students[place.student]
        with self.by("person"):
            gradebook.take_away_override(self.platform, self.course, item, student=student)

    def set_late_policy(self, *, on: bool) -> None:
        """Let everything have been due yesterday, with points off for it; or take that back."""
        due = written(self.platform.now() - DAY_S) if on else None
        with self.by("rule"):
            policy = LATE_POLICY if on else None
            change(self.platform, self.course, "course.late_policy", value=policy)
            for column in COLUMNS:
                change(self.platform, self.course, "activity.due_at", about=column, value=due)

    def scale_points(self, column: str, factor: float) -> None:
        """Let a teacher change how many points the column has."""
        points = self.item(column).score_maximum * factor
        before = {place: self.cell(place).score for place in self.places}
        # A late penalty is worked out anew, from the new points.
        with self.by("rule"):
            change(self.platform, self.course, "activity.points", about=column, value=points)
        if self.is_canvas:
            held = {p for p in self.places if p.column == column and before[p] is not None}
            self.points_changed |= held

    def replace_column(self, column: str) -> None:
        """Let a teacher delete the column and make another for the same link."""
        old = self.item(column)
        self.replaced[column].add(str(old.id))
        activity: Activity = self.course.activities[column]
        del self.course.line_items[str(old.id)]
        self.course.cells = {
            key: cell for key, cell in self.course.cells.items() if not key.startswith(f"{old.id}/")
        }
        add_activity(self.platform.state, self.course, activity, points=old.score_maximum)
        for place in self.places:
            if place.column == column:
                self.hands.pop(place, None)
                self.points_changed.discard(place)

    def forget_tokens(self) -> None:
        """Let every access token that was given out be no good any more."""
        self.platform.state.secret += "x"
        self.platform.state.access_tokens.clear()

    def mend_calls(self) -> None:
        """Take away what meets single calls, outages and the wrong clock."""
        self.faults.clear()
        switches = self.platform.state.switches
        switches.outage_status, switches.outage_retry_after = 0, None
        switches.rate_limit_per_s = 0
        switches.clock_skew_s = 0
        switches.key_on = switches.services_key_on = True

    def mend_conditions(self) -> None:
        """Take away what lasts, but what a teacher did to grades and points."""
        for name, about in sorted(self.conditions):
            self.set_condition(name, about, on=False)
        with self.by("rule"):
            if self.is_canvas and self.course.late_policy is not None:
                self.set_late_policy(on=False)
