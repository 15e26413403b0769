"""What a pre-fork server does before it forks, and in each child."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import FileSystemLoader
from sqlalchemy import event, select

from lti_alliance.models import db
from lti_alliance.web import languages, preloading


@pytest.fixture(autouse=True)
def _thaw(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the garbage collector of the tests alone."""
    monkeypatch.setattr("gc.freeze", lambda: None)


def test_requests_after_it_load_no_template(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every template is in memory already: a page reads none from its file."""
    preloading.load_ahead(app)
    read: list[str] = []
    load = FileSystemLoader.get_source

    def told(self: FileSystemLoader, environment: object, template: str) -> object:
        read.append(template)
        return load(self, environment, template)  # type: ignore[arg-type]

    monkeypatch.setattr(FileSystemLoader, "get_source", told)
    app.jinja_env.auto_reload = False
    page = client.get("/lti/login")

    assert page.status_code == 400
    assert "<html" in page.text
    assert read == []


def test_every_language_is_read_ahead(app: Flask) -> None:
    """No first reader of a language waits for its catalogue."""
    languages.catalogue.cache_clear()
    preloading.load_ahead(app)
    read = languages.catalogue.cache_info().currsize
    with app.app_context():
        folder = languages.TRANSLATIONS
        known = languages.spoken(folder) - {languages.SOURCE_LANGUAGE}

    assert known
    assert read == len(known)


def test_loading_ahead_opens_no_connection(app: Flask) -> None:
    """What the parent would open, two children would share."""
    opened: list[object] = []
    with app.app_context():
        event.listen(db.engine, "connect", lambda connection, _record: opened.append(connection))
    preloading.load_ahead(app)

    assert opened == []


@pytest.mark.both_databases
def test_a_child_has_connections_of_its_own(app: Flask) -> None:
    """A child's next connection is a new one, and its parent's goes on working."""
    with app.app_context():
        with db.engine.connect() as first:
            parents = first.connection.driver_connection
        preloading.begin_child(app)
        with db.engine.connect() as second:
            childs = second.connection.driver_connection

            assert second.scalar(select(1)) == 1
        assert parents is not None
        assert childs is not parents
        assert parents.execute("SELECT 1").fetchone() == (1,)
        parents.close()
