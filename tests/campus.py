"""The practice LMS in process with the tool's own services, worker steps and clock around it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import requests
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from lti_alliance.domain.roster import Member, RosterRef
from lti_alliance.lti import keys
from lti_alliance.lti.grade_services import GradeServices
from lti_alliance.lti.http import PlatformHTTP
from lti_alliance.lti.memberships import Memberships
from lti_alliance.lti.tokens import ServiceTokens
from lti_alliance.models import Grade, GradebookCheck, ScoreDelivery
from lti_alliance.practice_lms.app import create_practice_lms
from lti_alliance.practice_lms.gradebook import set_by_person
from lti_alliance.practice_lms.platform import EXTENSION
from lti_alliance.practice_lms.settings import PracticeSettings
from lti_alliance.practice_lms.state import Fault
from lti_alliance.services import check_turns, gradebook_checks, score_delivery
from lti_alliance.services.score_claims import claim_due
from lti_alliance.services.score_records import record
from lti_alliance.services.score_sending import call, prepare
from tests import factories
from tests.factories import NOW, SEALER
from tests.fakes import InProcess, ScriptedPlatform

LAUNCH_URL = "http://localhost:8000/lti/launch"
LEASE = timedelta(minutes=2)


class Campus:
    """The practice LMS in process, with one course whose student has a grade here."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine = engine
        self.at = NOW
        self.http = requests.Session()
        self.app = create_practice_lms(
            PracticeSettings(now=lambda: self.at.timestamp(), http=self.http)
        )
        self.platform = self.app.extensions[EXTENSION].platforms[name]
        with self.act() as session:
            factories.make_tool_key(session)
            self.jwks = json.dumps(keys.public_key_set(session))
        self.http.mount("http://localhost:8000", ScriptedPlatform(lambda _: (200, {}, self.jwks)))
        tokens = ServiceTokens(
            http=PlatformHTTP(5.0, self.session),
            acts=self.act,
            sealer=SEALER,
            now=lambda: self.at,
        )
        self.gradebook = GradeServices(tokens)
        self.roster = Memberships(tokens)
        self.course = next(iter(self.platform.state.courses.values()))
        self.item = self.course.primary_item("taster")
        self.person = next(
            person
            for slug, person in self.platform.state.people.items()
            if slug in self.course.enrolments and self.course.enrolments[slug].role == "student"
        )
        self.delivery_id = self._want(name)

    def session(self) -> requests.Session:
        """Make a session that reaches the practice LMS and nothing else."""
        session = requests.Session()
        session.mount("http://127.0.0.1:8001", InProcess(self.app))
        return session

    @contextmanager
    def act(self) -> Iterator[Session]:
        with Session(self.engine, expire_on_commit=False) as session:
            session.connection(execution_options={"sqlite_begin": "IMMEDIATE"})
            yield session
            session.commit()

    def _want(self, name: str) -> UUID:
        tool, root = self.platform.state.tool, self.platform.root
        if name == "canvas":
            token_url = f"{root}/login/oauth2/token"
            container = f"{root}/api/lti/courses/{self.course.id}/line_items"
            url = f"{container}/{self.item.id}"
            roster = f"{root}/api/lti/courses/{self.course.id}/names_and_roles"
        else:
            token_url = f"{root}/mod/lti/token.php"
            container = f"{root}/mod/lti/services.php/{self.course.id}/lineitems?type_id=2"
            url = container.replace("?", f"/{self.item.id}/lineitem?")
            roster = f"{root}/mod/lti/services.php/CourseSection/{self.course.id}/bindings/2"
            roster += "/memberships"
        with self.act() as session:
            registration = factories.make_registration(
                session,
                family=name,
                client_id=tool.client_id,
                auth_token_url=token_url,
                service_hosts=["127.0.0.1:8001"],
                allow_local=True,
            )
            course = factories.make_course(session, registration, memberships_url=roster)
            link = factories.make_link(session, course, url=url, container_url=container)
            link.lti_id = str(self.item.resource_link_id)
            activity = factories.make_activity(session, link)
            member = factories.make_member(session, course, sub=self.person.sub)
            grade = factories.make_grade(session, activity, member, comment="Read the feedback.")
            delivery = factories.want_shown(session, grade, at=self.at)
            assert delivery is not None
            return delivery.id

    def regrade(self, score: str | None, **changes: Any) -> None:
        """Change the grade and want that shown."""
        with self.act() as session:
            row = session.get_one(ScoreDelivery, self.delivery_id)
            grade = session.get_one(Grade, row.grade_id)
            grade.score = None if score is None else Decimal(score)
            for name, value in changes.items():
                setattr(grade, name, value)
            session.flush()
            score_delivery.mirror(session, grade, at=self.at)

    def work(self) -> None:
        for _ in range(20):
            with self.act() as session:
                lease = timedelta(minutes=2)
                claimed = claim_due(session, at=self.at, limit=4, lease=lease, token="t")
            if not claimed:
                return
            with self.act() as session:
                steps = prepare(session, claimed, token="t", launch_url=LAUNCH_URL, at=self.at)
            for step in steps:
                heard = call(self.gradebook, step, roster=self.roster)
                with self.act() as session:
                    record(session, step, heard, at=self.at, jitter=1.0)
        raise AssertionError("the delivery goes round in circles")

    def work_for(self, **time: float) -> None:
        """Let time pass in steps of half a minute, working all along."""
        until = self.at + timedelta(**time)
        while self.at <= until:
            self.work()
            self.at += timedelta(seconds=30)

    def break_something(self, kind: str, *, endpoint: str = "score", **members: Any) -> None:
        fault = Fault.from_json({"endpoint": endpoint, "kind": kind, **members})
        self.platform.state.faults.append(fault)

    @property
    def row(self) -> ScoreDelivery:
        with self.act() as session:
            return session.get_one(ScoreDelivery, self.delivery_id)

    @property
    def cell(self) -> Any:
        return self.course.find_cell(self.item.id, self.person.id)

    def compare(self) -> GradebookCheck:
        """Compare the column with the gradebook now, and return what is kept of it."""
        with self.act() as session:
            row = session.get_one(ScoreDelivery, self.delivery_id)
            check_turns.ask(session, row.activity, at=self.at)
        self.compare_due()
        with self.act() as session:
            return session.scalars(select(GradebookCheck)).one()

    def compare_due(self) -> None:
        """Make the comparison that is due, if there is one."""
        with self.act() as session:
            found = check_turns.claim_check(session, at=self.at, lease=LEASE, token="c")
        if found is None:
            return
        with self.act() as session:
            step = gradebook_checks.prepare_check(session, found, token="c", at=self.at)
        if step is None:
            return
        heard = gradebook_checks.call_check(self.gradebook, step)
        with self.act() as session:
            gradebook_checks.record_check(session, step, heard, at=self.at, jitter=1.0)

    def list_members(self) -> list[Member]:
        """List the course's members as the worker would."""
        with self.act() as session:
            row = session.get_one(ScoreDelivery, self.delivery_id)
            context = row.activity.resource_link.context
            deployment = context.deployment
            roster = RosterRef(
                registration_id=deployment.registration_id,
                deployment_id=deployment.deployment_id,
                url=context.memberships_url,
                family=deployment.registration.family,
            )
        return self.roster.list_members(roster)

    def set_by_person(self, score: float | None) -> None:
        """Let a teacher enter a grade in the LMS."""
        set_by_person(self.platform, self.course, self.item, student=self.person, score=score)

    @property
    def state(self) -> tuple[str, str]:
        row = self.row
        return row.state, row.reason
