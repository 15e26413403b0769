"""What tests share between applications and engines is the same as what each would make."""

import pytest
from flask import Flask
from sqlalchemy import Engine, create_engine, event, select, text
from sqlalchemy.sql.compiler import SQLCompiler

from lti_alliance.models import User
from lti_alliance.settings import Settings


def test_a_second_engine_compiles_nothing_anew(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A statement that one engine has compiled is taken from there by another of its kind, and
    finds what is in the other's own database."""
    counted: list[str] = []
    compile_ = SQLCompiler.__init__
    monkeypatch.setattr(
        SQLCompiler,
        "__init__",
        lambda self, *args, **named: counted.append("") or compile_(self, *args, **named),
    )
    asked = select(User.sub).where(User.sub == "somebody whom no other test asks for")
    found = []
    for url in (settings.database_url, "sqlite://"):
        engine = create_engine(url)
        with engine.connect() as connection:
            connection.execute(text("CREATE TABLE IF NOT EXISTS users (sub TEXT)"))
            before = len(counted)
            found.append((connection.execute(asked).all(), len(counted) - before))
        engine.dispose()

    assert found == [([], found[0][1]), ([], 0)]


def test_listeners_of_one_engine_hear_only_that_one(settings: Settings) -> None:
    """Sharing compiled statements shares nothing of what is listened to."""
    first, second = create_engine(settings.database_url), create_engine(settings.database_url)
    heard: list[Engine] = []
    event.listen(first, "before_cursor_execute", lambda conn, *_: heard.append(conn.engine))
    for engine in (second, first):
        with engine.connect() as connection:
            connection.execute(select(User.sub)).all()
        engine.dispose()

    assert set(heard) == {first}


def test_two_applications_build_the_same_addresses(app: Flask, settings: Settings) -> None:
    """An address that one application has compiled is built by another as it would by itself."""
    from lti_alliance.app import create_app

    built = []
    for each in (app, create_app(settings)):
        with each.test_request_context():
            built.append(
                [
                    each.url_build_error_handlers == [],
                    each.url_map.bind("").build("student.home", {"handle": "a b"}),
                    each.url_map.bind("").build("lti.jwks", {"more": "than asked"}),
                ]
            )

    assert built[0] == built[1]
    assert built[0][1] == "/launches/a%20b/"
    assert built[0][2].endswith("?more=than+asked")
