"""The WSGI entry point: ``gunicorn wsgi:app``."""

from lti_alliance.app import create_served_app

app = create_served_app()
