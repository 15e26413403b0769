"""`alliance doctor`: what is wrong at a server is found, with its mend."""

import dataclasses
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import create_engine, select, update
from sqlalchemy.orm import Session

from lti_alliance import schema
from lti_alliance.app import create_app
from lti_alliance.cli.doctor import Finding, examine
from lti_alliance.cli.group import group
from lti_alliance.errors import PlatformUnavailable
from lti_alliance.lti.http import Answer
from lti_alliance.models import (
    Deployment,
    DeploymentState,
    Registration,
    TimetableEntry,
    ToolKey,
    WorkerBeat,
    db,
)
from lti_alliance.parts import EXTENSION, parts
from lti_alliance.sealing import Sealer
from lti_alliance.services import audit, audit_sealing, score_delivery
from lti_alliance.settings import Settings
from tests import factories
from tests.cli.conftest import Run
from tests.conftest import Clock

ADD = ("platform", "add", "--name", "m", "--moodle", "https://m.example.edu", "--client-id", "x")
Findings = dict[str, Finding]


class Platform:
    """Stands for the platform behind the HTTP client, and for the way to the tool from outside."""

    def __init__(self, tool: Flask) -> None:
        self.answer: Answer | Exception = Answer(200, {}, b'{"keys": [{"kid": "1"}]}')
        self.own: Answer | Exception | None = None
        """What the tool's own address answers, where it does not lead to the tool."""
        self._tool = tool

    def request(self, _method: str, url: str, **_options: Any) -> Answer:
        base_url = str(parts().settings.base_url)
        answer = self.answer
        if url.startswith(base_url):
            answer = self.own or self._ask_tool(url.removeprefix(base_url))
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _ask_tool(self, path: str) -> Answer:
        page = self._tool.test_client().get(path)
        return Answer(page.status_code, {}, page.data)


@pytest.fixture
def migrated(database_url: str) -> str:
    """Mark the test's tables as those of the newest migration."""
    engine = create_engine(database_url)
    with engine.connect() as connection:
        schema.stamp(connection)
    engine.dispose()
    return database_url


@pytest.fixture
def platform(app: Flask) -> Platform:
    return Platform(app)


@pytest.fixture
def look(migrated: str, app: Flask, platform: Platform) -> Callable[..., Findings]:
    """Examine the server, with changed settings if any are given."""

    def examine_it(**changes: Any) -> Findings:
        with app.app_context():
            tool = dataclasses.replace(
                parts(),
                http=platform,
                settings=dataclasses.replace(parts().settings, **changes),
            )
            return {finding.what: finding for finding in examine(tool)}

    return examine_it


@pytest.fixture
def healthy(run: Run, session: Session, now: Clock, migrated: str) -> None:
    """A server on which everything is as it should be."""
    run("keys", "rotate", "--force")
    run(*ADD, "--deployment-id", "1")
    session.add(WorkerBeat(worker_id="w", seen_at=now()))
    session.commit()


@pytest.mark.usefixtures("healthy")
@pytest.mark.both_databases
def test_a_healthy_server_needs_nothing(look: Callable[..., Findings]) -> None:
    """Where all is well nothing is asked for."""
    assert [f for f in look().values() if not f.is_well and f.what != "clock"] == []


def test_an_empty_server_says_what_comes_next(look: Callable[..., Findings]) -> None:
    """After `init` a worker, a key and a platform are still missing."""
    ill = {name for name, finding in look().items() if not finding.is_well}

    assert ill == {"worker", "signing key", "address", "platforms"}


def test_missing_migrations_come_first(empty_database_url: str, settings: Settings) -> None:
    """Without tables nothing else can be looked at, and the mend is the migration."""
    app = create_app(dataclasses.replace(settings, database_url=empty_database_url))
    result = CliRunner().invoke(group(lambda: app), ["doctor", "--json"])
    with app.app_context():
        db.engine.dispose()
    findings = json.loads(result.stdout)

    assert result.exit_code == 1
    assert findings[-1]["what"] == "migrations"
    assert "alliance db upgrade" in findings[-1]["mend"]


def test_an_unreachable_database_is_said(settings: Settings) -> None:
    """A database that does not answer is named without user and password."""
    url = "postgresql://ann:secret@127.0.0.1:1/alliance"
    app = create_app(dataclasses.replace(settings, database_url=url))
    result = CliRunner().invoke(group(lambda: app), ["doctor"])

    assert result.exit_code == 1
    assert "Start it, or correct database_url" in result.stdout
    assert "secret" not in result.output


@pytest.mark.usefixtures("healthy")
def test_a_silent_worker_is_noticed(look: Callable[..., Findings], now: Clock) -> None:
    """A worker that has not been seen for minutes has stopped."""
    now.move(minutes=5)

    assert "alliance worker" in look()["worker"].mend


@pytest.mark.usefixtures("healthy")
def test_a_missing_data_key_is_named(look: Callable[..., Findings], app: Flask) -> None:
    """Where something is sealed with a key that is not in the settings, its id is told."""
    well = look()["data key"].is_well
    old = app.extensions[EXTENSION]
    app.extensions[EXTENSION] = dataclasses.replace(old, sealer=Sealer(bytes(32)))
    finding = look()["data key"]

    assert well
    assert old.sealer.prefix[1:].hex() in finding.says
    assert "other_data_keys" in finding.mend


