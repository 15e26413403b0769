"""Launches in browsers that keep no cookies: by the platform's storage, or in a new tab.

"Blocked" is a profile that takes every cookie of the tool in the LMS's page away, partitioned ones
as well: what the frame sends to the launch address is looked at, not taken for granted.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, Request, expect

from tests.browser.conftest import (
    COURSES,
    Demo,
    NewContext,
    open_activity,
    press,
    shown,
    tool_frame,
)
from tests.browser.test_every_page import NARROW, faults, faults_in

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.xdist_group("demo")]

USUAL = {
    "storage_target": True,
    "storage_frame": "post_message_forwarding",
    "storage_answers": "at once",
}
STUDENT, TEACHER = "priya.nair", "instructor"
OPEN_TAB = "Open the activity in a new tab"
LATER_THAN_LATE_MS = 4000


@dataclass
class Visitor:
    """A browser, and what it has sent to the tool."""

    demo: Demo
    context: BrowserContext
    sent: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.context.on("request", lambda request: self.sent.append(request))

    @property
    def page(self) -> Page:
        """The first tab."""
        return self.context.pages[0]

    def open(self, page: Page | None = None, *, person: str = STUDENT) -> Page:
        """Open the taster in Canvas, with the tool in its frame."""
        page = page or self.page
        open_activity(self.demo, page, platform="canvas", person=person, activity="taster")
        return page

    def open_tab(self, page: Page) -> Page:
        """Press the button that opens the activity in a new tab, and return that tab."""
        with self.context.expect_page() as opened:
            press(tool_frame(page), "button", OPEN_TAB)
        return opened.value

    def cookies_sent(self, path: str) -> list[str]:
        """List the Cookie header of each request to a path of the tool; empty where none came."""
        return [request.all_headers().get("cookie", "") for request in self.requests(path)]

    def requests(self, path: str) -> list[Request]:
        """List the requests to a path of the tool."""
        return [each for each in self.sent if each.url.partition("?")[0] == self.demo.tool + path]


def in_tab(tab: Page, name: str) -> None:
    """Wait until a tab of the tool shows a page of that name."""
    expect(tab.locator(f"body[data-page={name}]")).to_be_visible()


def stored(page: Page) -> list[str]:
    """List what the LMS keeps for tools."""
    found: list[str] = page.evaluate("Object.keys(localStorage).filter(k => k.startsWith('lti:'))")
    return found


Switch = Callable[..., None]
NewVisitor = Callable[[], Visitor]


@pytest.fixture
def switch(demo: Demo) -> Iterator[Switch]:
    """Change how the practice LMS keeps values for the tool, and put it right afterwards."""

    def change(**moods: object) -> None:
        demo.ask("switches/canvas", moods)

    yield change
    change(**USUAL)


@pytest.fixture
def blocked(demo: Demo, new_context: NewContext) -> NewVisitor:
    """Make a browser that keeps no cookie of the tool in the LMS's page."""

    def make() -> Visitor:
        cookies = {f"{demo.tool},{demo.lms}": {"setting": 2}}
        exceptions = {"profile": {"content_settings": {"exceptions": {"cookies": cookies}}}}
        return Visitor(demo, new_context(viewport=NARROW, preferences=exceptions))

    return make


@pytest.mark.parametrize("answers", ["at once", "late", "never"])
def test_cookies_allowed(demo: Demo, new_context: NewContext, switch: Switch, answers: str) -> None:
    """Where cookies are kept the activity opens in the frame, whatever becomes of the storage."""
    switch(storage_answers=answers)
    visitor = Visitor(demo, new_context())
    page = visitor.open()
    shown(page, "activity")

    [cookie] = visitor.cookies_sent("/lti/launch")
    assert "__Host-alliance-state-" in cookie
    assert visitor.requests("/lti/launch/verify") == []


@pytest.mark.parametrize(
    ("frame", "person"),
    [("post_message_forwarding", "meiling.chou"), ("_parent", "sofia.barrientos")],
)
def test_blocked_with_storage(blocked: NewVisitor, switch: Switch, frame: str, person: str) -> None:
    """The storage binds the browser, and the activity works in a tab of its own."""
    switch(storage_frame=frame)
    visitor = blocked()
    page = visitor.open(person=person)
    shown(page, "own-tab")
    wrong = faults(page, visitor.demo)
    tab = visitor.open_tab(page)
    in_tab(tab, "activity")
    wrong += faults_in(tab.main_frame)
    press(tab, "button", "Start the quiz")
    in_tab(tab, "quiz")

    assert wrong == []
    assert visitor.cookies_sent("/lti/launch") == [""]
    assert visitor.cookies_sent("/lti/launch/verify") == [""]
    assert stored(page) == []


