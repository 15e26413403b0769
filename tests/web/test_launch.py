"""The launch as a whole: its pages, its second click, its neighbours in one browser, its log."""

import json
import threading
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from lti_alliance.models import (
    Deployment,
    DeploymentState,
    LaunchSession,
    Membership,
    PlatformKeySet,
    User,
    db,
)
from lti_alliance.settings import Settings
from lti_alliance.web import cookies
from tests.platforms import INSTRUCTOR, LEARNER, MISSING, Browser, Platform, World
from tests.statements import statements_of
from tests.web.conftest import make_world

TEST_USER = "http://purl.imsglobal.org/vocab/lti/system/person#TestUser"


def handle_of(answer) -> str:
    """Return the handle of the launch that an answer leads to."""
    assert answer.status_code == 303, answer.text
    return answer.location.split("/")[2]


def status(browser, handle: str) -> int:
    """Open a launch's test page."""
    return browser.get(f"/launches/{handle}/test").status_code


@pytest.mark.both_databases
def test_a_launch_opens_its_page(world: World) -> None:
    """A verified launch ends on a page of its own."""
    page = world.browser().open()

    assert page.status_code == 200
    assert page.text.count("<h1") == 1


@pytest.mark.both_databases
def test_somebody_known_costs_few_statements(world: World) -> None:
    """In a course, on a link and of a person that are known, whoever else is in the course."""

    def sent_by(sub: str) -> list[str]:
        browser = world.browser()
        login = browser.begin()
        token = world.token(login, sub=sub)
        with world.app.app_context():
            engine = db.engine
        with statements_of(engine) as sent:
            assert browser.send(login, token).status_code == 303
        return sent

    for sub in ("ana", "ben", "eva"):
        sent_by(sub)
    world.now.move(minutes=5)

    again = sent_by("ana")
    assert len(again) <= 8, "\n".join(again)


def test_many_earlier_launches_cost_two_statements(world: World) -> None:
    """One that reads what the browser holds, one that ends what has to end."""
    browser = world.browser()
    for _ in range(cookies.MAX_SESSIONS):
        handle_of(browser.launch())
    with world.app.app_context():
        engine = db.engine
    login = browser.begin()
    token = world.token(login)
    with statements_of(engine) as sent:
        assert browser.send(login, token).status_code == 303

    about_earlier = [each for each in sent if "launch_sessions.handle IN" in each]
    assert len(about_earlier) == 2, "\n".join(sent)
    assert len(sent) <= 10, "\n".join(sent)


@pytest.mark.both_databases
def test_who_is_asking_costs_one_statement(world: World) -> None:
    """A page that reads nothing else asks the database once."""
    browser = world.browser()
    handle = handle_of(browser.launch())
    with world.app.app_context():
        engine = db.engine
    with statements_of(engine) as sent:
        assert status(browser, handle) == 200

    asked = [each for each in sent if not each.startswith("BEGIN")]
    assert len(asked) == 1, "\n".join(asked)


def test_the_launch_address_answers_a_get(world: World) -> None:
    """Moodle's server opens the launch address by itself and gets a harmless page."""
    answer = world.browser().get("/lti/launch")

    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"
    assert 'data-error-code="method_not_allowed"' in answer.text


def test_the_same_answer_in_two_tabs(world: World) -> None:
    """A teacher in one tab and a learner in another keep their roles and courses."""
    browser = world.browser()
    teacher = handle_of(browser.launch(sub="ana", roles=[INSTRUCTOR]))
    learner = handle_of(
        browser.launch(sub="ana", roles=[LEARNER], context={"id": "course-2", "title": "Other"})
    )

    for handle, role in ((teacher, "instructor"), (learner, "learner")):
        assert browser.get(f"/launches/{handle}/test").json["role"] == role


