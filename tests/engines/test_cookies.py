"""Launches over HTTPS in Chromium, Firefox and WebKitGTK, with cookies and without.

"Blocked" is each engine's own setting that takes every cookie of the tool in the LMS's page away,
partitioned ones as well. What counts is the Cookie header that came to the tool's server. Over
plain http there is more of it, in `tests/browser/test_cookieless.py`.
"""

import pytest

from tests.browser.test_cookieless import SEND
from tests.engines.conftest import NewVisitor
from tests.engines.secure_demo import SecureDemo
from tests.engines.visitor import STUDENT, TASTER, TEACHER, Visitor

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("secure demo")]

LAUNCH, VERIFY = "/lti/launch", "/lti/launch/verify"
STATE = "__Host-alliance-state-"
START = "form[action$='/attempts'] button"
READING = "a[href$='/reading']"


def cookies(demo: SecureDemo, path: str) -> list[str]:
    """List the Cookie header of each request to a path of the tool; empty where none came."""
    return [each.cookie for each in demo.tool.to(path)]


def test_cookies_allowed(demo: SecureDemo, allowed: NewVisitor) -> None:
    """Where cookies are kept the activity opens in the frame, and goes on there."""
    visitor = allowed()
    visitor.open(person=demo.enrol())
    visitor.shown("activity")
    visitor.press_by_script(START)
    visitor.shown("quiz")

    [cookie] = cookies(demo, LAUNCH)
    assert STATE in cookie
    assert cookies(demo, VERIFY) == []


@pytest.mark.parametrize("frame", ["post_message_forwarding", "_parent"])
def test_blocked_with_storage(demo: SecureDemo, blocked: NewVisitor, frame: str) -> None:
    """The storage binds the browser, and the activity works in a tab of its own."""
    demo.switch(storage_frame=frame)
    visitor = blocked()
    visitor.open(person=demo.enrol())
    visitor.shown("own-tab")
    visitor.open_tab()
    visitor.in_tab("activity")
    visitor.press(START)
    visitor.in_tab("quiz")

    assert cookies(demo, LAUNCH) == [""]
    assert cookies(demo, VERIFY) == [""]


@pytest.mark.parametrize(
    "moods", [{"storage_target": False}, {"storage_answers": "never"}], ids=["none", "never"]
)
def test_blocked_without_storage(
    demo: SecureDemo, blocked: NewVisitor, moods: dict[str, object]
) -> None:
    """No storage, and one that never answers, end at the button for a new tab, which works."""
    demo.switch(**moods)
    visitor = blocked()
    visitor.open()
    visitor.shown("no-cookies")
    in_frame, before = cookies(demo, "/lti/login/continue"), cookies(demo, LAUNCH)
    visitor.open_tab()
    visitor.in_tab("activity")

    assert in_frame == [""]
    assert before == []
    assert [STATE in each for each in cookies(demo, LAUNCH)] == [True]
    assert cookies(demo, VERIFY) == []


# Every message id is the same here, so that a forger knows it; on the LMS's side nobody answers.
# A forger tells its own server that it has begun: without that a test would prove nothing.
FORGER = """
crypto.getRandomValues = (numbers) => numbers;
const lms = "%(lms)s", tool = "%(tool)s", forger = "%(forger)s";
const message = { message_id: "0-0-0-0", value: "forged", ...%(changes)s };
const here = window === top ? "page"
  : location.origin === lms && location.pathname.endsWith("post_message_forwarding") ? "storage"
  : location.href === tool + "/nowhere" ? "stranger" : "";
if (here === "page") addEventListener("DOMContentLoaded", () => {
  const storage = document.querySelector("[name=post_message_forwarding]");
  if (forger === "stranger") storage?.setAttribute("src", tool + "/nowhere");
});
if (here === forger) setInterval(() => {
  if (!top.frames[0]) return;
  for (const subject of ["lti.put_data.response", "lti.get_data.response"])
    top.frames[0].postMessage({ subject, ...message }, "*");
}, 5);
if (here === forger) fetch("/has-begun-to-forge");
"""


