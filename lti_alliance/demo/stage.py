"""Setting the stage: settings and secrets, the database, and the two registrations."""

import base64
import secrets
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from lti_alliance.demo.browser import ScriptedBrowser
from lti_alliance.errors import NotFound
from lti_alliance.services import platforms

PLATFORMS = ("canvas", "moodle")


@dataclass(frozen=True, slots=True)
class Stage:
    """Where one demonstration lives."""

    folder: Path
    port: int
    lms_port: int

    @property
    def tool_url(self) -> str:
        """The tool's address: another site than the LMS's, so that its cookies are third-party."""
        return f"http://localhost:{self.port}"

    @property
    def lms_url(self) -> str:
        """The practice LMS's address."""
        return f"http://127.0.0.1:{self.lms_port}"

    @property
    def settings_file(self) -> Path:
        """The tool's settings for this demonstration."""
        return self.folder / "alliance.toml"

    @property
    def history_marker(self) -> Path:
        """Exists once the history has been played."""
        return self.folder / "history-played"

    @property
    def history_begun(self) -> Path:
        """Exists once the history has begun to play."""
        return self.folder / "history-begun"

    @property
    def taster_marker(self) -> Path:
        """Exists once the tasters have been set up."""
        return self.folder / "taster-set-up"

    def env(self) -> dict[str, str]:
        """Return what every program of the demonstration finds in its environment."""
        return {
            "ALLIANCE_CONFIG": str(self.settings_file),
            "ALLIANCE_BASE_URL": self.tool_url,
            "PYTHONUNBUFFERED": "1",
        }


def prepare_folder(stage: Stage, *, reset: bool) -> None:
    """Make the folder, its settings and its secrets; with ``reset`` start from nothing."""
    if reset and stage.folder.exists():
        shutil.rmtree(stage.folder)
    stage.folder.mkdir(parents=True, exist_ok=True)
    if stage.settings_file.exists():
        return
    database = stage.folder / "alliance.sqlite3"
    text = (
        "# Made by `make demo`; of no use anywhere else.\n"
        f'secret_key = "{secrets.token_urlsafe(48)}"\n'
        f'data_key = "{base64.b64encode(secrets.token_bytes(32)).decode()}"\n'
        f'database_url = "sqlite:////{str(database).lstrip("/")}"\n'
        'support_contact = "the person who started this demonstration"\n'
    )
    stage.settings_file.touch(mode=0o600)
    stage.settings_file.write_text(text, encoding="utf-8")


def register_platforms(session: Session, stage: Stage, *, at: datetime) -> None:
    """Register both manners of the practice LMS with the tool, unless they are registered."""
    browser = ScriptedBrowser()
    for name in PLATFORMS:
        told = browser.get_json(f"{stage.lms_url}/{name}/registration.json")
        try:
            platforms.get_registration(session, told["name"])
        except NotFound:
            platforms.add_registration(
                session,
                name=told["name"],
                issuer=told["issuer"],
                client_id=told["client_id"],
                family=told["family"],
                auth_login_url=told["auth_login_url"],
                auth_token_url=told["auth_token_url"],
                jwks_url=told["jwks_url"],
                service_hosts=[told["service_host"]],
                deployment_ids=[told["deployment_id"]],
                allow_local=True,
                at=at,
            )
