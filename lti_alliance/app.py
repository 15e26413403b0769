"""The composition root: builds the application, its parts and its edges."""

from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from lti_alliance import cli, observability, schema, web
from lti_alliance.content.catalogue import Catalogue
from lti_alliance.lti.http import PlatformHTTP, SessionFactory
from lti_alliance.models import db
from lti_alliance.parts import EXTENSION, Clock, Parts, utc_now
from lti_alliance.sealing import Sealer
from lti_alliance.settings import Settings, SettingsError, load

MAX_FORM_BYTES = 1_000_000
MAX_FORM_FIELDS = 2_000


def create_app(
    settings: Settings | None = None,
    *,
    sessions: SessionFactory | None = None,
    now: Clock = utc_now,
) -> Flask:
    """Build the application.

    ``sessions`` makes the HTTP sessions for platform calls and ``now`` reads the clock; tests give
    their own. Raises ``SettingsError`` when the settings cannot be used.
    """
    settings = settings or load()
    observability.configure(settings)
    app = Flask("lti_alliance", instance_relative_config=True, static_folder=None)
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=_database_url(settings),
        # A database error may reach a log; what was written to the database may not.
        SQLALCHEMY_ENGINE_OPTIONS={"hide_parameters": True},
        MAX_CONTENT_LENGTH=MAX_FORM_BYTES,
        MAX_FORM_MEMORY_SIZE=MAX_FORM_BYTES,
        MAX_FORM_PARTS=MAX_FORM_FIELDS,
    )
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        # Exactly as many hops as the operator named: a forged header further out is ignored.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
    app.extensions[EXTENSION] = Parts(
        settings=settings,
        sealer=Sealer(settings.data_key_bytes, *settings.other_data_keys_bytes),
        catalogue=Catalogue.load(),
        http=PlatformHTTP(timeout_s=settings.platform_timeout_s, sessions=sessions),
        now=now,
    )
    db.init_app(app)
    web.register(app)
    cli.register(app)
    return app


def create_served_app() -> Flask:
    """Build the application for a web server; refuse a database that lacks migrations."""
    app = create_app()
    with app.app_context(), db.engine.connect() as connection:
        is_served = schema.is_served(connection)
    # A pre-fork server hands its connections to no child: each opens its own.
    with app.app_context():
        db.engine.dispose()
    if not is_served:
        raise SettingsError(["The database lacks migrations: run `alliance db upgrade`."])
    return app


def _database_url(settings: Settings) -> str:
    url = settings.database_url
    if url.startswith("sqlite:///") and not url.startswith("sqlite:////"):
        path = Path.cwd() / url.removeprefix("sqlite:///")
        path.parent.mkdir(parents=True, exist_ok=True)
        return f"sqlite:///{path}"
    if urlsplit(url).scheme == "postgresql":
        return url.replace("postgresql:", "postgresql+psycopg:", 1)
    return url


def main() -> None:
    """Run the ``alliance`` command."""
    cli.main(create_app)
