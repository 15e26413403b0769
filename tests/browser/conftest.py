"""A demonstration on ports of its own, and browsers that visit it."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, FrameLocator, Locator, Page, Playwright, expect
from playwright.sync_api import TimeoutError as NeverAcknowledged

from tests.browser.seen import browsers_showed, tool_said
from tests.leaks import Watch
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
FLAGS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A frame of another site in a process of its own is at times lost sight of by the driver, for
    # good, when it goes from page to page. Cookies, storage and messages know nothing of processes.
    "--disable-site-isolation-trials",
]
START_WAIT_S = 90

# The tests share one demonstration in any order: whoever is to be absent has to be nobody's.
NEVER_COMES, THEIR_NAME = "mei-ling.chou", "Mei-Ling Chou"

# As a person switches scripts off. The driver's own switch comes too late for a page that is parsed
# while its process starts: scripts do not run there, and what stands in for them does not count.
WITHOUT_SCRIPTS = {"profile": {"default_content_setting_values": {"javascript": 2}}}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Tell of a failed test what its browsers showed while they are still open."""
    report = yield
    found = getattr(item, "funcargs", {})
    if call.when == "call" and report.failed:
        if make := found.get("new_context"):
            report.sections.append(("what the browsers showed", browsers_showed(make.opened)))
        if demo := found.get("demo"):
            report.sections.append(("what the demonstration said", tool_said(demo.folder)))
    return report


@dataclass(frozen=True)
class Demo:
    """A running demonstration, without its history."""

    tool: str
    lms: str
    folder: Path
    process: subprocess.Popen[str]

    def ask(self, path: str, value: object = None, *, method: str | None = None) -> Any:
        """Ask the practice LMS's own interface."""
        body = None if value is None else json.dumps(value).encode()
        request = urllib.request.Request(
            f"{self.lms}/_practice/{path}",
            data=body,
            headers={"Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read() or b"null")

    def grade(self, platform: str, *, activity: str, person: str) -> dict[str, Any]:
        """Return one cell of the practice gradebook."""
        course = {"canvas": "77", "moodle": "3"}[platform]
        cells = self.ask(f"gradebook/{platform}/{course}")["cells"]
        return next(c for c in cells if (c["activity"], c["person"]) == (activity, person))


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The whole demonstration as `make demo` starts it, on free ports."""
    with running_demo(tmp_path_factory.mktemp("demo")) as found:
        yield found


@contextmanager
def running_demo(folder: Path) -> Iterator[Demo]:
    """Run a demonstration in a folder until the block ends."""
    port, lms_port = free_port(), free_port()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "lti_alliance", "demo", "--no-history"),
            *("--folder", str(folder), "--port", str(port), "--lms-port", str(lms_port)),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    seen = []
    for line in process.stdout:
        seen.append(line)
        if "LTI Alliance is running" in line:
            break
    else:
        raise AssertionError("the demonstration did not start:\n" + "".join(seen))
    running = Demo(f"http://localhost:{port}", f"http://127.0.0.1:{lms_port}", folder, process)
    people = [each for platform in COURSES for each in running.ask(f"people/{platform}")]
    try:
        yield running
    finally:
        process.terminate()
        process.stdout.read()
        status = process.wait(30)
        process.stdout.close()
    assert status == 0
    found = _personal_in_logs(folder / "logs", people)
    assert not found, "the logs of the demonstration hold what is personal:\n" + "\n".join(found)


def _personal_in_logs(logs: Path, people: list[dict[str, Any]]) -> list[str]:
    """Search what the tool's own processes logged for everybody in the practice courses."""
    watch = Watch(known={})
    for person in people:
        watch.take_name(person["name"])
        watch.take_name(person["sub"])
    for name in ("tool", "worker"):
        for line in (logs / f"{name}.log").read_text(errors="replace").splitlines():
            watch.take_line(line)
    return watch.leaks()


NewContext = Callable[..., BrowserContext]


@pytest.fixture
def new_context(playwright: Playwright, chromium_path: str, tmp_path: Path) -> Iterator[NewContext]:
    """Make a browser with a profile of its own, with preferences written into it."""
    opened: list[BrowserContext] = []

    def make(
        *,
        preferences: dict[str, Any] | None = None,
        java_script_enabled: bool = True,
        **options: Any,
    ) -> BrowserContext:
        profile = tmp_path / f"profile-{len(opened)}"
        (profile / "Default").mkdir(parents=True)
        written = preferences or ({} if java_script_enabled else WITHOUT_SCRIPTS)
        (profile / "Default" / "Preferences").write_text(json.dumps(written))
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=chromium_path, args=FLAGS, **options
        )
        context.set_default_timeout(30_000)
        opened.append(context)
        return context

    make.opened = opened  # type: ignore[attr-defined]
    yield make
    for context in opened:
        context.close()


@pytest.fixture
def context(new_context: NewContext) -> BrowserContext:
    """A browser as it comes: third-party cookies only if they are partitioned."""
    return new_context()


COURSES = {"canvas": "77", "moodle": "3"}
TEACHERS = {"canvas": "instructor", "moodle": "teacher"}


def sign_in(demo: Demo, page: Page, *, platform: str, person: str) -> None:
    """Sign in to the practice LMS."""
    page.goto(f"{demo.lms}/{platform}/login")
    page.request.post(f"{demo.lms}/{platform}/login_as", form={"person": person})


def open_activity(demo: Demo, page: Page, *, platform: str, person: str, activity: str) -> None:
    """Sign in to the practice LMS and open an activity's page, with the tool in its frame."""
    assert person != NEVER_COMES, "somebody has to be left who has not opened the tool"
    sign_in(demo, page, platform=platform, person=person)
    page.goto(f"{demo.lms}/{platform}/courses/{COURSES[platform]}/activities/{activity}")


def tool_frame(page: Page) -> FrameLocator:
    """Return the tool's frame in the LMS's page."""
    return page.frame_locator("iframe").first


def shown(page: Page, name: str) -> FrameLocator:
    """Wait until the tool shows a page, and return its frame."""
    expect(tool_frame(page).locator(f"body[data-page={name}]")).to_be_visible()
    return tool_frame(page)


KEY_WAIT_MS = 10_000


def press_enter(target: Locator) -> None:
    """Press a button or link by keyboard.

    The course page gives the frame its new height after every step, which moves what is in it: a
    click aimed a moment earlier lands beside the button and is lost. A key finds its element. On a
    busy machine Chromium at times never says that it took a key, most of all one that makes the
    page go away: then it is pressed once more, if what it was meant for is still there.
    What never was there fails here, and not at a later step.
    """
    target.wait_for()
    try:
        target.press("Enter", timeout=KEY_WAIT_MS)
    except NeverAcknowledged:
        if target.is_visible():
            target.press("Enter", timeout=2 * KEY_WAIT_MS)


def press(tool: FrameLocator | Locator | Page, role: Any, name: str) -> None:
    """Press the button or link of a name by keyboard."""
    press_enter(tool.get_by_role(role, name=name))


def tick(target: Locator) -> None:
    """Choose a radio or tick a box by keyboard, for the same reason, and see that it is chosen."""
    target.wait_for()
    if not target.is_checked():
        try:
            target.press("Space", timeout=KEY_WAIT_MS)
        except NeverAcknowledged:
            if not target.is_checked():
                target.press("Space", timeout=2 * KEY_WAIT_MS)
    expect(target).to_be_checked()
