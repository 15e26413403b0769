"""Everything the practice LMS remembers, as plain objects that turn into JSON and back."""

from __future__ import annotations

import dataclasses
import types
import typing
from dataclasses import dataclass, field
from typing import Any, Self


class Remembered:
    """Give a dataclass its JSON form and its way back."""

    __slots__ = ()

    def to_json(self) -> dict[str, Any]:
        """Return plain dictionaries, lists and scalars."""
        return dataclasses.asdict(self)  # type: ignore[call-overload, no-any-return]

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Rebuild the object; members that an older file lacks keep their defaults."""
        return typing.cast("Self", _revive(cls, data))


def _revive(kind: Any, data: Any) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        present = next(each for each in arguments if each is not type(None))
        return None if data is None else _revive(present, data)
    if origin is list:
        return [_revive(arguments[0], each) for each in data]
    if origin is dict:
        return {key: _revive(arguments[1], each) for key, each in data.items()}
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return typing.cast("Any", kind)(
            **{name: _revive(hints[name], value) for name, value in data.items() if name in hints}
        )
    return data


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


@dataclass(slots=True)
class Comment(Remembered):
    """A remark on a submission, by the tool or by a person."""

    text: str
    author: str
    at: float


@dataclass(slots=True)
class Cell(Remembered):
    """What the gradebook holds for one line item and one person."""

    score: float | None = None
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

    def find_cell(self, line_item_id: int, person_id: str) -> Cell | None:
        """Return what is stored for the pair, if anything is."""
        return self.cells.get(f"{line_item_id}/{person_id}")

    def cell(self, line_item_id: int, person_id: str) -> Cell:
        """Return the pair's cell, made if need be."""
        return self.cells.setdefault(f"{line_item_id}/{person_id}", Cell())

    def items_of(self, activity_id: str) -> list[LineItem]:
        """Return the activity's line items, oldest first."""
        return [each for each in self.line_items.values() if each.activity_id == activity_id]

    def primary_item(self, activity_id: str) -> LineItem | None:
        """Return the line item that drives the activity's gradebook column."""
        return next((each for each in self.items_of(activity_id) if each.primary), None)


@dataclass(slots=True)
class Tool(Remembered):
    """What an administrator typed in about the tool."""

    client_id: str
    deployment_id: str
    login_url: str
    redirect_uris: list[str]
    jwks_url: str
    target_link_uri: str
    scopes: list[str]
    custom: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Switches(Remembered):
    """Which of the platform's moods are on."""

    storage_target: bool = True
    privacy: str = "public"
    noise: bool = False
    http_lineitems: bool = False
    login_fields: str = "lti_deployment_id"
    test_student_gradable: bool = True
    key_on: bool = True
    services_key_on: bool = True
    throttle_status: int = 403
    concluded_status: int = 422
    clock_skew_s: float = 0


@dataclass(slots=True)
class Fault(Remembered):
    """One scripted misbehaviour of one endpoint, used up as it happens."""

    endpoint: str
    kind: str
    times: int = 1
    status: int = 503
    retry_after: str | None = None
    body: str | None = None
    seconds: float = 0


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
    access_tokens: dict[str, Any] = field(default_factory=dict)
    """Moodle's opaque tokens, by their hash: scopes and expiry."""
    cached_tool_keys: dict[str, Any] = field(default_factory=dict)
    switches: Switches = field(default_factory=Switches)
    faults: list[Fault] = field(default_factory=list)
    next_number: int = 1

    def take_number(self) -> int:
        """Return the next unused integer id."""
        number, self.next_number = self.next_number, self.next_number + 1
        return number
