"""The network between the tool and the schools: it carries, fails, and remembers what was sent."""

import io
import json
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import requests
from requests.adapters import BaseAdapter
from urllib3.exceptions import ProtocolError

from lti_alliance.domain.gradebook import LineItemRef, Result, Score
from lti_alliance.domain.roster import Member, RosterRef
from lti_alliance.lti.grade_services import GradeServices
from lti_alliance.lti.memberships import Memberships
from tests.chaos.promises import Promises
from tests.chaos.school import Place, School

ENDPOINTS = ("token", "score", "results", "lineitems", "memberships")
NETWORK = ("unreachable", "late unread", "late done", "gateway done", "failed done", "tool fails")
"""What a network may do to one call: nothing gets out, no answer comes in time although the call
was or was not carried out, a gateway or the platform itself says 502 or 500 after carrying it out,
and a mistake in the tool that nobody foresaw."""
CARRIED_OUT = {"late done", "gateway done", "failed done"}
UNHARMED, BUSY = "unharmed", "busy"
"""A call that goes through, before one that a gateway turns away with 503: one server of several
is being replaced."""
SECOND = timedelta(seconds=1)
PATIENCE = timedelta(seconds=20)
"""How long the tool waits for a whole answer; its own clock for this cannot be moved."""


class ToolMistake(Exception):
    """Stands for a mistake in the tool's own code in the middle of a call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One score message that left the tool."""

    timestamp: datetime
    is_final: bool
    was_taken: bool
    """Whether the platform accepted it, whatever it answered."""
    was_let_in: bool
    """Whether its token was taken; otherwise the same message comes once more."""


@dataclass(slots=True)
class Figures:
    """What happened, for the report."""

    calls: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    scores_taken: int = 0


class Wire(BaseAdapter):
    """Every address of the world: the schools' hosts, and nothing at all behind any other."""

    def __init__(self, schools: dict[str, School], promises: Promises) -> None:
        super().__init__()
        self.schools = {school.host: school for school in schools.values()}
        self.clocks = next(iter(schools.values())).clocks
        self.promises = promises
        self.figures = Figures()
        self.reset()

    def reset(self) -> None:
        self.calm()
        self.allowed: list[str] | None = None
        self.family = ""
        self.is_overtaken = False
        self.sent: dict[tuple[str, str], list[Sent]] = {}
        self.lies: Counter[Place] = Counter()
        self.refusals: Counter[Place] = Counter()
        self.told_late: dict[Place, set[datetime]] = {}
        """The times of submissions that arrived from workers that had been overtaken."""
        self.secrets: set[str] = set()

    def calm(self) -> None:
        """Let nothing meet the next calls."""
        self.troubles: dict[str, deque[str]] = {name: deque() for name in ENDPOINTS}

    def session(self) -> requests.Session:
        """Make a session whose every call comes through here."""
        session = requests.Session()
        session.mount("https://", self)
        session.mount("http://", self)
        return session

    def close(self) -> None:
        """Close nothing."""

    @contextmanager
    def for_registration(self, hosts: list[str], family: str) -> Iterator[None]:
        """Let calls be made in the name of a registration that may call these hosts."""
        self.allowed, self.family = hosts, family
        try:
            yield
        finally:
            self.allowed = None

    def send(self, request: Any, **_: Any) -> requests.Response:
        parts = urlsplit(request.url)
        school = self.schools.get(parts.netloc)
        may = self.allowed is not None and parts.netloc in self.allowed
        may = may and school is not None and parts.path.startswith(f"/{self.family}/")
        self.promises.check("I8", may, f"{request.method} {parts.netloc}{parts.path}")
        assert school is not None
        endpoint = endpoint_of(parts.path)
        self.figures.calls[endpoint] += 1
        authorization = request.headers.get("Authorization", "")
        self.secrets.add(authorization.removeprefix("Bearer "))
        trouble = self._trouble(endpoint)
        if trouble in ("unreachable", "late unread", "tool fails"):
            if endpoint == "score":
                self._note(school, request, was_taken=False)
            _fail(trouble, request)
        if trouble == BUSY:
            if endpoint == "score":
                self._note(school, request, was_taken=False, status=503)
            return _response(request, 503, {}, b"")
        answer = self._carry(school, endpoint, request)
        if trouble == "late done":
            raise requests.ReadTimeout("no answer in time")
        if trouble in CARRIED_OUT:
            return _response(request, 502 if trouble == "gateway done" else 500, {}, b"")
        return answer

    def _trouble(self, endpoint: str) -> str:
        kind = self.troubles[endpoint].popleft() if self.troubles[endpoint] else UNHARMED
        if kind == UNHARMED:
            return ""
        self.figures.faults[f"{endpoint}: {kind}"] += 1
        return kind

    def _carry(self, school: School, endpoint: str, request: Any) -> requests.Response:
        parts = urlsplit(request.url)
        faults = [(fault, fault.times) for fault in school.faults]
        outage = school.platform.state.switches.outage_status
        before = self._taken_so_far(school, endpoint, request)
        began, status = self.clocks.true, 0
        try:
            with school.by("tool"):
                answer = school.client.open(
                    parts.path,
                    method=request.method,
                    query_string=parts.query,
                    headers=list(request.headers.items()),
                    data=request.body,
                    base_url=f"{parts.scheme}://{parts.netloc}",
                )
            status = answer.status_code
        except ConnectionResetError as error:
            raise requests.ConnectionError(ProtocolError("reset", error)) from None
        finally:
            met = [fault for fault, times in faults if fault.times != times]
            for fault in met:
                self.figures.faults[f"{endpoint}: {_name(fault)}"] += 1
            if outage:
                self.figures.faults[f"{endpoint}: outage"] += 1
            if endpoint == "score":
                was_taken = self._taken_so_far(school, endpoint, request) != before
                self._note(school, request, was_taken=was_taken, status=status)
                place = self._place(school, request)
                if place and any(fault.kind in ("garbage", "empty") for fault in met):
                    self.lies[place] += 1
                if place and any(fault.kind == "status" for fault in met):
                    self.refusals[place] += 1
        if self.clocks.true - began > PATIENCE:
            raise requests.ReadTimeout("no whole answer in time")
        return _response(request, answer.status_code, dict(answer.headers), answer.data)

    def _place(self, school: School, request: Any) -> Place | None:
        return school.place_of(_item_id(request.url), str(json.loads(request.body)["userId"]))

    def _taken_so_far(self, school: School, endpoint: str, request: Any) -> int:
        place = self._place(school, request) if endpoint == "score" else None
        return len(school.cell(place).history) if place else 0

    def _note(self, school: School, request: Any, *, was_taken: bool, status: int = 0) -> None:
        message = json.loads(request.body)
        pair = (request.url, str(message["userId"]))
        timestamp = datetime.fromisoformat(message["timestamp"])
        is_final = message["gradingProgress"] == "FullyGraded"
        self.figures.scores_taken += was_taken
        earlier = self.sent.setdefault(pair, [])
        if not self.is_overtaken:
            # Who was overtaken comes late with an old message: there the platform has to refuse.
            let_in = [each for each in earlier if each.was_let_in]
            rises = all(timestamp - each.timestamp >= SECOND for each in let_in)
            told = [str(each.timestamp) for each in earlier]
            self.promises.check("I2", rises, f"{timestamp} follows {told}")
        told_at = message.get("submission", {}).get("submittedAt")
        place = self._place(school, request)
        if self.is_overtaken and was_taken and place and told_at:
            self.told_late.setdefault(place, set()).add(datetime.fromisoformat(told_at))
        released = [each for each in earlier if each.is_final and each.was_taken]
        takes_back = not is_final and any(each.timestamp < timestamp for each in released)
        self.promises.check("I9", not takes_back, f"{message['gradingProgress']} at {timestamp}")
        earlier.append(
            Sent(
                timestamp=timestamp,
                is_final=is_final,
                was_taken=was_taken,
                was_let_in=status != 401,
            )
        )


