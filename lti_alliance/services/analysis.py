"""What first attempts say about the questions of an activity, and about its students together."""

from collections import defaultdict
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Subquery, func, select
from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.attempts import AttemptState, form_from_json
from lti_alliance.domain.item_analysis import (
    Answer,
    Calibration,
    ItemStatistics,
    QuizStatistics,
    Sheet,
    calibrate,
    item_statistics,
    mean_share,
    quiz_statistics,
)
from lti_alliance.domain.items import (
    ChoiceResponse,
    Frame,
    Item,
    MultipleItem,
    SingleItem,
    response_from_json,
)
from lti_alliance.domain.launch import Role
from lti_alliance.domain.modules import Module
from lti_alliance.models import Activity, Attempt, Membership, Response
from lti_alliance.services import grading, item_keys, modules, sections

_COUNTED = (AttemptState.SUBMITTED, AttemptState.GRADED)


@dataclass(frozen=True, slots=True)
class ItemReport:
    """One item with what was found about it; ``number`` is its place in the module."""

    number: int
    item: Item
    found: ItemStatistics


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameReport:
    """How the items that ask from one point of view went."""

    frame: Frame
    items: int
    answers: int
    mean: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """What the first attempts of a class say."""

    module: Module
    quiz: QuizStatistics
    items: tuple[ItemReport, ...]
    calibration: tuple[Calibration, ...]
    frames: tuple[FrameReport, ...]
    left_out: int
    """First attempts at another version of every item, which say nothing about these."""


def analyse(
    session: Session, catalogue: Catalogue, activity: Activity, *, viewer: Membership
) -> Analysis:
    """Analyse the items of the activity's module by each student's first counted attempt.

    First attempts, because later ones are made with the feedback of earlier ones in mind. An
    answer counts for an item only if the student was given the item as it is now. Student
    previews are left out, and whoever the viewer may not see. In as many queries for any class.
    """
    # Adopting a key makes no other item of it: what counts is what the student was given.
    given_as = modules.get_module(session, catalogue, content_hash=activity.content_hash)
    module = item_keys.module_for(session, catalogue, activity, content_hash=activity.content_hash)
    hashes = {item.id: given_as.item_hash(item) for item in given_as.quiz.items}
    current = {item.id: (item, hashes[item.id]) for item in module.quiz.items}
    attempts = _first_attempts(session, activity, viewer)
    responses = _responses(session, activity)
    wordings = grading.accepted_wordings(session, activity.id)
    sheets: list[Sheet] = []
    for attempt in attempts:
        sheet = {}
        for given in form_from_json(attempt.form).items:
            item, its_hash = current.get(given.item_id, (None, ""))
            if item is not None and its_hash == given.content_hash:
                sheet[item.id] = _answer(item, responses[attempt.id], wordings)
        sheets.append(sheet)
    known = [sheet for sheet in sheets if sheet]
    return Analysis(
        module=module,
        quiz=quiz_statistics(known),
        items=tuple(
            ItemReport(number, item, item_statistics(item.id, known, options=_options(item)))
            for number, item in enumerate(module.quiz.items, start=1)
        ),
        calibration=calibrate(known),
        frames=tuple(_frame(frame, module, known) for frame in Frame),
        left_out=len(sheets) - len(known),
    )


def _first(activity: Activity) -> Subquery:
    """Select each person's first counted attempt at an activity, by number."""
    return (
        select(Attempt.membership_id, func.min(Attempt.number).label("number"))
        .where(Attempt.activity_id == activity.id, Attempt.state.in_(_COUNTED))
        .group_by(Attempt.membership_id)
        .subquery()
    )


def _first_attempts(session: Session, activity: Activity, viewer: Membership) -> list[Attempt]:
    scope = sections.scope_of(session, viewer)
    first = _first(activity)
    found = session.execute(
        select(Attempt, Membership.sections)
        .join(
            first,
            (first.c.membership_id == Attempt.membership_id) & (first.c.number == Attempt.number),
        )
        .join(Membership, Membership.id == Attempt.membership_id)
        .where(
            Attempt.activity_id == activity.id,
            Membership.role == Role.LEARNER,
            Membership.is_test_user.is_(False),
        )
        .order_by(Attempt.id)
    )
    return [attempt for attempt, own in found if scope.covers(own)]


def _responses(session: Session, activity: Activity) -> dict[UUID, dict[str, Response]]:
    rows: dict[UUID, dict[str, Response]] = defaultdict(dict)
    first = _first(activity)
    for row in session.scalars(
        select(Response)
        .join(Attempt, Attempt.id == Response.attempt_id)
        .join(
            first,
            (first.c.membership_id == Attempt.membership_id) & (first.c.number == Attempt.number),
        )
        .where(Attempt.activity_id == activity.id)
    ):
        rows[row.attempt_id][row.item_id] = row
    return rows


def _answer(item: Item, rows: dict[str, Response], wordings: grading.Wordings) -> Answer:
    row = rows.get(item.id)
    response = response_from_json(row.value) if row and row.value is not None else None
    return Answer(
        share=float(grading.judge_response(item, rows, wordings).share),
        worth=float(item.worth),
        chosen=response.chosen if isinstance(response, ChoiceResponse) else (),
        sure=row.confidence if row else None,
    )


def _options(item: Item) -> dict[str, bool] | None:
    if not isinstance(item, SingleItem | MultipleItem):
        return None
    return {option.id: option.correct for option in item.options}


def _frame(frame: Frame, module: Module, sheets: list[Sheet]) -> FrameReport:
    ids = frozenset(item.id for item in module.quiz.items if item.frame is frame)
    answers, mean = mean_share(sheets, ids)
    return FrameReport(frame=frame, items=len(ids), answers=answers, mean=mean)
