"""Launches bound by the platform's storage: what the server decides, script or no script.

Here the test is the script: it reads what a page tells it to keep, and sends back what it likes.
"""

import base64
import json
import re
import threading
import zlib
from dataclasses import dataclass
from html import unescape
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from lti_alliance.models import LaunchSession
from tests.platforms import Browser, Login, World
from tests.web.test_access import code_of
from tests.web.test_login import SAFARI, cookies_set, form_of
from tests.web.test_security import policy_of

FRAME = "post_message_forwarding"


@dataclass(frozen=True)
class Kept:
    """What the page of a login had the platform keep, and where the login goes on."""

    login: Login
    secret: str
    page: TestResponse


def data(page: TestResponse, name: str) -> str:
    """Return what a page tells its script."""
    return unescape(re.findall(rf'data-{name}="([^"]*)"', page.text)[0])


def keep(world: World, browser: Browser, **changes: str) -> Kept:
    """Begin a login at a platform with storage, in a browser not known to keep cookies."""
    forget(browser)
    page = browser.start(lti_storage_target=FRAME, **changes)
    assert page.status_code == 200, page.text
    location = data(page, "goes-on")
    sent = parse_qs(urlsplit(location).query)
    login = Login(
        platform=world.platform,
        target_link_uri=world.login_fields()["target_link_uri"],
        location=location,
        state=sent["state"][0],
        nonce=sent["nonce"][0],
    )
    return Kept(login, data(page, "secret"), page)


def bring_back(world: World, browser: Browser, kept: Kept, **claims: object) -> dict[str, str]:
    """Launch without a cookie, and return the form that waits for the secret."""
    forget(browser)
    page = browser.send(kept.login, world.token(kept.login, **claims))
    assert page.status_code == 200, page.text
    action, fields = form_of(page)
    assert action == "/lti/launch/verify"
    return fields


def forget(browser: Browser) -> None:
    """Lose every cookie, as a browser does that keeps none."""
    for cookie in list(browser.client._cookies.values()):
        browser.client.delete_cookie(cookie.key)


def verify(browser: Browser, fields: dict[str, str], **changes: str) -> TestResponse:
    """Send the form of the second page, in a browser that keeps no cookie."""
    forget(browser)
    return browser.post("/lti/launch/verify", data={**fields, **changes})


def offered(world: World, browser: Browser, **claims: object) -> str:
    """Walk to the page that offers a tab, and return the code of its button."""
    kept = keep(world, browser)
    page = verify(browser, bring_back(world, browser, kept, **claims), secret=kept.secret)
    assert page.status_code == 200, page.text
    action, fields = form_of(page)
    assert action == "/lti/launch/tab"
    return fields["code"]


def count(world: World) -> int:
    """Count the launches that were opened."""
    world.session.rollback()
    return world.session.scalar(select(func.count()).select_from(LaunchSession)) or 0


def test_the_storage_is_asked_first(world: World) -> None:
    """Where the login names a frame, the secret goes there before the platform is asked."""
    browser = world.browser()
    kept = keep(world, browser)

    assert data(kept.page, "frame") == FRAME
    assert data(kept.page, "origin") == "https://lms.test"
    assert data(kept.page, "key").startswith("lti_state_")
    assert kept.login.location.startswith("https://lms.test/auth?")
    assert kept.secret not in kept.login.location
    assert len(kept.secret) >= 43


def test_cookies_are_tried_beside_it(world: World) -> None:
    """The same secret goes into a cookie, which spares the way back where it is kept."""
    browser = world.browser()
    kept = keep(world, browser)
    names = list(cookies_set(kept.page))
    answer = browser.send(kept.login, world.token(kept.login))

    assert [name.rpartition("-")[0] for name in names[:1]] == ["__Host-alliance"]
    assert any("-state-" in name for name in names)
    assert answer.status_code == 303
    assert browser.get(answer.location + "test").status_code == 200


