"""A course with people and activities, for the tests of pages."""

from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

from flask import Flask
from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.activities import Part
from lti_alliance.domain.items import ShortItem
from lti_alliance.domain.modules import Grading
from lti_alliance.models import Activity
from lti_alliance.sealing import Sealer
from lti_alliance.services import answering, attempt_sheets, attempts, reflections
from tests import stage as stages
from tests.answers import right_values
from tests.conftest import Clock
from tests.web import visits
from tests.web.visits import Visitor

RUBRIC_PARTS: dict[str, Any] = {
    "module_id": "trust-credibility-expertise",
    "parts": frozenset({Part.QUIZ, Part.REFLECTION}),
    "prompt_ids": ("tc-r1",),
    "reflection_grading": Grading.RUBRIC,
}
COMPLETION_PARTS: dict[str, Any] = {
    "module_id": "taster",
    "parts": frozenset({Part.REFLECTION}),
    "prompt_ids": ("ta-r1",),
}


@dataclass
class Course:
    """One course, seen by the application under test."""

    app: Flask
    session: Session
    stage: stages.Stage
    now: Clock

    @property
    def catalogue(self) -> Catalogue:
        """The modules of the application."""
        return self.app.extensions["alliance"].catalogue

    @property
    def sealer(self) -> Sealer:
        """The sealer of the application."""
        return self.app.extensions["alliance"].sealer

    def join(self, name: str, **changes: Any) -> None:
        """Let a student into the course, under a name."""
        member = self.stage.join(name, **changes)
        visits.name_person(
            self.session, member, name.title(), until=self.now() + timedelta(days=30)
        )

    def visit(self, name: str, activity: Activity, **changes: Any) -> Visitor:
        """Open an activity as somebody."""
        return visits.visit(
            self.app,
            self.session,
            self.stage.people[name],
            **{"link": activity.resource_link, "at": self.now(), **changes},
        )

    def fresh(self) -> Session:
        """Return the session as it sees what the application has committed."""
        self.session.rollback()
        self.session.expire_all()
        return self.session

    def hand_in_quiz(self, name: str, activity: Activity, *, short: str = "nonsense") -> str:
        """Let somebody have handed in an attempt with every choice right; return its id."""
        attempt = self.open_quiz(name, activity)
        sheet = attempt_sheets.get_sheet(self.session, self.catalogue, attempt)
        fields = {
            f"response.{item.id}": [short] if isinstance(item, ShortItem) else right_values(item)
            for item in sheet.items
        }
        answering.submit_attempt(
            self.session,
            self.catalogue,
            attempt=attempt,
            fields=fields,
            base_version=attempt.saved_version,
            at=self.now(),
        )
        self.session.commit()
        return str(attempt.id)

    def open_quiz(self, name: str, activity: Activity) -> Any:
        """Let somebody have started an attempt."""
        attempt = attempts.start_attempt(
            self.session,
            self.catalogue,
            activity=activity,
            membership=self.stage.people[name],
            rng=Random(7),
            at=self.now(),
        )
        self.session.commit()
        return attempt

    def hand_in_reflection(self, name: str, activity: Activity, prompt_id: str, text: str) -> str:
        """Let somebody have handed in a reflection; return its id."""
        made = reflections.submit_reflection(
            self.session,
            self.sealer,
            activity=activity,
            membership=self.stage.people[name],
            prompt_id=prompt_id,
            text=text,
            base_version=0,
            at=self.now(),
        )
        self.session.commit()
        return str(made.id)


def open_course(app: Flask, session: Session, now: Clock) -> Course:
    """Put a course with Ada, Ben and their instructor on the table."""
    now.move(to=stages.NOON)
    course = Course(app, session, stages.build(session, app.extensions["alliance"].catalogue), now)
    course.join("ada")
    course.join("ben")
    return course
