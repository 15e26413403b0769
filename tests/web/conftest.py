"""The tool with one registered platform on a network of the test's own."""

from collections.abc import Iterator

import pytest
from flask import Flask, jsonify
from sqlalchemy.orm import Session

from lti_alliance.app import create_app
from lti_alliance.errors import Conflict, InvalidInput, Stale
from lti_alliance.models import AuditEvent, db
from lti_alliance.parts import parts
from lti_alliance.settings import Settings
from lti_alliance.web import access, transaction
from tests.platforms import Network, World

# Of an error the log shows lines of source, never what it says; so this stands in none of them.
WITH_AN_ANSWER = "secret answer of ana@school.test eyJhbGciOi.x.y"


@pytest.fixture
def network() -> Network:
    """The internet, with nothing on it."""
    return Network()


@pytest.fixture
def world(settings: Settings, session: Session, now, network: Network) -> Iterator[World]:
    """The tool and its platform."""
    yield from make_world(settings, session, now, network)


def make_world(settings: Settings, session: Session, now, network: Network) -> Iterator[World]:
    """Make a tool with these settings, with the test's routes, and put it away afterwards."""
    app = create_app(settings, sessions=network.session, now=now)
    add_routes(app)
    world = World(app, session, now, network, base_url=settings.base_url)
    world.add(world.platform)
    yield world
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()


def add_routes(app: Flask) -> None:
    """Add pages that do nothing but pass the checks, or fail in one way each."""

    @app.route("/launches/<handle>/test", methods=["GET", "POST"])
    @access.visitor
    def anybody(handle: str):
        visit = access.current()
        return jsonify(handle=handle, role=visit.role, csrf_token=visit.csrf_token)

    @app.route("/launches/<handle>/test/teach", methods=["GET", "POST"])
    @access.teaches
    def teacher(handle: str):
        return jsonify(handle=handle)

    @app.get("/launches/<handle>/test/configure")
    @access.configures
    def author(handle: str):
        return jsonify(handle=handle)

    @app.post("/launches/<handle>/test/write/<how>")
    @access.visitor
    def write(handle: str, how: str):
        with transaction.act() as session:
            session.add(AuditEvent(at=parts().now(), action="test"))
            session.flush()
            if how == "fail":
                raise ZeroDivisionError(WITH_AN_ANSWER)
            if how == "conflict":
                raise Conflict("activity.has_work")
        return jsonify(done=True)

    @app.get("/test/<what>")
    @access.open_
    def fail(what: str):
        raise {
            "stale": Stale(3),
            "invalid": InvalidInput({"title": "Too long."}),
            "unforeseen": RuntimeError(WITH_AN_ANSWER),
        }[what]

    @app.get("/test/without-rule")
    def without_rule():
        return jsonify(leaked=True)

    @app.post("/test/open")
    @access.open_
    def open_post():
        return jsonify(done=True)
