"""The items a student may practise: where they come from, what is hidden, what was met before."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from uuid import UUID

from sqlalchemy import CompoundSelect, bindparam, select, union
from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.accommodations import later
from lti_alliance.domain.activities import ActivitySettings
from lti_alliance.domain.attempts import AttemptState, FeedbackStage, form_from_json
from lti_alliance.domain.feedback import Verdict
from lti_alliance.domain.modules import Module
from lti_alliance.domain.practice import (
    Candidate,
    Meeting,
    PracticeState,
    least_open,
    remember,
    stage_in,
)
from lti_alliance.domain.reflections import ReflectionState
from lti_alliance.errors import NotFound
from lti_alliance.models import Activity, Attempt, Membership, PracticeSet, Reflection, Response
from lti_alliance.services import modules, terms
from lti_alliance.services.student_sheets import list_activities


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A module to practise from, as the course uses it: with its adopted keys and wordings."""

    module: Module
    activity: Activity | None
    """Empty for a module that another one requires and that the course does not use itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What is known of one student in one course, as far as practice goes by it."""

    activities: Sequence[Activity]
    settings: Mapping[UUID, ActivitySettings]
    attempts: Mapping[UUID, Sequence[Attempt]]
    reflections: Mapping[UUID, Sequence[Reflection]]

    def has_begun(self, activity: Activity) -> bool:
        """Say whether the student has an attempt or a reflection in an activity."""
        return activity.id in self.attempts or activity.id in self.reflections

    def has_handed_in(self, activity: Activity) -> bool:
        """Say whether the student has handed anything in."""
        return any(
            AttemptState(each.state).is_handed_in for each in self.attempts.get(activity.id, ())
        ) or any(
            ReflectionState(each.state).is_handed_in
            for each in self.reflections.get(activity.id, ())
        )


def handed_in(session: Session, membership: Membership) -> set[UUID]:
    """Return the ids of the activities in which somebody has handed anything in."""
    return set(session.scalars(_handed_in(), {"membership": membership.id}))


@cache
def _handed_in() -> CompoundSelect[UUID]:
    attempted = select(Attempt.activity_id).where(
        Attempt.membership_id == bindparam("membership"),
        Attempt.state.in_([state for state in AttemptState if state.is_handed_in]),
    )
    reflected = select(Reflection.activity_id).where(
        Reflection.membership_id == bindparam("membership"),
        Reflection.state.in_([state for state in ReflectionState if state.is_handed_in]),
    )
    return union(attempted, reflected)


def survey(session: Session, membership: Membership) -> Ground:
    """Read what practice goes by, in as many queries for any number of activities."""
    activities = list_activities(session, membership.context_id)
    attempts = defaultdict[UUID, list[Attempt]](list)
    for attempt in session.scalars(
        select(Attempt).where(Attempt.membership_id == membership.id).order_by(Attempt.number)
    ):
        attempts[attempt.activity_id].append(attempt)
    reflections = defaultdict[UUID, list[Reflection]](list)
    for row in session.scalars(select(Reflection).where(Reflection.membership_id == membership.id)):
        reflections[row.activity_id].append(row)
    return Ground(
        activities=activities,
        settings=terms.settings_by_activity(session, membership, activities),
        attempts=dict(attempts),
        reflections=dict(reflections),
    )


def own_sources(
    session: Session,
    catalogue: Catalogue,
    ground: Ground,
    *,
    here: Activity | None,
    at: datetime,
) -> list[Source]:
    """List the modules of the activities that the student may open: begun, or the one at hand.

    The LMS may still hide the others, and practice must not show what is in them.
    """
    return _sources(
        session,
        catalogue,
        [
            each
            for each in ground.activities
            if ((here is not None and each.id == here.id) or ground.has_begun(each))
            and not ground.settings[each.id].is_not_open_yet(at)
        ],
    )


def earlier_sources(
    session: Session, catalogue: Catalogue, ground: Ground, *, before: Activity, at: datetime
) -> list[Source]:
    """List the modules before an activity's own: with work handed in, or required by it."""
    module = modules.get_module(session, catalogue, content_hash=before.content_hash)
    sources = _sources(
        session,
        catalogue,
        [
            each
            for each in ground.activities
            if each.module_id != module.id
            and (ground.has_handed_in(each) or each.module_id in module.requires)
            and not ground.settings[each.id].is_not_open_yet(at)
        ],
    )
    known = {each.module_id for each in ground.activities}
    for module_id in module.requires:
        if module_id in known:
            continue
        try:
            sources.append(Source(module=catalogue.get(module_id), activity=None))
        except NotFound:
            # Named by a module whose author did not bring it along.
            continue
    return sources