def test_a_known_browser_needs_no_storage(world: World) -> None:
    """A browser that brings the probe goes to the platform at once."""
    browser = world.browser()
    browser.begin()

    assert browser.start(lti_storage_target=FRAME).status_code == 302


def test_without_an_answer_cookies_are_tried(world: World) -> None:
    """The page's form leads to the step that tries cookies, and from there to the platform."""
    browser = world.browser()
    action, fields = form_of(keep(world, browser).page)
    answer = browser.post(action, data=fields)

    assert action == "/lti/login/continue"
    assert answer.status_code == 302
    assert answer.location.startswith("https://lms.test/auth?")


def test_without_scripts_cookies_are_tried(world: World) -> None:
    """A browser that runs no script is sent on by itself, to the same step as by the button."""
    page = keep(world, world.browser()).page
    [address] = re.findall(r'<meta http-equiv="refresh"\s+content="0; url=([^"]*)"', page.text)
    path, _, query = unescape(address).partition("?")

    assert path == form_of(page)[0]
    assert dict(parse_qsl(query)) == form_of(page)[1]


def test_a_login_by_cookie_never_asks_the_storage(world: World) -> None:
    """Once storage has failed, a launch without the cookie is refused and asked nothing."""
    browser = world.browser()
    action, fields = form_of(keep(world, browser).page)
    sent = parse_qs(urlsplit(browser.post(action, data=fields).location).query)
    login = Login(
        world.platform,
        world.login_fields()["target_link_uri"],
        "",
        sent["state"][0],
        sent["nonce"][0],
    )
    forget(browser)
    answer = browser.send(login, world.token(login), lti_storage_target=FRAME)

    assert (answer.status_code, code_of(answer)) == (401, "launch.browser_not_bound")


def test_without_either_a_tab_is_offered(world: World) -> None:
    """With no answer and no cookie the same login goes to a new tab, where no frame is asked."""
    browser = world.browser()
    action, fields = form_of(keep(world, browser).page)
    forget(browser)
    page = browser.post(action, data=fields)
    action, fields = form_of(page)
    tab = world.browser()
    answer = tab.post(action, data={**fields, "lti_storage_target": FRAME})

    assert 'data-page="no-cookies"' in page.text
    assert "lti_storage_target" not in fields
    assert urlsplit(answer.location).path == "/lti/login/continue"


def test_the_page_of_a_login_may_lead_to_the_platform(world: World) -> None:
    """Its form's redirects are judged by its policy, and end at the platform."""
    page = keep(world, world.browser()).page

    assert "https:" in policy_of(page)["form-action"].split()


@pytest.mark.both_databases
def test_the_secret_opens_the_launch(world: World) -> None:
    """With the secret back, and no cookie, the launch is opened for a tab of its own."""
    browser = world.browser()
    kept = keep(world, browser)
    fields = bring_back(world, browser, kept)
    before = count(world)
    page = verify(browser, fields, secret=kept.secret)

    assert before == 0
    assert 'data-page="own-tab"' in page.text
    assert count(world) == 1
    assert not any("alliance" in name for name in cookies_set(page))
    assert policy_of(page)["frame-ancestors"] == "'self' https://lms.test"


def test_the_tab_is_opened_by_the_tools_own_page(world: World) -> None:
    """WebKit calls a form into an unconnected tab another site's, which this tool refuses."""
    browser = world.browser()
    kept = keep(world, browser)
    page = verify(browser, bring_back(world, browser, kept), secret=kept.secret)

    assert 'target="_blank" rel="opener"' in page.text


def test_the_page_in_between_tells_no_secret(world: World) -> None:
    """The server does not know the secret at the launch, and asks for it where it was kept."""
    browser = world.browser()
    kept = keep(world, browser)
    forget(browser)
    page = browser.send(kept.login, world.token(kept.login))

    assert kept.secret not in page.text
    assert data(page, "key") == data(kept.page, "key")
    assert data(page, "origin") == "https://lms.test"
    assert page.headers["Cache-Control"] == "no-store"


