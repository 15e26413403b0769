"""A practice LMS with a clock of its own and a tool that exists only as a key set."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests
from requests.adapters import BaseAdapter

from lti_alliance.practice_lms import keys, scopes
from lti_alliance.practice_lms.app import create_practice_lms
from lti_alliance.practice_lms.dialects import canvas_tokens, moodle_tokens
from lti_alliance.practice_lms.platform import EXTENSION
from lti_alliance.practice_lms.settings import PracticeSettings

RECORDED = Path(__file__).parent / "recorded"
START = 1_795_375_000
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_KEYS = {name: keys.new_private_key() for name in ("first", "second")}


def recorded(name: str) -> dict[str, Any]:
    """Return a condensed recording."""
    return json.loads((RECORDED / f"{name}.json").read_text("utf-8"))


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.time = float(START)
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


class Tool(BaseAdapter):
    """The tool's side: signs assertions and answers requests for its keys, in memory."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock
        self.current = "first"
        self.published = ["first"]
        self.fetches = 0
        self.broken: str | None = None

    def send(self, request: Any, **_: Any) -> requests.Response:
        self.fetches += 1
        response = requests.Response()
        response.status_code = 200
        response.request = request
        key_set = {"keys": [keys.public_jwk(kid, _KEYS[kid]) for kid in self.published]}
        response._content = (self.broken or json.dumps(key_set)).encode()
        return response

    def close(self) -> None:
        """Close nothing."""

    def sign(self, claims: dict[str, Any], **options: Any) -> str:
        header = options.get("headers", {"kid": options.get("kid", self.current)})
        key = keys.load_private_key(_KEYS[options.get("key", self.current)])
        return jwt.encode(claims, key, algorithm=options.get("algorithm", "RS256"), headers=header)

    def assertion(self, platform: Any, audience: str, **changed: Any) -> dict[str, Any]:
        now = int(self.clock.now())
        client = platform.state.tool.client_id
        claims = {
            "iss": client,
            "sub": client,
            "aud": audience,
            "iat": now - 5,
            "exp": now + 60,
            "jti": str(uuid.uuid4()),
        }
        claims.update(changed)
        return {name: value for name, value in claims.items() if value is not None}


class Bench:
    """One platform under test: a client, shortcuts, and its insides."""

    def __init__(self, app: Any, name: str, clock: Clock, tool: Tool) -> None:
        self.app = app
        self.platform = app.extensions[EXTENSION].platforms[name]
        self.practice = app.extensions[EXTENSION]
        self.client = app.test_client()
        self.clock = clock
        self.tool = tool
        self.base = self.platform.settings.base_url

    @property
    def state(self) -> Any:
        return self.platform.state

    @property
    def course(self) -> Any:
        return next(iter(self.state.courses.values()))

    def local(self, url: str) -> str:
        return url.removeprefix(self.base)

    def token(self, *wanted: str) -> str:
        granted = list(wanted or self.state.tool.scopes)
        with self.app.app_context():
            if self.platform.name == "canvas":
                return canvas_tokens.access_token(self.platform, granted)
            return moodle_tokens.new_token(self.platform, granted)

    def call(self, method: str, url: str, **options: Any) -> Any:
        headers = {"Authorization": f"Bearer {options.pop('token', None) or self.token()}"}
        if "json_body" in options:
            options["data"] = json.dumps(options.pop("json_body"))
        headers.update(options.pop("headers", {}))
        return self.client.open(self.local(url), method=method, headers=headers, **options)

    def post_score(self, url: str, score: Any, **options: Any) -> Any:
        options.setdefault("content_type", scopes.SCORE_TYPE)
        return self.call("POST", url, json_body=score, **options)

    def launch(self, person: str, activity: str | None = "taster", **more: Any) -> dict[str, str]:
        asked = {"platform": self.platform.name, "activity": activity, "person": person, **more}
        answer = self.client.post("/_practice/launch", json=asked)
        assert answer.status_code == 200, answer.text
        return answer.json["fields"]

    def sign_in(self, person: str) -> None:
        answer = self.client.post(f"/{self.platform.name}/login_as", json={"person": person})
        assert answer.status_code == 200

    def claims(self, fields: dict[str, str]) -> dict[str, Any]:
        jwks = self.platform.key_set()
        header = jwt.get_unverified_header(fields["id_token"])
        jwk = next(each for each in jwks["keys"] if each["kid"] == header["kid"])
        return jwt.decode(
            fields["id_token"],
            jwt.PyJWK(jwk),
            algorithms=["RS256"],
            options={"verify_exp": False, "verify_iat": False, "verify_aud": False},
        )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tool(clock: Clock) -> Tool:
    return Tool(clock)


@pytest.fixture
def app(clock: Clock, tool: Tool) -> Any:
    session = requests.Session()
    session.mount("http://localhost:8000", tool)
    settings = PracticeSettings(
        now=clock.now, sleep=clock.sleep, http=session, later=lambda work: work()
    )
    made = create_practice_lms(settings)
    for platform in made.extensions[EXTENSION].platforms.values():
        # One key for all tests: making one takes longer than a test.
        kid = "2c62b4e6c71a1369ec42" if platform.name == "moodle" else "2031-04-01T01:16:43Z_x"
        platform.state.private_keys = {kid: _KEYS["second"]}
    return made


@pytest.fixture
def canvas(app: Any, clock: Clock, tool: Tool) -> Bench:
    return Bench(app, "canvas", clock, tool)


@pytest.fixture
def moodle(app: Any, clock: Clock, tool: Tool) -> Bench:
    return Bench(app, "moodle", clock, tool)
