"""Sending one claimed score: prepare in one act, call with none open, record in another.

A claim makes one step, and the row says which: read back what is unclear, find the line item while
its address is unknown, or post the score. Whatever a worker dies of, the next claim goes on from
the row.
"""

import random
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import Row, select, update
from sqlalchemy.orm import Session

from lti_alliance.domain.delivery import (
    DeliveryState,
    Reason,
    Sending,
    Verdict,
    next_timestamp,
    what_next,
)
from lti_alliance.domain.gradebook import LineItemRef, Score
from lti_alliance.domain.launch import Role
from lti_alliance.errors import PlatformError, PlatformRefused
from lti_alliance.models import (
    Activity,
    Context,
    Deployment,
    Grade,
    LineItem,
    Membership,
    Registration,
    ResourceLink,
    ScoreDelivery,
    User,
)
from lti_alliance.models.statements import rows_changed
from lti_alliance.services.ports import Acts, Clock, Gradebook
from lti_alliance.services.score_records import Heard, Step, StepKind, record, settle

Jitter = Callable[[], float]

_SEARCH_TURN_S = 1.0
"""Seconds until a delivery looks again whether another has found the line item."""


def deliver_one(
    acts: Acts,
    gradebook: Gradebook,
    *,
    delivery_id: UUID,
    token: str,
    now: Clock,
    launch_url: str,
    jitter: Jitter = random.random,
) -> None:
    """Make the next step of a claimed delivery; nothing happens without the claim's ``token``."""
    with acts() as session:
        step = _prepare(session, delivery_id, token, launch_url=launch_url, at=now())
    if step is None:
        return
    heard = _call(gradebook, step)
    with acts() as session:
        record(session, step, heard, at=now(), jitter=jitter())


def _call(gradebook: Gradebook, step: Step) -> Heard:
    line_item = step.line_item
    try:
        match step.kind:
            case StepKind.POST:
                return Heard(status=gradebook.post_score(line_item, step.score))
            case StepKind.READ_BACK:
                return Heard(result=gradebook.read_result(line_item, step.score.user_id))
            case StepKind.FIND:
                url = gradebook.find_line_item(line_item)
                if url is None and line_item.is_creatable:
                    url = gradebook.create_line_item(
                        line_item, label=step.label, maximum=step.desired[1]
                    )
                return Heard(url=url or "")
    except PlatformError as error:
        return Heard(error=error)


def _prepare(
    session: Session, delivery_id: UUID, token: str, *, launch_url: str, at: datetime
) -> Step | None:
    found = _load(session, delivery_id, token)
    if found is None:
        return None
    row, grade, member, user, link, line_item, deployment, registration = found
    ref = line_item and LineItemRef(
        registration_id=registration.id,
        deployment_id=deployment.deployment_id,
        resource_link_id=link.lti_id,
        family=registration.family,
        url=line_item.url,
        container_url=line_item.container_url,
        scopes=frozenset(line_item.scopes),
        may_create=line_item.may_create,
    )
    if line_item is None or ref is None or (reason := _hindrance(member, ref)) is not None:
        _block(session, row, reason if ref else Reason.NO_LINE_ITEM, at=at)
        return None
    told = {} if row.told_url in ("", ref.url) or not ref.url else _told_nothing()
    score = _score(row, grade, user, told, launch_url=launch_url, at=at)
    step = _step(row, link, line_item, ref, score, told)
    match step.kind:
        case StepKind.POST:
            is_ready = _begin_post(session, row, step, told)
        case StepKind.FIND:
            is_ready = _begin_search(session, row, step, at=at)
        case StepKind.READ_BACK:
            is_ready = True
    return step if is_ready else None
