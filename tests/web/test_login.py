"""The login: cookies are tried before the platform is asked anything."""

import re
from dataclasses import replace
from html import unescape
from urllib.parse import urlsplit

import pytest
from werkzeug.test import TestResponse

from lti_alliance.models import db
from lti_alliance.settings import Settings
from lti_alliance.web.limits import client_network
from tests.platforms import Browser, World
from tests.web.conftest import make_world

SAFARI = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_4) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.4 Safari/605.1.15"
)
CHROME = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/156.0.0.0 Safari/537.36"
)


def cookies_set(answer: TestResponse) -> dict[str, str]:
    """Return each cookie that an answer sets, with its attributes."""
    found = (line.partition("=") for line in answer.headers.getlist("Set-Cookie"))
    return {name: rest for name, _, rest in found}


def without_cookies(browser: Browser, **changes: str) -> TestResponse:
    """Walk to the continue step in a browser that keeps no cookie."""
    path = browser.start(**changes).location
    browser.client.delete_cookie("__Host-alliance-probe")
    return browser.get(path)


def form_of(page: TestResponse) -> tuple[str, dict[str, str]]:
    """Return where the page's form goes and what it carries."""
    [action] = re.findall(r'<form[^>]* action="([^"]*)"', page.text)
    fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', page.text)
    return action, {name: unescape(value) for name, value in fields}


def test_first_login_tries_a_cookie(world: World) -> None:
    """A browser that is not known to keep cookies is asked to before anything else happens."""
    answer = world.browser().start()

    assert answer.status_code == 303
    assert urlsplit(answer.location).path == "/lti/login/continue"
    assert list(cookies_set(answer)) == ["__Host-alliance-probe"]


def test_cookies_are_kept_apart(world: World) -> None:
    """Every cookie is Secure, HttpOnly, SameSite=None, Partitioned and for the whole host."""
    browser = world.browser()
    begun = browser.start()
    gone_on = browser.get(begun.location)
    login = browser.begin()
    launched = browser.send(login, world.token(login))

    for answer in (begun, gone_on, launched):
        found = cookies_set(answer)
        assert found
        for name, rest in found.items():
            assert name.startswith("__Host-alliance-")
            attributes = {part.strip() for part in rest.split(";")[1:]}
            assert {"Secure", "HttpOnly", "SameSite=None", "Partitioned", "Path=/"} <= attributes
            assert not any(part.startswith("Domain") for part in attributes)


def test_known_browser_skips_the_try(world: World) -> None:
    """A browser that brings the probe goes to the platform at once."""
    browser = world.browser()
    browser.begin()
    answer = browser.start()

    assert answer.status_code == 302
    assert answer.location.startswith("https://lms.test/auth?")


def test_no_cookies_offers_a_tab(world: World) -> None:
    """Without cookies one button carries the same login to a new tab, the hint still unspent."""
    browser = world.browser()
    hint = '{"launchid":"l&1"}'
    page = without_cookies(browser, lti_message_hint=hint)
    action, fields = form_of(page)

    assert page.status_code == 200
    assert page.text.count("<button") == 1
    assert 'target="_blank"' in page.text
    assert action == "/lti/login"
    assert fields.pop("in_new_tab") == "1"
    sent = world.login_fields(lti_message_hint=hint)
    del sent["lti_deployment_id"]
    assert fields == sent


def test_the_tab_leads_to_the_activity(world: World) -> None:
    """The button's form, in a tab that keeps cookies, launches as any other."""
    page = without_cookies(world.browser())
    _, fields = form_of(page)
    tab = world.browser()
    begun = tab.post("/lti/login", data=fields)
    answer = tab.get(begun.location)

    assert answer.status_code == 302


def test_a_tab_without_cookies_does_not_loop(world: World) -> None:
    """When the tab keeps no cookies either, the page says what to change and offers no tab."""
    page = without_cookies(world.browser(), in_new_tab="1")

    assert page.status_code == 200
    assert "<form" not in page.text
    assert "Allow cookies" in page.text