def test_pages_open_in_the_frame_where_cookies_stick(world: World) -> None:
    """When only the login's own cookie was lost, the pages open where they are."""
    browser = world.browser()
    kept = keep(world, browser)
    fields = bring_back(world, browser, kept)
    # What the page in between set has come back.
    assert browser.client.get_cookie("__Host-alliance-probe") is not None
    answer = browser.post("/lti/launch/verify", data={**fields, "secret": kept.secret})
    again = browser.post("/lti/launch/verify", data={**fields, "secret": kept.secret})

    assert answer.status_code == 303
    assert again.location == answer.location
    assert browser.get(answer.location + "test").status_code == 200


@pytest.mark.parametrize(
    ("secret", "code"),
    [("", "launch.browser_not_bound"), ("x" * 43, "launch.state_mismatch")],
)
def test_no_secret_no_launch(world: World, secret: str, code: str) -> None:
    """Without the secret or with another nothing opens, and the state is not used up."""
    browser = world.browser()
    kept = keep(world, browser)
    fields = bring_back(world, browser, kept)
    answer = verify(browser, fields, secret=secret)

    assert (answer.status_code, code_of(answer)) == (401, code)
    assert count(world) == 0
    assert verify(browser, fields, secret=kept.secret).status_code == 200


def test_another_logins_secret_is_no_use(world: World) -> None:
    """Each login has a secret of its own."""
    browser = world.browser()
    first, second = keep(world, browser), keep(world, browser)
    answer = verify(browser, bring_back(world, browser, first), secret=second.secret)

    assert (answer.status_code, code_of(answer)) == (401, "launch.state_mismatch")


def test_a_second_browser_with_the_same_form(world: World) -> None:
    """Somebody else who sends the launch has neither cookie nor secret."""
    browser, other = world.browser(), world.browser()
    kept = keep(world, browser)
    token = world.token(kept.login)
    page = other.send(kept.login, token)
    _, fields = form_of(page)
    answer = verify(other, fields)

    assert (answer.status_code, code_of(answer)) == (401, "launch.browser_not_bound")
    assert count(world) == 0


def test_a_message_that_is_none_is_refused_at_once(world: World) -> None:
    """The storage is not asked for the sake of a forged message."""
    browser = world.browser()
    kept = keep(world, browser)
    forget(browser)
    answer = browser.send(kept.login, world.token(kept.login, key="somebody else"))

    assert (answer.status_code, code_of(answer)) == (401, "token.signature_invalid")


def test_the_ticket_is_for_one_message(world: World) -> None:
    """Another message than the one that passed through the page is refused, however well signed."""
    browser = world.browser()
    kept = keep(world, browser)
    fields = bring_back(world, browser, kept)
    other = world.token(kept.login, sub="somebody-else")
    answer = verify(browser, fields, secret=kept.secret, id_token=other)

    assert (answer.status_code, code_of(answer)) == (401, "launch.browser_not_bound")
    assert count(world) == 0


@pytest.mark.parametrize("ticket", ["", "x", "a.b"])
def test_the_ticket_is_needed(world: World, ticket: str) -> None:
    """A launch that has not passed through the page in between is refused."""
    browser = world.browser()
    kept = keep(world, browser)
    fields = bring_back(world, browser, kept)
    answer = verify(browser, fields, secret=kept.secret, ticket=ticket)

    assert (answer.status_code, code_of(answer)) == (401, "launch.browser_not_bound")


def test_the_ticket_is_short_lived(world: World) -> None:
    """Two minutes are enough for a script."""
    browser = world.browser()
    kept = keep(world, browser)
    fields = bring_back(world, browser, kept)
    world.now.move(minutes=2, seconds=1)
    answer = verify(browser, fields, secret=kept.secret)

    assert (answer.status_code, code_of(answer)) == (401, "launch.browser_not_bound")


