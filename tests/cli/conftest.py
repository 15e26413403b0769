"""Running commands as a shell would, on the test's own application."""

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from lti_alliance.cli.group import group

Run = Callable[..., Result]


@pytest.fixture
def run(app: Flask) -> Run:
    """Run ``alliance`` with these words; the result has exit_code, stdout and stderr."""
    command = group(lambda: app)

    def invoke(*words: str) -> Result:
        return CliRunner().invoke(command, list(words), prog_name="alliance")

    return invoke
