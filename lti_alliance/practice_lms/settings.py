"""What the practice LMS must be told: its own address, the tool's, and how it tells the time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import requests


def in_background(work: Callable[[], None]) -> None:
    """Do the work in a thread of its own."""
    threading.Thread(target=work, name="practice-lms-later", daemon=True).start()


@dataclass(frozen=True, slots=True)
class PracticeSettings:
    """The practice LMS's configuration; every field has a default that suits the demo."""

    base_url: str = "http://127.0.0.1:8001"
    tool_url: str = "http://localhost:8000"
    data_dir: Path | None = None
    """Where state and keys are kept; without it everything lives in memory."""
    canvas_issuer: str = "https://canvas.instructure.com"
    """Canvas gives every hosted school the same issuer."""
    canvas_client_id: str = "10000000000123"
    canvas_deployment_id: str = "318:aa11bb22cc33dd44ee55ff66aa77bb88cc99dd00"
    moodle_client_id: str = "Vq7Jc2Rt9mKxEoB"
    moodle_deployment_id: str = "2"
    login_path: str = "/lti/login"
    launch_path: str = "/lti/launch"
    jwks_path: str = "/.well-known/jwks.json"
    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    later: Callable[[Callable[[], None]], None] = in_background
    """How the LMS does what nobody waits for, such as sending notices."""
    http: requests.Session = field(default_factory=requests.Session)
    """The session with which the tool's keys are fetched; tests mount the tool on it."""

    @property
    def host(self) -> str:
        """Return the practice LMS's own host and port."""
        return urlsplit(self.base_url).netloc

    def deployment_id(self, platform: str) -> str:
        """Return the deployment id with which the tool was first installed."""
        return self.canvas_deployment_id if platform == "canvas" else self.moodle_deployment_id

    def tool_address(self, path: str) -> str:
        """Return an absolute address of the tool."""
        return self.tool_url.rstrip("/") + path
