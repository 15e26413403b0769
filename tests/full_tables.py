"""Tables as years of use leave them: many platforms, courses, people, attempts, deliveries, events.

Filled by PostgreSQL itself, one statement for each table, so that a million rows take seconds. Ids
are digests of numbers: a row can be found again by its number, and ids are as scattered as real
ones. What a row does not need to be read stays empty.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import JSON, Boolean, Column, Integer, LargeBinary, Table, Uuid

from lti_alliance.domain.activities import ActivitySettings, Part, settings_to_json
from lti_alliance.models import Base
from lti_alliance.models.base import ExactDecimal, UTCDateTime

Rows = psycopg.Connection[Any]

STAY_SMALL = frozenset(
    {
        *("registrations", "deployments", "tool_keys", "platform_key_sets", "platform_circuits"),
        *("access_tokens", "timetable", "worker_beats", "module_versions", "invitations"),
        *("notice_subscriptions",),
    }
)
"""Tables with a row for each platform, key, process or module."""
CONTENT_HASH = "f" * 64
_SETTINGS = ActivitySettings(parts=frozenset({Part.QUIZ}))
AT = "timestamptz '2026-01-05 09:00+00'"
FAR_OFF = f"{AT} + interval '100 years'"
LONG_AGO = f"{AT} - interval '1 day' * (1 + n % 300)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much there is; everything is spread evenly over the platforms and courses."""

    registrations: int = 20
    courses: int = 200
    people: int = 20
    """Students of each course; nobody is in two."""
    activities: int = 3
    """Of each course, with a try, a grade and a delivery for each of its students."""
    answers: int = 5
    """Of each attempt."""
    tries: int = 2
    """Kept of each delivery."""
    events: int = 20
    """Audit events for each student, all sealed."""
    launches: int = 3
    """Launch sessions of each student."""

    @property
    def members(self) -> int:
        """How many students there are."""
        return self.courses * self.people

    @property
    def pairs(self) -> int:
        """How many attempts, grades and deliveries there are: one for each student and activity."""
        return self.members * self.activities


def fill(url: str, size: Size) -> None:
    """Fill the empty tables of a database and let it count what is in them.

    Its user must be allowed to switch foreign keys off, which makes it fast.
    """
    address = url.replace("postgresql+psycopg:", "postgresql:")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        for part in (_platforms_and_courses, _people, _work, _writing, _deliveries, _events):
            part(connection, size)
        _others(connection, size)
        # As the server does by itself after a while.
        connection.execute("VACUUM ANALYZE")


def id_of(kind: str, number: str) -> str:
    """Return the SQL of the id of a numbered row."""
    return f"md5('{kind} ' || ({number}))::uuid"


def _platforms_and_courses(connection: Rows, size: Size) -> None:
    registrations, per_course = size.registrations, size.activities
    _put(
        connection,
        "registrations",
        size.registrations,
        id=id_of("registration", "n"),
        name="'Platform ' || n",
        issuer="'https://lms-' || n || '.example'",
        client_id="'client-' || n",
        family="'canvas'",
        state="'active'",
    )
    _put(
        connection,
        "deployments",
        size.registrations,
        id=id_of("deployment", "n"),
        registration_id=id_of("registration", "n"),
        deployment_id="'1'",
        state="'approved'",
    )
    _put(
        connection,
        "module_versions",
        1,
        content_hash=f"'{CONTENT_HASH}'",
        module_id="'gone'",
        version="'1'",
    )
    _put(
        connection,
        "contexts",
        size.courses,
        id=id_of("context", "n"),
        deployment_id=id_of("deployment", f"n % {registrations}"),
        lti_id="'course ' || n",
        title="'Course ' || n",
        memberships_url="'https://lms.example/members'",
    )
    links = size.courses * per_course
    _put(
        connection,
        "resource_links",
        links,
        id=id_of("link", "n"),
        context_id=id_of("context", f"n / {per_course}"),
        lti_id="'link ' || n",
        title="'Link ' || n",
    )
    _put(
        connection,
        "activities",
        links,
        id=id_of("activity", "n"),
        resource_link_id=id_of("link", "n"),
        module_id="'gone'",
        content_hash=f"'{CONTENT_HASH}'",
        settings=f"'{json.dumps(settings_to_json(_SETTINGS))}'",
        settle_at="NULL",
    )
    _put(
        connection,
        "line_items",
        links,
        resource_link_id=id_of("link", "n"),
        url="'https://lms.example/line_items/' || n",
    )
    of_registration = id_of("registration", f"(n / {per_course}) % {registrations}")
    _put(
        connection,
        "gradebook_checks",
        links,
        activity_id=id_of("activity", "n"),
        registration_id=of_registration,
        next_at=FAR_OFF,
    )
    _put(
        connection,
        "roster_readings",
        size.courses,
        context_id=id_of("context", "n"),
        registration_id=id_of("registration", f"n % {registrations}"),
        next_at=FAR_OFF,
    )
    _put(
        connection,
        "course_keys",
        size.courses,
        context_id=id_of("context", "n"),
        wrapped_key="'\\x00'::bytea",
    )


