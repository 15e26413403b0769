"""The tool of a world: its database and services, and what students and teachers do in it."""

import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy import delete, event, select, update
from sqlalchemy.orm import Session

from lti_alliance.app import create_app
from lti_alliance.content.catalogue import Catalogue
from lti_alliance.delivering import Deliverer, acts_of
from lti_alliance.domain.activities import ActivitySettings, Part
from lti_alliance.domain.gradebook import GradeScope
from lti_alliance.domain.items import response_field
from lti_alliance.domain.launch import (
    GradeService,
    Launch,
    LaunchContext,
    LaunchResourceLink,
    MessageType,
    Person,
    Role,
    RosterService,
)
from lti_alliance.domain.modules import Grading, Keep
from lti_alliance.errors import AlreadySubmitted
from lti_alliance.lti import keys
from lti_alliance.lti.grade_services import GradeServices
from lti_alliance.lti.memberships import Memberships
from lti_alliance.lti.tokens import ServiceTokens
from lti_alliance.models import (
    Activity,
    Attempt,
    Base,
    Deployment,
    DeploymentState,
    LineItem,
    Membership,
    Reflection,
    Registration,
    RegistrationState,
    ResourceLink,
    User,
    db,
)
from lti_alliance.parts import EXTENSION, Parts
from lti_alliance.services import (
    activities,
    answering,
    assessing,
    attempt_sheets,
    attempts,
    check_turns,
    launches,
    platforms,
    reflections,
    score_resending,
    wordings,
)
from lti_alliance.settings import Settings
from tests import factories
from tests.chaos import lesson
from tests.chaos.clocks import Clocks
from tests.chaos.school import BOTH, COLUMNS, QUIZ, STUDENTS, TOOL, Place, School
from tests.chaos.wire import WatchedGradebook, WatchedRoster, Wire
from tests.conftest import DATA_KEY, SECRET_KEY

SETTINGS = {
    QUIZ: ActivitySettings(parts=frozenset({Part.QUIZ}), attempts=None, keep=Keep.HIGHEST),
    BOTH: ActivitySettings(
        parts=frozenset({Part.QUIZ, Part.REFLECTION}),
        attempts=None,
        keep=Keep.LATEST,
        prompt_ids=(lesson.PROMPT,),
        reflection_grading=Grading.RUBRIC,
    ),
}
TEXT = "Quietly unmistakable words about a harbor"
REMARK = "A remark of the instructor"
LASTING = {
    "tool_keys",
    "registrations",
    "deployments",
    "users",
    "profiles",
    "contexts",
    "memberships",
    "resource_links",
    "line_items",
    "activities",
    "module_versions",
}
"""Tables whose rows every example finds as they were built."""
WORKERS = ("A", "B")


