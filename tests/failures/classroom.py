"""A great class: people of the practice LMS with a column there, and rows of the tool for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from lti_alliance.domain.launch import Role
from lti_alliance.models import (
    Context,
    Deployment,
    Grade,
    Membership,
    Registration,
    ScoreDelivery,
    User,
)
from lti_alliance.parts import utc_now
from lti_alliance.services import score_delivery
from tests import factories
from tests.failures.running import COURSES, Running

MAXIMUM = 100
LINE_ITEMS = {
    "canvas": ("{root}/api/lti/courses/{course}/line_items", "{container}/{item}"),
    "moodle": (
        "{root}/mod/lti/services.php/{course}/lineitems?type_id=2",
        "{root}/mod/lti/services.php/{course}/lineitems/{item}/lineitem?type_id=2",
    ),
}


@dataclass(frozen=True, slots=True)
class Classroom:
    """One course of a platform, with one graded activity."""

    running: Running
    platform: str
    activity: str
    """What the practice LMS calls it."""
    activity_id: UUID
    members: Mapping[str, UUID]
    """Membership by ``sub``."""

    @property
    def subs(self) -> list[str]:
        """The students as the tool knows them."""
        return list(self.members)

    def want(self, scores: Mapping[str, int]) -> None:
        """Let people have handed in a minute ago, or graded anew, all in one act."""
        at = utc_now()
        with self.running.act() as session:
            known = {
                grade.membership_id: grade
                for grade in session.scalars(
                    select(Grade).where(Grade.activity_id == self.activity_id)
                )
            }
            for sub, score in scores.items():
                grade = known.get(self.members[sub]) or Grade(
                    activity_id=self.activity_id,
                    membership_id=self.members[sub],
                    maximum=Decimal(MAXIMUM),
                    parts={},
                    started_at=at - timedelta(minutes=30),
                    submitted_at=at - timedelta(minutes=1),
                )
                grade.score, grade.updated_at = Decimal(score), at
                session.add(grade)
                session.flush()
                score_delivery.mirror(session, grade, at=at)

    def book(self) -> dict[str, dict[str, Any]]:
        """Return the column of the gradebook by ``sub``."""
        found = self.running.cells(self.platform, activity=self.activity)
        return {cell["sub"]: cell for cell in found if cell["sub"] in self.members}

    def states(self) -> dict[str, int]:
        """Count the deliveries by state."""
        counts = (
            select(ScoreDelivery.state, func.count())
            .where(ScoreDelivery.activity_id == self.activity_id)
            .group_by(ScoreDelivery.state)
        )
        with self.running.act() as session:
            return dict(session.execute(counts).all())

    def leased(self) -> int:
        """Count the deliveries that somebody still holds."""
        held = select(func.count()).where(
            ScoreDelivery.activity_id == self.activity_id, ScoreDelivery.lease_token != ""
        )
        with self.running.act() as session:
            return session.scalar(held) or 0

    def are_all_delivered(self, count: int) -> bool:
        """Say whether the tool holds so many scores for delivered, and no other."""
        return self.states() == {"delivered": count}


def open_classroom(running: Running, platform: str, people: int) -> Classroom:
    """Enrol people, give the course a column, and let everybody have launched."""
    course = COURSES[platform]
    subs = [each["sub"] for each in running.enrol(platform, people)]
    column = {"id": "exam", "title": "Exam", "points": MAXIMUM}
    made = running.ask(f"courses/{platform}/{course}/activities", column)
    container, url = LINE_ITEMS[platform]
    place = {"root": f"{running.stage.lms_url}/{platform}", "course": course}
    place |= {"item": made["line_item"], "container": container.format(**place)}
    at = utc_now()
    with running.act() as session:
        deployment = session.scalars(
            select(Deployment).join(Registration).where(Registration.family == platform)
        ).one()
        context = Context(deployment_id=deployment.id, lti_id=course, title="C", created_at=at)
        session.add(context)
        session.flush()
        link = factories.make_link(
            session, context, url=url.format(**place), container_url=place["container"], seen_at=at
        )
        link.lti_id = str(made["resource_link_id"])
        activity = factories.make_activity(session, link)
        users = [
            User(registration_id=deployment.registration_id, sub=sub, created_at=at) for sub in subs
        ]
        session.add_all(users)
        session.flush()
        members = {
            user.sub: Membership(
                context_id=context.id,
                user_id=user.id,
                role=Role.LEARNER,
                number=number,
                first_launch_at=at,
                last_launch_at=at,
            )
            for number, user in enumerate(users, start=1)
        }
        session.add_all(members.values())
        session.flush()
        return Classroom(
            running=running,
            platform=platform,
            activity="exam",
            activity_id=activity.id,
            members={sub: member.id for sub, member in members.items()},
        )
