"""A person with a trace in every table that can be about one, and canaries in every text."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from random import Random
from uuid import uuid4

from sqlalchemy import select

from lti_alliance.domain.accommodations import Accommodation
from lti_alliance.domain.activities import ActivitySettings, Part
from lti_alliance.domain.adjustments import Adjustment, AdjustmentKind
from lti_alliance.domain.delivery import DeliveryState
from lti_alliance.domain.items import ShortItem
from lti_alliance.domain.launch import Role
from lti_alliance.domain.modules import Grading
from lti_alliance.models import (
    Activity,
    DeepLinking,
    GradebookCheck,
    LaunchSession,
    MarkerPlan,
    Marking,
    Membership,
    Profile,
    RosterEntry,
    ScoreDelivery,
)
from lti_alliance.sealing import Sealer
from lti_alliance.services import (
    accommodations,
    adjusting,
    attempt_sheets,
    item_questions,
    marking,
    passages,
    phrases,
    practice,
    presets,
    revisions,
    score_tries,
    wordings,
)
from lti_alliance.services.accommodation_views import Person
from tests.services.work import assess, levels, take_quiz, write
from tests.stage import NOON, Stage
from tests.told_dates import tell_dates

SETTINGS = {
    "parts": frozenset(Part),
    "prompt_ids": ("fo-r1",),
    "reflection_grading": Grading.RUBRIC,
}


@dataclass(frozen=True)
class Canaries:
    """Words that are nobody else's: found anywhere, they tell what was left."""

    mark: str

    def __getattr__(self, name: str) -> str:
        return f"canary-{self.mark}-{name}"

    def __call__(self, *names: str) -> list[str]:
        return [getattr(self, name) for name in names]


def settle(stage: Stage, sealer: Sealer, name: str) -> tuple[Membership, Canaries]:
    """Let somebody join, and leave a trace of theirs in every table that can hold one."""
    said = Canaries(name)
    person = stage.join(name, sections=[said.section])
    person.user.sub = said.sub
    _be_known(stage, person, said)
    activity = _activity(stage)
    _answer(stage, sealer, activity, person, said)
    _reflect(stage, sealer, activity, person, said)
    _decide(stage, sealer, activity, person, said)
    _practise(stage, activity, person, said)
    _keep_own(stage, sealer, person, said)
    stage.session.flush()
    return person, said


def _activity(stage: Stage) -> Activity:
    known = stage.session.scalar(select(Activity).where(Activity.module_id == "foundations"))
    return known or stage.activity("all-of-it", **SETTINGS)


def _be_known(stage: Stage, person: Membership, said: Canaries) -> None:
    session, teacher = stage.session, stage.people["instructor"]
    session.add_all(
        [
            Profile(
                user_id=person.user_id,
                name=said.name,
                given_name=said.given,
                family_name=said.family,
                email=said.email,
                expires_at=NOON + timedelta(days=30),
            ),
            RosterEntry(
                context_id=stage.context.id,
                user_id=person.user_id,
                role=Role.LEARNER,
                seen_at=NOON,
            ),
        ]
    )
    own = _launch(stage, person)
    session.add_all([own, _launch(stage, teacher, for_user=said.sub)])
    session.add(_launch(stage, teacher, mentored=[said.sub, "somebody else"]))
    session.flush()
    session.add(
        DeepLinking(
            launch_session_id=own.id,
            return_url="https://lms.example/return",
            accepts_multiple=True,
            accepts_line_item=True,
        )
    )


def _launch(stage: Stage, member: Membership, **changes: object) -> LaunchSession:
    return LaunchSession(
        handle=uuid4().hex,
        state_id=uuid4().hex,
        token_digest=uuid4().hex,
        cookie_digest=uuid4().hex,
        registration_id=stage.registration.id,
        user_id=member.user_id,
        membership_id=member.id,
        context_id=stage.context.id,
        role=member.role,
        frame_ancestors=[],
        created_at=NOON,
        seen_at=NOON,
        expires_at=NOON + timedelta(hours=12),
        **changes,
    )


