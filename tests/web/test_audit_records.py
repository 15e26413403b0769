"""What the edges put on record: refusals for the role, and data taken away as a file."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_alliance.lti.claims import CLAIM
from lti_alliance.models import AuditEvent, LaunchSession
from lti_alliance.web import refusals
from tests.platforms import INSTRUCTOR, LEARNER, World
from tests.web.placing import request_claims


def recorded(session: Session, action: str) -> list[AuditEvent]:
    session.rollback()
    return list(session.scalars(select(AuditEvent).where(AuditEvent.action == action)))


def launched(world: World, **changes) -> tuple:
    browser = world.browser()
    answer = browser.launch(**changes)
    return browser, answer.location + "test"


def test_a_refusal_for_the_role_is_recorded(world: World) -> None:
    """Who asked, in which role, for which page, under the number that the refusal shows."""
    browser, path = launched(world)
    answer = browser.get(f"{path}/teach")
    (event,) = recorded(world.session, "role.refused")
    launch = world.session.scalars(select(LaunchSession)).one()

    assert answer.status_code == 403
    assert (event.object_kind, event.object_id) == ("launch_session", launch.id)
    assert (event.actor_id, event.actor_role) == (launch.user_id, "learner")
    assert event.context_id == launch.context_id
    assert event.request_id == answer.headers["X-Request-ID"]
    assert event.details == {"code": "role.not_allowed", "page": "teacher"}


def test_asking_again_and_again_does_not_fill_the_trail(world: World) -> None:
    """One launch's refusals are recorded up to a number; the refusals themselves go on."""
    browser, path = launched(world)
    answers = [browser.get(f"{path}/teach") for _ in range(refusals.ONE_LAUNCH + 3)]

    assert {answer.status_code for answer in answers} == {403}
    assert len(recorded(world.session, "role.refused")) == refusals.ONE_LAUNCH


def test_a_forged_form_is_no_refusal_for_the_role(world: World) -> None:
    """A teacher's form without its token is refused, and says nothing of the teacher's role."""
    browser, path = launched(world, roles=[INSTRUCTOR])
    answer = browser.post(f"{path}/teach")

    assert answer.status_code == 403
    assert recorded(world.session, "role.refused") == []


def test_a_launch_refused_for_the_role_is_recorded(world: World) -> None:
    """A learner who comes to place activities is turned away, on record, without a user row."""
    browser = world.browser()
    answer = browser.launch(**request_claims() | {f"{CLAIM}roles": [LEARNER]})
    (event,) = recorded(world.session, "launch.refused")

    assert 'data-error-code="deeplink.not_allowed"' in answer.text
    assert (event.object_kind, event.actor_id, event.actor_role) == (
        "registration",
        None,
        "learner",
    )
    assert event.details["code"] == "deeplink.not_allowed"
