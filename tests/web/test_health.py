"""Liveness, readiness, metrics, and the tool's public keys."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from lti_alliance.errors import PlatformRefused, PlatformUnavailable
from lti_alliance.lti.keys import ensure_keys
from lti_alliance.models import (
    Activity,
    Context,
    Grade,
    Membership,
    ModuleVersion,
    ResourceLink,
    ScoreDelivery,
    TimetableEntry,
    WorkerBeat,
)
from lti_alliance.parts import EXTENSION
from lti_alliance.schema import newest_revision
from lti_alliance.services import audit, audit_sealing, circuits
from tests.platforms import World


def stamp(world: World, revision: str | None = None) -> None:
    """Say in the database which migration it is at."""
    world.session.execute(
        text("CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL)")
    )
    world.session.execute(text("DELETE FROM alembic_version"))
    world.session.execute(
        text("INSERT INTO alembic_version VALUES (:revision)"),
        {"revision": revision or newest_revision()},
    )
    world.session.commit()


def beat(world: World, *, ago: timedelta = timedelta()) -> None:
    """Let a worker show that it lives."""
    world.session.merge(WorkerBeat(worker_id="w", seen_at=world.now() - ago))
    world.session.commit()


def test_alive(world: World) -> None:
    """A process that answers is alive."""
    assert world.browser().get("/healthz").json == {"status": "ok"}


def test_ready(world: World) -> None:
    """With database, migrations and worker the tool is ready."""
    stamp(world)
    beat(world, ago=timedelta(seconds=59))
    answer = world.browser().get("/readyz")

    assert answer.status_code == 200
    assert answer.json == {"status": "ready", "missing": []}


def test_not_ready_without_migrations(world: World) -> None:
    """A database that lacks a migration is named."""
    stamp(world, "0000")
    beat(world)
    answer = world.browser().get("/readyz")

    assert answer.status_code == 503
    assert answer.json["missing"] == ["migrations"]


def test_ready_while_a_newer_program_takes_over(world: World) -> None:
    """A balancer keeps sending to an old program after the new one's migration has run."""
    stamp(world, "9999")
    beat(world)

    assert world.browser().get("/readyz").status_code == 200


@pytest.mark.parametrize("ago", [None, timedelta(seconds=61)])
def test_not_ready_without_a_worker(world: World, ago: timedelta | None) -> None:
    """A worker that never was, or was last seen over a minute ago, is named."""
    stamp(world)
    if ago:
        beat(world, ago=ago)
    answer = world.browser().get("/readyz")

    assert answer.status_code == 503
    assert answer.json["missing"] == ["worker"]


