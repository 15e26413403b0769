"""The Flask extension for migrations, wired once."""

from flask import Flask
from flask_migrate import Migrate

from lti_alliance.models import db
from lti_alliance.schema import MIGRATIONS

migrate = Migrate()


def register(app: Flask) -> None:
    """Attach the extension to the application."""
    migrate.init_app(app, db, directory=str(MIGRATIONS), compare_type=True)
