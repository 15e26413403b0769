"""Last term's course: forty people take a quiz in which the instructor set two keys wrongly."""

import math
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from lti_alliance.demo import course
from lti_alliance.demo.answers import answer_to
from lti_alliance.demo.browser import ScriptedBrowser
from lti_alliance.demo.course import Act
from lti_alliance.demo.launching import Opened, find_session, launch
from lti_alliance.demo.stage import Stage
from lti_alliance.demo.writings import ANSWER_ABOUT_KEY, QUESTIONS_ABOUT_KEY
from lti_alliance.domain.items import Item, SingleItem, confidence_field, response_field
from lti_alliance.models import Activity, Attempt, Membership
from lti_alliance.parts import Parts
from lti_alliance.services import (
    answering,
    attempt_sheets,
    attempts,
    item_questions,
    key_corrections,
)

COURSE_ID = "76"
PLATFORM = "canvas"
QUIZ = course.WEEK_1_QUIZ
MISKEYED = "fo-11"
STILL_MISKEYED = "fo-10"
"""Its key was set wrongly as well, and nobody has noticed yet: a visitor may."""
AGO = timedelta(days=120)
SEED = 7611
AT_ONCE = 8
"""So many people launch at the same time; one after another they would take long."""
EVERY_THIRD = 3


@dataclass(frozen=True, slots=True)
class Quiz:
    """The activity, and the instructor's part in its course."""

    activity_id: UUID
    instructor_id: UUID


@dataclass(frozen=True, slots=True)
class Sitter:
    """Somebody of the class; at ability 0 an item of middling difficulty is a coin's throw."""

    membership_id: UUID
    ability: float
    says_how_sure: bool


@dataclass(slots=True)
class LastTerm:
    """Plays the acts of last term's course, each in a transaction at its own time."""

    parts: Parts
    act: Act
    stage: Stage
    began: datetime
    rng: random.Random
    difficulty: dict[str, float] = field(default_factory=dict)

    def set_up(self) -> Quiz:
        """Let the instructor set the quiz up."""
        course.set_up(
            self.act,
            self.parts.catalogue,
            self.stage,
            platform=PLATFORM,
            placements=(QUIZ,),
            at=self.began,
            course_id=COURSE_ID,
        )
        opened = self._open(course.TEACHERS[PLATFORM])
        with self.act() as session:
            visit = find_session(session, opened)
            assert visit.resource_link is not None
            assert visit.resource_link.activity is not None
            assert visit.membership_id is not None
            return Quiz(visit.resource_link.activity.id, visit.membership_id)

    def join(self, people: list[str]) -> list[Sitter]:
        """Let the whole class open the quiz by real launches, several at a time."""
        with ThreadPoolExecutor(AT_ONCE) as at_once:
            opened = list(at_once.map(self._open, people))
        sitters = []
        with self.act() as session:
            for number, each in enumerate(opened):
                visit = find_session(session, each)
                assert visit.membership_id is not None
                ability = self.rng.gauss(1.1, 1.2)
                sitters.append(Sitter(visit.membership_id, ability, number % EVERY_THIRD != 0))
        return sitters

    def take_quiz(self, sitter: Sitter, quiz: Quiz, *, at: datetime, better: float = 0) -> UUID:
        """Answer the quiz as well as the person can, and hand it in; return the attempt."""
        with self.act() as session:
            attempt = attempts.start_attempt(
                session,
                self.parts.catalogue,
                activity=session.get_one(Activity, quiz.activity_id),
                membership=session.get_one(Membership, sitter.membership_id),
                rng=self.rng,
                at=at,
            )
            sheet = attempt_sheets.get_sheet(session, self.parts.catalogue, attempt)
            fields: dict[str, list[str]] = {}
            for item in sheet.items:
                fields |= self._answer(self.really(item.id), sitter, better=better)
            answering.submit_attempt(
                session,
                self.parts.catalogue,
                attempt=attempt,
                fields=fields,
                base_version=attempt.saved_version,
                at=at + timedelta(minutes=self.rng.randint(11, 38)),
            )
            return attempt.id

    def moment(self, *, day: float, span: float) -> datetime:
        """Return a moment from a day of the course on, within so many days."""
        return self.began + timedelta(days=day + self.rng.uniform(0, span))

    def really(self, item_id: str) -> Item:
        """Return an item as the module has it, with the key by which those who know go."""
        return self.parts.catalogue.get(QUIZ.module_id).quiz.get_item(item_id)

    def set_key(self, quiz: Quiz, item_id: str, *, rightly: bool, at: datetime) -> None:
        """Let the instructor say which option of an item is right, rightly or not."""
        item = self.really(item_id)
        assert isinstance(item, SingleItem)
        option = next(each for each in item.options if each.correct is rightly)
        with self.act() as session:
            activity = session.get_one(Activity, quiz.activity_id)
            key_corrections.correct_key(
                session,
                self.parts.catalogue,
                activity,
                item_id=item_id,
                values=[option.id],
                base_version=activity.version,
                actor=session.get_one(Membership, quiz.instructor_id),
                at=at,
            )

    def question(self, quiz: Quiz, attempt_ids: list[UUID], *, at: datetime) -> None:
        """Let students ask about the item, and the instructor answer the first of them."""
        sealer = self.parts.sealer
        for attempt_id, text in zip(attempt_ids, QUESTIONS_ABOUT_KEY, strict=True):
            at += timedelta(hours=self.rng.randint(2, 20))
            with self.act() as session:
                item_questions.ask(
                    session,
                    sealer,
                    attempt=session.get_one(Attempt, attempt_id),
                    item_id=MISKEYED,
                    text=text,
                    at=at,
                )
        with self.act() as session:
            activity = session.get_one(Activity, quiz.activity_id)
            instructor = session.get_one(Membership, quiz.instructor_id)
            asked = item_questions.list_about(
                session, sealer, activity, item_id=MISKEYED, viewer=instructor
            )
            item_questions.answer(
                session,
                sealer,
                activity,
                question_id=asked[0].id,
                text=ANSWER_ABOUT_KEY,
                actor=instructor,
                at=at + timedelta(hours=9),
            )

    def _open(self, person: str) -> Opened:
        return launch(
            self.stage, platform=PLATFORM, person=person, activity=QUIZ.link, course_id=COURSE_ID
        )

    def _answer(self, item: Item, sitter: Sitter, *, better: float) -> dict[str, list[str]]:
        # Some items are harder than others, and as hard for everybody.
        hard = self.difficulty.setdefault(item.id, self.rng.uniform(-0.9, 0.9))
        chance = 1 / (1 + math.exp(hard - sitter.ability - better))
        knows = self.rng.random() < chance
        fields = {response_field(item.id): answer_to(item, knows=knows, rng=self.rng)}
        if item.confidence and sitter.says_how_sure:
            sure = round(1 + 2 * chance + self.rng.uniform(-0.8, 0.8))
            fields[confidence_field(item.id)] = [str(min(3, max(1, sure)))]
        return fields