def test_not_ready_without_a_database(world: World, monkeypatch) -> None:
    """A database that cannot be reached is named."""

    def away(*_args: object, **_values: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    monkeypatch.setattr("sqlalchemy.orm.Session.execute", away)
    answer = world.browser().get("/readyz")

    assert answer.status_code == 503
    assert answer.json["missing"] == ["database"]


def test_keys_are_public(world: World) -> None:
    """The key set may be kept for an hour and holds public members only."""
    sealer = world.app.extensions[EXTENSION].sealer
    ensure_keys(world.session, sealer, at=world.now())
    world.session.commit()
    answer = world.browser().get("/.well-known/jwks.json")

    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    assert answer.content_type == "application/json"
    assert len(answer.json["keys"]) == 2
    for key in answer.json["keys"]:
        assert key.keys() == {"kty", "n", "e", "alg", "use", "kid"}


def sample(page: str, name: str) -> float:
    """Return one number of the metrics page."""
    return next((float(line.split()[-1]) for line in page.splitlines() if name in line), 0.0)


def test_launches_are_counted(world: World) -> None:
    """Launches are counted by their outcome."""
    browser = world.browser()
    names = [f'alliance_launches_total{{code="{code}"}}' for code in ("ok", "token.malformed")]
    before = [sample(browser.get("/metrics").text, name) for name in names]
    browser.launch()
    browser.send(browser.begin(), "abc")
    page = browser.get("/metrics").text

    assert [sample(page, name) - was for name, was in zip(names, before, strict=True)] == [1, 1]
    assert 'alliance_request_seconds_count{endpoint="lti.launch"' in page


def test_deliveries_are_counted(world: World) -> None:
    """Scores are counted by state, and the age of the oldest one that waits is told."""
    world.browser().launch()
    for number, (state, minutes) in enumerate([("delivered", 90), ("due", 5), ("blocked", 7)]):
        add_delivery(world, number, state=state, since=world.now() - timedelta(minutes=minutes))
    page = world.browser().get("/metrics").text

    assert 'alliance_deliveries{registration="LMS",state="due"} 1.0' in page
    assert 'alliance_deliveries{registration="LMS",state="delivered"} 1.0' in page
    assert 'alliance_oldest_waiting_delivery_seconds{registration="LMS"} 420.0' in page
    assert 'alliance_waiting_deliveries{reason="not_in_course",registration="LMS"} 1.0' in page


def test_platforms_in_trouble_are_counted(world: World) -> None:
    """How often a platform fails and refuses is counted, and whether it is left alone is told."""
    world.browser().launch()
    session, at = world.session, world.now()
    session.rollback()
    registration_id = world.platform.registration.id
    for _ in range(5):
        error = PlatformUnavailable("platform_down", status=503)
        circuits.note(session, registration_id, error, at=at, jitter=1.0)
    refused = PlatformRefused("refused", status=403)
    circuits.note(session, registration_id, refused, at=at, jitter=1.0)
    session.commit()
    page = world.browser().get("/metrics").text
    labels = '{endpoint="service",registration="LMS"}'

    assert f"alliance_platform_failures_total{labels} 5.0" in page
    assert f"alliance_platform_refusals_total{labels} 1.0" in page
    assert f"alliance_platform_circuit_open{labels} 1.0" in page


def add_delivery(world: World, number: int, *, state: str, since: datetime) -> None:
    """Store a delivery in a state, without the work that leads there."""
    session, at = world.session, world.now()
    session.rollback()
    link = ResourceLink(
        context_id=session.scalars(select(Context.id)).one(), lti_id=f"l{number}", created_at=at
    )
    hashed = f"hash{number}"
    session.add_all(
        [
            link,
            ModuleVersion(
                content_hash=hashed,
                module_id="m",
                version="1",
                title="M",
                source="",
                created_at=at,
            ),
        ]
    )
    session.flush()
    activity = Activity(
        resource_link_id=link.id,
        module_id="m",
        content_hash=hashed,
        settings={},
        created_at=at,
        updated_at=at,
    )
    session.add(activity)
    session.flush()
    member = session.scalars(select(Membership.id)).one()
    grade = Grade(
        activity_id=activity.id,
        membership_id=member,
        maximum=Decimal(10),
        parts={},
        updated_at=at,
    )
    session.add(grade)
    session.flush()
    session.add(
        ScoreDelivery(
            activity_id=activity.id,
            membership_id=member,
            registration_id=world.platform.registration.id,
            grade_id=grade.id,
            state=state,
            reason={"blocked": "not_in_course"}.get(state, ""),
            desired_score=Decimal(5),
            desired_maximum=Decimal(10),
            desired_since=since,
            next_at=at,
        )
    )
    session.commit()


def told(world: World, name: str) -> dict[str, float]:
    """Return the values of a metric by its labels, as they are written."""
    lines = world.browser().get("/metrics").text.splitlines()
    found = [line.removeprefix(name) for line in lines if line.startswith((name + " ", name + "{"))]
    return {labels: float(value) for labels, _, value in (each.rpartition(" ") for each in found)}


def test_metrics_of_a_tool_that_nobody_tends(world: World) -> None:
    """Without a worker, a key or a sealed trail the numbers are those that raise an alarm."""
    audit.record(world.session, "reflection.read", at=world.now() - timedelta(hours=1))
    world.session.commit()

    assert told(world, "alliance_worker_silent_seconds") == {"": float("inf")}
    assert told(world, "alliance_signing_key_seconds") == {"": float("inf")}
    assert told(world, "alliance_audit_unsealed_seconds") == {"": 3600}
    assert told(world, "alliance_job_overdue_seconds") == {}


@pytest.mark.both_databases
def test_metrics_of_a_tool_that_is_tended(world: World) -> None:
    """A worker that lives, a trail that is sealed, a key in use; jobs are late or they are not."""
    at = world.now()
    beat(world, ago=timedelta(seconds=7))
    ensure_keys(world.session, world.app.extensions[EXTENSION].sealer, at=at - timedelta(days=2))
    audit.record(world.session, "reflection.read", at=at - timedelta(hours=1))
    audit_sealing.seal_events(world.session, at=at)
    for job, late in (("retention", 60), ("closing_times", -60), ("of an old release", 60)):
        next_at = at - timedelta(seconds=late)
        world.session.add(TimetableEntry(job=job, next_at=next_at, lease_token=""))
    world.session.commit()

    assert told(world, "alliance_worker_silent_seconds") == {"": 7}
    assert told(world, "alliance_signing_key_seconds") == {"": 2 * 86_400}
    assert told(world, "alliance_audit_unsealed_seconds") == {"": 0}
    assert told(world, "alliance_job_overdue_seconds") == {
        '{job="closing_times"}': 0,
        '{job="retention"}': 60,
    }


def test_room_is_told_beside_a_file(world: World) -> None:
    """Beside a SQLite file there is some; a server's disks are another machine's to tell."""
    (free,) = told(world, "alliance_disk_free_bytes").values()

    assert free > 0
