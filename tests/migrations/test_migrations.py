"""The migrations: both directions, both databases, and what only a migration can make."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, String, create_engine, inspect, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from lti_alliance import schema
from lti_alliance.models import AuditEvent, Base
from lti_alliance.models.base import ExactDecimal, SharedUuid, UTCDateTime
from lti_alliance.services import audit, audit_sealing
from tests.migrations.rows import MOMENT, a_row

pytestmark = pytest.mark.both_databases


@pytest.fixture
def connection(empty_database_url: str) -> Iterator[Connection]:
    engine = create_engine(empty_database_url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def migrated(connection: Connection) -> Connection:
    schema.upgrade(connection)
    return connection


def test_head_equals_the_models(migrated: Connection) -> None:
    """What the migrations build is what the models describe."""
    context = MigrationContext.configure(
        migrated, opts={"compare_type": True, "compare_server_default": True}
    )

    assert compare_metadata(context, Base.metadata) == []


def test_the_program_knows_whether_the_database_is_current(connection: Connection) -> None:
    """An empty database is not current; a migrated one is, and either program can tell."""
    before = schema.is_current(connection), schema.is_served(connection)
    schema.upgrade(connection)

    assert before == (False, False)
    assert schema.is_current(connection)
    assert schema.is_served(connection)


@pytest.mark.parametrize(("applied", "is_served"), [("0001", False), ("9999", True)])
def test_a_program_serves_a_database_that_is_further(
    migrated: Connection, applied: str, *, is_served: bool
) -> None:
    """While a newer program takes over, the one before it goes on; an older database is refused."""
    migrated.execute(text("UPDATE alembic_version SET version_num = :it"), {"it": applied})

    assert schema.is_served(migrated) is is_served
    assert not schema.is_current(migrated)


def test_upgrading_twice_changes_nothing(migrated: Connection) -> None:
    """A second run finds nothing left to do."""
    tables = set(inspect(migrated).get_table_names())
    schema.upgrade(migrated)

    assert set(inspect(migrated).get_table_names()) == tables


def test_down_leaves_nothing_behind(migrated: Connection) -> None:
    """Taking everything back leaves an empty database, which can be migrated again."""
    schema.downgrade(migrated, to="base")
    left = set(inspect(migrated).get_table_names()) - {"alembic_version"}
    schema.upgrade(migrated)

    assert left == set()
    assert schema.is_current(migrated)


@pytest.mark.parametrize(
    "change", ["UPDATE audit_events SET action = 'grade.forged'", "DELETE FROM audit_events"]
)
def test_audit_events_cannot_be_changed(migrated: Connection, change: str) -> None:
    """The database itself refuses to change or remove an audit event."""
    with Session(migrated) as session:
        event = AuditEvent(
            at=datetime(2026, 3, 2, tzinfo=UTC),
            action="grade.changed",
            details={},
        )
        session.add(event)
        session.commit()
    with pytest.raises(DBAPIError, match="never changed"):
        migrated.execute(text(change))
    migrated.rollback()

    assert migrated.execute(text("SELECT action FROM audit_events")).scalar() == "grade.changed"


@pytest.mark.parametrize("table", ["audit_batches", "audit_seals"])
def test_sealed_batches_cannot_be_changed(migrated: Connection, table: str) -> None:
    """The database itself refuses to change or remove a batch or the seal on an event."""
    moment = datetime(2026, 3, 2, tzinfo=UTC)
    with Session(migrated) as session:
        audit.record(session, "grade.changed", at=moment)
        audit_sealing.seal_events(session, at=moment)
        session.commit()
    number = "number" if table == "audit_batches" else "batch_number"
    for change in (f"UPDATE {table} SET {number} = 7", f"DELETE FROM {table}"):
        with pytest.raises(DBAPIError, match="never changed"):
            migrated.execute(text(change))
        migrated.rollback()

    assert migrated.execute(text(f"SELECT {number} FROM {table}")).scalar() == 1


def test_one_open_attempt_per_person_and_activity(migrated: Connection) -> None:
    """The partial unique index refuses a second open attempt and lets closed ones be."""
    if migrated.dialect.name == "sqlite":
        _foreign_keys(migrated, "PRAGMA foreign_keys = OFF")
    else:
        _foreign_keys(migrated, "SET session_replication_role = replica")
    _add_attempt(migrated, number=1, state="graded")
    _add_attempt(migrated, number=2, state="in_progress")
    with pytest.raises(IntegrityError):
        _add_attempt(migrated, number=3, state="in_progress")


def _foreign_keys(connection: Connection, statement: str) -> None:
    connection.rollback()
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute(statement)
    if connection.dialect.name != "sqlite":
        driver.commit()


def _add_attempt(connection: Connection, *, number: int, state: str) -> None:
    connection.execute(
        text(
            "INSERT INTO attempts (id, activity_id, membership_id, number, state, form,"
            " content_hash, saved_version, started_at) VALUES (:id, :activity, :member, :number,"
            " :state, '{}', 'x', 0, '2026-03-02 12:00:00')"
        ),
        {
            "id": f"00000000-0000-0000-0000-00000000000{number}".replace("-", ""),
            "activity": "1" * 32,
            "member": "2" * 32,
            "number": number,
            "state": state,
        },
    )
    connection.commit()


def test_foreign_keys_hold_after_migrating(migrated: Connection) -> None:
    """The checks that migrating switches off on SQLite are on again afterwards."""
    with pytest.raises(IntegrityError):
        _add_attempt(migrated, number=1, state="in_progress")


def test_what_was_handed_in_before_is_a_first_version(connection: Connection) -> None:
    """Texts handed in before versions were kept become version 1, sealed as they are."""
    schema.upgrade(connection, to="0005")
    _fill(connection, _DOWN_TO_A_REFLECTION)
    connection.commit()
    schema.upgrade(connection)
    version = connection.execute(
        text("SELECT number, word_count, sealed_text, submitted_at FROM submitted_versions")
    ).one()

    assert (version.number, version.word_count, bytes(version.sealed_text)) == (1, 1, b"sealed")
    assert "13:00" in str(version.submitted_at)


_DOWN_TO_A_REFLECTION = (
    "registrations",
    "deployments",
    "contexts",
    "users",
    "memberships",
    "resource_links",
    "module_versions",
    "activities",
    "reflections",
)


def _fill(connection: Connection, names: Sequence[str]) -> None:
    """Put one row into each table, in whatever shape the database is now."""
    tables = MetaData()
    tables.reflect(connection)
    for name in names:
        row = a_row(tables.tables[name])
        if name == "reflections":
            row |= {"submitted_text": b"sealed", "submitted_at": MOMENT, "state": "submitted"}
        connection.execute(tables.tables[name].insert().values(row))


@pytest.mark.parametrize(
    ("own", "plain"),
    [
        (UTCDateTime(), "sa.DateTime(timezone=True)"),
        (ExactDecimal(), "sa.String(length=40)"),
        (SharedUuid(), "sa.Uuid()"),
        (String(20), False),
    ],
)
def test_a_new_migration_names_plain_types(own: object, plain: str | bool) -> None:
    """What is generated runs without this program's models, which go on changing."""
    assert schema.plain_type("type", own, None) == plain
