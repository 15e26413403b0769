"""What both platforms share: signing, one-use launches, people and courses, time."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import jwt
from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer

from lti_alliance.practice_lms import keys
from lti_alliance.practice_lms.messages import MessageLog
from lti_alliance.practice_lms.rate_limit import RateLimit
from lti_alliance.practice_lms.stats import Stats
from lti_alliance.practice_lms.store import Store
from lti_alliance.practice_lms.tools import PRIVACY

if TYPE_CHECKING:
    from lti_alliance.practice_lms.settings import PracticeSettings
    from lti_alliance.practice_lms.state import Activity, Course, Person, PlatformState

EXTENSION = "practice_lms"
TEACHING_ROLES = {"teacher", "ta", "designer", "non_editing_teacher", "admin"}
STUDENT_ROLES = {"student", "test_student"}
GRADING_ROLES = {"teacher", "ta", "non_editing_teacher", "admin"}


@dataclass(frozen=True, slots=True)
class PendingLaunch:
    """A launch between its login initiation and its one authentication request."""

    key: str
    person_id: str
    course_id: str
    activity_id: str | None
    kind: str
    """`activity`, `submission` (Canvas's view of one), `review` or `deep_linking`."""
    target: str
    at: float
    for_person_id: str | None = None
    placement: str = ""
    """Deep linking in Canvas: from where in the course."""
    module: str = ""
    """Deep linking in Canvas: the module whose menu it was, if it was one."""
    title: str = ""
    """Deep linking in Canvas: the name that already stands in the teacher's form."""


@dataclass(slots=True)
class Platform:
    """One platform at work."""

    name: str
    store: Store
    messages: MessageLog
    pending: dict[str, PendingLaunch] = field(default_factory=dict)
    stats: Stats = field(default_factory=Stats)
    rate_limit: RateLimit = field(default_factory=RateLimit)
    _by_user_id: dict[str, Person] = field(default_factory=dict)

    @property
    def settings(self) -> PracticeSettings:
        """Return the practice LMS's configuration."""
        return self.store.settings

    @property
    def state(self) -> PlatformState:
        """Return what the platform remembers."""
        return self.store.platforms[self.name]

    @property
    def root(self) -> str:
        """Return the address under which everything of this platform lies."""
        return f"{self.settings.base_url}/{self.name}"

    @property
    def issuer(self) -> str:
        """Return what the platform calls itself in messages to its tool."""
        return self.state.tool.issuer or self.state.issuer

    @property
    def usual_deployment_id(self) -> str:
        """Return the deployment id with which the tool was first installed."""
        return self.state.tool.first_deployment_id or self.settings.deployment_id(self.name)

    @property
    def privacy(self) -> str:
        """Return how much the tool may know of people: the least that either side allows."""
        asked = PRIVACY[self.state.tool.privacy or "public"]
        shared = asked & PRIVACY.get(self.state.switches.privacy, PRIVACY["anonymous"])
        return next(name for name, parts in PRIVACY.items() if parts == shared)

    def now(self) -> float:
        """Return the platform's own idea of the time, in seconds."""
        return self.settings.now() + self.state.switches.clock_skew_s

    def next_tool_number(self) -> str:
        """Return a number that no tool has had: the one after the greatest known."""
        tools = [self.state.tool, *self.state.pending_tools.values()]
        known = [self.usual_deployment_id.partition(":")[0], *(each.number for each in tools)]
        return str(max(int(each) for each in known if each.isdigit()) + 1)

    def next_client_id(self) -> str:
        """Return a developer key's number for one more tool, as Canvas counts them."""
        tools = [self.state.tool, *self.state.pending_tools.values()]
        known = [self.settings.canvas_client_id, *(each.client_id for each in tools)]
        return str(max((int(each) for each in known if each.isdigit()), default=10**13) + 1)

    def sign(self, claims: dict[str, Any]) -> str:
        """Sign a message with the current key."""
        self._ensure_key()
        kid, pem = list(self.state.private_keys.items())[-1]
        key = keys.load_private_key(pem)
        return jwt.encode(claims, key, algorithm="RS256", headers={"kid": kid})

    def key_set(self) -> dict[str, Any]:
        """Return the public keys, old ones included."""
        self._ensure_key()
        return {"keys": [keys.public_jwk(kid, pem) for kid, pem in self.state.private_keys.items()]}

    def rotate_keys(self) -> str:
        """Sign with a new key from now on; only the previous one stays published."""
        with self.store.lock:
            kid = keys.new_key_id(self.name, self.now())
            kept = dict(list(self.state.private_keys.items())[-1:])
            self.state.private_keys = {**kept, kid: keys.new_private_key()}
        self.store.changed()
        return kid

    def _ensure_key(self) -> None:
        with self.store.lock:
            if not self.state.private_keys:
                self.rotate_keys()

    def begin_launch(self, launch: PendingLaunch, *, lifetime_s: float) -> None:
        """Keep a launch for its one use; forget those whose time is over."""
        with self.store.lock:
            self.pending = {
                key: each for key, each in self.pending.items() if each.at > self.now() - lifetime_s
            }
            self.pending[launch.key] = launch

    def take_launch(self, key: str, *, lifetime_s: float) -> PendingLaunch | None:
        """Return the launch at its first use, nothing afterwards."""
        with self.store.lock:
            launch = self.pending.pop(key, None)
        if launch is None or launch.at <= self.now() - lifetime_s:
            return None
        return launch

    def new_launch_key(self) -> str:
        """Return an unguessable name for a launch."""
        return secrets.token_hex(16)

    def session_cookie(self, person_id: str) -> str:
        """Return the cookie value that signs a person in."""
        return URLSafeSerializer(self.state.secret, salt=self.name).dumps(person_id)

    def read_session(self, cookies: list[str]) -> Person | None:
        """Return the signed-in person, from the first cookie that is ours."""
        for cookie in cookies:
            try:
                person_id = URLSafeSerializer(self.state.secret, salt=self.name).loads(cookie)
            except BadSignature:
                continue
            if person_id in self.state.people:
                return self.state.people[person_id]
        return None

    def find_by_sub(self, user_id: str) -> Person | None:
        """Return the person whom the tool knows by this id."""
        person = self.find_by_user_id(user_id)
        return person if person is not None and person.sub == user_id else None

    def find_by_user_id(self, user_id: str) -> Person | None:
        """Return the person whose `sub` or number this is, without looking through them all."""
        people = self.state.people
        person = self._by_user_id.get(user_id)
        known = person is not None and user_id in {person.sub, str(person.number)}
        if person is None or not known or people.get(person.id) is not person:
            # Somebody new, or another scenario: look anew.
            by_number = {str(each.number): each for each in people.values()}
            self._by_user_id = by_number | {each.sub: each for each in people.values()}
            person = self._by_user_id.get(user_id)
        return person

    def role_in(self, course: Course, person: Person) -> str:
        """Return the person's current role in the course, empty when there is none."""
        enrolment = course.enrolments.get(person.id)
        return "" if enrolment is None or enrolment.ended else enrolment.role

    def may_grade(self, course: Course, person: Person) -> bool:
        """Tell whether the person sees and changes the course's gradebook."""
        return (
            self.role_in(course, person) in GRADING_ROLES
            or "Administrator" in person.institution_roles
        )

    def may_teach(self, course: Course, person: Person) -> bool:
        """Tell whether the person may change the course's contents."""
        return (
            self.role_in(course, person) in TEACHING_ROLES - {"non_editing_teacher"}
            or "Administrator" in person.institution_roles
        )

    def administers(self, person: Person) -> bool:
        """Tell whether the person runs the whole site."""
        enrolments = (course.enrolments.get(person.id) for course in self.state.courses.values())
        return "Administrator" in person.institution_roles or any(
            each is not None and each.role == "admin" for each in enrolments
        )

    def is_student(self, course: Course, person: Person) -> bool:
        """Tell whether the person has a row in the course's gradebook."""
        return self.role_in(course, person) in STUDENT_ROLES

    def students(self, course: Course) -> list[Person]:
        """Return the people with a row in the gradebook."""
        return [
            self.state.people[person_id]
            for person_id, enrolment in course.enrolments.items()
            if enrolment.role in STUDENT_ROLES and not enrolment.ended
        ]

    def target_of(self, activity: Activity) -> str:
        """Return the address that launching the activity asks for."""
        return activity.url or self.state.tool.target_link_uri


@dataclass(frozen=True, slots=True)
class Practice:
    """The application's parts in one place."""

    store: Store
    messages: MessageLog
    platforms: dict[str, Platform]


def practice() -> Practice:
    """Return the running application's parts."""
    found = current_app.extensions[EXTENSION]
    assert isinstance(found, Practice)
    return found


def platform_named(name: str) -> Platform:
    """Return one of the two platforms."""
    return practice().platforms[name]
