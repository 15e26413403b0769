"""A lesson at a practice platform, whose link has no column in the gradebook and comes to count."""

from random import Random
from typing import Any

from sqlalchemy import select

from lti_alliance.delivering import Deliverer
from lti_alliance.domain.activities import ActivitySettings, Part
from lti_alliance.models import Activity, LineItem, Membership, ResourceLink, User
from lti_alliance.parts import EXTENSION
from lti_alliance.services import activities, answering, attempt_sheets, attempts, check_turns
from tests.answers import right_values
from tests.certification import suite
from tests.certification.served import Heard, ServedSchool
from tests.platforms import Browser
from tests.web.visits import forms_of

LINK = "reading"
"""An activity of the practice course that has no column in the gradebook."""


class Lesson:
    """A course at a practice platform, whose teacher makes a link without a column count."""

    def __init__(self, school: ServedSchool) -> None:
        self.school = school
        self.tool = school.world.app.extensions[EXTENSION]
        self.deliverer = Deliverer(school.world.app)
        self.student, self.other = [
            school.platform.state.people[key]
            for key, each in school.course.enrolments.items()
            if each.role == "student"
        ][:2]
        self.student.sub = suite.STUDENT
        self.before = set(school.course.line_items)

    @property
    def session(self) -> Any:
        """The tool's database as it is now."""
        return self.school.fresh()

    @property
    def activity(self) -> Activity:
        """The one activity."""
        return self.session.scalars(select(Activity)).one()

    def member(self, sub: str) -> Membership:
        """Return somebody's place in the course."""
        return self.session.scalars(select(Membership).join(User).where(User.sub == sub)).one()

    def launch(self, person: str) -> tuple[Browser, Any]:
        """Open the link as somebody, and return the browser with its page."""
        browser = self.school.world.browser()
        answer = self.school.launch(browser, person, LINK)
        assert answer.status_code == 303, answer.text
        return browser, browser.get(answer.location, follow_redirects=True)

    def set_up(self, teacher: Membership) -> None:
        """Let the teacher choose a quiz for the link."""
        session = self.school.world.session
        activities.set_up_activity(
            session,
            self.tool.catalogue,
            link=session.scalars(select(ResourceLink)).one(),
            module_id="taster",
            settings=ActivitySettings(parts=frozenset({Part.QUIZ})),
            actor=teacher,
            at=self.school.world.now(),
        )
        session.commit()

    def deliver(self) -> None:
        """Send what is due; where a score then waits for a column, the teacher asks for one.

        In Moodle the column of a link comes with the first score; elsewhere it would be a new
        assignment, so that somebody presses a button.
        """
        self.deliverer.deliver_due()
        browser, page = self.launch(self.school.person("teacher"))
        for form in forms_of(page):
            if str(form["action"]).endswith("/column"):
                asked = browser.post(form["action"], data=dict(form["fields"]))
                assert asked.status_code == 303, asked.text
        self.deliverer.deliver_due()

    def hand_in(self, student: Any) -> None:
        """Let a student open the link and answer everything rightly."""
        self.launch(student.id)
        session, at = self.session, self.school.world.now()
        attempt = attempts.start_attempt(
            session,
            self.tool.catalogue,
            activity=self.activity,
            membership=self.member(student.sub),
            rng=Random(7),
            at=at,
        )
        sheet = attempt_sheets.get_sheet(session, self.tool.catalogue, attempt)
        answering.submit_attempt(
            session,
            self.tool.catalogue,
            attempt=attempt,
            fields={f"response.{item.id}": right_values(item) for item in sheet.items},
            base_version=attempt.saved_version,
            at=at,
        )
        session.commit()

    def compare(self) -> None:
        """Have the column read."""
        check_turns.ask(self.session, self.activity, at=self.school.world.now())
        self.school.world.session.commit()
        assert self.deliverer.compare_due() == 1

    def lose_address(self) -> None:
        """Forget where the line item is."""
        self.session.scalars(select(LineItem)).one().url = ""
        self.school.world.session.commit()

    def heard(self) -> list[Heard]:
        """Return what the platform was asked since the last time."""
        found = list(self.school.recorder.heard)
        self.school.recorder.heard.clear()
        return found