def _people(connection: Rows, size: Size) -> None:
    members, per_course = size.members, size.people
    course = f"n / {per_course}"
    registration = id_of("registration", f"({course}) % {size.registrations}")
    _put(
        connection,
        "users",
        members,
        id=id_of("user", "n"),
        registration_id=registration,
        sub="'person ' || n",
    )
    _put(
        connection,
        "profiles",
        members,
        user_id=id_of("user", "n"),
        name="'Student ' || n",
        expires_at=FAR_OFF,
    )
    _put(
        connection,
        "memberships",
        members,
        id=id_of("member", "n"),
        context_id=id_of("context", course),
        user_id=id_of("user", "n"),
        role="'learner'",
        number=f"n % {per_course} + 1000",
        sections="'[]'",
        last_launch_at=LONG_AGO,
    )
    _put(
        connection,
        "roster_entries",
        members,
        context_id=id_of("context", course),
        user_id=id_of("user", "n"),
        role="'learner'",
    )
    owner = f"n / {size.launches}"
    _put(
        connection,
        "launch_sessions",
        members * size.launches,
        handle="md5('handle ' || n)",
        state_id="md5('state ' || n)",
        registration_id=id_of("registration", f"(({owner}) / {per_course}) % {size.registrations}"),
        user_id=id_of("user", owner),
        membership_id=id_of("member", owner),
        context_id=id_of("context", f"({owner}) / {per_course}"),
        role="'learner'",
        frame_ancestors="'[]'",
        expires_at=FAR_OFF,
    )
    _put(
        connection,
        "practice_sets",
        members,
        membership_id=id_of("member", "n"),
        kind="'practice'",
        state="'finished'",
    )


def _work(connection: Rows, size: Size) -> None:
    pair = _pair(size)
    _put(
        connection,
        "attempts",
        size.pairs,
        id=id_of("attempt", "n"),
        **pair,
        number="1",
        # As in the middle of an exam: one of twenty is under way.
        state="CASE WHEN n % 20 = 0 THEN 'in_progress' ELSE 'graded' END",
        form="""'{"items": [], "options": {}}'""",
        content_hash=f"'{CONTENT_HASH}'",
        submitted_at=LONG_AGO,
        deadline_at=f"CASE WHEN n % 20 = 0 THEN {FAR_OFF} WHEN n % 2 = 0 THEN {LONG_AGO} END",
        score="(n % 11)::text",
        maximum="'10'",
    )
    _put(
        connection,
        "responses",
        size.pairs * size.answers,
        attempt_id=id_of("attempt", f"n / {size.answers}"),
        item_id=f"'item ' || n % {size.answers}",
        value="""'{"chosen": ["a"]}'""",
        points="'1'",
        is_correct="true",
    )
    _put(
        connection,
        "grades",
        size.pairs,
        id=id_of("grade", "n"),
        **pair,
        attempt_id=id_of("attempt", "n"),
        score="(n % 11)::text",
        maximum="'10'",
        submitted_at=LONG_AGO,
    )
    _put(
        connection,
        "lms_dates",
        size.pairs,
        resource_link_id=id_of("link", _activity_number(size)),
        membership_id=pair["membership_id"],
        due_at=FAR_OFF,
        settle_at=FAR_OFF,
    )
    _put(
        connection,
        "accommodations",
        size.members,
        context_id=id_of("context", f"n / {size.people}"),
        user_id=id_of("user", "n"),
        time_multiplier="'1'",
    )


def _writing(connection: Rows, size: Size) -> None:
    _put(
        connection,
        "reflections",
        size.pairs,
        id=id_of("reflection", "n"),
        **_pair(size),
        prompt_id="'r1'",
        content_hash=f"'{CONTENT_HASH}'",
        state="'graded'",
        submitted_at=LONG_AGO,
    )
    for table, number in (("drafts", "version"), ("submitted_versions", "number")):
        _put(
            connection,
            table,
            size.pairs,
            reflection_id=id_of("reflection", "n"),
            **{number: "1"},
        )
    _put(connection, "passage_comments", size.pairs, reflection_id=id_of("reflection", "n"))
    _put(connection, "rubric_assessments", size.pairs, reflection_id=id_of("reflection", "n"))
    _put(
        connection,
        "markings",
        size.pairs,
        reflection_id=id_of("reflection", "n"),
        marker_id=id_of("member", f"n % {size.members}"),
    )


