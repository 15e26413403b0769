"""Practice: sets of a student's own choice; no grade and no analysis hears of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.attempts import FeedbackStage
from lti_alliance.domain.feedback import Verdict
from lti_alliance.domain.modules import Module
from lti_alliance.domain.practice import (
    NOTHING_FOUND,
    PracticeKind,
    PracticeState,
    draw,
    of_frame,
    parse_choice,
)
from lti_alliance.errors import InvalidInput, NotFound
from lti_alliance.models import Activity, Membership, ModuleVersion, PracticeSet
from lti_alliance.models.statements import rows_changed
from lti_alliance.services import practice_items, practice_sheets
from lti_alliance.services.attempt_sheets import Fields

HISTORY_SHOWN = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleOffer:
    """A module that a student may practise, with how many of its items may be drawn now."""

    module: Module
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLine:
    """One set in a student's own history."""

    row: PracticeSet
    titles: tuple[str, ...]
    right: int
    counted: int
    """How many items there were whose key is agreed on and whose judgement may be shown now."""


def list_offers(
    session: Session,
    catalogue: Catalogue,
    *,
    membership: Membership,
    here: Activity | None,
    at: datetime,
) -> list[ModuleOffer]:
    """List the modules that a student may practise, in the order of the course."""
    ground = practice_items.survey(session, membership)
    sources = practice_items.own_sources(session, catalogue, ground, here=here, at=at)
    candidates = practice_items.list_candidates(
        session, catalogue, ground, sources, membership=membership, at=at
    )
    shown = [each for each in candidates if each.stage is not FeedbackStage.NONE]
    return [
        ModuleOffer(module=source.module, count=sum(each.source == number for each in shown))
        for number, source in enumerate(sources)
    ]


def start_practice(
    session: Session,
    catalogue: Catalogue,
    *,
    membership: Membership,
    here: Activity | None,
    form: Mapping[str, Any],
    rng: Random,
    at: datetime,
) -> PracticeSet:
    """Start a set of what the student chose; one that was open is left out.

    Raises ``InvalidInput`` for a choice that cannot be read or that leaves nothing to draw.
    """
    ground = practice_items.survey(session, membership)
    sources = practice_items.own_sources(session, catalogue, ground, here=here, at=at)
    choice = parse_choice(form, {source.module.id for source in sources})
    sources = [
        source
        for source in sources
        if source.module.id in choice.module_ids
        and (not choice.domain or choice.domain in source.module.standards)
    ]
    candidates = practice_items.list_candidates(
        session, catalogue, ground, sources, membership=membership, at=at
    )
    drawn = draw(of_frame(candidates, choice.frame), size=choice.size, rng=rng, at=at)
    if not drawn:
        raise InvalidInput({"modules": NOTHING_FOUND}, code="practice.choice_invalid")
    for row in _open_practice(session, membership):
        leave_out(session, row)
    made = PracticeSet(
        membership_id=membership.id,
        kind=PracticeKind.PRACTICE,
        state=PracticeState.OPEN,
        form=practice_sheets.lay_papers(session, sources, drawn, rng=rng, at=at),
        responses={},
        minutes=choice.minutes,
        started_at=at,
    )
    session.add(made)
    session.flush()
    return made


def get_set(session: Session, set_id: UUID, *, membership: Membership) -> PracticeSet:
    """Return a set of this student; anybody else's is not found, whoever asks."""
    row = session.get(PracticeSet, set_id)
    if row is None or row.membership_id != membership.id:
        raise NotFound
    return row


def save_answers(
    session: Session, catalogue: Catalogue, *, row: PracticeSet, fields: Fields
) -> None:
    """Save answers of a set that is open; of one that is not, nothing changes any more."""
    papers = practice_sheets.get_papers(session, catalogue, row)
    answers = practice_sheets.read_answers(row, papers, fields)
    _move(session, row, responses=answers)


def finish(
    session: Session, catalogue: Catalogue, *, row: PracticeSet, fields: Fields, at: datetime
) -> None:
    """Finish a set and keep what it came to; finishing it again changes nothing."""
    papers = practice_sheets.get_papers(session, catalogue, row)
    answers = practice_sheets.read_answers(row, papers, fields)
    outcomes = practice_sheets.judge(session, papers, practice_sheets.given_responses(answers))
    _move(
        session,
        row,
        responses=answers,
        outcome=practice_sheets.outcome_to_json(outcomes),
        state=PracticeState.FINISHED,
        finished_at=at,
    )


def leave_out(session: Session, row: PracticeSet) -> None:
    """Leave an open set out; what was answered in it is forgotten."""
    _move(session, row, state=PracticeState.LEFT_OUT, responses={})


def find_open_practice(session: Session, membership: Membership) -> PracticeSet | None:
    """Return the set of their own choice that a student has open, if any."""
    return next(iter(_open_practice(session, membership)), None)


def list_sets(
    session: Session, catalogue: Catalogue, *, membership: Membership, at: datetime
) -> list[SetLine]:
    """List the latest finished sets of a student, for that student alone.

    What is hidden now is not counted either: a number would tell how a single answer stands.
    """
    rows = session.scalars(
        select(PracticeSet)
        .where(
            PracticeSet.membership_id == membership.id,
            PracticeSet.state == PracticeState.FINISHED,
        )
        .order_by(PracticeSet.finished_at.desc())
        .limit(HISTORY_SHOWN)
    ).all()
    titles = {
        version.content_hash: version.title
        for version in session.scalars(
            select(ModuleVersion).where(
                ModuleVersion.content_hash.in_(
                    {paper["content"] for row in rows for paper in row.form["papers"]}
                )
            )
        )
    }
    ground = practice_items.survey(session, membership)
    stages = practice_items.stages_by_item(session, catalogue, ground, at=at)
    hidden = {i for i, stage in stages.items() if stage is FeedbackStage.NONE}
    return [_set_line(row, titles, hidden=hidden) for row in rows]


def _set_line(row: PracticeSet, titles: Mapping[str, str], *, hidden: Collection[str]) -> SetLine:
    counted = [
        said
        for item_id, said in (row.outcome or {}).items()
        if said["counted"] and item_id not in hidden
    ]
    return SetLine(
        row=row,
        titles=tuple(titles.get(paper["content"], "") for paper in row.form["papers"]),
        right=sum(said["verdict"] == Verdict.RIGHT for said in counted),
        counted=len(counted),
    )


def _open_practice(session: Session, membership: Membership) -> Sequence[PracticeSet]:
    return session.scalars(
        select(PracticeSet)
        .where(
            PracticeSet.membership_id == membership.id,
            PracticeSet.kind == PracticeKind.PRACTICE,
            PracticeSet.state == PracticeState.OPEN,
        )
        .order_by(PracticeSet.started_at.desc())
    ).all()


def _move(session: Session, row: PracticeSet, **values: object) -> None:
    """Change a set while it is open; of two clicks, the first one that finishes it counts."""
    statement = (
        update(PracticeSet)
        .where(PracticeSet.id == row.id, PracticeSet.state == PracticeState.OPEN)
        .values(**values)
    )
    rows_changed(session, statement)
    session.refresh(row)
