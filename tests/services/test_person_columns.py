"""Every column about a person is named where erasing and exporting look, so that none is missed."""

import re

from sqlalchemy import Table

from lti_alliance.models import Base
from lti_alliance.services import person_columns as columns

PEOPLE = ("memberships", "users")
HINTS = re.compile(
    r"(^|_)(sub|user|users|member|members|membership|marker|actor|person|people|mentored|findings)"
    r"(_|$)"
)
"""Names of columns that are likely about somebody, keys or not."""
ABOUT_NOBODY = {
    "audit_events.actor_role",
    "contexts.memberships_url",
    "launch_sessions.is_test_user",
    "memberships.is_test_user",
}


def keys_of_people() -> set[str]:
    """Return every column that refers to a person."""
    return {
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        for column in table.columns
        for key in column.foreign_keys
        if key.column.table.name in PEOPLE
    }


def hanging_on(names: set[str]) -> set[str]:
    """Return these tables with every table that refers to them, however far."""
    found = set(names)
    for table in Base.metadata.sorted_tables:
        if any(key.column.table.name in found - set(PEOPLE) for key in table.foreign_keys):
            found.add(table.name)
    return found


def test_every_key_of_a_person_has_its_fate() -> None:
    """A new column that refers to a person is erased, or stays without a name, by decision."""
    decided = [
        *columns.OF_MEMBER,
        *columns.OF_USER_IN_COURSE,
        *columns.OF_USER,
        *columns.PSEUDONYMOUS,
        *columns.BY_SOMEBODY,
        *columns.SAME_ROWS,
    ]

    assert len(decided) == len(set(decided))
    assert set(decided) == keys_of_people()


def test_every_other_column_about_a_person_has_its_fate() -> None:
    """So has a column that names somebody without being a key."""
    likely = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if HINTS.search(column.name)
    }
    keys = keys_of_people() | {"users.id", "memberships.id"}

    assert likely - keys - ABOUT_NOBODY == set(columns.BESIDE_KEYS)


def test_every_table_of_a_person_is_exported_or_says_why_not() -> None:
    """A table with rows of a person, or on one, is in the export, or there is a reason."""
    own = {
        name.partition(".")[0]
        for name in (
            *columns.OF_MEMBER,
            *columns.OF_USER_IN_COURSE,
            *columns.OF_USER,
            *columns.PSEUDONYMOUS,
        )
    }

    assert hanging_on(own) | {"users"} == {*columns.EXPORTED, *columns.NOT_EXPORTED}
    assert not set(columns.EXPORTED) & set(columns.NOT_EXPORTED)


def test_rows_of_a_course_name_it() -> None:
    """What is erased by user in one course can tell the course."""
    tables: list[Table] = [
        Base.metadata.tables[name.partition(".")[0]] for name in columns.OF_USER_IN_COURSE
    ]

    assert [table.name for table in tables if "context_id" not in table.columns] == []
