"""Stand-ins for the world outside, at the ports of ``lti_alliance.services.ports``."""

import io
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from flask import Flask
from requests.adapters import BaseAdapter
from urllib3.exceptions import ProtocolError
from werkzeug.test import Client

from lti_alliance.domain.gradebook import LineItemRef, Result, Score
from lti_alliance.domain.roster import Member, RosterRef
from lti_alliance.errors import PlatformError, PlatformRefused


@dataclass
class Cell:
    """What the gradebook holds for one person in one column."""

    score: Decimal | None = None
    maximum: Decimal | None = None
    timestamp: datetime | None = None
    is_overridden: bool = False
    """A person's grade stands over whatever is sent, as in Moodle."""
    comments: list[str] = field(default_factory=list)
    submissions: list[datetime] = field(default_factory=list)


class FakeGradebook:
    """A gradebook in memory that keeps the rules of both platforms and fails when told to.

    ``fail_before`` holds errors for calls that are not carried out, ``fail_after`` for calls that
    are carried out and whose answer is lost; each call takes one from the left, ``None`` passes.
    """

    def __init__(self) -> None:
        self.cells: dict[tuple[str, str], Cell] = {}
        self.columns: dict[str, str] = {}
        self.asked: list[Score] = []
        """Every score, those too whose call was not carried out."""
        self.posts: list[tuple[LineItemRef, Score]] = []
        self.calls: list[str] = []
        self.fail_before: deque[BaseException | None] = deque()
        self.fail_after: deque[BaseException | None] = deque()

    def post_score(self, line_item: LineItemRef, score: Score) -> int:
        self.asked.append(score)
        self._begin("post_score")
        self.posts.append((line_item, score))
        cell = self.cells.setdefault((line_item.url, score.user_id), Cell())
        if cell.timestamp is not None and score.timestamp <= cell.timestamp:
            raise PlatformRefused("refused", status=409)
        if not cell.is_overridden and score.score_given is not None:
            cell.score, cell.maximum = score.score_given, score.score_maximum
        cell.timestamp = score.timestamp
        if score.comment and score.comment_is_new:
            cell.comments.append(score.comment)
        submitted_at = score.submitted_at
        if score.new_submission and submitted_at and submitted_at not in cell.submissions:
            cell.submissions.append(submitted_at)
        self._end()
        return 200

    def read_result(self, line_item: LineItemRef, user_id: str) -> Result | None:
        self._begin("read_result")
        cell = self.cells.get((line_item.url, user_id))
        self._end()
        return Result(score=cell.score, maximum=cell.maximum) if cell else None

    def list_results(self, line_item: LineItemRef) -> dict[str, Result]:
        self._begin("list_results")
        found = {
            user_id: Result(score=cell.score, maximum=cell.maximum)
            for (url, user_id), cell in self.cells.items()
            if url == line_item.url
        }
        self._end()
        return found

    def find_line_item(self, line_item: LineItemRef) -> str | None:
        self._begin("find_line_item")
        self._end()
        return self.columns.get(line_item.resource_link_id)

    def create_line_item(self, line_item: LineItemRef, *, label: str, maximum: Decimal) -> str:
        self._begin("create_line_item")
        url = f"{line_item.container_url}/new-{len(self.columns) + 1}"
        assert line_item.resource_link_id not in self.columns, "made twice"
        self.columns[line_item.resource_link_id] = url
        self._end()
        return url

    def _begin(self, name: str) -> None:
        self.calls.append(name)
        self._fail(self.fail_before)

    def _end(self) -> None:
        self._fail(self.fail_after)

    def _fail(self, errors: deque[BaseException | None]) -> None:
        if errors and (error := errors.popleft()) is not None:
            raise error


class FakeRoster:
    """A course list in memory; each error in ``failures`` is met by one reading."""

    def __init__(self) -> None:
        self.members: list[Member] = []
        self.failures: deque[PlatformError] = deque()
        self.calls: list[RosterRef] = []

    def list_members(self, roster: RosterRef) -> list[Member]:
        self.calls.append(roster)
        if self.failures:
            raise self.failures.popleft()
        return list(self.members)


class Killed(BaseException):
    """What a worker meets that is killed in the middle: nothing catches it, nothing is recorded."""


@dataclass
class Call:
    """One request that a scripted platform received."""

    method: str
    url: str
    headers: dict[str, str]
    body: str

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body).items()}


Script = Callable[[Call], tuple[int, dict[str, str], str]]


class ScriptedPlatform(BaseAdapter):
    """A platform's host whose every answer a test writes."""

    def __init__(self, script: Script) -> None:
        super().__init__()
        self.script = script
        self.calls: list[Call] = []

    def send(self, request: Any, **_: Any) -> requests.Response:
        body = request.body or ""
        text = body.decode() if isinstance(body, bytes) else body
        call = Call(request.method, request.url, dict(request.headers), text)
        self.calls.append(call)
        return _response(request, *self.script(call))

    def close(self) -> None:
        """Close nothing."""

    def session(self) -> requests.Session:
        """A session that reaches this host and no other."""
        session = requests.Session()
        session.mount("https://lms.test", self)
        return session


class InProcess(BaseAdapter):
    """Lets ``requests`` call a Flask application without a network."""

    def __init__(self, app: Flask) -> None:
        super().__init__()
        self._client = Client(app.wsgi_app)

    def send(self, request: Any, **_: Any) -> requests.Response:
        parts = urlsplit(request.url)
        try:
            answer = self._client.open(
                parts.path,
                method=request.method,
                query_string=parts.query,
                headers=list(request.headers.items()),
                data=request.body,
                base_url=f"{parts.scheme}://{parts.netloc}",
            )
        except ConnectionResetError as error:
            # What a socket would report: the request was sent and no answer came.
            raise requests.ConnectionError(ProtocolError("reset", error)) from None
        return _response(request, answer.status_code, dict(answer.headers), answer.text)

    def close(self) -> None:
        """Close nothing."""


def _response(request: Any, status: int, headers: dict[str, str], body: str) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response.headers.update(headers)
    response.raw = io.BytesIO(body.encode())
    response.request, response.url = request, request.url
    return response