def test_the_button_works_once(blocked: NewVisitor) -> None:
    """Pressed again, it opens a tab that says what to do, and the first one goes on."""
    visitor = blocked()
    page = visitor.open()
    first = visitor.open_tab(page)
    in_tab(first, "activity")
    second = visitor.open_tab(page)
    in_tab(second, "error")
    code = second.locator("main").get_attribute("data-error-code")
    first.reload()
    in_tab(first, "activity")

    assert code == "launch.tab_code"


def test_the_named_frame_is_missing(blocked: NewVisitor) -> None:
    """Where the frame that the platform names is not there, its page itself is asked."""
    visitor = blocked()
    visitor.context.add_init_script(
        "new MutationObserver(() => document.querySelector('[name=post_message_forwarding]')"
        "?.remove()).observe(document, { childList: true, subtree: true })"
    )
    page = visitor.open()
    shown(page, "own-tab")

    assert page.locator("[name=post_message_forwarding]").count() == 0
    assert visitor.cookies_sent("/lti/launch") == [""]


@pytest.mark.parametrize(
    "moods",
    [{"storage_target": False}, {"storage_answers": "never"}, {"storage_answers": "late"}],
    ids=["none", "never", "late"],
)
def test_blocked_without_storage(blocked: NewVisitor, switch: Switch, moods: dict) -> None:
    """No storage, a silent one and one that answers too late end at the button for a new tab."""
    switch(**moods)
    visitor = blocked()
    page = visitor.open()
    shown(page, "no-cookies")
    page.wait_for_timeout(LATER_THAN_LATE_MS)
    shown(page, "no-cookies")
    in_frame = visitor.cookies_sent("/lti/login/continue")
    before = visitor.requests("/lti/launch")
    tab = visitor.open_tab(page)
    in_tab(tab, "activity")

    assert in_frame == [""]
    assert before == []
    assert visitor.requests("/lti/launch/verify") == []


def test_the_secret_is_gone(blocked: NewVisitor) -> None:
    """When the storage has lost the secret meanwhile, the launch is refused and says what to do."""
    visitor = blocked()
    page = visitor.page

    def lose_all(route) -> None:
        page.evaluate("localStorage.clear()")
        route.continue_()

    visitor.context.route("**/lti/launch", lose_all)
    visitor.open()
    shown(page, "error")
    code = tool_frame(page).locator("main").get_attribute("data-error-code")

    assert code == "launch.browser_not_bound"
    assert visitor.cookies_sent("/lti/launch/verify") == [""]


# Every message id is the same here, so that a forger knows it; on the LMS's side nobody answers.
FORGER = """
crypto.getRandomValues = (numbers) => numbers;
const lms = %(lms)r, tool = %(tool)r, forger = %(forger)r;
const message = { message_id: "0-0-0-0", value: "forged", ...%(changes)s };
const here = window === top ? "page"
  : location.origin === lms && location.pathname.endsWith("post_message_forwarding") ? "storage"
  : location.href === tool + "/nowhere" ? "stranger" : "";
if (here === forger) setInterval(() => {
  for (const subject of ["lti.put_data.response", "lti.get_data.response"])
    top.frames[0]?.postMessage({ subject, ...message }, "*");
}, 5);
"""
STRANGER = """
addEventListener("DOMContentLoaded", () => {
  if (window !== top) return;
  document.querySelector("[name=post_message_forwarding]")?.setAttribute("src", %r);
});
"""


def forged(visitor: Visitor, forger: str, changes: str = "{}") -> Page:
    """Open the activity while somebody sends forged answers to the tool's frame."""
    demo = visitor.demo
    values = {"lms": demo.lms, "tool": demo.tool, "forger": forger, "changes": changes}
    visitor.context.add_init_script(FORGER % values)
    if forger == "stranger":
        visitor.context.add_init_script(STRANGER % f"{demo.tool}/nowhere")
    return visitor.open()


