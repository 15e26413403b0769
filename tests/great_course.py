"""A great course in the tables: many people, many activities, a score for nearly every pair."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert
from sqlalchemy.orm import Session

from lti_alliance.domain.delivery import DeliveryState
from lti_alliance.domain.launch import Role
from lti_alliance.models import (
    Context,
    Grade,
    Membership,
    Profile,
    Registration,
    RosterEntry,
    ScoreDelivery,
    User,
)
from tests import factories

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def make_great_course(
    session: Session, *, people: int, activities: int
) -> tuple[Context, Membership]:
    """Make a course with so many students and activities; return it and its instructor.

    Every tenth student has handed in nothing; the scores of every seventh are still on their way.
    """
    course = factories.make_course(session)
    teacher = factories.make_member(session, course, role=Role.INSTRUCTOR)
    registration = course.deployment.registration
    made = [
        factories.make_activity(session, factories.make_link(session, course)).id
        for _ in range(activities)
    ]
    rows: dict[type[Any], list[dict[str, Any]]] = {
        table: [] for table in (User, Profile, Membership, RosterEntry, Grade, ScoreDelivery)
    }
    for number in range(people):
        user_id, member_id = uuid4(), uuid4()
        rows[User].append(
            {
                "id": user_id,
                "registration_id": registration.id,
                "sub": f"great-{number}",
                "created_at": AT,
            }
        )
        rows[Profile].append(
            {
                "user_id": user_id,
                "name": f"Student {number:04}",
                "expires_at": AT + timedelta(days=365),
            }
        )
        rows[Membership].append(
            {
                "id": member_id,
                "context_id": course.id,
                "user_id": user_id,
                "role": Role.LEARNER,
                "is_test_user": False,
                "is_section_restricted": False,
                "sections": ["A" if number % 2 else "B"],
                "number": number + 100_000,
                "first_launch_at": AT,
                "last_launch_at": AT,
            }
        )
        rows[RosterEntry].append(
            {"context_id": course.id, "user_id": user_id, "role": Role.LEARNER, "seen_at": AT}
        )
        if number % 10:
            for activity_id in made:
                _add_score(rows, registration, activity_id, member_id, number)
    for table, values in rows.items():
        for start in range(0, len(values), 1000):
            session.execute(insert(table), values[start : start + 1000])
    session.commit()
    return course, teacher


def _add_score(
    rows: dict[type[Any], list[dict[str, Any]]],
    registration: Registration,
    activity_id: UUID,
    member_id: UUID,
    number: int,
) -> None:
    grade_id = uuid4()
    score = Decimal(number % 11)
    pair = {"activity_id": activity_id, "membership_id": member_id}
    rows[Grade].append(
        {
            **pair,
            "id": grade_id,
            "score": score,
            "maximum": Decimal(10),
            "parts": {},
            "submitted_at": AT + timedelta(minutes=number),
            "updated_at": AT,
        }
    )
    rows[ScoreDelivery].append(
        {
            **pair,
            "registration_id": registration.id,
            "grade_id": grade_id,
            "state": DeliveryState.DELIVERED if number % 7 else DeliveryState.DUE,
            "desired_score": score,
            "desired_maximum": Decimal(10),
            "desired_since": AT,
            "next_at": AT,
        }
    )
