"""The demonstration over HTTPS, and visitors in Chromium, Firefox and WebKitGTK."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.browser.seen import tool_said
from tests.conftest import find_chromedriver, find_chromium, find_firefox, find_webkit
from tests.engines.drivers import Chromium, Driver, Firefox, WebKit
from tests.engines.secure_demo import SecureDemo, secure_demo
from tests.engines.visitor import Visitor

USUAL = {
    "storage_target": True,
    "storage_frame": "post_message_forwarding",
    "storage_answers": "at once",
}
# What makes each keep every cookie of the tool in the LMS's page, and none.
FIREFOX_ALLOWS: dict[str, object] = {}
FIREFOX_BLOCKS: dict[str, object] = {"network.cookie.cookieBehavior": 1}
WEBKIT_ALLOWS = ["--cookies-policy=always"]
WEBKIT_BLOCKS = ["--enable-itp=true"]

NewVisitor = Callable[[], Visitor]


def chromium_blocks(demo: SecureDemo) -> dict[str, object]:
    """Return what keeps Chromium from keeping any cookie of the tool in the LMS's page."""
    pair = f"{demo.stage.tool_url},{demo.stage.lms_url}"
    return {"profile": {"content_settings": {"exceptions": {"cookies": {pair: {"setting": 2}}}}}}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Tell of a failed test what its browsers showed, what they sent, and what the tool said."""
    report = yield
    found = getattr(item, "funcargs", {})
    if call.when == "call" and report.failed and "visitors" in found:
        demo = found["demo"]
        showed = "\n".join(visitor.showed() for visitor in found["visitors"])
        came = "\n".join(
            f"{each.method} {each.path} {bool(each.cookie)}" for each in demo.tool.sent
        )
        report.sections.append(("what the browsers showed", showed))
        report.sections.append(("what came to the tool, and whether with cookies", came))
        report.sections.append(("what the demonstration said", tool_said(demo.folder)))
    return report


@pytest.fixture(scope="session")
def _demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureDemo]:
    with secure_demo(tmp_path_factory.mktemp("secure-demo")) as found:
        yield found


@pytest.fixture
def demo(_demo: SecureDemo) -> Iterator[SecureDemo]:
    """The demonstration in its usual mood, which has seen nobody yet."""
    _demo.tool.forget()
    _demo.lms.forget()
    yield _demo
    _demo.switch(**USUAL)


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    """A screen that nobody sees; the system chooses its number."""
    told, tells = os.pipe()
    screen = subprocess.Popen(
        ["Xvfb", "-displayfd", str(tells), "-screen", "0", "1280x1024x24", "-nolisten", "tcp"],
        pass_fds=[tells],
        stderr=subprocess.DEVNULL,
    )
    os.close(tells)
    with os.fdopen(told) as file:
        number = file.readline().strip()
    assert number, "Xvfb did not start"
    yield f":{number}"
    screen.terminate()
    screen.wait(10)


@pytest.fixture(
    params=[
        pytest.param("chromium", marks=pytest.mark.chromedriver),
        pytest.param("firefox", marks=pytest.mark.firefox),
        pytest.param("webkit", marks=pytest.mark.webkit),
    ]
)
def engine_name(request: pytest.FixtureRequest) -> str:
    """Each engine in its turn."""
    return str(request.param)


@pytest.fixture
def visitors(
    request: pytest.FixtureRequest, engine_name: str, tmp_path: Path, demo: SecureDemo
) -> Iterator[list[Visitor]]:
    """Everybody who came; their browsers end with the test."""
    came: list[Visitor] = []
    yield came
    for visitor in came:
        visitor.driver.quit()


@pytest.fixture
def new_visitor(
    request: pytest.FixtureRequest,
    engine_name: str,
    visitors: list[Visitor],
    demo: SecureDemo,
    tmp_path: Path,
) -> Callable[[bool], Visitor]:
    """Make a visitor with a browser that keeps cookies in frames, or none."""

    def make(is_blocked: bool) -> Visitor:
        folder = tmp_path / f"browser-{len(visitors)}"
        driver: Driver
        if engine_name == "chromium":
            path, browser = find_chromedriver(), find_chromium()
            assert path
            assert browser
            driver = Chromium(path, browser, folder, chromium_blocks(demo) if is_blocked else {})
        elif engine_name == "firefox":
            path = find_firefox()
            assert path
            driver = Firefox(path, folder, FIREFOX_BLOCKS if is_blocked else FIREFOX_ALLOWS)
        else:
            path, screen = find_webkit(), request.getfixturevalue("display")
            assert path
            driver = WebKit(path, folder, WEBKIT_BLOCKS if is_blocked else WEBKIT_ALLOWS, screen)
        visitors.append(Visitor(demo, driver))
        return visitors[-1]

    return make


@pytest.fixture
def blocked(new_visitor: Callable[[bool], Visitor]) -> NewVisitor:
    """Make a visitor whose browser keeps no cookie of the tool in the LMS's page."""
    return lambda: new_visitor(True)


@pytest.fixture
def allowed(new_visitor: Callable[[bool], Visitor]) -> NewVisitor:
    """Make a visitor whose browser keeps cookies in frames."""
    return lambda: new_visitor(False)