@pytest.mark.both_databases
def test_another_person_ends_what_came_before(world: World) -> None:
    """A launch by somebody else of the same registration ends the sessions in that browser."""
    shared, elsewhere = world.browser(), world.browser()
    first = handle_of(shared.launch(sub="ana"))
    other_room = handle_of(elsewhere.launch(sub="ana"))
    second = handle_of(shared.launch(sub="ben"))

    assert status(shared, first) == 404
    assert status(shared, second) == 200
    assert status(elsewhere, other_room) == 200
    world.session.rollback()
    ended = world.session.scalars(
        select(LaunchSession.handle).where(LaunchSession.ended_at.is_not(None))
    ).all()
    assert ended == [first]


def test_student_view_is_nobody_else(world: World) -> None:
    """A teacher's student preview leaves the teacher's own pages open, and the other way round."""
    browser = world.browser()
    teacher = handle_of(browser.launch(sub="ana", roles=[INSTRUCTOR]))
    preview = handle_of(browser.launch(sub="test-1", roles=[LEARNER, TEST_USER]))
    again = handle_of(browser.launch(sub="ana", roles=[INSTRUCTOR]))

    assert [status(browser, each) for each in (teacher, preview, again)] == [200, 200, 200]


def test_another_platform_ends_nothing(world: World) -> None:
    """Somebody may use two platforms in one browser."""
    other = world.add(
        Platform("https://other.test", client_id="client-2", key="other", name="Other")
    )
    browser = world.browser()
    first = handle_of(browser.launch())
    handle_of(browser.launch(other, sub="somebody"))

    assert status(browser, first) == 200


def test_a_forged_cookie_ends_nobodys_pages(world: World) -> None:
    """Knowing somebody's handle is not enough to end their session by a launch of one's own."""
    victim, attacker = world.browser(), world.browser()
    handle = handle_of(victim.launch(sub="ana"))
    attacker.client.set_cookie(f"__Host-alliance-{handle}", "x" * 64)
    handle_of(attacker.launch(sub="mallory"))

    assert status(victim, handle) == 200


@pytest.mark.both_databases
def test_eight_launches_alive(world: World) -> None:
    """A browser holds eight launches; the oldest is ended and its cookie taken back."""
    browser = world.browser()
    handles = []
    for _ in range(10):
        handles.append(handle_of(browser.launch()))
        world.now.move(seconds=1)

    assert [status(browser, each) for each in handles] == [404, 404] + [200] * 8
    world.session.rollback()
    alive = select(func.count()).select_from(LaunchSession).where(LaunchSession.ended_at.is_(None))
    assert world.session.scalar(alive) == 8


def test_a_cookie_from_before_is_replaced(world: World) -> None:
    """A session cookie planted before the launch opens nothing and goes away."""
    browser = world.browser()
    browser.client.set_cookie("__Host-alliance-planted", "x" * 64)
    answer = browser.launch()

    assert handle_of(answer) != "planted"
    assert browser.client.get_cookie("__Host-alliance-planted") is None


@pytest.mark.both_databases
def test_a_new_installation_waits(world: World) -> None:
    """An unknown deployment is remembered as waiting, though its launch is refused."""
    answer = world.browser().launch(deployment_id="99")
    world.session.rollback()
    found = world.session.scalars(
        select(Deployment.state).where(Deployment.deployment_id == "99")
    ).all()

    assert answer.status_code == 403
    assert found == [DeploymentState.PENDING]
    assert world.session.scalar(select(func.count()).select_from(User)) == 0


@pytest.mark.both_databases
def test_keys_are_kept_though_the_launch_is_refused(world: World) -> None:
    """What a fetch of keys found is kept whatever becomes of the launch."""
    world.browser().launch(header={"kid": "unknown"})
    world.session.rollback()

    assert world.session.scalar(select(func.count()).select_from(PlatformKeySet)) == 1


