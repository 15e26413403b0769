"""Logs that hold known fields only, and other libraries' sentences without secrets."""

import logging
from dataclasses import replace

import pytest
import structlog

from lti_alliance import observability
from lti_alliance.settings import Settings


@pytest.fixture
def lines(settings: Settings, capsys):
    """Return what has been logged since."""

    def read(**changes: object):
        observability.configure(replace(settings, **changes))
        return lambda: capsys.readouterr().err

    return read


def test_unknown_fields_are_left_out(lines) -> None:
    """A field that is not on the list is named, and its value is not written."""
    read = lines()
    structlog.get_logger("x").info("happened", claims={"name": "Ana"}, code="ok")
    text = read()

    assert "Ana" not in text
    assert "left_out=['claims']" in text
    assert "code=ok" in text


def test_libraries_are_scrubbed(lines) -> None:
    """A library's sentence loses what looks like a token or an address."""
    read = lines()
    logging.getLogger("library").warning(
        "refused %s for %s with Bearer %s", "eyJhbGci.eyJzdWIi.c2ln", "ana@school.test", "s3cret"
    )
    text = read()

    assert "refused [token] for [address] with Bearer [token]" in text


def test_libraries_that_name_addresses_are_quiet(lines) -> None:
    """What writes every address with its query says nothing below a warning, even in debug."""
    read = lines(log_level="debug")
    logging.getLogger("urllib3.connectionpool").debug("GET /x?login_hint=ana")
    logging.getLogger("werkzeug").info("GET /x?login_hint=ana")

    assert read() == ""


def failing() -> None:
    """Fail with an answer in the message."""
    answer = " ".join(["my", "secret", "answer"])
    raise ValueError(answer)


@pytest.mark.parametrize(("environment", "shown"), [("development", True), ("production", False)])
def test_exception_messages_stay_out_of_production(lines, environment: str, shown: bool) -> None:
    """In production an exception is its type and its lines, because a message may quote anybody."""
    read = lines(environment=environment)
    try:
        failing()
    except ValueError:
        structlog.get_logger("x").exception("failed")
    text = read()

    assert "ValueError" in text
    assert "in failing" in text
    assert ("my secret answer" in text) is shown


def test_one_handler_however_often(lines) -> None:
    """Configuring again replaces the handler, so that no line is written twice."""
    lines()
    read = lines()
    structlog.get_logger("x").info("once")

    assert read().count("once") == 1