@pytest.mark.parametrize("path", ["/lti/launch/verify", "/lti/launch/tab"])
def test_other_sites_send_nothing_here(world: World, path: str) -> None:
    """Both forms come from the tool's own pages alone."""
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    answer = world.browser().post(path, data={}, headers=headers)

    assert (answer.status_code, code_of(answer)) == (403, "csrf")


def test_a_reloaded_form_gets_a_fresh_code(world: World) -> None:
    """While the tab has not been opened, the same form with its secret offers it again."""
    browser = world.browser()
    kept = keep(world, browser)
    fields = bring_back(world, browser, kept)
    first = verify(browser, fields, secret=kept.secret)
    world.now.move(seconds=61)
    second = verify(browser, fields, secret=kept.secret)
    tab = world.browser()
    codes = [form_of(page)[1]["code"] for page in (first, second)]

    assert [tab.post("/lti/launch/tab", data={"code": each}).status_code for each in codes] == [
        401,
        303,
    ]
    assert count(world) == 1


def test_the_same_form_is_spent_once_the_tab_is_open(world: World) -> None:
    """After that the launch has been used: neither the form nor the platform's opens it again."""
    browser = world.browser()
    kept = keep(world, browser)
    token = world.token(kept.login)
    forget(browser)
    _, fields = form_of(browser.send(kept.login, token))
    _, offer = form_of(verify(browser, fields, secret=kept.secret))
    world.browser().post("/lti/launch/tab", data=offer)
    again = verify(browser, fields, secret=kept.secret)
    back = browser.send(kept.login, token)

    assert (again.status_code, code_of(again)) == (401, "launch.replayed")
    assert (back.status_code, code_of(back)) == (401, "launch.replayed")


def test_a_form_without_its_secret_is_spent(world: World) -> None:
    """Once used, a launch does not come back for somebody without the secret."""
    browser = world.browser()
    kept = keep(world, browser)
    fields = bring_back(world, browser, kept)
    verify(browser, fields, secret=kept.secret)
    answer = verify(world.browser(), fields)

    assert (answer.status_code, code_of(answer)) == (401, "launch.replayed")


@pytest.mark.both_databases
def test_the_tab_has_a_cookie_of_its_own(world: World) -> None:
    """The code opens the launch's pages in the tab, by a cookie that nobody has seen before."""
    frame, tab = world.browser(), world.browser()
    code = offered(world, frame)
    taken = tab.post("/lti/launch/tab", data={"code": code})
    arrived = tab.get(taken.location)

    assert taken.status_code == arrived.status_code == 303
    [(name, cookie)] = cookies_set(taken).items()
    assert {"Secure", "HttpOnly", "Partitioned"} <= {part.strip() for part in cookie.split(";")}
    assert cookie.partition(";")[0] not in code
    assert arrived.location == f"/launches/{name.removeprefix('__Host-alliance-')}/"
    assert tab.get(arrived.location + "test").json["role"] == "learner"
    assert frame.get(arrived.location + "test").status_code == 404


def test_the_code_is_in_no_address(world: World) -> None:
    """What opens the launch travels in forms and cookies alone."""
    tab = world.browser()
    code = offered(world, world.browser())
    taken = tab.post("/lti/launch/tab", data={"code": code})

    assert code not in taken.location
    assert world.browser().get("/lti/launch/tab", query_string={"code": code}).status_code == 200
    assert tab.get(taken.location).status_code == 303


def test_the_code_works_once(world: World) -> None:
    """A second use opens nothing, and leaves the first tab open."""
    code = offered(world, world.browser())
    tab, thief = world.browser(), world.browser()
    first = tab.post("/lti/launch/tab", data={"code": code})
    second = thief.post("/lti/launch/tab", data={"code": code})
    home = tab.get(first.location).location

    assert (second.status_code, code_of(second)) == (401, "launch.tab_code")
    assert cookies_set(second) == {}
    assert tab.get(home + "test").status_code == 200


