"""What Canvas is told of work that waits: once for each handing in, with an address to read it."""

from datetime import datetime, timedelta

import pytest

from lti_alliance.domain.activities import Part
from lti_alliance.domain.modules import Grading
from lti_alliance.models import Activity, Membership, Reflection
from lti_alliance.sealing import Sealer
from lti_alliance.services import reflections, revisions, score_sending
from lti_alliance.services.score_claims import claim_due
from lti_alliance.services.score_records import record
from tests.fakes import FakeGradebook
from tests.services.scene import LAUNCH_URL, LEASE
from tests.services.work import take_quiz, write
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
