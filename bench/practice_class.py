"""The practice LMS with one large class, served with keep-alive, and a tally of what it was told.

Run as ``python -m bench.practice_class --port PORT --people N``. It is the practice LMS itself;
only the server in front of it is gunicorn, because the development server closes every connection.
"""

import argparse
import json
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from flask import Blueprint, Flask, Response, jsonify, request
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

from lti_alliance.practice_lms.app import create_practice_lms
from lti_alliance.practice_lms.platform import EXTENSION
from lti_alliance.practice_lms.settings import PracticeSettings

PLATFORM = "canvas"
COURSE = "9001"
THREADS = 16
KEEP_ALIVE_S = 75
_TAUGHT_IN = "77"


@dataclass(slots=True)
class Column:
    """What one line item was told: how often about whom, and when the newest person came in."""

    calls: Counter[str] = field(default_factory=Counter)
    filled_at: float = 0.0


class Tally:
    """Counts the scores that the platform took, by line item and person."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._columns: defaultdict[str, Column] = defaultdict(Column)

    def note(self, response: Response) -> Response:
        """Count a score that was just taken; the machine's monotonic clock says when."""
        is_score = request.method == "POST" and request.path.endswith("/scores")
        if is_score and 200 <= response.status_code < 300:
            person = str(json.loads(request.get_data())["userId"])
            with self._lock:
                column = self._columns[request.path.rsplit("/", 2)[-2]]
                if person not in column.calls:
                    column.filled_at = time.monotonic()
                column.calls[person] += 1
        return response

    def progress(self, line_item: str) -> dict[str, Any]:
        """Return how many people have a score and since when."""
        with self._lock:
            column = self._columns[line_item]
            return {"people": len(column.calls), "filled_at": column.filled_at}

    def calls(self, line_item: str) -> dict[str, int]:
        """Return how often each person's score was told."""
        with self._lock:
            return dict(self._columns[line_item].calls)


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn with one process and threads."""

    def __init__(self, app: Flask, port: int) -> None:
        self._app = app
        self._port = port
        super().__init__()

    def load_config(self) -> None:
        """Set what matters here."""
        for name, value in {
            "bind": f"127.0.0.1:{self._port}",
            "worker_class": "gthread",
            "workers": 1,
            "threads": THREADS,
            "keepalive": KEEP_ALIVE_S,
            "control_socket_disable": True,
        }.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Return the application that is served."""
        return self._app


def build(base_url: str, people: int) -> Flask:
    """Return the practice LMS with so many students in a course of their own."""
    own_keys = f"{base_url}/_bench/keys"
    app = create_practice_lms(PracticeSettings(base_url=base_url))
    state = app.extensions[EXTENSION].platforms[PLATFORM].state
    state.tool.jwks_url = own_keys
    _fill_class(state, people)
    tally = Tally()
    app.after_request(tally.note)
    app.register_blueprint(_bench_interface(tally))
    return app


def _fill_class(state: Any, people: int) -> None:
    model = state.courses[_TAUGHT_IN]
    student = next(id_ for id_, each in model.enrolments.items() if each.role == "student")
    course = replace(
        model,
        id=COURSE,
        context_id=uuid5(NAMESPACE_URL, "bench:course").hex,
        enrolments={},
        activities={},
        line_items={},
        cells={},
    )
    for number in range(1, people + 1):
        name = f"student-{number}"
        state.people[name] = replace(
            state.people[student],
            id=name,
            sub=str(uuid5(NAMESPACE_URL, f"bench:{name}")),
            number=state.take_number(),
            name=f"Student {number}",
        )
        course.enrolments[name] = replace(model.enrolments[student])
    state.courses[COURSE] = course


def _bench_interface(tally: Tally) -> Blueprint:
    blueprint = Blueprint("bench", __name__, url_prefix="/_bench")
    keys: list[dict[str, Any]] = []

    @blueprint.get("/keys")
    def show_keys() -> Response:
        return jsonify({"keys": keys})

    @blueprint.post("/keys")
    def add_keys() -> Response:
        keys.extend(request.get_json()["keys"])
        return jsonify({"count": len(keys)})

    @blueprint.get("/progress/<line_item>")
    def progress(line_item: str) -> Response:
        return jsonify(tally.progress(line_item))

    @blueprint.get("/calls/<line_item>")
    def calls(line_item: str) -> Response:
        return jsonify(tally.calls(line_item))

    return blueprint


def main() -> None:
    """Serve until told to end."""
    parser = argparse.ArgumentParser(prog="python -m bench.practice_class")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--people", type=int, required=True)
    chosen = parser.parse_args()
    Server(build(f"http://127.0.0.1:{chosen.port}", chosen.people), chosen.port).run()


if __name__ == "__main__":
    main()
