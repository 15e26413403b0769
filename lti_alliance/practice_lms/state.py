"""Everything the practice LMS remembers, as plain objects that turn into JSON and back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lti_alliance.practice_lms.drafts import Draft
from lti_alliance.practice_lms.moods import Broken, Fault, Switches
from lti_alliance.practice_lms.remembered import Remembered
from lti_alliance.practice_lms.tools import Tool

CHANGES_KEPT = 200


@dataclass(slots=True)
class Person(Remembered):
    """Someone with an account: `sub` is what the tool sees, `number` the LMS's own integer."""

    id: str
    sub: str
    number: int
    name: str
    given_name: str
    family_name: str
    email: str
    username: str
    sourced_id: str
    legacy_id: str
    """Canvas's 40-hex opaque id: the login hint and the LTI 1.1 user id."""
    institution_roles: list[str] = field(default_factory=list)
    observes: list[str] = field(default_factory=list)
    about: str = ""


@dataclass(slots=True)
class Enrolment(Remembered):
    """A person's part in a course; `ended` hides it from services, `suspended` from rosters."""

    role: str
    ended: bool = False
    suspended: bool = False
    sections: list[str] = field(default_factory=list)
    """The names of the person's sections in the course; Canvas alone has some."""


@dataclass(slots=True)
class Activity(Remembered):
    """Something in a course that opens the tool: assignment, module item, menu entry."""

    id: str
    number: int
    title: str
    kind: str
    """`assignment`, `module_item`, `course_navigation`, or `no_submission` (a bare column)."""
    resource_link_id: str
    url: str = ""
    description: str = ""
    custom: dict[str, str] = field(default_factory=dict)
    points: float | None = None
    published: bool = True
    due_at: str | None = None
    unlock_at: str | None = None
    lock_at: str | None = None
    allowed_attempts: int | None = None
    grading_closed: bool = False
    new_tab: bool = False
    deleted: bool = False
    own_tool: bool = True
    module: str = ""
    """Canvas: the module in which it is listed."""
    width: int | None = None
    height: int | None = None
    icon: str = ""

    @property
    def launchable(self) -> bool:
        """Tell whether the activity opens the tool."""
        return self.kind != "no_submission" and not self.deleted


@dataclass(slots=True)
class LineItem(Remembered):
    """One AGS line item; `coupled` means that the LMS's own pages made it with the activity."""

    id: int
    label: str
    score_maximum: float
    activity_id: str | None = None
    resource_id: str | None = None
    tag: str | None = None
    resource_link_id: str | None = None
    coupled: bool = False
    primary: bool = True
    client_id: str = ""
    extension: dict[str, Any] = field(default_factory=dict)
    start: str | None = None
    end: str | None = None
    review_url: str = ""
    """Moodle: where a submission review opens, and with which further custom parameters."""
    review_custom: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Comment(Remembered):
    """A remark on a submission, by the tool or by a person."""

    text: str
    author: str
    at: float


@dataclass(slots=True)
class ScoreChange(Remembered):
    """One score message that was accepted, and what came of it."""

    received: float
    """The platform's own time."""
    timestamp: str
    """The message's `timestamp`, as it was sent."""
    given: float | None
    maximum: float | None
    changed: list[str]
    """What a reader of the gradebook sees change: `score`, `attempts`, `comments`."""
    score: float | None
    attempts: int


@dataclass(slots=True)
class Cell(Remembered):
    """What the gradebook holds for one line item and one person."""

    score: float | None = None
    entered: float | None = None
    """Canvas: the score before the late policy takes from it."""
    raw: float | None = None
    source: str | None = None
    """`tool` or `person`; nothing while there is no score."""
    overridden: bool = False
    stored_at: float | None = None
    """Canvas: the score's own timestamp. Moodle: the second in which it was received."""
    result: bool = False
    result_score: float | None = None
    result_maximum: float | None = None
    extension: dict[str, Any] = field(default_factory=dict)
    feedback: str | None = None
    comments: list[Comment] = field(default_factory=list)
    attempts: int = 0
    submitted_at: str | None = None
    submission_type: str | None = None
    submission_data: str | None = None
    late: bool = False
    needs_review: bool = False
    activity_progress: str | None = None
    grading_progress: str | None = None
    history: list[ScoreChange] = field(default_factory=list)

    def visible(self) -> dict[str, object]:
        """Return what a reader of the gradebook sees."""
        return {
            "score": self.score,
            "attempts": self.attempts,
            "comments": (len(self.comments), self.feedback),
        }

    def note(
        self, message: dict[str, Any], *, seen_before: dict[str, object], received: float
    ) -> None:
        """Keep an accepted score message and what it changed; the oldest ones fall out."""
        now = self.visible()
        change = ScoreChange(
            received,
            str(message["timestamp"]),
            _number(message.get("scoreGiven")),
            _number(message.get("scoreMaximum")),
            [name for name, value in now.items() if value != seen_before[name]],
            self.score,
            self.attempts,
        )
        self.history.append(change)
        del self.history[:-CHANGES_KEPT]


