"""The demonstration course: which link of the practice LMS opens what, set up by its instructor."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.demo.browser import ScriptedBrowser
from lti_alliance.demo.launching import find_session, launch
from lti_alliance.demo.stage import Stage
from lti_alliance.domain.activities import ActivitySettings, Part, propose
from lti_alliance.domain.modules import Grading, Keep, Module
from lti_alliance.services import activities

TEACHERS = {"canvas": "instructor", "moodle": "teacher"}

Act = Callable[[], AbstractContextManager[Session]]
"""Opens one act: a session whose work is committed at the end."""


@dataclass(frozen=True, slots=True)
class Placement:
    """One link of the course and what its instructor chose for it."""

    link: str
    module_id: str
    parts: frozenset[Part]
    attempts: int | None = 3
    time_limit_minutes: int | None = None
    keep: Keep = Keep.HIGHEST
    prompt: int = 0
    grading: Grading = Grading.COMPLETION
    quiz_points: Decimal = Decimal(10)
    reflection_points: Decimal = Decimal(10)

    def settings(self, module: Module) -> ActivitySettings:
        """Return the module's proposal, changed to what the instructor chose."""
        prompts = module.reflections[self.prompt : self.prompt + 1]
        return replace(
            propose(module),
            parts=self.parts,
            attempts=self.attempts,
            time_limit_minutes=self.time_limit_minutes,
            keep=self.keep,
            quiz_points=self.quiz_points,
            reflection_points=self.reflection_points,
            prompt_ids=tuple(prompt.id for prompt in prompts),
            reflection_grading=self.grading,
        )


_QUIZ = frozenset({Part.QUIZ})
_REFLECTION = frozenset({Part.REFLECTION})

TASTER = Placement(
    link="taster",
    module_id="taster",
    parts=_QUIZ | _REFLECTION,
    attempts=None,
    quiz_points=Decimal(3),
    reflection_points=Decimal(2),
)
WEEK_1_QUIZ = Placement("foundations-quiz", "foundations", _QUIZ, quiz_points=Decimal(20))
WEEK_1_REFLECTION = Placement(
    "foundations-reflection", "foundations", _REFLECTION, grading=Grading.RUBRIC
)
WEEK_2_QUIZ = Placement(
    "trust-quiz",
    "trust-credibility-expertise",
    _QUIZ,
    attempts=2,
    time_limit_minutes=30,
    keep=Keep.LATEST,
    quiz_points=Decimal(20),
)
WEEK_2_REFLECTION = Placement(
    "trust-reflection", "trust-credibility-expertise", _REFLECTION, prompt=1
)
READING = Placement("reading", "foundations", _QUIZ, attempts=None)

PLACEMENTS = (TASTER, WEEK_1_QUIZ, WEEK_1_REFLECTION, WEEK_2_QUIZ, WEEK_2_REFLECTION, READING)


def set_up(
    act: Act,
    catalogue: Catalogue,
    stage: Stage,
    *,
    platform: str,
    placements: tuple[Placement, ...],
    at: datetime,
    course_id: str | None = None,
    browser: ScriptedBrowser | None = None,
) -> None:
    """Let the course's instructor open each link and choose what it is."""
    for placement in placements:
        opened = launch(
            stage,
            platform=platform,
            person=TEACHERS[platform],
            activity=placement.link,
            course_id=course_id,
            browser=browser,
        )
        with act() as session:
            visit = find_session(session, opened)
            assert visit.resource_link is not None
            assert visit.membership is not None
            activities.set_up_activity(
                session,
                catalogue,
                link=visit.resource_link,
                module_id=placement.module_id,
                settings=placement.settings(catalogue.get(placement.module_id)),
                actor=visit.membership,
                at=at,
            )
