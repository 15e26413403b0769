"""Warm-ups: a few items from earlier modules before a new one, offered once and never marked."""

from dataclasses import dataclass
from datetime import datetime
from random import Random, SystemRandom
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.practice import (
    WARM_UP_GAP,
    WARM_UP_SIZE,
    Candidate,
    PracticeKind,
    PracticeState,
    draw,
)
from lti_alliance.errors import Conflict
from lti_alliance.models import Activity, Membership, PracticeSet
from lti_alliance.services import modules, practice, practice_items, practice_sheets
from lti_alliance.services.activities import activity_settings
from lti_alliance.services.practice_items import Ground, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmUpOffer:
    """A warm-up that a student may take now: a new one, or the one that is open."""

    count: int
    open_set: PracticeSet | None


def offer_warm_up(
    session: Session,
    catalogue: Catalogue,
    *,
    activity: Activity,
    membership: Membership,
    at: datetime,
) -> WarmUpOffer | None:
    """Return the warm-up that may be offered before an activity is begun in earnest, if any."""
    if not activity_settings(activity).warm_up:
        return None
    module = modules.get_module(session, catalogue, content_hash=activity.content_hash)
    made = _find_warm_up(session, activity, membership)
    if made is not None and made.state != PracticeState.OPEN:
        return None
    handed_in = practice_items.handed_in(session, membership)
    if activity.id in handed_in or not (made or handed_in or module.requires):
        return None
    ground = practice_items.survey(session, membership)
    settings = ground.settings[activity.id]
    if settings.is_closed(at) or settings.is_not_open_yet(at):
        return None
    if made is not None:
        return WarmUpOffer(
            count=sum(len(paper["items"]) for paper in made.form["papers"]), open_set=made
        )
    # Only counted here: what the lot decides is drawn anew at the start.
    _, drawn = _draw_warm_up(
        session, catalogue, ground, activity, membership, rng=SystemRandom(), at=at
    )
    return WarmUpOffer(count=len(drawn), open_set=None) if drawn else None


def start_warm_up(
    session: Session,
    catalogue: Catalogue,
    *,
    activity: Activity,
    membership: Membership,
    rng: Random,
    at: datetime,
) -> PracticeSet:
    """Start the warm-up of an activity, or return the one there is: each has one only."""
    made = _find_warm_up(session, activity, membership)
    if made is not None:
        return made
    ground = practice_items.survey(session, membership)
    sources, drawn = _draw_warm_up(session, catalogue, ground, activity, membership, rng=rng, at=at)
    if not drawn or not activity_settings(activity).warm_up:
        raise Conflict("practice.no_warm_up")
    form = practice_sheets.lay_papers(session, sources, drawn, rng=rng, at=at)
    return _keep_warm_up(session, activity, membership, PracticeState.OPEN, form, at=at)


def leave_out_warm_up(
    session: Session, *, activity: Activity, membership: Membership, at: datetime
) -> None:
    """Note that a student does without the warm-up of an activity: it is not offered again."""
    made = _find_warm_up(session, activity, membership)
    if made is None:
        state = PracticeState.LEFT_OUT
        made = _keep_warm_up(session, activity, membership, state, {"papers": []}, at=at)
    practice.leave_out(session, made)


def _draw_warm_up(
    session: Session,
    catalogue: Catalogue,
    ground: Ground,
    activity: Activity,
    membership: Membership,
    *,
    rng: Random,
    at: datetime,
) -> tuple[list[Source], tuple[Candidate, ...]]:
    sources = practice_items.earlier_sources(session, catalogue, ground, before=activity, at=at)
    candidates = practice_items.list_candidates(
        session, catalogue, ground, sources, membership=membership, at=at
    )
    return sources, draw(candidates, size=WARM_UP_SIZE, gap=WARM_UP_GAP, rng=rng, at=at)


def _keep_warm_up(
    session: Session,
    activity: Activity,
    membership: Membership,
    state: PracticeState,
    form: dict[str, Any],
    *,
    at: datetime,
) -> PracticeSet:
    made = PracticeSet(
        membership_id=membership.id,
        kind=PracticeKind.WARM_UP,
        state=state,
        activity_id=activity.id,
        form=form,
        responses={},
        started_at=at,
    )
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError:
        # Another click got there first; the unique index let only one through.
        found = _find_warm_up(session, activity, membership)
        assert found is not None
        return found
    return made


def _find_warm_up(
    session: Session, activity: Activity, membership: Membership
) -> PracticeSet | None:
    return session.scalar(
        select(PracticeSet).where(
            PracticeSet.activity_id == activity.id,
            PracticeSet.membership_id == membership.id,
            PracticeSet.kind == PracticeKind.WARM_UP,
        )
    )
