"""A tool made of PyLTI1p3 alone, tuned as well as the library allows.

One configuration read once, a 2048-bit key, the platform's keys cached, the launch data in a cache
that all processes share (files or Redis), no page to test for cookies, a page without work.
Served as ``bench.pylti_app:app`` with the facts in ``BENCH_FACTS``.
"""

import json
import os
import pickle
import tempfile
import time
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

import redis
from flask import Flask, make_response, request
from pylti1p3.contrib.flask import (
    FlaskCacheDataStorage,
    FlaskMessageLaunch,
    FlaskOIDCLogin,
    FlaskRequest,
)
from pylti1p3.exception import LtiException
from pylti1p3.grade import Grade
from pylti1p3.tool_config import ToolConfDict

_FACTS: dict[str, Any] = json.loads(Path(os.environ["BENCH_FACTS"]).read_text(encoding="utf-8"))
_KEYS_FOR_S = 7200


class Cache(Protocol):
    """What the library asks of a cache."""

    def get(self, key: str) -> Any:
        """Return the value, or nothing."""
        ...

    def set(self, key: str, value: Any, exp: int | None = None) -> None:
        """Keep the value."""
        ...


class FileCache:
    """A file for each value, replaced at one blow."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, key: str) -> Any:
        """Return the value, or nothing."""
        try:
            ends, value = pickle.loads(self._file(key).read_bytes())
        except FileNotFoundError:
            return None
        return value if ends > time.time() else None

    def set(self, key: str, value: Any, exp: int | None = None) -> None:
        """Keep the value."""
        with tempfile.NamedTemporaryFile(dir=self._folder, delete=False) as written:
            written.write(pickle.dumps((time.time() + (exp or 86_400), value)))
        Path(written.name).replace(self._file(key))

    def _file(self, key: str) -> Path:
        return self._folder / sha256(key.encode()).hexdigest()


class RedisCache:
    """Redis, with the values as JSON."""

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(url)

    def get(self, key: str) -> Any:
        """Return the value, or nothing."""
        found = self._redis.get(key)
        return None if found is None else json.loads(found)  # type: ignore[arg-type]

    def set(self, key: str, value: Any, exp: int | None = None) -> None:
        """Keep the value."""
        self._redis.set(key, json.dumps(value), ex=exp or 86_400)


def _tool() -> ToolConfDict:
    tool = ToolConfDict(
        {
            _FACTS["issuer"]: [
                {
                    "default": True,
                    "client_id": _FACTS["client_id"],
                    "auth_login_url": _FACTS["auth_login_url"],
                    "auth_token_url": _FACTS["auth_token_url"],
                    "key_set_url": _FACTS["jwks_url"],
                    "deployment_ids": [_FACTS["deployment_id"]],
                }
            ]
        }
    )
    tool.set_private_key(_FACTS["issuer"], _FACTS["private_key"], _FACTS["client_id"])
    return tool


_CACHE: Cache = (
    RedisCache(_FACTS["redis_url"]) if _FACTS["redis_url"] else FileCache(Path(_FACTS["folder"]))
)
_TOOL = _tool()

app = Flask(__name__)
app.config["SECRET_KEY"] = _FACTS["secret_key"]


@app.post("/lti/login")
def login() -> Any:
    """Send the browser to the platform."""
    return FlaskOIDCLogin(
        FlaskRequest(request_is_secure=True),
        _TOOL,
        launch_data_storage=FlaskCacheDataStorage(_CACHE),
    ).redirect(_FACTS["launch_url"])


@app.post("/lti/launch")
def launch() -> Any:
    """Take the platform's message."""
    storage = FlaskCacheDataStorage(_CACHE)
    message = FlaskMessageLaunch(
        FlaskRequest(request_is_secure=True), _TOOL, launch_data_storage=storage
    )
    message.set_public_key_caching(storage, cache_lifetime=_KEYS_FOR_S)
    try:
        message.get_launch_data()
    except LtiException as failure:
        return make_response(str(failure), 401)
    return make_response(f"<!doctype html><title>Launched</title><p>{message.get_launch_id()}")


@app.post("/submit")
def submit() -> Any:
    """Send a score while the student waits, as the library's example does."""
    storage = FlaskCacheDataStorage(_CACHE)
    message = FlaskMessageLaunch.from_cache(
        request.form["launch"],
        FlaskRequest(request_is_secure=True),
        _TOOL,
        launch_data_storage=storage,
    )
    claims = message.get_launch_data()
    grade = (
        Grade()
        .set_score_given(7)
        .set_score_maximum(10)
        .set_timestamp(datetime.now(UTC).isoformat())
        .set_activity_progress("Completed")
        .set_grading_progress("FullyGraded")
        .set_user_id(claims["sub"])
    )
    message.get_ags().put_grade(grade)
    return make_response("<!doctype html><title>Sent</title><p>Sent.")