def _deliveries(connection: Rows, size: Size) -> None:
    pair = _pair(size)
    registration = (
        f"((n / {size.activities}) / {size.people}) % {size.registrations}"  # of the course
    )
    _put(
        connection,
        "score_deliveries",
        size.pairs,
        id=id_of("delivery", "n"),
        **pair,
        registration_id=id_of("registration", registration),
        grade_id=id_of("grade", "n"),
        state="'delivered'",
        desired_version="1",
        desired_score="(n % 11)::text",
        desired_maximum="'10'",
        told_version="1",
        next_at=LONG_AGO,
    )
    _put(
        connection,
        "delivery_tries",
        size.pairs * size.tries,
        delivery_id=id_of("delivery", f"n / {size.tries}"),
        at=f"{AT} + interval '1 second' * (n % 100000)",
        kind="'post'",
        state="'delivered'",
    )


def _events(connection: Rows, size: Size) -> None:
    count, batch = size.members * size.events, 500
    _put(
        connection,
        "audit_events",
        count,
        id=id_of("event", "n"),
        at=f"{AT} - interval '1 year' * ({count} - n) / {count}",
        actor_id=id_of("user", f"n % {size.members}"),
        action="'launch.opened'",
        object_kind="'attempt'",
        object_id=id_of("attempt", f"n % {size.pairs}"),
        context_id=id_of("context", f"n % {size.courses}"),
    )
    _put(
        connection,
        "audit_seals",
        count,
        event_id=id_of("event", "n"),
        batch_number=f"n / {batch} + 1",
        position=f"n % {batch}",
    )
    _put(
        connection,
        "audit_batches",
        -(-count // batch),
        number="n + 1",
        hash="md5('batch ' || n)",
        previous_hash="md5('batch ' || (n - 1))",
        last_at=f"{AT} - interval '1 year' * greatest({count} - (n + 1) * {batch}, 0) / {count}",
    )
    _put(
        connection,
        "notices",
        size.members,
        registration_id=id_of("registration", f"n % {size.registrations}"),
        notice_id="'notice ' || n",
    )
    _put(connection, "erasures", size.members, person_digest="md5('gone ' || n)")


def _others(connection: Rows, size: Size) -> None:
    """Put some rows into every other table that grows, about nothing that is there."""
    for table in Base.metadata.sorted_tables:
        found = connection.execute(f"SELECT 1 FROM {table.name} LIMIT 1").fetchone()
        if found is None and table.name not in STAY_SMALL:
            _put(connection, table.name, size.members)


def _activity_number(size: Size) -> str:
    """Return the SQL of the number of the activity of pair n."""
    course = f"(n / {size.activities}) / {size.people}"
    return f"({course}) * {size.activities} + n % {size.activities}"


def _pair(size: Size) -> dict[str, str]:
    return {
        "activity_id": id_of("activity", _activity_number(size)),
        "membership_id": id_of("member", f"n / {size.activities}"),
    }


def _put(connection: Rows, name_of_table: str, count: int, /, **values: str) -> None:
    """Put so many rows into a table, their columns as SQL of the row's number ``n``."""
    table = Base.metadata.tables[name_of_table]
    filled = _usual(table) | values
    columns = ", ".join(f'"{column}"' for column in filled)
    # The names and expressions are this module's own.
    connection.execute(
        f"INSERT INTO {name_of_table} ({columns}) SELECT {', '.join(filled.values())}"
        f" FROM generate_series(0, {count - 1}) AS n"
    )


def _usual(table: Table) -> Mapping[str, str]:
    """Return what the columns of a table hold that nothing is said about."""
    return {
        column.name: _filler(column)
        for column in table.c
        if not column.nullable and column.server_default is None
    }


def _filler(column: Column[Any]) -> str:
    kind = column.type
    if isinstance(kind, Uuid):
        return "gen_random_uuid()"
    if isinstance(kind, ExactDecimal | Integer):
        return "'0'" if isinstance(kind, ExactDecimal) else "0"
    if isinstance(kind, UTCDateTime):
        return AT
    if isinstance(kind, JSON):
        return "'{}'"
    if isinstance(kind, Boolean):
        return "false"
    if isinstance(kind, LargeBinary):
        return "'\\x00'::bytea"
    return "''" if getattr(kind, "length", None) != 64 else "md5(n::text)"
