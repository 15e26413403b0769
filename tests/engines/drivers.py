"""Chromium, Firefox and WebKitGTK, driven by the two protocols that they speak.

Both are W3C WebDriver in all but the way a command travels: ChromeDriver and WebKitWebDriver take
it as HTTP, Firefox takes it as JSON on a socket (Marionette). https://www.w3.org/TR/webdriver2/,
https://firefox-source-docs.mozilla.org/testing/marionette/Protocol.html
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from tests.ports import free_port

START_WAIT_S = 60
COMMAND_WAIT_S = 60
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
LOOK_AGAIN_S = 0.05

Found = TypeVar("Found")


class CommandFailed(Exception):
    """The browser refused a command; ``error`` is the name that the standard gives the reason."""

    def __init__(self, error: str, message: str) -> None:
        super().__init__(f"{error}: {message}")
        self.error = error


class Driver(ABC):
    """A running browser with a profile of its own."""

    # What each command is called: for Marionette, and as method and path of the standard.
    COMMANDS: ClassVar[Mapping[str, tuple[str, str, str]]] = {
        "navigate": ("WebDriver:Navigate", "POST", "url"),
        "back": ("WebDriver:Back", "POST", "back"),
        "refresh": ("WebDriver:Refresh", "POST", "refresh"),
        "find": ("WebDriver:FindElement", "POST", "element"),
        "press": ("WebDriver:ElementSendKeys", "POST", "element/{id}/value"),
        "click": ("WebDriver:ElementClick", "POST", "element/{id}/click"),
        "script": ("WebDriver:ExecuteScript", "POST", "execute/sync"),
        "frame": ("WebDriver:SwitchToFrame", "POST", "frame"),
        "windows": ("WebDriver:GetWindowHandles", "GET", "window/handles"),
        "window": ("WebDriver:SwitchToWindow", "POST", "window"),
        "new": ("WebDriver:NewWindow", "POST", "window/new"),
    }

    def command(self, name: str, **fields: Any) -> Any:
        """Give a command and return what it answers; raise ``CommandFailed`` if it fails."""
        return self._send(*self.COMMANDS[name], fields)

    @abstractmethod
    def _send(self, marionette: str, method: str, path: str, fields: dict[str, Any]) -> Any: ...

    @abstractmethod
    def quit(self) -> None:
        """End the browser and whatever drives it."""


class Firefox(Driver):
    """Firefox, with preferences of its profile."""

    def __init__(self, path: str, folder: Path, preferences: Mapping[str, object]) -> None:
        profile = folder / "profile"
        profile.mkdir(parents=True)
        given = {"marionette.port": 0, **QUIET, **preferences}
        lines = [f"user_pref({json.dumps(n)}, {json.dumps(v)});\n" for n, v in given.items()]
        (profile / "user.js").write_text("".join(lines))
        self._process = _start(
            [path, "--marionette", "--headless", "--no-remote", "--profile", str(profile)],
            folder / "firefox.log",
            HOME=str(folder),
        )
        self._number = 0
        told = profile / "MarionetteActivePort"
        try:
            port = eventually("a port of Firefox", lambda: told.exists() and told.read_text())
            self._socket = socket.create_connection(("127.0.0.1", int(port)), COMMAND_WAIT_S)
            self._file = self._socket.makefile("rb")
            self._receive()
            self._send("WebDriver:NewSession", "", "", {"acceptInsecureCerts": True})
        except BaseException:
            _end(self._process)
            raise

    def _send(self, marionette: str, method: str, path: str, fields: dict[str, Any]) -> Any:
        self._number += 1
        message = json.dumps([0, self._number, marionette, fields]).encode()
        self._socket.sendall(b"%d:%b" % (len(message), message))
        _, _, error, result = self._receive()
        if error:
            raise CommandFailed(error["error"], error["message"])
        # Some answers are wrapped as those of the standard are, others are not.
        return result["value"] if isinstance(result, dict) and "value" in result else result

    def _receive(self) -> Any:
        length = b""
        while (byte := self._file.read(1)) != b":":
            if not byte:
                raise CommandFailed("no answer", "Firefox has ended")
            length += byte
        return json.loads(self._file.read(int(length)))

    def quit(self) -> None:
        """End Firefox; nothing of the profile is needed again."""
        self._file.close()
        self._socket.close()
        _end(self._process)


# What a new profile would do on its own and no test needs.
QUIET = {
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "browser.safebrowsing.downloads.remote.enabled": False,
    "services.settings.server": "data:,",
    "toolkit.telemetry.unified": False,
}


class Served(Driver):
    """A browser behind a driver that takes the standard's commands as HTTP."""

    def __init__(self, arguments: list[str], port: int, log: Path, wanted: Any, **env: str) -> None:
        self._process = _start(arguments, log, **env)
        self._address = f"http://127.0.0.1:{port}"
        self._session = ""
        try:
            eventually(arguments[0], self._is_up)
            body = {"capabilities": {"alwaysMatch": {"acceptInsecureCerts": True, **wanted}}}
            self._session = self._ask("POST", "session", body)["sessionId"]
        except BaseException:
            _end(self._process)
            raise

    def _send(self, marionette: str, method: str, path: str, fields: dict[str, Any]) -> Any:
        if "{id}" in path:
            path = path.format(id=fields.pop("id"))
        return self._ask(method, f"session/{self._session}/{path}", fields)

    def _ask(self, method: str, path: str, fields: dict[str, Any] | None = None) -> Any:
        request = urllib.request.Request(
            f"{self._address}/{path}",
            data=json.dumps(fields or {}).encode() if method == "POST" else None,
            headers={"Content-Type": "application/json"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=COMMAND_WAIT_S) as answer:
                return json.loads(answer.read())["value"]
        except urllib.error.HTTPError as error:
            with error:
                told = json.loads(error.read())["value"]
            raise CommandFailed(told["error"], told.get("message", "")) from None

    def _is_up(self) -> bool:
        try:
            return bool(self._ask("GET", "status"))
        except OSError:
            return False

    def quit(self) -> None:
        """End the browser, and then what drives it."""
        try:
            self._ask("DELETE", f"session/{self._session}")
        finally:
            _end(self._process)


class WebKit(Served):
    """WebKitGTK's MiniBrowser, with arguments of its command line."""

    def __init__(self, path: str, folder: Path, arguments: list[str], display: str) -> None:
        folder.mkdir(parents=True)
        port = free_port()
        options = {"args": ["--automation", *arguments]}
        if browser := find_minibrowser():
            options["binary"] = browser
        super().__init__(
            [path, f"--port={port}", "--host=127.0.0.1"],
            port,
            folder / "webkit.log",
            {"webkitgtk:browserOptions": options},
            HOME=str(folder),
            XDG_RUNTIME_DIR=str(folder),
            DISPLAY=display,
            GDK_BACKEND="x11",
            LIBGL_ALWAYS_SOFTWARE="1",
            WEBKIT_DISABLE_COMPOSITING_MODE="1",
            # Its sandbox wants rights that a container does not give.
            WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS="1",
        )


class Chromium(Served):
    """Chromium, with preferences of its profile."""

    def __init__(
        self, path: str, browser: str, folder: Path, preferences: Mapping[str, object]
    ) -> None:
        folder.mkdir(parents=True)
        port = free_port()
        options = {
            "binary": browser,
            "args": ["--headless=new", "--no-sandbox", f"--user-data-dir={folder / 'profile'}"],
            "prefs": preferences,
        }
        super().__init__(
            [path, f"--port={port}"],
            port,
            folder / "chromium.log",
            {"goog:chromeOptions": options},
            HOME=str(folder),
        )


@cache
def find_minibrowser() -> str | None:
    """Return the path of the browser that comes with WebKitGTK's driver, which is on no PATH."""
    found = sorted(Path("/usr").glob("lib*/**/webkit2gtk-4*/MiniBrowser"))
    return str(found[-1]) if found else shutil.which("MiniBrowser")


def eventually(what: str, look: Callable[[], Found], *, within_s: float = START_WAIT_S) -> Found:
    """Look until there is something, and return it."""
    deadline = time.monotonic() + within_s
    while not (found := look()):
        assert time.monotonic() < deadline, f"{what} did not come in {within_s:.0f} s"
        time.sleep(LOOK_AGAIN_S)
    return found


def _start(arguments: list[str], log: Path, **env: str) -> subprocess.Popen[bytes]:
    with log.open("ab") as out:
        return subprocess.Popen(
            arguments,
            env=os.environ | env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    # Its children are in its group.
    try:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(10)
    except ProcessLookupError:
        pass
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