def open_with_forger(visitor: Visitor, forger: str, changes: str = "{}") -> None:
    """Open the activity while somebody sends forged answers to the tool's frame."""
    demo = visitor.demo
    demo.switch(storage_answers="never")
    urls = {"lms": demo.stage.lms_url, "tool": demo.stage.tool_url}
    script = FORGER % (urls | {"forger": forger, "changes": changes})
    demo.tool.script = demo.lms.script = script
    visitor.open()


def has_forged(demo: SecureDemo) -> bool:
    """Say whether the forger was at work."""
    return any(proxy.to("/has-begun-to-forge") for proxy in (demo.tool, demo.lms))


@pytest.mark.parametrize(
    ("forger", "changes"),
    [("page", "{}"), ("stranger", "{}"), ("storage", '{message_id: "0-0-0-1"}')],
    ids=["another frame", "another origin", "another id"],
)
def test_forged_answers(demo: SecureDemo, blocked: NewVisitor, forger: str, changes: str) -> None:
    """An answer counts only from the frame, the origin, and for the message that was asked."""
    visitor = blocked()
    open_with_forger(visitor, forger, changes)
    visitor.shown("no-cookies")

    assert has_forged(demo)
    assert cookies(demo, LAUNCH) == []


def test_a_forged_secret(demo: SecureDemo, blocked: NewVisitor) -> None:
    """Even the right frame cannot make a launch succeed: the server compares."""
    visitor = blocked()
    open_with_forger(visitor, "storage")
    visitor.shown("error")

    assert visitor.error_code == "launch.state_mismatch"
    assert cookies(demo, VERIFY) == [""]


def test_two_tabs_with_two_roles(demo: SecureDemo, blocked: NewVisitor) -> None:
    """An instructor and Canvas's test student stay who they are, each in a tab of their own."""
    visitor = blocked()
    tabs = {}
    for person, opened in ((TEACHER, "dashboard"), ("test.student", "activity")):
        visitor.new_window()
        visitor.open(person=person)
        visitor.shown("own-tab")
        tabs[person] = visitor.open_tab()
        visitor.in_tab(opened)
    for person, opened in (("test.student", "activity"), (TEACHER, "dashboard")):
        visitor.look_at(tabs[person])
        visitor.reload()
        visitor.in_tab(opened)

    assert cookies(demo, LAUNCH) == ["", ""]


def test_the_back_button(demo: SecureDemo, blocked: NewVisitor) -> None:
    """It leads through the activity's pages in the tab, which keeps its cookie."""
    visitor = blocked()
    visitor.open()
    visitor.shown("own-tab")
    visitor.open_tab()
    visitor.in_tab("activity")
    visitor.press(READING)
    visitor.in_tab("reading")
    visitor.go_back()
    visitor.in_tab("activity")
    visitor.reload()
    visitor.in_tab("activity")

    assert cookies(demo, VERIFY) == [""]


def test_a_second_browser_with_the_same_form(demo: SecureDemo, blocked: NewVisitor) -> None:
    """A launch form that was caught on its way opens nothing in another browser."""
    victim, thief = blocked(), blocked()
    demo.tool.kept_back = {("POST", LAUNCH)}
    victim.open()
    caught = demo.tool.wait_for(LAUNCH).fields
    demo.tool.forget()
    demo.tool.kept_back = {("POST", "/lti/login")}
    thief.open(person="liam.odonovan")
    demo.tool.wait_for("/lti/login")
    thief.run(f"({SEND})(arguments[0])", [f"{demo.stage.tool_url}{LAUNCH}", list(caught.items())])
    thief.shown("error")

    assert {"id_token", "state"} <= caught.keys()
    assert thief.error_code == "launch.browser_not_bound"
    assert cookies(demo, LAUNCH) == cookies(demo, VERIFY) == [""]


def test_the_canvas_app(demo: SecureDemo, blocked: NewVisitor) -> None:
    """The app shows the tool by itself, without storage: its cookies are first-party there."""
    demo.switch(storage_target=False)
    visitor = blocked()
    visitor.open(person=STUDENT, address=f"{TASTER}/launch")
    visitor.in_tab("activity")

    [cookie] = cookies(demo, LAUNCH)
    assert STATE in cookie
