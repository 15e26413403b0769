"""Rows that the tool has after launches: a platform, a course, its people, graded activities."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from bench.lms import MAXIMUM, Column, GradedClass
from lti_alliance.domain.activities import ActivitySettings, Part, settings_to_json
from lti_alliance.domain.gradebook import GradeScope
from lti_alliance.domain.launch import Role
from lti_alliance.models import (
    Activity,
    Context,
    Deployment,
    Grade,
    LineItem,
    Membership,
    ModuleVersion,
    Registration,
    ResourceLink,
    User,
)
from lti_alliance.parts import utc_now
from lti_alliance.services import platforms, score_delivery

PLATFORM_NAME = "Practice class"
GRANTED = (GradeScope.LINE_ITEM, GradeScope.RESULT, GradeScope.SCORE)
_CONTENT_HASH = "0" * 64


def add_platform(session: Session, told: Mapping[str, Any]) -> Registration:
    """Register a platform that runs on this machine."""
    return platforms.add_registration(
        session,
        name=PLATFORM_NAME,
        issuer=told["issuer"],
        client_id=told["client_id"],
        family=told["family"],
        auth_login_url=told["auth_login_url"],
        auth_token_url=told["auth_token_url"],
        jwks_url=told["jwks_url"],
        service_hosts=[told["service_host"]],
        deployment_ids=[told["deployment_id"]],
        allow_local=True,
        at=utc_now(),
    )


def register(session: Session, lms: GradedClass) -> Context:
    """Register the practice LMS and open a course on it."""
    registration, at = add_platform(session, lms.registration()), utc_now()
    session.add(
        ModuleVersion(
            content_hash=_CONTENT_HASH,
            module_id="bench",
            version="1",
            title="Bench",
            source="",
            created_at=at,
        )
    )
    deployment_id = session.scalars(
        select(Deployment.id).where(Deployment.registration_id == registration.id)
    ).one()
    context = Context(deployment_id=deployment_id, lti_id="bench", title="Bench", created_at=at)
    session.add(context)
    session.flush()
    return context


def let_in(session: Session, context: Context, subs: Sequence[str]) -> dict[str, UUID]:
    """Let students into the course; return each membership by ``sub``."""
    at, registration_id = utc_now(), context.deployment.registration_id
    users = [User(registration_id=registration_id, sub=sub, created_at=at) for sub in subs]
    session.add_all(users)
    session.flush()
    memberships = {
        user.sub: Membership(
            context_id=context.id,
            user_id=user.id,
            role=Role.LEARNER,
            number=number,
            first_launch_at=at,
            last_launch_at=at,
        )
        for number, user in enumerate(users, start=1)
    }
    session.add_all(memberships.values())
    session.flush()
    return {sub: membership.id for sub, membership in memberships.items()}


def add_activity(session: Session, context_id: UUID, column: Column) -> Activity:
    """Set up an activity on a link whose line item is known."""
    at = utc_now()
    link = ResourceLink(
        context_id=context_id,
        lti_id=column.resource_link_id,
        title=column.activity_id,
        created_at=at,
    )
    session.add(link)
    session.flush()
    session.add(
        LineItem(
            resource_link_id=link.id,
            url=column.url,
            container_url=column.container_url,
            scopes=sorted(GRANTED),
            seen_at=at,
        )
    )
    activity = Activity(
        resource_link_id=link.id,
        module_id="bench",
        content_hash=_CONTENT_HASH,
        settings=settings_to_json(ActivitySettings(parts=frozenset({Part.QUIZ}))),
        created_at=at,
        updated_at=at,
    )
    session.add(activity)
    session.flush()
    return activity


def record_grade(session: Session, activity: Activity, membership_id: UUID, score: Decimal) -> None:
    """Record what somebody scored a minute ago, and want the gradebook to show it."""
    at = utc_now()
    grade = Grade(
        activity_id=activity.id,
        membership_id=membership_id,
        score=score,
        maximum=MAXIMUM,
        parts={},
        started_at=at - timedelta(minutes=30),
        submitted_at=at - timedelta(minutes=1),
        updated_at=at,
    )
    session.add(grade)
    session.flush()
    score_delivery.mirror(session, grade, at=at)
