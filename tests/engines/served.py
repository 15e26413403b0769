"""The tool as its web server loads it, with one more certificate that it believes.

Calls to platforms take no roots of trust from the environment; what makes their sessions is an
argument of the application, and these are told of the authority that made the certificates.
"""

import os

import requests
from flask import Flask

from lti_alliance.app import create_app

AUTHORITY = "ALLIANCE_TEST_AUTHORITY"
"""The variable that names the certificate's file."""


def trusting_sessions() -> requests.Session:
    """Make what speaks to the practice LMS."""
    session = requests.Session()
    session.verify = os.environ[AUTHORITY]
    return session


def serve() -> Flask:
    """Build the application; its settings come from the environment as everywhere."""
    return create_app(sessions=trusting_sessions)
