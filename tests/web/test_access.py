"""Who may open what: the launch behind a page, its end, and the rule that every route carries."""

import pytest
from flask import Flask
from sqlalchemy import select

from lti_alliance.models import Deployment, DeploymentState, LaunchSession, RegistrationState
from lti_alliance.web.access import rule_of
from tests.platforms import INSTRUCTOR, LEARNER, MEMBERSHIP, MISSING, Browser, World

AUTHOR = f"{MEMBERSHIP}ContentDeveloper"
MENTOR = f"{MEMBERSHIP}Mentor"


def launched(world: World, browser: Browser | None = None, **changes) -> tuple[Browser, str]:
    """Launch and return the browser with the address of the test's pages."""
    browser = browser or world.browser()
    answer = browser.launch(**changes)
    return browser, answer.location + "test"


def code_of(answer) -> str:
    """Return the code on an error page."""
    assert "data-error-code" in answer.text, answer.text
    return answer.text.split('data-error-code="')[1].split('"')[0]


def test_every_route_has_a_rule(app: Flask) -> None:
    """No route answers anybody by oversight."""
    without = [name for name in app.view_functions if rule_of(app, name) is None]

    assert without == []


def test_every_form_is_guarded(app: Flask) -> None:
    """A route that takes forms needs a launch, an invitation, or is one that platforms post to."""
    posts = {
        rule.endpoint: rule_of(app, rule.endpoint)
        for rule in app.url_map.iter_rules()
        if rule.methods and rule.methods - {"GET", "HEAD", "OPTIONS"}
    }
    from_elsewhere = {name for name, rule in posts.items() if rule and rule.takes_cross_site_forms}

    assert from_elsewhere == {"lti.login", "lti.continue_login", "lti.launch", "notices.take"}
    # These forms come from the tool's own pages and bring their proof: the invitation's code, the
    # browser's secret, the code of a launch in its own tab.
    proven = {"registering.perform", "lti.verify", "own_tab.take"}
    assert all(posts[name].needs_visit for name in posts.keys() - from_elsewhere - proven)


def test_every_page_of_a_launch_names_it(app: Flask) -> None:
    """A route that needs a launch has its handle in the address."""
    odd = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule_of(app, rule.endpoint).needs_visit
        and not rule.rule.startswith("/launches/<handle>/")
    ]

    assert odd == []


def test_a_route_without_a_rule_answers_nobody(world: World) -> None:
    """A forgotten rule shuts the door instead of leaving it open."""
    answer = world.browser().get("/test/without-rule")

    assert answer.status_code == 500
    assert "leaked" not in answer.text


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_pages_are_for_their_browser(world: World, method: str) -> None:
    """Another's launch, a made-up one and one without its cookie look the same."""
    _, own = launched(world)
    stranger, elsewhere = launched(world, sub="student-2")
    stranger.client.set_cookie(f"__Host-alliance-{own.split('/')[2]}", "x" * 64)
    made_up = "/launches/nothing-here/test"
    bodies = set()
    for path, browser in ((own, stranger), (made_up, stranger), (own, world.browser())):
        answer = browser.client.open(path, method=method, base_url=world.base_url)
        assert answer.status_code == 404
        assert code_of(answer) == "resource.unknown"
        bodies.add(answer.text.replace(answer.headers["X-Request-ID"], ""))

    assert len(bodies) == 1
    assert stranger.get(elsewhere).status_code == 200


def test_a_cookie_fits_its_own_launch_only(world: World) -> None:
    """The cookie of one launch does not open another of the same person."""
    browser, first = launched(world)
    _, second = launched(world, browser)
    handles = [path.split("/")[2] for path in (first, second)]
    cookie = browser.client.get_cookie(f"__Host-alliance-{handles[0]}")
    browser.client.set_cookie(f"__Host-alliance-{handles[1]}", cookie.value)

    assert browser.get(first).status_code == 200
    assert browser.get(second).status_code == 404


def test_idle_pages_end(world: World) -> None:
    """After an hour without a request the pages ask to be opened again; work keeps them alive."""
    browser, path = launched(world)
    for _ in range(3):
        world.now.move(minutes=59)
        assert browser.get(path).status_code == 200
    world.now.move(minutes=60, seconds=1)
    answer = browser.get(path)

    assert answer.status_code == 401
    assert code_of(answer) == "session.expired"
    assert "Your answers are saved; open the activity again to hand them in." in answer.text


def test_pages_end_after_half_a_day(world: World) -> None:
    """However busy, a launch ends after twelve hours."""
    browser, path = launched(world)
    for _ in range(12):
        world.now.move(minutes=59, seconds=59)
        assert browser.get(path).status_code == 200
    world.now.move(minutes=1)

    assert browser.get(path).status_code == 401


def test_an_ended_launch_is_over(world: World) -> None:
    """A launch that was ended opens nothing, even with its cookie."""
    browser, path = launched(world)
    launch = world.session.scalars(select(LaunchSession)).one()
    launch.ended_at = world.now()
    world.session.commit()

    assert browser.get(path).status_code == 401


def test_use_is_noted_once_a_minute(world: World) -> None:
    """Reading pages writes at most once a minute."""
    browser, path = launched(world)
    start = world.now()
    seen = []
    for _ in range(3):
        world.now.move(seconds=30)
        browser.get(path)
        world.session.rollback()
        seen.append((world.session.scalars(select(LaunchSession.seen_at)).one() - start).seconds)

    assert seen == [0, 60, 60]


def test_a_disabled_registration_shuts_its_pages(world: World) -> None:
    """Switching a registration off reaches people who are inside already."""
    browser, path = launched(world)
    world.platform.registration.state = RegistrationState.DISABLED
    world.session.commit()
    answer = browser.get(path)

    assert answer.status_code == 403
    assert code_of(answer) == "login.registration_disabled"


def test_a_withdrawn_approval_shuts_its_pages(world: World) -> None:
    """Taking back an installation's approval reaches people who are inside already."""
    browser, path = launched(world)
    world.session.scalars(select(Deployment)).one().state = DeploymentState.PENDING
    world.session.commit()
    answer = browser.get(path)

    assert answer.status_code == 403
    assert code_of(answer) == "deployment.unknown"


@pytest.mark.parametrize(
    ("role", "teach", "configure"),
    [(LEARNER, 403, 403), (INSTRUCTOR, 200, 200), (AUTHOR, 403, 200), (MENTOR, 403, 403)],
)
def test_roles_open_what_is_theirs(world: World, role: str, teach: int, configure: int) -> None:
    """Teaching pages are for those who teach, settings for those who may choose them."""
    browser, path = launched(world, roles=[role])

    assert browser.get(path).status_code == 200
    assert browser.get(f"{path}/teach").status_code == teach
    assert browser.get(f"{path}/configure").status_code == configure


def test_a_learner_is_told_so(world: World) -> None:
    """The refusal of a teacher's page has its own code, for forms as well."""
    browser, path = launched(world)

    assert code_of(browser.get(f"{path}/teach")) == "role.not_allowed"
    assert code_of(browser.post(f"{path}/teach")) == "role.not_allowed"


def test_a_launch_without_a_course_has_a_visit(world: World) -> None:
    """A launch that names no course is a visit without membership, context and link."""
    browser, path = launched(world, context=MISSING)

    assert browser.get(path).json["role"] == "learner"
