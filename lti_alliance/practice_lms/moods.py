"""What misbehaves on a platform: its moods, its scripted faults, and what was broken by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lti_alliance.practice_lms.remembered import Remembered

SOME_MEGABYTES = 8 * 1024 * 1024


@dataclass(slots=True)
class Switches(Remembered):
    """Which of the platform's moods are on."""

    storage_target: bool = True
    storage_frame: str = "post_message_forwarding"
    """Which frame keeps values for the tool: Canvas's hidden one, or `_parent`, the page itself."""
    storage_answers: str = "at once"
    """When that frame answers the tool: `at once`, `late`, or `never`."""
    privacy: str = "public"
    noise: bool = False
    http_lineitems: bool = False
    login_fields: str = "lti_deployment_id"
    test_student_gradable: bool = True
    key_on: bool = True
    services_key_on: bool = True
    throttle_status: int = 403
    """Canvas throttled with 403 for years and announces 429."""
    concluded_status: int = 422
    clock_skew_s: float = 0
    outage_status: int = 0
    """Every service call, tokens included, is answered with this status; 0 means none is."""
    outage_retry_after: str | None = None
    rate_limit_per_s: float = 0
    """Service calls beyond this are throttled; 0 means that there is no limit."""
    notice_times: int = 1
    """How often each notice is posted: once as promised, twice, or never (0)."""
    late_in_results: bool = True
    """Older Canvas writes the score less the late penalty into the result; newer does not."""


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
    skip: int = 0
    """So many calls that the fault would meet pass it first."""
    only_sub: str | None = None
    """The fault waits for score messages about this user id alone."""
    headers: dict[str, str] = field(default_factory=dict)
    location: str | None = None
    size: int = SOME_MEGABYTES
    """How many bytes a `huge` answer has."""
    carried_out: bool = True
    """Whether the request of an answer that breaks off (`reset_during`) took effect."""


@dataclass(slots=True)
class Undo(Remembered):
    """How one thing was before it was broken."""

    what: str
    about: str
    before: Any


@dataclass(slots=True)
class Broken(Remembered):
    """Something done to a course by the "break something" page, and its way back."""

    key: str
    words: str
    course: str
    undo: list[Undo] = field(default_factory=list)