@pytest.mark.parametrize(
    ("forger", "changes"),
    [
        ("page", "{}"),
        ("stranger", "{}"),
        ("storage", '{message_id: "0-0-0-1"}'),
        ("storage", '{subject: "lti.put_data"}'),
        ("storage", '{error: {code: "storage_exhaustion"}}'),
    ],
    ids=["another frame", "another origin", "another id", "another subject", "an error"],
)
def test_forged_answers(blocked: NewVisitor, switch: Switch, forger: str, changes: str) -> None:
    """An answer counts only from the frame, the origin, and for the message that was asked."""
    switch(storage_answers="never")
    visitor = blocked()
    page = forged(visitor, forger, changes)
    shown(page, "no-cookies")

    assert visitor.requests("/lti/launch") == []


def test_a_forged_secret(blocked: NewVisitor, switch: Switch) -> None:
    """Even the right frame cannot make a launch succeed: the server compares."""
    switch(storage_answers="never")
    visitor = blocked()
    page = forged(visitor, "storage")
    shown(page, "error")
    code = tool_frame(page).locator("main").get_attribute("data-error-code")

    assert code == "launch.state_mismatch"
    assert visitor.cookies_sent("/lti/launch/verify") == [""]


def test_two_tabs_with_two_roles(blocked: NewVisitor) -> None:
    """An instructor and Canvas's test student stay who they are, each in a tab of their own."""
    visitor = blocked()
    tabs = {}
    for person, opened in ((TEACHER, "dashboard"), ("test.student", "activity")):
        page = visitor.open(visitor.context.new_page(), person=person)
        tabs[person] = visitor.open_tab(page)
        in_tab(tabs[person], opened)
    for person, opened in (("test.student", "activity"), (TEACHER, "dashboard")):
        tabs[person].reload()
        in_tab(tabs[person], opened)

    assert len({urlsplit(tab.url).path for tab in tabs.values()}) == 2


def test_the_back_button(blocked: NewVisitor) -> None:
    """In the tab it leads through the activity's pages; in the frame it opens nothing twice."""
    visitor = blocked()
    page = visitor.open()
    shown(page, "own-tab")
    tab = visitor.open_tab(page)
    in_tab(tab, "activity")
    press(tab, "link", "Open the reading")
    in_tab(tab, "reading")
    tab.go_back()
    in_tab(tab, "activity")
    verified = len(visitor.requests("/lti/launch/verify"))
    page.evaluate("history.back()")
    page.wait_for_timeout(LATER_THAN_LATE_MS)
    tab.reload()
    in_tab(tab, "activity")

    assert len(visitor.requests("/lti/launch/verify")) == verified


SEND = """([address, fields]) => {
  const frame = document.querySelector("iframe.tool");
  const again = frame.cloneNode();
  Object.assign(again, { name: "stolen", src: "about:blank" });
  frame.replaceWith(again);
  const form = document.createElement("form");
  Object.assign(form, { method: "post", action: address, target: "stolen" });
  for (const [name, value] of fields) {
    form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
  }
  document.body.append(form);
  form.submit();
}"""


def test_a_second_browser_with_the_same_form(blocked: NewVisitor) -> None:
    """A launch form that was caught on its way opens nothing in another browser."""
    victim, thief = blocked(), blocked()
    victim.context.route("**/lti/launch", lambda route: route.abort())
    with victim.context.expect_event("request", lambda each: each.url.endswith("/lti/launch")):
        victim.open()
    caught = dict(parse_qsl(victim.requests("/lti/launch")[0].post_data or ""))
    page = thief.page
    thief.context.route("**/lti/login", lambda route: route.abort())
    thief.open(person="liam.odonovan")
    page.evaluate(
        SEND,
        [f"{thief.demo.tool}/lti/launch", list(caught.items())],
    )
    shown(page, "error")
    code = tool_frame(page).locator("main").get_attribute("data-error-code")

    assert {"id_token", "state"} <= caught.keys()
    assert code == "launch.browser_not_bound"
    assert thief.cookies_sent("/lti/launch") == thief.cookies_sent("/lti/launch/verify") == [""]


def test_the_canvas_app(blocked: NewVisitor, switch: Switch) -> None:
    """The app shows the tool by itself, without storage: its cookies are first-party there."""
    switch(storage_target=False)
    visitor = blocked()
    page = visitor.page
    page.goto(f"{visitor.demo.lms}/canvas/login")
    page.request.post(f"{visitor.demo.lms}/canvas/login_as", form={"person": STUDENT})
    page.goto(f"{visitor.demo.lms}/canvas/courses/{COURSES['canvas']}/activities/taster/launch")
    in_tab(page, "activity")

    [cookie] = visitor.cookies_sent("/lti/launch")
    assert "__Host-alliance-state-" in cookie
