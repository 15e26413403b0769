"""Rows for tests: one plain function for each table, its parts made when they are not given."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_alliance.domain.activities import ActivitySettings, Part, settings_to_json
from lti_alliance.domain.gradebook import GradeScope
from lti_alliance.domain.launch import Role
from lti_alliance.lti import keys
from lti_alliance.models import (
    Activity,
    Context,
    Deployment,
    DeploymentState,
    Grade,
    LineItem,
    Membership,
    ModuleVersion,
    Registration,
    ResourceLink,
    ScoreDelivery,
    ToolKey,
    ToolKeyState,
    User,
)
from lti_alliance.sealing import Sealer
from lti_alliance.services import score_delivery

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOST = "lms.test"
LINE_ITEMS = f"https://{HOST}/api/lti/courses/1/line_items"
ALL_SCOPES = sorted(GradeScope)
SEALER = Sealer(b"thirty-two bytes for the tests..")
"""The sealer of the `settings` fixture."""

_number = count(1)


def _put(session: Session, row: Any) -> Any:
    session.add(row)
    session.flush()
    return row


def make_registration(session: Session, *, family: str = "canvas", **changes: Any) -> Registration:
    """A registration with one platform host."""
    number = next(_number)
    values: dict[str, Any] = {
        "name": f"Platform {number}",
        "issuer": f"https://{HOST}",
        "client_id": f"client-{number}",
        "family": family,
        "auth_login_url": f"https://{HOST}/auth",
        "auth_token_url": f"https://{HOST}/token",
        "jwks_url": f"https://{HOST}/jwks",
        "service_hosts": [HOST],
        "created_at": NOW,
    }
    return _put(session, Registration(**values | changes))


def make_course(
    session: Session, registration: Registration | None = None, **changes: Any
) -> Context:
    """A course in a deployment of its own."""
    registration = registration or make_registration(session)
    number = next(_number)
    deployment = _put(
        session,
        Deployment(
            registration_id=registration.id,
            deployment_id=f"deployment-{number}",
            state=DeploymentState.APPROVED,
            first_seen_at=NOW,
        ),
    )
    values = {"lti_id": f"course-{number}", "title": f"Course {number}", "created_at": NOW}
    return _put(session, Context(deployment_id=deployment.id, **values | changes))


def make_member(
    session: Session, course: Context, *, role: Role = Role.LEARNER, **changes: Any
) -> Membership:
    """A person in the course."""
    number = next(_number)
    user = _put(
        session,
        User(
            registration_id=course.deployment.registration_id,
            sub=changes.pop("sub", f"person-{number}"),
            created_at=NOW,
        ),
    )
    values = {"number": number, "first_launch_at": NOW, "last_launch_at": NOW}
    return _put(
        session,
        Membership(context_id=course.id, user_id=user.id, role=role, **values | changes),
    )


def make_link(
    session: Session, course: Context, *, has_line_item: bool = True, **line_item: Any
) -> ResourceLink:
    """A link in the course; its line item is known unless ``has_line_item`` says otherwise."""
    number = next(_number)
    link = _put(
        session,
        ResourceLink(
            context_id=course.id,
            lti_id=f"link-{number}",
            title=f"Link {number}",
            created_at=NOW,
        ),
    )
    if has_line_item:
        values: dict[str, Any] = {
            "url": f"{LINE_ITEMS}/{number}",
            "container_url": LINE_ITEMS,
            "scopes": ALL_SCOPES,
            "seen_at": NOW,
        }
        _put(session, LineItem(resource_link_id=link.id, **values | line_item))
    return link


def make_activity(
    session: Session,
    link: ResourceLink,
    *,
    settings: ActivitySettings | None = None,
    **changes: Any,
) -> Activity:
    """An activity behind the link; its module is known by hash alone."""
    content_hash = "0" * 64
    if session.get(ModuleVersion, content_hash) is None:
        _put(
            session,
            ModuleVersion(
                content_hash=content_hash,
                module_id="foundations",
                version="1",
                title="Foundations",
                source="",
                created_at=NOW,
            ),
        )
    values: dict[str, Any] = {
        "module_id": "foundations",
        "content_hash": content_hash,
        "settings": settings_to_json(settings or ActivitySettings(parts=frozenset({Part.QUIZ}))),
        "created_at": NOW,
        "updated_at": NOW,
    }
    return _put(session, Activity(resource_link_id=link.id, **values | changes))


def make_grade(
    session: Session,
    activity: Activity | None = None,
    member: Membership | None = None,
    *,
    score: str | None = "7",
    maximum: str = "10",
    **changes: Any,
) -> Grade:
    """A grade of a learner, submitted a minute ago; course and activity are made if need be."""
    if activity is None:
        activity = make_activity(session, make_link(session, make_course(session)))
    if member is None:
        member = make_member(session, activity.resource_link.context)
    values: dict[str, Any] = {
        "score": None if score is None else Decimal(score),
        "maximum": Decimal(maximum),
        "parts": {},
        "started_at": NOW.replace(hour=11, minute=30),
        "submitted_at": NOW.replace(hour=11, minute=59),
        "updated_at": NOW,
    }
    return _put(
        session, Grade(activity_id=activity.id, membership_id=member.id, **values | changes)
    )


def want_shown(session: Session, grade: Grade, *, at: datetime = NOW) -> ScoreDelivery | None:
    """Want the gradebook to show a grade; return its delivery, if there is one."""
    score_delivery.mirror(session, grade, at=at)
    return session.scalar(
        select(ScoreDelivery).where(
            ScoreDelivery.activity_id == grade.activity_id,
            ScoreDelivery.membership_id == grade.membership_id,
        )
    )


_tool_key: dict[str, Any] = {}


def make_tool_key(session: Session) -> ToolKey:
    """The tool's current key, the same in every test: making one takes longer than most tests."""
    if not _tool_key:
        made = keys.create_key(session, SEALER, state=ToolKeyState.CURRENT, at=NOW)
        _tool_key.update({column.key: getattr(made, column.key) for column in ToolKey.__table__.c})
        return made
    return _put(session, ToolKey(**_tool_key))
