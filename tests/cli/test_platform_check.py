"""`alliance platform check`: what is wrong between the tool and a platform, with its mend."""

import dataclasses
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from lti_alliance.cli.findings import Finding
from lti_alliance.cli.platform_check import examine
from lti_alliance.domain.delivery import DeliveryState, Reason
from lti_alliance.errors import PlatformUnavailable
from lti_alliance.lti.http import PlatformHTTP
from lti_alliance.models import PlatformCircuit, Registration, RegistrationState, ScoreDelivery, db
from lti_alliance.parts import parts
from lti_alliance.services import circuits
from tests.campus import Campus
from tests.cli.conftest import Run
from tests.conftest import Clock

Findings = dict[str, Finding]


class Checked:
    """A practice LMS, and the command's look at it."""

    def __init__(self, app: Flask, engine: Engine, now: Clock) -> None:
        self.app, self.now = app, now
        self.campus = Campus(engine, "canvas")
        with self.campus.act() as session:
            root = self.campus.platform.root
            session.scalars(select(Registration)).one().jwks_url = f"{root}/api/lti/security/jwks"

    def look(self) -> Findings:
        self.campus.at = self.now()
        with self.app.app_context():
            tool = dataclasses.replace(parts(), http=PlatformHTTP(5.0, self.campus.session))
            registration = db.session.scalars(select(Registration)).one()
            return {finding.what: finding for finding in examine(tool, registration)}

    def registration(self, session: Session) -> Registration:
        return session.scalars(select(Registration)).one()


@pytest.fixture
def checked(app: Flask, engine: Engine, now: Clock) -> Iterator[Checked]:
    return Checked(app, engine, now)


def test_a_healthy_platform_needs_nothing(checked: Checked) -> None:
    """Keys, clock and a token for each service are well, and the scores are counted."""
    checked.campus.work()
    findings = checked.look()

    assert [f.what for f in findings.values() if not f.is_well] == []
    assert findings["token for sending scores"].says == "granted for 3600 s"
    assert {"token for reading results", "token for listing columns", "scores delivered"} <= set(
        findings
    )


def test_an_unknown_client_is_told_what_to_compare(checked: Checked) -> None:
    """A platform that gives no token is the first thing to mend."""
    with checked.campus.act() as session:
        checked.registration(session).client_id = "somebody-else"
    finding = checked.look()["token for sending scores"]

    assert finding.says.startswith("token_refused (400)")
    assert "http://localhost:8000/.well-known/jwks.json" in finding.mend


def test_a_clock_that_differs_is_told(checked: Checked) -> None:
    """Minutes between the clocks are said, with the direction."""
    checked.campus.platform.state.switches.clock_skew_s = -300.0
    findings = [f for what, f in checked.look().items() if what.startswith("clock")]

    assert [f.says for f in findings] == ["300 s ahead of the platform"]


def test_an_open_circuit_and_old_scores_are_told(checked: Checked) -> None:
    """What waits, since when and why, and that the platform is left alone for now."""
    with checked.campus.act() as session:
        for _ in range(5):
            error = PlatformUnavailable("platform_down", status=503)
            registration = checked.registration(session)
            circuits.note(session, registration.id, error, at=checked.now(), jitter=1.0)
        row = session.scalars(select(ScoreDelivery)).one()
        row.state, row.reason = DeliveryState.BLOCKED, Reason.NOT_IN_COURSE
        row.desired_since = checked.now() - timedelta(hours=2)
    findings = checked.look()

    assert "open since" in findings["circuit of the service endpoint"].says
    assert not findings["scores blocked"].is_well
    assert findings["scores blocked"].says.startswith("1, the oldest since ")
    with checked.campus.act() as session:
        assert session.scalars(select(PlatformCircuit)).one().failures == 5


def test_a_disabled_platform_says_so(checked: Checked) -> None:
    """Nothing is let in or sent: the command says how to change that."""
    with checked.campus.act() as session:
        checked.registration(session).state = RegistrationState.DISABLED
    finding = checked.look()["registration"]

    assert "alliance platform enable" in finding.mend


def test_a_platform_that_is_not_there_is_one_sentence(run: Run) -> None:
    """A wrong name is told as such."""
    result = run("platform", "check", "nowhere")

    assert result.exit_code == 1
    assert "There is no platform nowhere" in result.stderr
