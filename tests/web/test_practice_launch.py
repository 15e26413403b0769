"""Launches through the practice LMS, which shares no code with the tool."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from lti_alliance.domain.activities import ActivitySettings, Part
from lti_alliance.models import LaunchSession, LineItem, Membership, Profile, ResourceLink
from lti_alliance.practice_lms.app import create_practice_lms
from lti_alliance.practice_lms.platform import EXTENSION
from lti_alliance.practice_lms.settings import PracticeSettings
from lti_alliance.services import activities, reflections
from lti_alliance.services.platforms import add_registration
from lti_alliance.services.score_claims import claim_due
from lti_alliance.services.score_sending import prepare
from tests.platforms import Browser, World
from tests.practice_lms.forms import form_of

ADDRESSES = {
    "canvas": ("/api/lti/authorize_redirect", "/login/oauth2/token", "/api/lti/security/jwks"),
    "moodle": ("/mod/lti/auth.php", "/mod/lti/token.php", "/mod/lti/certs.php"),
}


@dataclass
class School:
    """A platform of the practice LMS, registered with the tool."""

    world: World
    app: Flask
    name: str

    @property
    def platform(self) -> Any:
        """The platform's insides."""
        return self.app.extensions[EXTENSION].platforms[self.name]

    def register(self) -> None:
        """Make the two known to each other, and the keys readable."""
        tool, root = self.platform.state.tool, self.platform.root
        auth, token, jwks = (root + path for path in ADDRESSES[self.name])
        add_registration(
            self.world.session,
            name=self.name,
            issuer=self.platform.state.issuer,
            client_id=tool.client_id,
            auth_login_url=auth,
            auth_token_url=token,
            jwks_url=jwks,
            family=self.name,
            deployment_ids=[tool.deployment_id],
            allow_local=True,
            at=self.world.now(),
        )
        self.world.session.commit()
        client = self.app.test_client()
        self.world.network.serve_json(jwks, lambda: client.get(urlsplit(jwks).path).json)

    def initiation(self, client: FlaskClient, person: str, activity: str) -> dict[str, str]:
        """Sign a person in and begin a launch."""
        signed_in = client.post(f"/{self.name}/login_as", json={"person": person})
        assert signed_in.status_code == 200
        asked = {"platform": self.name, "activity": activity, "person": person}
        return client.post("/_practice/launch", json=asked).json["fields"]

    def message(self, client: FlaskClient, location: str) -> dict[str, str]:
        """Follow the tool's redirect to the platform and return the form that comes back."""
        for _ in range(3):
            parts = urlsplit(location)
            answer = client.get(parts.path, query_string=parts.query)
            if answer.status_code != 302:
                break
            location = answer.location
        address, fields = form_of(answer.text)
        assert address == f"{self.world.base_url}/lti/launch"
        return fields

    def launch(self, browser: Browser, person: str, activity: str) -> Any:
        """Walk a person's launch from the course to the tool's answer."""
        client = self.app.test_client()
        location = self.begin(browser, self.initiation(client, person, activity))
        return browser.post("/lti/launch", data=self.message(client, location))

    def begin(self, browser: Browser, fields: dict[str, str]) -> str:
        """Send the platform's login, and return where the tool sends the browser with it."""
        answer = browser.post("/lti/login", data=fields)
        if answer.status_code == 200:
            # Canvas offers storage, which takes a script: without one its page's button goes on.
            address, fields = form_of(answer.text)
            answer = browser.post(address, data=fields)
        if answer.status_code == 303:
            answer = browser.get(answer.location)
        assert answer.status_code == 302, answer.text
        return answer.location


@pytest.fixture(params=["canvas", "moodle"])
def school(request: pytest.FixtureRequest, world: World) -> School:
    """One platform of the practice LMS."""
    now: Callable[[], float] = lambda: world.now().timestamp()  # noqa: E731
    app = create_practice_lms(PracticeSettings(tool_url=world.base_url, now=now))
    school = School(world, app, request.param)
    school.register()
    return school


def people(school: School, role: str) -> str:
    """Name somebody with that role in the first course."""
    course = next(iter(school.platform.state.courses.values()))
    return next(key for key, enrolment in course.enrolments.items() if enrolment.role == role)


