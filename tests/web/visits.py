"""Visits for the tests of pages: a launched person with a browser, and what is on a page."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from html.parser import HTMLParser
from typing import Any
from uuid import uuid4

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from lti_alliance.domain.launch import Role
from lti_alliance.models import LaunchSession, Membership, Profile, ResourceLink
from lti_alliance.web import cookies, security
from lti_alliance.web.signing import digest

SCRIPT = {"Accept": "application/json"}
_SECRET = "a cookie value that nobody guesses"


class _Forms(HTMLParser):
    """Collects the fields that a browser would send with each form of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, Any]] = []
        self._form: dict[str, Any] | None = None
        self._text: tuple[str, list[str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take up a form, its fields and the addresses of its buttons."""
        found = dict(attrs)
        if tag == "form":
            self._form = {"action": found.get("action"), "fields": [], "buttons": []}
            self.forms.append(self._form)
        if self._form is None:
            return
        if tag == "button" and found.get("formaction"):
            self._form["buttons"].append(found["formaction"])
        if tag == "textarea":
            self._text = (str(found["name"]), [])
        if tag != "input" or not found.get("name"):
            return
        is_choice = found.get("type") in ("radio", "checkbox")
        if not is_choice or "checked" in found:
            self._form["fields"].append((found["name"], found.get("value") or ""))

    def handle_data(self, data: str) -> None:
        """Take up the text of a text area."""
        if self._text is not None:
            self._text[1].append(data)

    def handle_endtag(self, tag: str) -> None:
        """Close a text area or a form."""
        if tag == "textarea" and self._text is not None and self._form is not None:
            name, pieces = self._text
            self._form["fields"].append((name, "".join(pieces).removeprefix("\n")))
            self._text = None
        if tag == "form":
            self._form = None


@dataclass
class Visitor:
    """One launched person with a browser of their own."""

    app: Flask
    client: FlaskClient
    handle: str
    csrf: str

    @property
    def home(self) -> str:
        """The address of the first page."""
        return f"/launches/{self.handle}/"

    def get(self, path: str = "", **kwargs: Any) -> TestResponse:
        """Open a page below the launch's address."""
        return self.client.get(self._address(path), base_url="http://localhost:8000", **kwargs)

    def post(self, path: str, fields: Any = None, **kwargs: Any) -> TestResponse:
        """Send a form as a page of this launch would."""
        sent = {"csrf_token": self.csrf, **(fields or {})}
        return self.client.post(
            self._address(path), data=sent, base_url="http://localhost:8000", **kwargs
        )

    def follow(self, answer: TestResponse) -> TestResponse:
        """Go where an answer sends the browser."""
        assert answer.status_code == 303, answer.get_data(as_text=True)
        return self.get(answer.location)

    def _address(self, path: str) -> str:
        return path if path.startswith("/launches/") else self.home + path


def visit(
    app: Flask,
    session: Session,
    membership: Membership,
    *,
    link: ResourceLink | None,
    at: datetime,
    role: Role | None = None,
    **changes: Any,
) -> Visitor:
    """Open a link as somebody, as if a launch had just been verified."""
    handle = uuid4().hex
    session.add(
        LaunchSession(
            **{
                "handle": handle,
                "state_id": uuid4().hex,
                "token_digest": uuid4().hex,
                "cookie_digest": digest(_SECRET),
                "registration_id": membership.user.registration_id,
                "user_id": membership.user_id,
                "membership_id": membership.id,
                "context_id": membership.context_id,
                "resource_link_id": link.id if link else None,
                "role": role or membership.role,
                "is_test_user": membership.is_test_user,
                "frame_ancestors": [],
                "created_at": at,
                "seen_at": at,
                "expires_at": at + timedelta(hours=12),
                **changes,
            }
        )
    )
    session.commit()
    client = app.test_client()
    client.set_cookie(cookies.PREFIX + handle, _SECRET, domain="localhost")
    with app.app_context():
        csrf = security.csrf_token(handle, digest(_SECRET))
    return Visitor(app, client, handle, csrf)


def name_person(session: Session, membership: Membership, name: str, *, until: datetime) -> None:
    """Let the platform have told a person's name."""
    session.add(Profile(user_id=membership.user_id, name=name, expires_at=until))
    session.flush()


def forms_of(answer: TestResponse) -> list[dict[str, Any]]:
    """List the forms of a page with the fields that a browser would send."""
    parser = _Forms()
    parser.feed(answer.get_data(as_text=True))
    return parser.forms


def text_of(answer: TestResponse) -> str:
    """Return what a page shows, on one line."""
    pieces: list[str] = []

    class Reader(HTMLParser):
        def handle_data(self, data: str) -> None:
            pieces.append(data)

    Reader().feed(answer.get_data(as_text=True))
    return " ".join(" ".join(pieces).split())
