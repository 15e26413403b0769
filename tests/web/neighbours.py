"""Two courses that call everything by the same names, for tests of what keeps them apart."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from flask import Flask
from sqlalchemy import Engine, MetaData, select
from sqlalchemy.orm import Session

from lti_alliance.domain.activities import ActivitySettings, Part, settings_to_json
from lti_alliance.domain.launch import Role
from lti_alliance.domain.modules import FeedbackTiming
from lti_alliance.models import (
    Activity,
    AuthoredModule,
    Context,
    DeepLinking,
    Deployment,
    DeploymentState,
    ItemQuestion,
    LaunchSession,
    Membership,
    PassageComment,
    Phrase,
    PlannedActivity,
    PracticeSet,
    Preset,
    Registration,
    ScoreDelivery,
    User,
)
from tests import stage as stages
from tests.conftest import Clock
from tests.web import visits
from tests.web.course import RUBRIC_PARTS, Course
from tests.web.visits import Visitor

NAMES = ("ada", "ben")
PROMPT = "tc-r1"


class Apart(StrEnum):
    """What two courses do not share; everything inside it has the same names in both."""

    ISSUER = "issuer"
    CLIENT = "client"
    DEPLOYMENT = "deployment"
    COURSE = "course"

    @property
    def shares_people(self) -> bool:
        """Whether one person may be in both."""
        return self in (Apart.DEPLOYMENT, Apart.COURSE)


@dataclass
class Neighbour:
    """One of the two courses: everything that its people made, by the names of addresses."""

    course: Course
    canary: str
    """A word that stands in everything written here, and nowhere else."""
    teacher: Visitor
    placer: Visitor
    """The teacher in the dialog in which the LMS adds an activity."""
    student: Visitor
    ids: dict[str, str]
    """An id of this course for each name in an address, and for fields of forms."""


def open_neighbours(
    app: Flask, session: Session, now: Clock, apart: Apart
) -> tuple[Neighbour, Neighbour]:
    """Put both courses on the table, with work of every kind in each."""
    now.move(to=stages.NOON)
    first = _stage(app, session, None, apart)
    second = _stage(app, session, first, apart)
    made = [_fill(Course(app, session, stage, now), n) for n, stage in enumerate((first, second))]
    return made[0], made[1]


def _stage(app: Flask, session: Session, other: stages.Stage | None, apart: Apart) -> stages.Stage:
    registration = other.context.deployment.registration if other else None
    deployment = other.context.deployment if other else None
    if registration is None or apart in (Apart.ISSUER, Apart.CLIENT):
        host = "other.example" if other and apart is Apart.ISSUER else stages.HOST
        registration = Registration(
            name="LMS" if other is None else "Other LMS",
            issuer=f"https://{host}",
            client_id="client-2" if other and apart is Apart.CLIENT else "client-1",
            family="canvas",
            auth_login_url=f"https://{host}/auth",
            auth_token_url=f"https://{host}/token",
            jwks_url=f"https://{host}/jwks",
            service_hosts=[host],
            created_at=stages.NOON,
        )
        session.add(registration)
        session.flush()
        deployment = None
    if deployment is None or apart is Apart.DEPLOYMENT:
        deployment = Deployment(
            registration_id=registration.id,
            deployment_id="2" if other and apart is Apart.DEPLOYMENT else "1",
            state=DeploymentState.APPROVED,
            first_seen_at=stages.NOON,
        )
        session.add(deployment)
        session.flush()
    context = Context(
        deployment_id=deployment.id,
        lti_id="course-2" if other and apart is Apart.COURSE else "course-1",
        title="Skills",
        created_at=stages.NOON,
    )
    session.add(context)
    session.flush()
    return stages.Stage(session, app.extensions["alliance"].catalogue, registration, context)


def _join(course: Course, name: str, role: Role) -> Membership:
    """Let somebody in who may be in the other course already."""
    stage, session = course.stage, course.session
    user = session.scalar(
        select(User).filter_by(registration_id=stage.registration.id, sub=f"sub-{name}")
    )
    if user is None:
        stage.join(name, role=role)
    else:
        member = Membership(
            context_id=stage.context.id,
            user_id=user.id,
            role=role,
            number=len(stage.people) + 1,
            first_launch_at=stages.NOON,
            last_launch_at=stages.NOON,
        )
        session.add(member)
        session.flush()
        stage.people[name] = member
    return stage.people[name]


def _fill(course: Course, number: int) -> Neighbour:
    canary = f"canary{number}"
    for name, role in (("instructor", Role.INSTRUCTOR), *((n, Role.LEARNER) for n in NAMES)):
        member = _join(course, name, role)
        if member.user.profile is None:
            visits.name_person(
                course.session, member, f"{name} {canary}", until=course.now() + timedelta(days=30)
            )
    graded = course.stage.activity(**RUBRIC_PARTS)
    quiz = course.stage.activity("link-2", module_id="taster", feedback=FeedbackTiming.AFTER_EACH)
    handed_in = course.hand_in_quiz("ada", graded)
    text = f"I stayed with {canary}, and then I fell silent."
    reflection = course.hand_in_reflection("ada", graded, PROMPT, text)
    attempt = course.open_quiz("ada", quiz)
    item_id = course.catalogue.get("trust-credibility-expertise").quiz.items[0].id
    teacher, student = course.visit("instructor", graded), course.visit("ada", graded)
    asked = f"attempts/{handed_in}/items/{item_id}/question"
    _done(student.post(asked, {f"question.{item_id}": f"Why {canary}?"}))
    practice = {"modules": "trust-credibility-expertise", "size": "5", "frame": "", "minutes": ""}
    _done(student.post("practice", practice))
    comment = {"version": "1", "passage": canary, "passage_comment": f"How long, {canary}?"}
    _done(teacher.post(f"grading/{reflection}/comments", comment))
    _done(teacher.post(f"grading/{reflection}/phrases", {"phrase": f"Stay with {canary}."}))
    _done(teacher.post("course-modules/", {"act": "copy", "module_id": "taster"}))
    session = course.fresh()
    _own_settings(course, canary)
    ids = {
        "attempt_id": str(attempt.id),
        "handed_in": handed_in,
        "reflection_id": reflection,
        "membership_id": str(course.stage.people["ada"].id),
        "activity_id": str(graded.id),
    } | {name: str(row.id) for name, row in _rows(session, course).items()}
    placer = course.visit("instructor", graded)
    _ask_to_place(session, placer.handle)
    return Neighbour(course, canary, teacher, placer, student, ids)


def _done(answer: object) -> None:
    status = getattr(answer, "status_code", 0)
    assert status == 303, getattr(answer, "text", "")


def _own_settings(course: Course, canary: str) -> None:
    """Let the instructor have a preset and an activity in the course's plan."""
    settings = settings_to_json(ActivitySettings(parts=frozenset({Part.QUIZ})))
    course.session.add(
        Preset(
            owner_id=course.stage.people["instructor"].user_id,
            name=f"Strict {canary[-1]}",
            settings=settings,
            created_at=course.now(),
            updated_at=course.now(),
        )
    )
    course.session.add(
        PlannedActivity(
            context_id=course.stage.context.id,
            position=1,
            module_id="taster",
            title=f"Planned {canary}",
            settings=settings,
            planned_at=course.now(),
        )
    )
    course.session.commit()