def _number(value: object) -> float | None:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None


@dataclass(slots=True)
class LatePolicy(Remembered):
    """What Canvas takes from late work: percent of the possible points for each day begun."""

    percent_per_day: float
    minimum_percent: float = 0


@dataclass(slots=True)
class Course(Remembered):
    """A course with its people, activities and gradebook."""

    id: str
    context_id: str
    code: str
    title: str
    enrolments: dict[str, Enrolment] = field(default_factory=dict)
    activities: dict[str, Activity] = field(default_factory=dict)
    line_items: dict[str, LineItem] = field(default_factory=dict)
    cells: dict[str, Cell] = field(default_factory=dict)
    history: list[str] = field(default_factory=list)
    published: bool = True
    concluded: bool = False
    tool_installed: bool = True
    late_policy: LatePolicy | None = None
    drafts: dict[str, Draft] = field(default_factory=dict)
    """Forms that the tool's picker has filled in and nobody has saved yet."""

    def find_cell(self, line_item_id: int, person_id: str) -> Cell | None:
        """Return what is stored for the pair, if anything is."""
        return self.cells.get(f"{line_item_id}/{person_id}")

    def cell(self, line_item_id: int, person_id: str) -> Cell:
        """Return the pair's cell, made if need be."""
        return self.cells.setdefault(f"{line_item_id}/{person_id}", Cell())

    def cells_of(self, line_item_id: int) -> dict[str, Cell]:
        """Return a line item's cells by person."""
        prefix = f"{line_item_id}/"
        return {
            key.removeprefix(prefix): cell
            for key, cell in self.cells.items()
            if key.startswith(prefix)
        }

    def items_of(self, activity_id: str) -> list[LineItem]:
        """Return the activity's line items, oldest first."""
        return [each for each in self.line_items.values() if each.activity_id == activity_id]

    def primary_item(self, activity_id: str) -> LineItem | None:
        """Return the line item that drives the activity's gradebook column."""
        return next((each for each in self.items_of(activity_id) if each.primary), None)


@dataclass(slots=True)
class PlatformState(Remembered):
    """One of the two platforms: its accounts, courses, keys and moods."""

    name: str
    issuer: str
    secret: str
    tool: Tool
    people: dict[str, Person] = field(default_factory=dict)
    courses: dict[str, Course] = field(default_factory=dict)
    private_keys: dict[str, str] = field(default_factory=dict)
    """PEM by key id, oldest first; the last one signs."""
    pending_tools: dict[str, Tool] = field(default_factory=dict)
    """Tools that registered themselves and wait for the administrator, by client id."""
    used_tokens: list[str] = field(default_factory=list)
    """Moodle: client ids for which a registration token has been used."""
    access_tokens: dict[str, Any] = field(default_factory=dict)
    """Moodle's opaque tokens, by their hash: scopes and expiry."""
    cached_tool_keys: dict[str, Any] = field(default_factory=dict)
    switches: Switches = field(default_factory=Switches)
    faults: list[Fault] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    next_number: int = 1

    def take_number(self) -> int:
        """Return the next unused integer id."""
        number, self.next_number = self.next_number, self.next_number + 1
        return number

    def adopt(self, tool: Tool) -> None:
        """Make this the platform's tool; the columns of its pages' own making go over to it."""
        self.tool = tool
        for course in self.courses.values():
            for item in course.line_items.values():
                if item.coupled:
                    item.client_id = tool.client_id