class WatchedGradebook:
    """The tool's real grade services; says for whom each call is made while it is made."""

    def __init__(self, services: GradeServices, wire: Wire, hosts: dict[UUID, list[str]]) -> None:
        self._services = services
        self._wire = wire
        self._hosts = hosts

    def post_score(self, line_item: LineItemRef, score: Score) -> int:
        with self._for(line_item):
            return self._services.post_score(line_item, score)

    def read_result(self, line_item: LineItemRef, user_id: str) -> Result | None:
        with self._for(line_item):
            return self._services.read_result(line_item, user_id)

    def list_results(self, line_item: LineItemRef) -> dict[str, Result]:
        with self._for(line_item):
            return self._services.list_results(line_item)

    def find_line_item(self, line_item: LineItemRef) -> str | None:
        with self._for(line_item):
            return self._services.find_line_item(line_item)

    def create_line_item(self, line_item: LineItemRef, *, label: str, maximum: Any) -> str:
        with self._for(line_item):
            return self._services.create_line_item(line_item, label=label, maximum=maximum)

    def _for(self, line_item: LineItemRef) -> Any:
        hosts = self._hosts[line_item.registration_id]
        return self._wire.for_registration(hosts, line_item.family)


class WatchedRoster:
    """The tool's real roster, watched like its gradebook."""

    def __init__(self, services: Memberships, wire: Wire, hosts: dict[UUID, list[str]]) -> None:
        self._services = services
        self._wire = wire
        self._hosts = hosts

    def list_members(self, roster: RosterRef) -> list[Member]:
        hosts = self._hosts[roster.registration_id]
        with self._wire.for_registration(hosts, roster.family):
            return self._services.list_members(roster)


def endpoint_of(path: str) -> str:
    """Name the service behind a path."""
    if path.endswith("/scores"):
        return "score"
    if path.endswith("/results"):
        return "results"
    if path.endswith(("/memberships", "/names_and_roles")):
        return "memberships"
    return "token" if "token" in path.rsplit("/", 1)[-1] else "lineitems"


def _item_id(url: str) -> str:
    parts = urlsplit(url).path.removesuffix("/scores").removesuffix("/lineitem")
    return parts.rsplit("/", 1)[-1]


def _name(fault: Any) -> str:
    return f"{fault.status}" if fault.kind == "status" else str(fault.kind)


def _fail(kind: str, request: Any) -> None:
    if kind == "unreachable":
        raise requests.ConnectionError("connection refused")
    if kind == "late unread":
        raise requests.ReadTimeout("no answer in time")
    # The text is what a careless exception would hold.
    raise ToolMistake(f"cannot send {request.body} with {request.headers}")


def _response(request: Any, status: int, headers: dict[str, str], body: bytes) -> Any:
    response = requests.Response()
    response.status_code = status
    response.headers.update(headers)
    response.raw = io.BytesIO(body)
    response.request, response.url = request, request.url
    return response