def _rows(session: Session, course: Course) -> dict[str, object]:
    """Return the rows that pages of this course made."""
    people = [member.id for member in course.stage.people.values()]
    context = course.stage.context.id
    teacher = course.stage.people["instructor"]
    authored = session.scalars(select(AuthoredModule).filter_by(context_id=context)).one()
    activities = select(Activity.id).where(Activity.resource_link.has(context_id=context))
    return {
        "authored_id": authored,
        "delivery_id": session.scalars(
            select(ScoreDelivery).where(ScoreDelivery.activity_id.in_(activities))
        ).first(),
        "comment_id": session.scalars(
            select(PassageComment).where(PassageComment.author_id.in_(people))
        ).one(),
        "phrase": session.scalars(select(Phrase).where(Phrase.membership_id.in_(people))).one(),
        "question_id": session.scalars(
            select(ItemQuestion).where(ItemQuestion.attempt.has(membership_id=people[1]))
        ).one(),
        "set_id": session.scalars(
            select(PracticeSet).where(PracticeSet.membership_id.in_(people))
        ).one(),
        "preset_id": session.scalars(
            select(Preset).filter_by(owner_id=teacher.user_id).order_by(Preset.name.desc())
        ).first(),
        "planned_id": session.scalars(select(PlannedActivity).filter_by(context_id=context)).one(),
    }


def _ask_to_place(session: Session, handle: str) -> None:
    launch = session.scalars(select(LaunchSession).filter_by(handle=handle)).one()
    session.add(
        DeepLinking(
            launch_session_id=launch.id,
            return_url="https://lms.example/return",
            accepts_multiple=True,
            accepts_line_item=True,
        )
    )
    session.commit()


def snapshot(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every table, to see whether anything changed."""
    tables = MetaData()
    tables.reflect(engine)
    with engine.connect() as connection:
        return {
            name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for name, table in tables.tables.items()
        }
