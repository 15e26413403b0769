"""Wordings of short answers: those that no key knows, and those that an instructor accepted."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.items import ShortItem
from lti_alliance.domain.wordings import normalise
from lti_alliance.errors import InvalidInput, NotFound
from lti_alliance.models import AcceptedWording, Activity, Attempt, Membership, Response
from lti_alliance.models.statements import insert_for
from lti_alliance.services import audit, modules, regrading

# Messages for the instructor, without values, so that the edge can translate them.
SHARE_INVALID = "Choose how much of the points this wording earns."
WORDING_EMPTY = "This wording is empty."


@dataclass(frozen=True, slots=True)
class UnmatchedAnswer:
    """A wording that no key knows, and how often it was given."""

    item_id: str
    stem: str
    wording: str
    """Normalised; what is accepted is this and everything that reads the same."""
    sample: str
    """One of the answers as it was written."""
    count: int


def list_unmatched(
    session: Session, catalogue: Catalogue, activity: Activity
) -> list[UnmatchedAnswer]:
    """Group the short answers that no key knows, the most frequent first."""
    rows = session.execute(
        select(Response.item_id, Response.value, Attempt.content_hash)
        .join(Attempt)
        .where(Attempt.activity_id == activity.id, Response.is_unmatched.is_(True))
        .order_by(Attempt.submitted_at)
    ).all()
    samples: dict[tuple[str, str], tuple[str, str]] = {}
    counts: dict[tuple[str, str], int] = {}
    for item_id, value, content_hash in rows:
        text = str(value["text"])
        key = (item_id, normalise(text))
        samples.setdefault(key, (text, content_hash))
        counts[key] = counts.get(key, 0) + 1
    return [
        UnmatchedAnswer(
            item_id=item_id,
            stem=modules.get_module(session, catalogue, content_hash=samples[item_id, wording][1])
            .quiz.get_item(item_id)
            .stem,
            wording=wording,
            sample=samples[item_id, wording][0],
            count=count,
        )
        for (item_id, wording), count in sorted(counts.items(), key=lambda pair: -pair[1])
    ]


def accept_wording(
    session: Session,
    catalogue: Catalogue,
    *,
    activity: Activity,
    item_id: str,
    wording: str,
    share: Decimal,
    actor: Membership,
    at: datetime,
) -> int:
    """Accept a wording of a short answer and regrade everybody who gave it; count the attempts.

    Raises ``NotFound`` for an item that the activity does not have or that takes no text.
    """
    if not 0 < share <= 1:
        raise InvalidInput({"share": SHARE_INVALID})
    normal = normalise(wording)
    if not normal:
        raise InvalidInput({"wording": WORDING_EMPTY})
    _check_short(session, catalogue, activity, item_id)
    session.execute(
        insert_for(session, AcceptedWording)
        .values(
            activity_id=activity.id,
            item_id=item_id,
            wording=normal,
            share=share,
            accepted_by_id=actor.id,
            accepted_at=at,
        )
        .on_conflict_do_update(
            index_elements=["activity_id", "item_id", "wording"],
            set_={"share": share, "accepted_by_id": actor.id, "accepted_at": at},
        )
    )
    audit.record(
        session,
        "wording.accepted",
        at=at,
        actor=actor,
        object_kind="activity",
        object_id=activity.id,
        details={"item": item_id, "share": str(share)},
    )
    return regrading.judge_anew(
        session, catalogue, activity, item_id=item_id, at=at, answered_only=True
    )


def _check_short(session: Session, catalogue: Catalogue, activity: Activity, item_id: str) -> None:
    module = modules.get_module(session, catalogue, content_hash=activity.content_hash)
    if not isinstance(module.quiz.get_item(item_id), ShortItem):
        raise NotFound("item.unknown")
