"""Walk the "add activity" dialog as a browser does: request, response, form."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import requests
from requests.adapters import BaseAdapter

from lti_alliance.practice_lms.dialects.canvas_claims import DEEP_LINKING
from lti_alliance.practice_lms.scopes import CONTENT_ITEMS
from tests.practice_lms.conftest import Bench
from tests.practice_lms.forms import form_of
from tests.practice_lms.test_canvas_launch import asked, outcome
from tests.practice_lms.test_moodle_recorded import request_of

TEACHER = {"canvas": "instructor", "moodle": "teacher"}


class Pages(BaseAdapter):
    """A site that answers everything with one status, and remembers what it was asked."""

    def __init__(self, status: int = 405) -> None:
        super().__init__()
        self.status = status
        self.asked: list[requests.PreparedRequest] = []

    def send(self, request: Any, **_: Any) -> requests.Response:
        self.asked.append(request)
        response = requests.Response()
        response.status_code = self.status
        response.request = request
        response._content = b""
        return response

    def close(self) -> None:
        """Close nothing."""

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(each.body or b"null") for each in self.asked]


def response(bench: Bench, items: list[Any], **changed: Any) -> dict[str, Any]:
    client = bench.state.tool.client_id
    now = int(bench.clock.now())
    claims = {
        "iss": client,
        "aud": bench.platform.issuer,
        "iat": now - 3,
        "exp": now + 60,
        "nonce": "x",
        CONTENT_ITEMS: items,
        **changed,
    }
    return {name: value for name, value in claims.items() if value is not None}


def request_claims(bench: Bench, person: str = "", **query: str) -> dict[str, Any]:
    """Open the picker from the teacher's page and return what the tool is told."""
    bench.sign_in(person or TEACHER[bench.platform.name])
    course = bench.course.id
    path = f"/{bench.platform.name}/courses/{course}/add/launch"
    answer = bench.client.get(path, query_string=query)
    assert answer.status_code == 200, answer.text
    fields = form_of(answer.text)[1]
    if bench.platform.name == "canvas":
        return bench.claims(outcome(bench, asked(fields)))
    page = bench.client.get("/moodle/mod/lti/auth.php", query_string=request_of(fields)).text
    return bench.claims(form_of(page)[1])


def return_url(bench: Bench, **query: str) -> str:
    return bench.local(request_claims(bench, **query)[DEEP_LINKING]["deep_link_return_url"])


def respond(
    bench: Bench, items: list[Any], query: dict[str, str] | None = None, **more: Any
) -> Any:
    """Send a whole response and return the dialog's answer."""
    url = return_url(bench, **(query or {}))
    token = bench.tool.sign(response(bench, items, **more))
    return bench.client.post(url, data={"JWT": token})


def next_page(answer: Any) -> str:
    """Return where the dialog goes on to."""
    assert answer.status_code == 200, answer.text
    found = re.search(r'target="_parent" href="([^"]+)"', answer.text)
    return html.unescape(found.group(1))