def list_candidates(
    session: Session,
    catalogue: Catalogue,
    ground: Ground,
    sources: Sequence[Source],
    *,
    membership: Membership,
    at: datetime,
) -> list[Candidate]:
    """List the items of some modules, each with what may be shown of it and when it was met."""
    stages = stages_by_item(session, catalogue, ground, at=at)
    memories = remember(_meetings(session, ground, membership))
    found = []
    for number, source in enumerate(sources):
        for item in source.module.quiz.items:
            candidate = Candidate(
                item_id=item.id,
                source=number,
                stage=stages.get(item.id, FeedbackStage.FINAL),
                frame=item.frame,
            )
            if memory := memories.get(item.id):
                # Nobody has agreed on the key of a draft: nothing was missed there.
                missed = memory.was_missed and item.worth > 0
                candidate = replace(candidate, memory=replace(memory, was_missed=missed))
            found.append(candidate)
    return found


def stages_by_item(
    session: Session, catalogue: Catalogue, ground: Ground, *, at: datetime
) -> dict[str, FeedbackStage]:
    """Say of each item of the course how much of its judgement may be shown to the student now.

    What one activity hides stays hidden, though another has the same item; so does every item of
    an attempt that is open right now.
    """
    found = defaultdict[str, list[FeedbackStage]](list)
    for activity in ground.activities:
        made = ground.attempts.get(activity.id, ())
        settings = ground.settings[activity.id]
        if settings.closes_at is not None:
            for attempt in made:
                closes_at = later(settings.closes_at, attempt.promised_until)
                settings = replace(settings, closes_at=closes_at)
        stage = stage_in(settings, [AttemptState(each.state) for each in made], at=at)
        module = modules.get_module(session, catalogue, content_hash=activity.content_hash)
        item_ids = {item.id for item in module.quiz.items}
        for attempt in made:
            given = [item.item_id for item in form_from_json(attempt.form).items]
            item_ids.update(given)
            if attempt.state == AttemptState.IN_PROGRESS:
                for item_id in given:
                    found[item_id].append(FeedbackStage.NONE)
        for item_id in item_ids:
            found[item_id].append(stage)
    return {item_id: least_open(stages) for item_id, stages in found.items()}


def _sources(
    session: Session, catalogue: Catalogue, activities: Iterable[Activity]
) -> list[Source]:
    """Return the module of each activity once: of several activities with it, the oldest."""
    by_module = dict[str, Activity]()
    for activity in activities:
        by_module.setdefault(activity.module_id, activity)
    found = [
        Source(
            module=modules.module_for(
                session, catalogue, activity, content_hash=activity.content_hash
            ),
            activity=activity,
        )
        for activity in by_module.values()
    ]
    return [source for source in found if source.module.quiz.items]


def _meetings(session: Session, ground: Ground, membership: Membership) -> list[Meeting]:
    judged = {
        (row.attempt_id, row.item_id): bool(row.is_correct)
        for row in session.scalars(
            select(Response)
            .join(Attempt, Attempt.id == Response.attempt_id)
            .where(Attempt.membership_id == membership.id)
        )
    }
    meetings = [
        Meeting(
            item_id=given.item_id,
            at=attempt.submitted_at or attempt.started_at,
            right=judged.get((attempt.id, given.item_id), False)
            if AttemptState(attempt.state).is_handed_in
            else None,
        )
        for made in ground.attempts.values()
        for attempt in made
        for given in form_from_json(attempt.form).items
    ]
    for row in session.scalars(
        select(PracticeSet).where(
            PracticeSet.membership_id == membership.id,
            PracticeSet.state == PracticeState.FINISHED,
        )
    ):
        meetings += [
            Meeting(
                item_id=item_id,
                at=row.finished_at or row.started_at,
                right=said["verdict"] == Verdict.RIGHT if said["counted"] else None,
            )
            for item_id, said in (row.outcome or {}).items()
        ]
    return meetings