class Tool:
    """The real application on a real database, with two workers and nothing else running."""

    def __init__(self, url: str, clocks: Clocks, wire: Wire, schools: dict[str, School]) -> None:
        self.clocks = clocks
        self.schools = schools
        settings = Settings(
            environment="production",
            secret_key=SECRET_KEY,
            data_key=DATA_KEY,
            base_url=TOOL,
            database_url=url,
            log_level="info",
            log_format="json",
        )
        self._restore_ids = _number_ids()
        self.app = create_app(settings, sessions=wire.session, now=clocks.tool)
        parts: Parts = self.app.extensions[EXTENSION]
        self.settings, self.sealer = parts.settings, parts.sealer
        self.lease = timedelta(seconds=settings.delivery_lease_s)
        self.catalogue = Catalogue([lesson.MODULE])
        self.act = acts_of(self.app)
        with self.app.app_context():
            event.listen(db.engine, "connect", _hurry)
            db.engine.dispose()
        tokens = ServiceTokens(http=parts.http, acts=self.act, sealer=parts.sealer, now=clocks.tool)
        hosts: dict[UUID, list[str]] = {}
        self.gradebook = WatchedGradebook(GradeServices(tokens), wire, hosts)
        self.roster = WatchedRoster(Memberships(tokens), wire, hosts)
        self.deliverers = self._make_workers()
        self.registrations: dict[str, UUID] = {}
        self.activities: dict[tuple[str, str], UUID] = {}
        self.members: dict[tuple[str, int], UUID] = {}
        self.teachers: dict[str, UUID] = {}
        self._states = count()
        with self.act() as session:
            factories.make_tool_key(session)
            self.published = json.dumps(keys.public_key_set(session))
            for school in schools.values():
                self._settle_in(session, school)
        for name, school in schools.items():
            hosts[self.registrations[name]] = [school.host]
        with self.act() as session:
            lines = session.execute(select(LineItem.id, LineItem.url, LineItem.container_url))
            self._columns = lines.all()

    def close(self) -> None:
        with self.app.app_context():
            db.engine.dispose()
        self._restore_ids()

    def reset(self) -> None:
        """Forget all that was done; people, courses and activities stay."""
        with self.act() as session:
            for table in reversed(Base.metadata.sorted_tables):
                if table.name not in LASTING:
                    session.execute(delete(table))
            for key, url, container_url in self._columns:
                session.execute(
                    update(LineItem)
                    .where(LineItem.id == key)
                    .values(url=url, container_url=container_url)
                )
            session.execute(update(Registration).values(state=RegistrationState.ACTIVE))
        # What a process has heard of platforms it forgets only by ending.
        self.deliverers = self._make_workers()

    def _make_workers(self) -> dict[str, Deliverer]:
        return {
            name: Deliverer(self.app, gradebook=self.gradebook, roster=self.roster)
            for name in WORKERS
        }

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with self.app.app_context():
            yield db.session()

    @property
    def now(self) -> datetime:
        return self.clocks.tool()

    # Building

    def _settle_in(self, session: Session, school: School) -> None:
        tool = school.platform.state.tool
        registration = Registration(
            name=school.name,
            issuer=school.platform.state.issuer,
            client_id=tool.client_id,
            family=school.name,
            auth_login_url=f"{school.root}/auth",
            auth_token_url=school.token_url,
            jwks_url=f"{school.root}/jwks",
            service_hosts=[school.host],
            created_at=self.now,
        )
        session.add(registration)
        session.flush()
        session.add(
            Deployment(
                registration_id=registration.id,
                deployment_id=tool.deployment_id,
                state=DeploymentState.APPROVED,
                first_seen_at=self.now,
            )
        )
        session.flush()
        self.registrations[school.name] = registration.id
        for column in COLUMNS:
            self.teachers[school.name] = self._open(session, school, column, None)
        for number in range(STUDENTS):
            key = (school.name, number)
            self.members[key] = self._open(session, school, QUIZ, number)
        for column in COLUMNS:
            links = select(ResourceLink).join(LineItem)
            link = session.scalars(links.where(LineItem.url == school.line_item_url(column))).one()
            activity = activities.set_up_activity(
                session,
                self.catalogue,
                link=link,
                module_id=lesson.MODULE.id,
                settings=SETTINGS[column],
                actor=session.get_one(Membership, self.teachers[school.name]),
                at=self.now,
            )
            self.activities[school.name, column] = activity.id

    def _open(self, session: Session, school: School, column: str, student: int | None) -> UUID:
        """Open a link as a student or the teacher does, and return the membership."""
        state = school.platform.state
        number = next(self._states)
        teacher = "instructor" if school.is_canvas else "teacher"
        person = state.people[teacher] if student is None else school.students[student]
        launch = Launch(
            message_type=MessageType.RESOURCE_LINK,
            registration_id=self.registrations[school.name],
            deployment_id=state.tool.deployment_id,
            person=Person(
                sub=person.sub,
                name=person.name,
                given_name=person.given_name,
                family_name=person.family_name,
                email=person.email,
            ),
            role=Role.INSTRUCTOR if student is None else Role.LEARNER,
            context=LaunchContext(school.course.context_id, title=school.course.title),
            resource_link=LaunchResourceLink(school.link_id(column), title=column),
            grade_service=GradeService(
                scopes=frozenset(GradeScope),
                lineitems=school.container_url,
                lineitem=school.line_item_url(column),
            ),
            roster_service=RosterService(school.memberships_url),
            platform_family=school.name,
        )
        opened = launches.open_launch(
            session,
            launch,
            state_id=f"state-{number}",
            token_digest=f"token-{number}",
            handle=f"handle-{number}",
            cookie_digest=f"cookie-{number}",
            frame_ancestors=[],
            session_for=timedelta(hours=12),
            profile_for=timedelta(days=30),
            at=self.now,
        )
        assert opened is not None
        assert opened.membership_id is not None
        return opened.membership_id

    # What people do

    def submit(self, place: Place, answers: tuple[str, str], *, twice: bool = False) -> None:
        """Take the quiz and hand it in, perhaps by a double click."""
        fields = {
            response_field(item_id): [answer]
            for item_id, answer in zip(lesson.POINTS, answers, strict=True)
            if answer
        }
        with self.act() as session:
            attempt = attempts.start_attempt(
                session,
                self.catalogue,
                activity=self._activity(session, place),
                membership=self._member(session, place),
                rng=random.Random(0),
                at=self.now,
            )
            self._hand_in(session, attempt, fields)
            key = attempt.id
        if twice:
            with self.act() as session, suppress(AlreadySubmitted):
                self._hand_in(session, session.get_one(Attempt, key), fields)

    def _hand_in(self, session: Session, attempt: Attempt, fields: attempt_sheets.Fields) -> None:
        answering.submit_attempt(
            session,
            self.catalogue,
            attempt=attempt,
            fields=fields,
            base_version=0,
            at=self.now,
        )

    def accept_wording(self, school: str, column: str, item_id: str, share: Any) -> None:
        """Accept the odd wording of an item, or change what it earns: everybody is regraded."""
        with self.act() as session:
            wordings.accept_wording(
                session,
                self.catalogue,
                activity=session.get_one(Activity, self.activities[school, column]),
                item_id=item_id,
                wording=lesson.ODD,
                share=share,
                actor=session.get_one(Membership, self.teachers[school]),
                at=self.now,
            )

    def write(self, place: Place) -> None:
        """Hand in the reflection."""
        with self.act() as session:
            reflections.submit_reflection(
                session,
                self.sealer,
                activity=self._activity(session, place),
                membership=self._member(session, place),
                prompt_id=lesson.PROMPT,
                text=TEXT,
                base_version=0,
                at=self.now,
            )

    def assess(self, place: Place, level: int, *, has_comment: bool, base_version: int) -> None:
        """Grade the reflection, or grade it anew."""
        with self.act() as session:
            reflection = session.scalars(
                select(Reflection).where(
                    Reflection.activity_id == self.activities[place.school, place.column],
                    Reflection.membership_id == self.members[place.school, place.student],
                )
            ).one()
            assessing.assess_reflection(
                session,
                self.catalogue,
                self.sealer,
                reflection=reflection,
                selections={lesson.CRITERION: level},
                comment=REMARK if has_comment else "",
                base_version=base_version,
                assessor=session.get_one(Membership, self.teachers[place.school]),
                at=self.now,
            )

    def open_link(self, school: School, column: str, student: int | None) -> None:
        """Open the link again from the course: the message tells where the column is now."""
        with self.act() as session:
            self._open(session, school, column, student)

    def send_again(self, delivery_id: UUID) -> None:
        with self.act() as session:
            score_resending.resend(session, [delivery_id], at=self.now)

    def send_all(self, school: str, column: str, *, replaces_changed: bool) -> None:
        with self.act() as session:
            activity = session.get_one(Activity, self.activities[school, column])
            score_resending.resend_all(
                session, activity, at=self.now, replaces_changed=replaces_changed
            )

    def ask_for_comparison(self, school: str, column: str) -> None:
        with self.act() as session:
            activity = session.get_one(Activity, self.activities[school, column])
            check_turns.ask(session, activity, at=self.now)

    def switch(self, school: str, *, on: bool) -> None:
        """Let an administrator switch a registration on or off."""
        with self.act() as session:
            registration = session.get_one(Registration, self.registrations[school])
            turn = platforms.enable if on else platforms.disable
            turn(session, registration, at=self.now)

    def _activity(self, session: Session, place: Place) -> Activity:
        return session.get_one(Activity, self.activities[place.school, place.column])

    def _member(self, session: Session, place: Place) -> Membership:
        return session.get_one(Membership, self.members[place.school, place.student])


def _hurry(connection: Any, _record: Any) -> None:
    # What a power cut would take is not tried here, and a thousand acts need not wait for a disk.
    if "sqlite" in type(connection).__module__:
        connection.execute("PRAGMA synchronous = OFF")


def _number_ids() -> Callable[[], None]:
    """Number all rows in their order, so that an example can be repeated; return the way back."""
    numbers = count(1)
    columns = [t.c.id for t in Base.metadata.sorted_tables if "id" in t.c and t.c.id.default]
    before = [(column, column.default.arg) for column in columns]
    for column in columns:
        column.default.arg = lambda _: UUID(int=next(numbers))

    def restore() -> None:
        for column, value in before:
            column.default.arg = value

    return restore


def names_and_ids(session: Session) -> set[str]:
    """Return what the tool knows of people that no log may say."""
    return {sub for sub in session.scalars(select(User.sub)) if len(sub) > 8}