def test_student_and_teacher_get_in(school: School) -> None:
    """The platform's own launches open the pages that their roles see."""
    for role, expected in (("student", "learner"), ("teacher", "instructor")):
        browser = school.world.browser()
        answer = school.launch(browser, people(school, role), "taster")
        assert answer.status_code == 303, answer.text
        page = browser.get(answer.location, follow_redirects=True)
        assert page.status_code == 200, page.text
        school.world.session.rollback()
        newest = select(LaunchSession.role).order_by(LaunchSession.created_at.desc())
        assert expected in school.world.session.scalars(newest).all()


@pytest.mark.parametrize("is_filled_in", [True, False])
def test_the_persons_zone_is_kept(school: School, is_filled_in: bool) -> None:
    """What the platform fills in is kept; a variable that it leaves as it is says nothing."""
    if not is_filled_in:
        school.platform.state.tool.custom["time_zone"] = "$Person.address.timeZone"
    answer = school.launch(school.world.browser(), people(school, "teacher"), "taster")
    school.world.session.rollback()
    kept = school.world.session.scalars(select(LaunchSession.time_zone)).one()
    told = {"canvas": "America/Denver", "moodle": "Europe/London"}[school.name]

    assert answer.status_code == 303
    assert kept == (told if is_filled_in else "")


def test_the_gradebook_column_is_known(school: School) -> None:
    """A student's launch tells the tool where the score will go, on a host that it may call."""
    school.launch(school.world.browser(), people(school, "student"), "taster")
    school.world.session.rollback()
    line_item = school.world.session.scalars(select(LineItem)).one()

    assert line_item.url.startswith(school.platform.root)
    assert line_item.held_host == ""
    assert school.world.session.scalars(select(Profile)).one().name


def test_a_form_of_the_platform_opens_once(school: School) -> None:
    """The form that the platform sent does nothing in another browser."""
    world, client = school.world, school.app.test_client()
    browser, other = world.browser(), world.browser()
    fields = school.initiation(client, people(school, "student"), "taster")
    form = school.message(client, school.begin(browser, fields))

    assert other.post("/lti/launch", data=form).status_code == 401
    assert browser.post("/lti/launch", data=form).status_code == 303
    assert browser.post("/lti/launch", data=form).status_code == 303
    assert other.post("/lti/launch", data=form).status_code == 401


@pytest.mark.parametrize("school", ["canvas"], indirect=True)
def test_speed_grader_opens_a_reflection_alone(school: School) -> None:
    """The address that comes with a score of a reflection is opened as Canvas opens it."""
    session, tool = school.world.session, school.world.app.extensions["alliance"]
    browser, at = school.world.browser(), school.world.now()
    for role in ("student", "teacher"):
        school.launch(browser, people(school, role), "taster")
    session.rollback()
    members = {member.role: member for member in session.scalars(select(Membership))}
    activity = activities.set_up_activity(
        session,
        tool.catalogue,
        link=session.scalars(select(ResourceLink)).one(),
        module_id="taster",
        settings=ActivitySettings(parts=frozenset({Part.REFLECTION}), prompt_ids=("ta-r1",)),
        actor=members["instructor"],
        at=at,
    )
    reflections.submit_reflection(
        session,
        tool.sealer,
        activity=activity,
        membership=members["learner"],
        prompt_id="ta-r1",
        text="I fell silent.",
        base_version=0,
        at=at,
    )
    claimed = claim_due(session, at=at, limit=1, lease=timedelta(minutes=1), token="token")
    launch_url = f"{school.world.base_url}/lti/launch"
    (step,) = prepare(session, claimed, token="token", launch_url=launch_url, at=at)
    session.commit()
    course = next(iter(school.platform.state.courses.values()))
    item, student = course.primary_item("taster"), people(school, "student")
    cell = course.cell(item.id, student)
    cell.submission_type, cell.submission_data = "basic_lti_launch", step.score.review_url
    client = school.app.test_client()
    client.post("/canvas/login_as", json={"person": people(school, "teacher")})
    opened = client.get(f"/canvas/courses/{course.id}/gradebook/{item.id}/{student}/launch")
    location = school.begin(browser, form_of(opened.text)[1])
    answer = browser.post("/lti/launch", data=school.message(client, location))
    page = browser.get(answer.location, follow_redirects=True)

    assert "?reflection=" in step.score.review_url
    assert 'data-page="submission"' in page.text
    assert "I fell silent." in page.text
