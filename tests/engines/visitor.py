"""Somebody who uses the course with one of the browsers."""

from dataclasses import dataclass
from typing import Any

from tests.engines.drivers import ELEMENT, CommandFailed, Driver, eventually
from tests.engines.secure_demo import SecureDemo

STUDENT, TEACHER = "priya.nair", "instructor"
TASTER = "/canvas/courses/77/activities/taster"
SOON_S = 30
FRAME = "iframe.tool"
OPEN_TAB = "form[target=_blank] button"
CHOOSE = "const [first] = document.getElementsByName('person'); first.value = arguments[0]"
# A page that is still on its way has no body, and one whose scripts have not run yet no behaviour.
PAGE = "return document.readyState === 'complete' ? document.body?.dataset.page ?? '' : ''"
SEEN = "return `${location.href}\\n${document.body?.innerText.slice(0, 700)}`"


@dataclass
class Visitor:
    """A person at a browser; commands go to the window or frame that was looked at last."""

    demo: SecureDemo
    driver: Driver

    # The course

    def open(self, *, person: str = STUDENT, address: str = TASTER) -> None:
        """Sign in to the LMS in Canvas's manner, and be sent to the activity's page."""
        self.driver.command(
            "navigate", url=f"{self.demo.stage.lms_url}/canvas/login?next={address}"
        )
        self.run(CHOOSE, person)
        self.press(".panel button")

    def shown(self, name: str) -> None:
        """Wait until the tool shows a page of that name in its frame, and look at the frame."""
        self._wait(name, is_framed=True)

    def in_tab(self, name: str) -> None:
        """Wait until the window that is looked at shows a page of the tool of that name."""
        self._wait(name, is_framed=False)

    def _wait(self, name: str, *, is_framed: bool) -> None:
        seen: list[object] = []

        def look() -> bool:
            try:
                self.driver.command("frame", id=None)
                if is_framed:
                    self.driver.command("frame", id=self._find(FRAME))
                seen.append(self.run(PAGE))
            except CommandFailed as error:
                # What was looked at has just gone away: the next look finds what took its place.
                seen.append(error.error)
            return seen[-1] == name

        try:
            eventually(f"the page {name}", look, within_s=SOON_S)
        except AssertionError as error:
            raise AssertionError(f"{error}; last seen: {seen[-1]}") from None

    @property
    def error_code(self) -> str:
        """The code that an error's page tells."""
        return str(self.run("return document.querySelector('main').dataset.errorCode"))

    # Windows

    @property
    def windows(self) -> set[str]:
        """Every window and tab."""
        return set(self.driver.command("windows"))

    def look_at(self, window: str) -> None:
        """Turn to a window."""
        self.driver.command("window", handle=window)

    def new_window(self) -> None:
        """Open an empty window and turn to it: WebKitGTK clicks nothing in a tab behind another."""
        self.look_at(self.driver.command("new", type="window")["handle"])

    def open_tab(self) -> str:
        """Press the button for a new tab; turn to that tab, and return it."""
        before = self.windows
        self.press(OPEN_TAB)
        (tab,) = eventually("a new tab", lambda: self.windows - before, within_s=SOON_S)
        self.look_at(tab)
        return tab

    # What is looked at

    def press(self, selector: str) -> None:
        """Press the first thing that the selector names."""
        self.driver.command("click", id=self._find(selector)[ELEMENT])

    def press_by_script(self, selector: str) -> None:
        """Press something without a pointer: WebKitGTK's misses what is far down in a frame."""
        self.run("document.querySelector(arguments[0]).click()", selector)

    def run(self, script: str, *arguments: object) -> Any:
        """Run a script in the page."""
        return self.driver.command("script", script=script, args=arguments)

    def reload(self) -> None:
        """Load the page again."""
        self.driver.command("refresh")

    def go_back(self) -> None:
        """Press the back button."""
        self.driver.command("back")

    def _find(self, selector: str) -> dict[str, str]:
        found: dict[str, str] = self.driver.command("find", using="css selector", value=selector)
        return found

    def showed(self) -> str:
        """Return the address and the text of every window and the tool's frame in it."""
        told: list[str] = []
        try:
            for window in sorted(self.windows):
                self.look_at(window)
                told.append(self.run(SEEN))
                self.driver.command("frame", id=self._find(FRAME))
                told.append(self.run(SEEN))
        except (CommandFailed, OSError) as error:
            told.append(repr(error))
        return "\n".join(told)
