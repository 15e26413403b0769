"""``alliance doctor``: looks at everything that can be wrong at a server, and says the mend."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import click
from flask.cli import with_appcontext
from sqlalchemy import func, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from lti_alliance.cli import doctor_address, doctor_machine
from lti_alliance.cli.findings import Finding, clock, published_keys, show_findings
from lti_alliance.cli.output import as_json
from lti_alliance.domain.delivery import DeliveryState
from lti_alliance.lti import keys
from lti_alliance.models import (
    Registration,
    RegistrationState,
    ToolKey,
    ToolKeyState,
    db,
)
from lti_alliance.parts import Parts, parts
from lti_alliance.schema import applied_revision, newest_revision
from lti_alliance.services import resealing, score_delivery, upkeep
from lti_alliance.worker import JOBS

WORKER_SILENCE = timedelta(minutes=2)
CLOCK_DIFFERENCE = timedelta(seconds=30)
KEY_AGE = keys.USED_FOR + timedelta(days=30)
JOB_LATE = timedelta(minutes=30)
SCORE_LATE = timedelta(minutes=10)
SEALED_WITHIN = timedelta(minutes=15)


@click.command("doctor")
@as_json
@with_appcontext
def command(*, as_json: bool) -> None:
    """Look at the settings, the machine, the database, the worker, the address, platforms."""
    findings = list(examine(parts()))
    show_findings(findings, as_json=as_json)


def examine(tool: Parts) -> Iterator[Finding]:
    """Look at one thing after the other; what rests on a sick one is not looked at."""
    yield _settings(tool)
    yield from doctor_machine.settings_file()
    yield doctor_machine.limiter(tool.settings)
    database = _database()
    yield database
    if not database.is_well:
        return
    migrations = _migrations()
    yield migrations
    if not migrations.is_well:
        return
    at = tool.now()
    yield _database_clock(at)
    yield from doctor_machine.room(db.session())
    yield _worker(at)
    yield _jobs(at)
    yield _deliveries(at)
    yield _audit(at)
    yield doctor_machine.erasures(tool.settings)
    key = _signing_key()
    yield _keys(key, at)
    yield _data_keys(tool)
    yield from doctor_address.examine(tool, key.kid if key else None)
    registrations = db.session.scalars(select(Registration).order_by(Registration.name)).all()
    if not registrations:
        yield Finding("platforms", "none is registered", "Run `alliance platform add`.")
    for registration in registrations:
        yield from _platform(tool, registration)


def _settings(tool: Parts) -> Finding:
    settings = tool.settings
    says = f"{settings.environment} at {settings.base_url}"
    if settings.is_production and settings.trusted_proxies == 0:
        return Finding(
            "settings",
            f"{says}, and no proxy is trusted",
            "TLS ends at a proxy: set trusted_proxies to the number of proxies, usually 1, or "
            "every visitor shares one address.",
        )
    if settings.is_production and not settings.support_contact:
        return Finding("settings", says, "Set support_contact, so that people know whom to ask.")
    return Finding("settings", says)


def _database() -> Finding:
    # The address without user and password.
    where = make_url(db.engine.url).set(username=None, password=None, query={})
    try:
        db.session.execute(select(1))
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
        return Finding(
            "database", f"{where}: {reason}", "Start it, or correct database_url and its rights."
        )
    return Finding("database", str(where))


def _migrations() -> Finding:
    applied, wanted = applied_revision(db.session.connection()), newest_revision()
    if applied == wanted:
        return Finding("migrations", f"at {applied}")
    says = f"the database is at {applied or 'none'}, the program wants {wanted}"
    if applied and applied > wanted:
        mend = "The database is newer than the program: install the newer program."
    else:
        mend = "Back the database up and run `alliance db upgrade`."
    return Finding("migrations", says, mend)


def _database_clock(at: datetime) -> Finding:
    if db.engine.dialect.name == "sqlite":
        return Finding("clock", f"{at:%Y-%m-%d %H:%M:%S}Z")
    theirs = db.session.scalar(select(func.clock_timestamp()))
    assert isinstance(theirs, datetime)
    return clock("clock", at, theirs, of="the database server")


def _worker(at: datetime) -> Finding:
    seen = upkeep.worker_seen_at(db.session())
    mend = "Start `alliance worker`: without it no score reaches a gradebook."
    if seen is None:
        return Finding("worker", "never seen", mend)
    silence = at - seen
    says = f"last seen {max(0, int(silence.total_seconds()))} s ago"
    return Finding("worker", says, mend if silence > WORKER_SILENCE else "")


def _jobs(at: datetime) -> Finding:
    overdue = upkeep.list_overdue(db.session(), JOBS, at=at)
    late = [job for job, by in overdue.items() if by > JOB_LATE]
    if not late:
        return Finding("jobs", f"{len(overdue)} on time" if overdue else "none entered yet")
    return Finding(
        "jobs",
        f"due and not done: {', '.join(late)}",
        "Start the worker, or look for `job_failed` in its log.",
    )


def _deliveries(at: datetime) -> Finding:
    counts = score_delivery.summary_by_state(db.session())
    says = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    stuck = counts[DeliveryState.BLOCKED] + counts[DeliveryState.DEAD]
    mend = "See `alliance score list --state blocked` and `--state dead`." if stuck else ""
    since = upkeep.oldest_waiting_at(db.session())
    if since is not None and at - since > SCORE_LATE:
        says += f"; the oldest has waited {int((at - since).total_seconds()) // 60} minutes"
        mend = mend or "See `alliance score list`, and `alliance platform check NAME`."
    return Finding("scores", says or "none yet", mend)


def _audit(at: datetime) -> Finding:
    since = upkeep.oldest_unsealed_at(db.session())
    if since is None or at - since <= SEALED_WITHIN:
        return Finding("audit trail", "sealed up to the last minutes")
    return Finding(
        "audit trail",
        f"not sealed for {int((at - since).total_seconds()) // 60} minutes",
        "Start the worker, or look for `job_failed` with audit_sealing in its log.",
    )


def _signing_key() -> ToolKey | None:
    return db.session.scalar(select(ToolKey).where(ToolKey.state == ToolKeyState.CURRENT))


def _keys(key: ToolKey | None, at: datetime) -> Finding:
    if key is None:
        return Finding("signing key", "there is none", "Run `alliance init`, or start the worker.")
    age = at - (key.current_from or key.created_at)
    mend = "The worker rotates keys: start it, or run `alliance keys rotate`."
    mend = mend if age > KEY_AGE else ""
    return Finding("signing key", f"{key.kid[:8]}…, in use for {age.days} days", mend)


def _data_keys(tool: Parts) -> Finding:
    missing = resealing.list_missing_keys(db.session(), tool.sealer)
    if not missing:
        return Finding("data key", "opens everything that is sealed")
    return Finding(
        "data key",
        f"something is sealed with a key that is not at hand: {', '.join(missing)}",
        "Put the key that was used before back, as data_key or into other_data_keys. Nothing is "
        "lost as long as it is found; nothing was overwritten.",
    )


def _platform(tool: Parts, registration: Registration) -> Iterator[Finding]:
    what = f"platform {registration.name}"
    if registration.state != RegistrationState.ACTIVE:
        yield Finding(what, "disabled")
        return
    waiting = [d.deployment_id for d in registration.deployments if d.state == "pending"]
    if waiting or registration.held_hosts:
        named = [f"deployment {d}" for d in waiting]
        named += [f"host {host}" for host in registration.held_hosts]
        yield Finding(
            what,
            f"waits for your word on {', '.join(named)}",
            f"Run `alliance platform approve {registration.name} --deployment-id … | --host …`.",
        )
    yield from published_keys(tool, registration, what=what)
