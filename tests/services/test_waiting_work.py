"""What Canvas is told of work that waits: once for each handing in, with an address to read it."""

from datetime import datetime, timedelta

import pytest

from lti_alliance.domain.activities import Part, settings_from_json, settings_to_json
from lti_alliance.domain.delivery import DeliveryState
from lti_alliance.domain.gradebook import GradingProgress
from lti_alliance.domain.modules import Grading
from lti_alliance.models import Activity, Membership, Reflection
from lti_alliance.sealing import Sealer
from lti_alliance.services import (
    activities,
    grading,
    reflections,
    revisions,
    score_resending,
    score_sending,
)
from lti_alliance.services.score_claims import claim_due
from lti_alliance.services.score_records import record
from tests.fakes import FakeGradebook
from tests.services.scene import LAUNCH_URL, LEASE
from tests.services.work import assess, delivery_of, take_quiz, write
from tests.stage import NOON, Stage

LATER = NOON + timedelta(days=1)


class Worker:
    """A worker that sends what is due in the session of the test."""

    def __init__(self, stage: Stage) -> None:
        self.session = stage.session
        self.gradebook = FakeGradebook()
        self.at = LATER + timedelta(days=1)

    def work(self) -> list[tuple[str, datetime | None, bool]]:
        """Send what is due; return of every message so far what it says of the work."""
        self.session.expire_all()
        while claimed := claim_due(self.session, at=self.at, limit=10, lease=LEASE, token="token"):
            self.at += timedelta(seconds=5)
            for step in score_sending.prepare(
                self.session, claimed, token="token", launch_url=LAUNCH_URL, at=self.at
            ):
                heard = score_sending.call(self.gradebook, step)
                record(self.session, step, heard, at=self.at, jitter=1.0)
            self.session.expire_all()
        return [
            (score.grading_progress, score.submitted_at, score.new_submission)
            for _, score in self.gradebook.posts
        ]

    @property
    def addresses(self) -> list[str]:
        """Where each message says that the work is read."""
        return [score.review_url for _, score in self.gradebook.posts]


@pytest.fixture
def worker(stage: Stage) -> Worker:
    return Worker(stage)


def hand_in_again(stage: Stage, sealer: Sealer, reflection: Reflection, at: datetime) -> None:
    """Let a reflection be returned and handed in anew."""
    revisions.return_reflection(
        stage.session,
        sealer,
        reflection=reflection,
        feedback="Say more.",
        until=None,
        actor=stage.people["instructor"],
        at=at - timedelta(hours=1),
    )
    reflections.submit_reflection(
        stage.session,
        sealer,
        activity=reflection.activity,
        membership=reflection.membership,
        prompt_id=reflection.prompt_id,
        text="Two words.",
        base_version=reflection.saved_version,
        at=at,
    )


def change(stage: Stage, activity: Activity, **changes: object) -> None:
    """Change settings of an activity, as an instructor does."""
    stored = settings_to_json(settings_from_json(activity.settings)) | changes
    activities.change_settings(
        stage.session,
        stage.catalogue,
        activity=activity,
        settings=settings_from_json(stored),
        module_id=activity.module_id,
        base_version=activity.version,
        actor=stage.people["instructor"],
        at=LATER,
    )


def test_a_reflection_alone_has_an_address(
    stage: Stage, sealer: Sealer, activity: Activity, student: Membership, worker: Worker
) -> None:
    """Where no attempt counts, a score says where the reflection is read, and keeps saying it."""
    reflection = write(stage, sealer, activity, student)
    worker.work()
    hand_in_again(stage, sealer, reflection, LATER)
    worker.work()

    assert worker.addresses == [f"{LAUNCH_URL}?reflection={reflection.id}"] * 2


def test_an_attempt_that_counts_is_the_address(
    stage: Stage, sealer: Sealer, student: Membership, worker: Worker
) -> None:
    """With a quiz the address stays that of the attempt."""
    activity = stage.activity(
        parts=frozenset(Part), prompt_ids=("fo-r1",), reflection_grading=Grading.RUBRIC
    )
    attempt = take_quiz(stage, activity, student)
    write(stage, sealer, activity, student)
    worker.work()

    assert worker.addresses == [f"{LAUNCH_URL}?attempt={attempt.id}"]


def test_canvas_hears_of_each_handing_in_once(
    stage: Stage, sealer: Sealer, activity: Activity, student: Membership, worker: Worker
) -> None:
    """A text that was returned and is handed in anew waits anew: a newer time, one more message."""
    reflection = write(stage, sealer, activity, student)
    handed_in = reflection.submitted_at
    worker.work()
    grading.refresh_all(stage.session, activity, at=LATER)
    worker.work()
    hand_in_again(stage, sealer, reflection, LATER)

    assert worker.work() == [
        (GradingProgress.PENDING_MANUAL, handed_in, True),
        (GradingProgress.PENDING_MANUAL, LATER, True),
    ]


@pytest.mark.parametrize("prompt_ids", [["fo-r1"], ["fo-r1", "fo-r2"]])
def test_settings_tell_no_handing_in_twice(
    stage: Stage,
    sealer: Sealer,
    activity: Activity,
    student: Membership,
    worker: Worker,
    prompt_ids: list[str],
) -> None:
    """Points that change, or a task that comes and goes, are no news about what waits."""
    reflection = write(stage, sealer, activity, student)
    worker.work()
    change(stage, activity, reflection_points="30", prompt_ids=prompt_ids)
    worker.work()
    change(stage, activity, reflection_points="20", prompt_ids=["fo-r1"])
    told = worker.work()
    delivery = delivery_of(stage, student)

    assert told == [(GradingProgress.PENDING_MANUAL, reflection.submitted_at, True)]
    assert (delivery.state, delivery.reason) == (DeliveryState.DELIVERED, "")


def test_whoever_asks_has_it_told_again(
    stage: Stage, sealer: Sealer, activity: Activity, student: Membership, worker: Worker
) -> None:
    """*Send again* is obeyed, and makes no second submission."""
    reflection = write(stage, sealer, activity, student)
    worker.work()
    score_resending.resend(
        stage.session,
        [delivery_of(stage, student).id],
        actor=stage.people["instructor"],
        at=worker.at,
    )

    assert worker.work() == [
        (GradingProgress.PENDING_MANUAL, reflection.submitted_at, True),
        (GradingProgress.PENDING_MANUAL, reflection.submitted_at, False),
    ]


def test_after_a_released_score_no_waiting_is_told(
    stage: Stage, sealer: Sealer, activity: Activity, student: Membership, worker: Worker
) -> None:
    """A text that is returned after its grade and handed in anew is told with its next grade."""
    reflection = write(stage, sealer, activity, student)
    assess(stage, sealer, reflection, 3, at=LATER)
    worker.work()
    hand_in_again(stage, sealer, reflection, LATER)
    worker.work()
    change(stage, activity, reflection_points="30")
    worker.work()
    assess(stage, sealer, reflection, 4, base_version=1, at=worker.at)
    told = worker.work()

    assert {progress for progress, *_ in told} == {GradingProgress.FULLY_GRADED}
    assert told[-1] == (GradingProgress.FULLY_GRADED, LATER, True)