def test_a_state_does_for_its_own_registration_only(world: World) -> None:
    """A token of one platform does not fit the login of another."""
    other = world.add(
        Platform("https://other.test", client_id="client-2", key="other", name="Other")
    )
    browser = world.browser()
    login = browser.begin()
    token = other.token(login, at=world.now())
    answer = browser.send(login, token)

    assert answer.status_code == 401


def test_failed_launches_are_limited(world: World) -> None:
    """Beyond sixty forgeries a minute the forger learns nothing, and a true launch still opens."""
    browser = world.browser()
    answers = []
    for number in range(62):
        if number % 50 == 0:
            login = browser.begin()
        answers.append(browser.send(login, f"forged-{number}").status_code)

    assert answers[0] == 400
    assert answers[-1] == 429
    assert browser.launch().status_code == 303


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_the_log_knows_no_secret(
    settings: Settings, session, now, network, capsys, log_format: str
) -> None:
    """The log of a launch holds its id and outcome, and no name, address, token or cookie."""
    canaries = {
        "name": "Canary Name",
        "given_name": "Canary",
        "family_name": "Name",
        "email": "canary@school.test",
        "sub": "canary-sub",
    }
    loud = replace(settings, log_level="debug", log_format=log_format)
    for world in make_world(loud, session, now, network):
        browser = world.browser()
        login = browser.begin(login_hint="canary-hint", lti_message_hint="canary-message")
        token = world.token(login, **canaries)
        answer = browser.send(login, token)
        page = browser.get(answer.location)
        browser.send(login, world.token(login, email="canary@school.test"))
        browser.launch(sub=MISSING)
        cookie = browser.client.get_cookie(f"__Host-alliance-{handle_of(answer)}").value
        text = capsys.readouterr().err

        for secret in (*canaries.values(), "canary-hint", "canary-message", token, cookie):
            assert secret not in text
        assert login.state not in text
        assert login.nonce not in text
        assert page.headers["X-Request-ID"] in text
        assert "claim.sub_missing" in text
        assert str(world.platform.registration.id) in text
        if log_format == "json":
            assert all(json.loads(line)["event"] for line in text.splitlines())


def test_each_request_has_one_line(world: World, capsys) -> None:
    """A refusal is one line with its code, the request and the registration."""
    browser = world.browser()
    login = browser.begin()
    capsys.readouterr()
    answer = browser.send(login, "abc")
    [line] = capsys.readouterr().err.splitlines()

    assert "code=token.malformed" in line
    assert answer.headers["X-Request-ID"] in line
    assert str(world.platform.registration.id) in line


@pytest.mark.both_databases
def test_ten_clicks_at_once(world: World) -> None:
    """However many times the form is sent at once by its browser, one launch opens."""
    browser = world.browser()
    login = browser.begin()
    token = world.token(login)
    clicks = [world.browser() for _ in range(10)]
    for click in clicks:
        for cookie in browser.client._cookies.values():
            click.client.set_cookie(cookie.key, cookie.value)
    gate = threading.Barrier(len(clicks))
    answers = []

    def send(click: Browser) -> None:
        gate.wait()
        answers.append(click.send(login, token))

    threads = [threading.Thread(target=send, args=(click,)) for click in clicks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    world.session.rollback()

    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.location for answer in answers}) == 1
    assert world.session.scalar(select(func.count()).select_from(LaunchSession)) == 1


@pytest.mark.both_databases
def test_a_class_at_once(world: World) -> None:
    """Students who arrive at the same moment all get in, each with a number of their own."""
    gate = threading.Barrier(8)
    answers = []

    def arrive(number: int) -> None:
        browser = world.browser()
        login = browser.begin(login_hint=f"student-{number}")
        token = world.token(login, sub=f"student-{number}")
        gate.wait()
        answers.append(browser.send(login, token))

    threads = [threading.Thread(target=arrive, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    world.session.rollback()

    assert {answer.status_code for answer in answers} == {303}
    assert sorted(world.session.scalars(select(Membership.number))) == list(range(1, 9))