@pytest.mark.usefixtures("healthy")
def test_an_old_key_is_noticed(look: Callable[..., Findings], session: Session, now: Clock) -> None:
    """A signing key that nobody rotated for months shows that the timetable stands still."""
    old = now() - timedelta(days=200)
    session.execute(update(ToolKey).where(ToolKey.state == "current").values(current_from=old))
    session.commit()

    assert "keys rotate" in look()["signing key"].mend


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"trusted_proxies": 0, "support_contact": "x"}, "trusted_proxies"),
        ({"trusted_proxies": 1, "support_contact": ""}, "support_contact"),
    ],
)
@pytest.mark.usefixtures("healthy")
def test_settings_that_work_badly_are_noticed(
    look: Callable[..., Findings], changes: dict[str, Any], says: str
) -> None:
    """Settings with which the tool starts may still be wrong for a server."""
    assert says in look(environment="production", **changes)["settings"].mend


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (PlatformUnavailable("connect_failed"), "way out"),
        (Answer(404, {}, b"not here"), "jwks_url"),
        (Answer(200, {}, b"<html>"), "jwks_url"),
        (Answer(200, {}, b'{"keys": []}'), "jwks_url"),
        (Answer(200, {}, b'{"keys": 3}'), "jwks_url"),
        (Answer(200, {}, b"[]"), "jwks_url"),
    ],
)
@pytest.mark.usefixtures("healthy")
def test_a_platform_without_keys_is_noticed(
    look: Callable[..., Findings], platform: Platform, answer: Answer | Exception, says: str
) -> None:
    """Whatever is wrong with a platform's keys, the finding says what to look at."""
    platform.answer = answer

    assert says in look()["platform m"].mend


@pytest.mark.usefixtures("healthy")
def test_clocks_that_differ_are_noticed(
    look: Callable[..., Findings], platform: Platform, now: Clock
) -> None:
    """A platform whose clock is minutes away will refuse launches and scores."""
    platform.answer = Answer(
        200, {"Date": "Mon, 02 Mar 2026 11:55:00 GMT"}, b'{"keys": [{"kid": "1"}]}'
    )
    off = look()["clock of m"]
    now.move(minutes=-5)

    assert "300 s ahead" in off.says
    assert look()["clock of m"].is_well


@pytest.mark.usefixtures("healthy")
def test_a_disabled_platform_is_left_alone(
    look: Callable[..., Findings], run: Run, platform: Platform
) -> None:
    """Nobody is asked to mend what was switched off on purpose, and it is not called."""
    platform.answer = PlatformUnavailable("connect_failed")
    run("platform", "disable", "m")

    assert look()["platform m"] == Finding("platform m", "disabled")


@pytest.mark.usefixtures("healthy")
def test_what_waits_for_a_word_is_told(app: Flask, session: Session, platform: Platform) -> None:
    """Deployments and hosts that nobody has approved are named, with the command."""
    registration = session.scalars(select(Registration)).one()
    registration.held_hosts = ["grades.example.edu"]
    session.add(
        Deployment(
            registration_id=registration.id,
            deployment_id="99",
            state=DeploymentState.PENDING,
            first_seen_at=registration.created_at,
        )
    )
    session.commit()
    with app.app_context():
        findings = [f for f in examine(dataclasses.replace(parts(), http=platform)) if f.mend]

    assert [finding.what for finding in findings] == ["platform m"]
    assert "deployment 99" in findings[0].says
    assert "grades.example.edu" in findings[0].says
    assert "alliance platform approve m" in findings[0].mend


def test_the_command_fails_while_something_is_wrong(run: Run, migrated: str) -> None:
    """A script can rely on the exit status."""
    result = run("doctor")

    assert result.exit_code == 1
    assert "need mending" in result.stderr
    assert "MEND" in result.stdout


@pytest.mark.usefixtures("healthy")
def test_a_job_that_nobody_does_is_noticed(
    look: Callable[..., Findings], session: Session, now: Clock
) -> None:
    """A job that has been due for long is named; one that no program knows any more is not."""
    for job in ("retention", "of an old release"):
        session.add(TimetableEntry(job=job, next_at=now() - timedelta(hours=1), lease_token=""))
    session.commit()
    finding = look()["jobs"]

    assert finding.says == "due and not done: retention"
    assert "job_failed" in finding.mend


@pytest.mark.usefixtures("healthy")
def test_an_audit_trail_that_is_not_sealed_is_noticed(
    look: Callable[..., Findings], session: Session, now: Clock
) -> None:
    """Events wait a minute for their batch, not half an hour."""
    audit_sealing.seal_events(session, at=now())
    audit.record(session, "reflection.read", at=now() + timedelta(seconds=1))
    session.commit()
    well = look()["audit trail"].is_well
    now.move(minutes=30)
    finding = look()["audit trail"]

    assert well
    assert "not sealed for 29 minutes" in finding.says


@pytest.mark.usefixtures("healthy")
def test_a_score_that_waits_is_noticed(
    look: Callable[..., Findings], session: Session, now: Clock
) -> None:
    """A platform that takes no scores shows by the oldest of them."""
    score_delivery.mirror(session, factories.make_grade(session), at=now())
    session.commit()
    well = look()["scores"].is_well
    now.move(minutes=30)
    finding = look()["scores"]

    assert well
    assert "the oldest has waited 30 minutes" in finding.says
    assert "platform check" in finding.mend