@pytest.mark.both_databases
def test_the_code_works_once_however_often_it_comes(world: World) -> None:
    """Of ten tabs at the same moment one is let in."""
    code = offered(world, world.browser())
    gate = threading.Barrier(10)
    statuses = []

    def open_tab() -> None:
        tab = world.browser()
        gate.wait()
        statuses.append(tab.post("/lti/launch/tab", data={"code": code}).status_code)

    threads = [threading.Thread(target=open_tab) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == [303] + [401] * 9


def test_the_code_works_for_a_minute(world: World) -> None:
    """Sixty seconds, and not one more."""
    early, late = (offered(world, world.browser()) for _ in range(2))
    world.now.move(seconds=60)
    in_time = world.browser().post("/lti/launch/tab", data={"code": early})
    world.now.move(seconds=1)
    too_late = world.browser().post("/lti/launch/tab", data={"code": late})

    assert in_time.status_code == 303
    assert (too_late.status_code, code_of(too_late)) == (401, "launch.tab_code")


@pytest.mark.parametrize("code", ["", "x", "a.b", "é.é"])
def test_only_the_tools_own_codes_work(world: World, code: str) -> None:
    """A code that the tool did not make opens nothing."""
    answer = world.browser().post("/lti/launch/tab", data={"code": code})

    assert (answer.status_code, code_of(answer)) == (401, "launch.tab_code")


def test_the_key_in_the_code_is_no_cookie(world: World) -> None:
    """Whoever reads a code cannot make a cookie of what is in it, before or after its use."""
    code = offered(world, world.browser())
    body = code.partition(".")[0]
    packed = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    inside = json.loads(zlib.decompress(packed))["values"]
    thief = world.browser()
    thief.client.set_cookie(f"__Host-alliance-{inside['launch']}", inside["key"])
    page = f"/launches/{inside['launch']}/test"
    before = thief.get(page).status_code
    world.browser().post("/lti/launch/tab", data={"code": code})

    assert [before, thief.get(page).status_code] == [404, 404]


def test_an_ended_launch_is_not_opened(world: World) -> None:
    """A launch that was ended meanwhile has no tab."""
    code = offered(world, world.browser())
    world.session.scalars(select(LaunchSession)).one().ended_at = world.now()
    world.session.commit()
    answer = world.browser().post("/lti/launch/tab", data={"code": code})

    assert (answer.status_code, code_of(answer)) == (401, "launch.tab_code")


def test_a_tab_without_cookies_is_told(world: World) -> None:
    """Where not even the tab keeps a cookie, the page says what to change, and offers no tab."""
    tab = world.browser()
    taken = tab.post("/lti/launch/tab", data={"code": offered(world, world.browser())})
    forget(tab)
    page = tab.get(taken.location)
    safari = tab.get(taken.location, headers={"User-Agent": SAFARI})

    assert "Allow cookies" in page.text
    assert "<form" not in page.text
    assert "Firefox" in safari.text


def test_another_person_in_the_tab_ends_what_came_before(world: World) -> None:
    """The tab's browser is one that somebody else may have used: their sessions end."""
    tab = world.browser()
    earlier = tab.launch(sub="ana").location
    other = world.browser()
    earlier_elsewhere = other.launch(sub="ana").location
    tab.post("/lti/launch/tab", data={"code": offered(world, world.browser(), sub="ben")})

    assert tab.get(earlier + "test").status_code == 404
    assert other.get(earlier_elsewhere + "test").status_code == 200


def test_the_log_knows_neither_secret_nor_code(world: World, capsys) -> None:
    """What binds a browser stays out of the log."""
    browser, tab = world.browser(), world.browser()
    kept = keep(world, browser)
    fields = bring_back(world, browser, kept)
    _, offer = form_of(verify(browser, fields, secret=kept.secret))
    taken = tab.post("/lti/launch/tab", data=offer)
    tab.get(taken.location)
    text = capsys.readouterr().err

    assert "own_tab.take" in text
    for secret in (kept.secret, fields["ticket"], fields["id_token"], offer["code"]):
        assert secret not in text