def test_continue_takes_forms(world: World) -> None:
    """The continue step renders for a POST as well."""
    browser = world.browser()
    packed = browser.start().location.partition("login=")[2]
    browser.client.delete_cookie("__Host-alliance-probe")
    page = browser.post("/lti/login/continue", data={"login": packed})

    assert page.status_code == 200
    assert "<form" in page.text


@pytest.mark.parametrize("login", ["", "x", "a.b", "é.é"])
def test_continue_takes_only_its_own(world: World, login: str) -> None:
    """A continue address that the tool did not make is refused."""
    answer = world.browser().get("/lti/login/continue", query_string={"login": login})

    assert answer.status_code == 400
    assert 'data-error-code="login.continue_expired"' in answer.text


def test_continue_is_short_lived(world: World) -> None:
    """A continue address is good for ten minutes."""
    browser = world.browser()
    path = browser.start().location
    world.now.move(minutes=10, seconds=1)

    assert browser.get(path).status_code == 400


def test_safari_without_https_is_told(world: World) -> None:
    """Safari drops secure cookies on plain localhost: the page names browsers that do not."""
    browser = world.browser()
    path = browser.start().location
    browser.client.delete_cookie("__Host-alliance-probe")
    safari = browser.get(path, headers={"User-Agent": SAFARI})
    chrome = browser.get(path, headers={"User-Agent": CHROME})

    assert "Firefox" in safari.text
    assert "<form" not in safari.text
    assert "<form" in chrome.text


def test_five_logins_alive(world: World) -> None:
    """At most five logins are bound to a browser; the oldest makes room."""
    browser = world.browser()
    logins = []
    for _ in range(7):
        logins.append(browser.begin())
        world.now.move(seconds=1)
    alive = [name for name in cookie_names(browser) if "-state-" in name]
    first = browser.send(logins[0], world.token(logins[0]))
    last = browser.send(logins[-1], world.token(logins[-1]))

    assert len(alive) == 5
    assert 'data-error-code="launch.state_mismatch"' in first.text
    assert last.status_code == 303


def cookie_names(browser: Browser) -> list[str]:
    """Return the names of the cookies that a browser holds."""
    return [cookie.key for cookie in browser.client._cookies.values()]


def test_login_stores_nothing(world: World) -> None:
    """A login leaves no row: there is no table to flood."""
    world.browser().begin()
    with world.app.app_context():
        counts = {
            table.name: db.session.query(table).count()
            for table in db.metadata.sorted_tables
            if table.name not in {"registrations", "deployments", "audit_events"}
        }

    assert set(counts.values()) == {0}


def test_a_flood_of_logins_is_refused(world: World) -> None:
    """One person's login beyond thirty in ten seconds is answered with 429."""
    browser = world.browser()
    browser.begin()
    answers = [browser.start().status_code for _ in range(31)]

    assert answers[0] == 302
    assert answers[-1] == 429


def test_a_class_behind_one_address_passes(world: World) -> None:
    """Forty students from one address within a second all get in."""
    answers = []
    for number in range(40):
        browser = world.browser()
        login = browser.begin(login_hint=f"student-{number}")
        answers.append(browser.send(login, world.token(login, sub=f"student-{number}")))

    assert {answer.status_code for answer in answers} == {303}


def test_strict_transport_over_tls(settings: Settings, session, now, network) -> None:
    """Behind TLS every answer asks browsers to stay with it."""
    for world in make_world(
        replace(settings, base_url="https://tool.example"), session, now, network
    ):
        answer = world.browser().start()

        assert answer.status_code == 303
        assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("unknown", "unknown"),
        ("203.0.113.7:5000", "203.0.113.7:5000"),
        ("", "nowhere"),
    ],
)
def test_requests_are_counted_by_network(world: World, address: str, counted: str) -> None:
    """An IPv6 client is counted by the network that it owns; odd addresses break nothing."""
    with world.app.test_request_context(environ_base={"REMOTE_ADDR": address}):
        found = client_network()

    assert found == counted
