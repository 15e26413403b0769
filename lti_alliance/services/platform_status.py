"""How the connection to one platform stands, for who looks after it; no student's work."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lti_alliance.domain.delivery import DeliveryState
from lti_alliance.domain.delivery_reasons import REASONS, Reason
from lti_alliance.domain.gradebook import GradeScope
from lti_alliance.domain.launch import Role
from lti_alliance.errors import InvalidInput
from lti_alliance.models import (
    Context,
    Deployment,
    DeploymentState,
    LineItem,
    PlatformCircuit,
    PlatformKeySet,
    Registration,
    ResourceLink,
    ScoreDelivery,
    ToolKey,
    ToolKeyState,
)
from lti_alliance.services import audit
from lti_alliance.services.score_claims import is_wanted

MAX_HELP_TEXT = 2000
HELP_TOO_LONG = "At most 2000 characters are possible."
_LOOK_AT = 50
_SETTLED = (DeliveryState.DELIVERED, DeliveryState.OVERRIDDEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Scores that are not in the gradebook for one reason."""

    reason: str
    """A sentence, or nothing where they are simply on their way."""
    count: int
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A service of the platform that is left alone because it fails."""

    endpoint: str
    since: datetime
    next_try_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformStatus:
    """One registration as its administrator may see it."""

    registration: Registration
    approved: tuple[str, ...]
    """Deployment ids that may launch."""
    pending: tuple[str, ...]
    keys_read_at: datetime | None
    """When the platform's keys were last read."""
    tool_keys: tuple[str, ...]
    """The ids of the tool's published keys."""
    scopes: frozenset[str]
    """What the last launches granted."""
    has_roster: bool
    course_count: int
    delivered: int
    waiting: tuple[Waiting, ...]
    troubles: tuple[Trouble, ...]

    @property
    def waiting_count(self) -> int:
        """How many scores are not in the gradebook."""
        return sum(each.count for each in self.waiting)

    @property
    def sends_scores(self) -> bool:
        """Whether the platform lets the tool send scores."""
        return GradeScope.SCORE in self.scopes

    @property
    def reads_results(self) -> bool:
        """Whether the platform lets the tool read what the gradebook shows."""
        return GradeScope.RESULT in self.scopes


def platform_status(
    session: Session, registration: Registration, *, at: datetime
) -> PlatformStatus:
    """Report on one registration, with a fixed number of queries."""
    by_state: dict[str, list[str]] = {}
    for deployment in registration.deployments:
        by_state.setdefault(deployment.state, []).append(deployment.deployment_id)
    key_set = session.get(PlatformKeySet, registration.id)
    published = (ToolKeyState.NEXT, ToolKeyState.CURRENT, ToolKeyState.PREVIOUS)
    courses = _of(registration, select(func.count(), func.max(Context.memberships_url)))
    course_count, roster = session.execute(courses).one()
    delivered, waiting = _scores(session, registration)
    return PlatformStatus(
        registration=registration,
        approved=tuple(sorted(by_state.get(DeploymentState.APPROVED, ()))),
        pending=tuple(sorted(by_state.get(DeploymentState.PENDING, ()))),
        keys_read_at=key_set.fetched_at if key_set else None,
        tool_keys=tuple(
            session.scalars(
                select(ToolKey.kid)
                .where(ToolKey.state.in_(published))
                .order_by(ToolKey.created_at, ToolKey.id)
            )
        ),
        scopes=granted_scopes(session, registration),
        has_roster=bool(roster),
        course_count=course_count,
        delivered=delivered,
        waiting=waiting,
        troubles=_troubles(session, registration, at=at),
    )


def granted_scopes(session: Session, registration: Registration) -> frozenset[str]:
    """Return the scopes of the grade service that the latest launches named."""
    found = session.scalars(
        _of(
            registration,
            select(LineItem.scopes)
            .join(ResourceLink, ResourceLink.id == LineItem.resource_link_id)
            .join(Context, Context.id == ResourceLink.context_id),
        )
        .order_by(LineItem.seen_at.desc())
        .limit(_LOOK_AT)
    )
    return frozenset(scope for each in found for scope in each if scope in set(GradeScope))


def change_help_text(
    session: Session, registration: Registration, text: str, *, actor_role: Role, at: datetime
) -> None:
    """Keep what the institution wants its students to read where help is offered."""
    text = "\n".join(line.rstrip() for line in text.strip().splitlines())
    if len(text) > MAX_HELP_TEXT:
        raise InvalidInput({"help_text": HELP_TOO_LONG})
    if text == registration.help_text:
        return
    registration.help_text = text
    session.flush()
    audit.record(
        session,
        "platform.help_text",
        at=at,
        object_kind="registration",
        object_id=registration.id,
        actor_role=actor_role,
    )


def _of(registration: Registration, query: Any) -> Any:
    return query.join(Deployment, Deployment.id == Context.deployment_id).where(
        Deployment.registration_id == registration.id
    )


def _scores(session: Session, registration: Registration) -> tuple[int, tuple[Waiting, ...]]:
    rows = session.execute(
        select(
            ScoreDelivery.state,
            ScoreDelivery.reason,
            func.count(),
            func.min(ScoreDelivery.desired_since),
        )
        .where(ScoreDelivery.registration_id == registration.id, is_wanted())
        .group_by(ScoreDelivery.state, ScoreDelivery.reason)
    ).all()
    delivered = sum(count for state, _, count, _ in rows if state in _SETTLED)
    by_reason: dict[str, Waiting] = {}
    for state, reason, count, since in rows:
        if state in _SETTLED:
            continue
        sentence = REASONS[Reason(reason)] if reason in set(Reason) else ""
        before = by_reason.get(sentence)
        by_reason[sentence] = Waiting(
            reason=sentence,
            count=count + (before.count if before else 0),
            since=min(since, before.since) if before else since,
        )
    return delivered, tuple(sorted(by_reason.values(), key=lambda each: each.since))


def _troubles(session: Session, registration: Registration, *, at: datetime) -> tuple[Trouble, ...]:
    rows = session.scalars(
        select(PlatformCircuit)
        .where(
            PlatformCircuit.registration_id == registration.id,
            PlatformCircuit.open_until.is_not(None),
        )
        .order_by(PlatformCircuit.endpoint)
    )
    return tuple(
        Trouble(
            endpoint=row.endpoint,
            since=row.open_since or at,
            next_try_at=max(at, row.open_until),
        )
        for row in rows
        if row.open_until is not None
    )