def play_last_term(parts: Parts, act: Act, stage: Stage, *, tell: Callable[[str], None]) -> None:
    """Play the course: a slip in the key, the class, the questions, and the key put right.

    What becomes of the answers that were judged by the wrong key is left for the visitor to decide.
    """
    rng = random.Random(SEED)  # noqa: S311 - a story, not a secret
    term = LastTerm(parts=parts, act=act, stage=stage, began=parts.now() - AGO, rng=rng)
    quiz = term.set_up()
    for hours, item_id in enumerate((MISKEYED, STILL_MISKEYED), start=1):
        term.set_key(quiz, item_id, rightly=False, at=term.began + timedelta(hours=hours))
    sitters = term.join(_class_of(stage))
    tell(f"{len(sitters)} people have joined last term's course")

    firsts = [term.take_quiz(each, quiz, at=term.moment(day=1, span=5)) for each in sitters]
    for sitter in sitters[::EVERY_THIRD]:
        term.take_quiz(sitter, quiz, at=term.moment(day=8, span=3), better=0.7)
    best = sorted(range(len(sitters)), key=lambda place: -sitters[place].ability)
    term.question(
        quiz,
        [firsts[place] for place in best[: len(QUESTIONS_ABOUT_KEY)]],
        at=term.began + timedelta(days=7),
    )
    term.set_key(quiz, MISKEYED, rightly=True, at=term.began + timedelta(days=13))
    tell("last term's quiz was taken, questioned, and its key put right")


def _class_of(stage: Stage) -> list[str]:
    people = ScriptedBrowser().get_json(f"{stage.lms_url}/_practice/people/{PLATFORM}")
    return [each["id"] for each in people if each["courses"].get(COURSE_ID) == "student"]