def _answer(
    stage: Stage, sealer: Sealer, activity: Activity, person: Membership, said: Canaries
) -> None:
    attempt = take_quiz(stage, activity, person, wording=said.answer)
    sheet = attempt_sheets.get_sheet(stage.session, stage.catalogue, attempt)
    short = next(item for item in sheet.items if isinstance(item, ShortItem))
    wordings.accept_wording(
        stage.session,
        stage.catalogue,
        activity=activity,
        item_id=short.id,
        wording=said.answer,
        share=Decimal(1),
        actor=stage.people["instructor"],
        at=NOON,
    )
    item_questions.ask(
        stage.session, sealer, attempt=attempt, item_id=short.id, text=said.question, at=NOON
    )
    question = item_questions.list_own(stage.session, sealer, attempt)[short.id]
    item_questions.answer(
        stage.session,
        sealer,
        activity,
        question_id=question.id,
        text=said.reply,
        actor=stage.people["instructor"],
        at=NOON,
    )


def _reflect(
    stage: Stage, sealer: Sealer, activity: Activity, person: Membership, said: Canaries
) -> None:
    session, teacher = stage.session, stage.people["instructor"]
    reflection = write(stage, sealer, activity, person, said.text)
    passages.add_comment(
        session,
        sealer,
        reflection=reflection,
        version_number=1,
        text=said.text,
        passage=said.text[:9],
        comment=said.passage,
        author=teacher,
        at=NOON,
    )
    assess(stage, sealer, reflection, 3, comment=said.comment)
    marking.save_draft_assessment(
        session,
        stage.catalogue,
        sealer,
        reflection=reflection,
        selections=levels(stage, 4),
        comment=said.unreleased,
        base_version=0,
        marker=teacher,
        at=NOON,
    )
    session.add(
        Marking(
            reflection_id=reflection.id,
            marker_id=teacher.id,
            assigned_at=NOON,
            selections={},
        )
    )
    version = revisions.list_versions(session, reflection)[0]
    version.self_levels = {said.criterion: 2}


def _decide(
    stage: Stage, sealer: Sealer, activity: Activity, person: Membership, said: Canaries
) -> None:
    session, teacher = stage.session, stage.people["instructor"]
    accommodations.grant_accommodation(
        session,
        sealer,
        person=Person(person.id, stage.context.id, person.user, person),
        activity=None,
        granted=Accommodation(extra_minutes=17),
        note=said.note,
        base_version=0,
        actor=teacher,
        at=NOON,
    )
    custom = {"lock_at": (NOON + timedelta(days=9)).isoformat()}
    tell_dates(session, activity.resource_link, person, custom, at=NOON)
    adjusting.adjust_grade(
        session,
        sealer,
        activity=activity,
        membership=person,
        adjustment=Adjustment(AdjustmentKind.SCORE, Decimal("3.25")),
        reason=said.reason,
        actor=teacher,
        at=NOON,
    )
    delivery = session.scalars(
        select(ScoreDelivery).where(ScoreDelivery.membership_id == person.id)
    ).one()
    score_tries.remember(
        session,
        delivery.id,
        kind=score_tries.POST,
        version=1,
        state=DeliveryState.DUE,
        reason="",
        at=NOON,
    )
    session.merge(
        GradebookCheck(
            activity_id=activity.id,
            registration_id=stage.registration.id,
            next_at=NOON,
            findings={"agree": 1, "only_there": [[str(person.id), "4", "10"]]},
        )
    )


def _practise(stage: Stage, activity: Activity, person: Membership, said: Canaries) -> None:
    row = practice.start_practice(
        stage.session,
        stage.catalogue,
        membership=person,
        here=activity,
        form={"modules": ["foundations"], "size": "20", "frame": "", "minutes": ""},
        rng=Random(1),
        at=NOON + timedelta(days=30),
    )
    item_id = row.form["papers"][0]["items"][0]["id"]
    row.responses = {**row.responses, item_id: {"value": {"text": said.practised}, "sure": 2}}


def _keep_own(stage: Stage, sealer: Sealer, person: Membership, said: Canaries) -> None:
    session = stage.session
    phrases.save_phrase(session, sealer, owner=person, text=said.phrase, at=NOON)
    presets.keep_preset(
        session,
        owner_id=person.user_id,
        name=said.preset,
        settings=ActivitySettings(parts=frozenset({Part.QUIZ})),
        at=NOON,
    )
    plan = session.scalar(select(MarkerPlan))
    if plan is None:
        plan = MarkerPlan(activity_id=_activity(stage).id, marker_ids=[], per_reflection=1)
        session.add(plan)
    plan.marker_ids = [*plan.marker_ids, str(person.id)]
