"""Three weeks of a course, played by scripted people through the tool's own services."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_alliance.demo import course
from lti_alliance.demo.answers import answer_to
from lti_alliance.demo.browser import ScriptedBrowser
from lti_alliance.demo.course import Act, Placement
from lti_alliance.demo.launching import find_session, launch
from lti_alliance.demo.stage import Stage
from lti_alliance.demo.writings import COMMENTS, REFLECTIONS
from lti_alliance.domain.items import response_field
from lti_alliance.models import Activity, Membership, Reflection
from lti_alliance.parts import Parts
from lti_alliance.services import (
    answering,
    assessing,
    attempt_sheets,
    attempts,
    markings,
    reflections,
)
from lti_alliance.services.score_claims import is_anything_due

SEED = 6010
DELIVERY_PATIENCE = timedelta(seconds=60)


@dataclass(slots=True)
class Player:
    """One scripted person in the course."""

    person: str
    membership_id: UUID
    ability: float


@dataclass(slots=True)
class History:
    """Plays the acts of one course, each in a transaction of its own at its own time."""

    parts: Parts
    act: Act
    stage: Stage
    platform: str
    began: datetime
    activities: dict[str, UUID]
    rng: random.Random

    def join(self, person: str, *, ability: float) -> Player:
        """Let a person open the first activity by a real launch."""
        opened = launch(
            self.stage, platform=self.platform, person=person, activity=course.WEEK_1_QUIZ.link
        )
        with self.act() as session:
            visit = find_session(session, opened)
            assert visit.membership_id is not None
            return Player(person, visit.membership_id, ability)

    def moment(self, day: float) -> datetime:
        """Return a moment so many days after the course began, a little early or late."""
        return self.began + timedelta(days=day, minutes=self.rng.randint(-240, 240))

    def take_quiz(
        self,
        player: Player,
        placement: Placement,
        *,
        day: float,
        hand_in: bool = True,
        unusual: bool = False,
    ) -> None:
        """Answer the quiz as well as the person can; half of it where it is not handed in."""
        at = self.moment(day)
        with self.act() as session:
            activity, membership = self._both(session, player, placement)
            attempt = attempts.start_attempt(
                session,
                self.parts.catalogue,
                activity=activity,
                membership=membership,
                rng=self.rng,
                at=at,
            )
            sheet = attempt_sheets.get_sheet(session, self.parts.catalogue, attempt)
            fields = {
                response_field(item.id): answer_to(
                    item,
                    knows=self.rng.random() < player.ability,
                    rng=self.rng,
                    unusual=unusual,
                )
                for item in sheet.items
            }
            if not hand_in:
                fields = dict(list(fields.items())[: len(fields) // 2])
            answering.save_responses(
                session,
                self.parts.catalogue,
                attempt=attempt,
                fields=fields,
                base_version=attempt.saved_version,
                at=at + timedelta(minutes=9),
            )
            if hand_in:
                answering.submit_attempt(
                    session,
                    self.parts.catalogue,
                    attempt=attempt,
                    fields={},
                    base_version=attempt.saved_version,
                    at=at + timedelta(minutes=14),
                )

    def write(
        self, player: Player, placement: Placement, *, day: float, hand_in: bool = True
    ) -> None:
        """Write a reflection and hand it in, or leave it as a draft."""
        at = self.moment(day)
        text = self.rng.choice(REFLECTIONS[placement.module_id])
        with self.act() as session:
            activity, membership = self._both(session, player, placement)
            (prompt_id,) = activity.settings["prompt_ids"]
            draft = reflections.save_draft(
                session,
                self.parts.sealer,
                activity=activity,
                membership=membership,
                prompt_id=prompt_id,
                text=text if hand_in else text[: len(text) // 2],
                base_version=0,
                at=at,
            )
            if hand_in:
                reflections.submit_reflection(
                    session,
                    self.parts.sealer,
                    activity=activity,
                    membership=membership,
                    prompt_id=prompt_id,
                    text=text,
                    base_version=draft.saved_version,
                    at=at + timedelta(minutes=31),
                )

    def grade_reflections(
        self, teacher: Player, players: Sequence[Player], placement: Placement, *, day: float
    ) -> None:
        """Let the instructor read and grade what these people handed in."""
        for number, player in enumerate(players):
            at = self.moment(day) + timedelta(minutes=12 * number)
            with self.act() as session:
                marker = session.get_one(Membership, teacher.membership_id)
                reflection = self.reflection_of(session, player, placement)
                self._grade(session, reflection, marker, player.ability, at=at)

    def mark_reflection(
        self, marker: Player, player: Player, placement: Placement, *, day: float
    ) -> None:
        """Let one of two markers read what somebody handed in, and mark it by themselves."""
        at = self.moment(day)
        with self.act() as session:
            member = session.get_one(Membership, marker.membership_id)
            reflection = self.reflection_of(session, player, placement)
            selections, comment = self._judge(session, reflection, member, player.ability, at=at)
            markings.save_mark(
                session,
                self.parts.catalogue,
                self.parts.sealer,
                reflection=reflection,
                selections=selections,
                comment=comment,
                base_version=0,
                marker=member,
                at=at,
            )

    def reflection_of(self, session: Session, player: Player, placement: Placement) -> Reflection:
        """Return what somebody wrote in an activity."""
        activity, membership = self._both(session, player, placement)
        return session.scalars(
            select(Reflection).where(
                Reflection.activity_id == activity.id,
                Reflection.membership_id == membership.id,
            )
        ).one()

    def wait_until_delivered(self) -> None:
        """Wait for the worker, so that what happens next happens to grades that have arrived."""
        deadline = self.parts.now() + DELIVERY_PATIENCE
        while self.parts.now() < deadline:
            with self.act() as session:
                if not is_anything_due(session, at=self.parts.now() + DELIVERY_PATIENCE):
                    return
            time.sleep(0.2)

    def _grade(
        self,
        session: Session,
        reflection: Reflection,
        marker: Membership,
        ability: float,
        *,
        at: datetime,
    ) -> None:
        selections, comment = self._judge(session, reflection, marker, ability, at=at)
        assessing.assess_reflection(
            session,
            self.parts.catalogue,
            self.parts.sealer,
            reflection=reflection,
            selections=selections,
            comment=comment,
            base_version=0,
            assessor=marker,
            at=at,
        )

    def _judge(
        self,
        session: Session,
        reflection: Reflection,
        marker: Membership,
        ability: float,
        *,
        at: datetime,
    ) -> tuple[dict[str, int | None], str]:
        """Read a reflection on record, choose levels near the writer's ability, and comment."""
        opened = assessing.read_for_grading(
            session,
            self.parts.catalogue,
            self.parts.sealer,
            reflection=reflection,
            reader=marker,
            at=at,
        )
        rubric = opened.prompt.rubric
        assert rubric is not None
        selections: dict[str, int | None] = {
            criterion.id: min(4, max(1, round(1 + 3 * ability + self.rng.uniform(-0.8, 0.8))))
            for criterion in rubric.criteria
        }
        return selections, self.rng.choice(COMMENTS) if len(opened.text) > 300 else ""

    def _both(
        self, session: Session, player: Player, placement: Placement
    ) -> tuple[Activity, Membership]:
        return (
            session.get_one(Activity, self.activities[placement.link]),
            session.get_one(Membership, player.membership_id),
        )


def find_activities(session: Session, stage: Stage, platform: str) -> dict[str, UUID]:
    """Return the activity behind each link, by opening each as the instructor."""
    found = {}
    for placement in course.PLACEMENTS:
        opened = launch(
            stage, platform=platform, person=course.TEACHERS[platform], activity=placement.link
        )
        link = find_session(session, opened).resource_link
        assert link is not None
        assert link.activity is not None
        found[placement.link] = link.activity.id
        session.rollback()
    return found


def in_lms(
    history: History, path: str, value: object, *, method: str = "POST", rest: str = ""
) -> None:
    """Let something happen in the practice LMS itself, such as a changed grade."""
    course_id = {"canvas": "77", "moodle": "3"}[history.platform]
    url = f"{history.stage.lms_url}/_practice/{path}/{history.platform}/{course_id}{rest}"
    ScriptedBrowser().send_json(url, value, method=method)
