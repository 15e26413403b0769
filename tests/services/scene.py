"""A platform with its gradebook, a clock, and a worker that is asked step by step."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from lti_alliance.models import Grade, ScoreDelivery
from lti_alliance.services import check_turns, gradebook_checks, score_delivery
from lti_alliance.services.ports import Acts
from lti_alliance.services.score_claims import claim_due
from lti_alliance.services.score_records import record
from lti_alliance.services.score_sending import call, prepare
from lti_alliance.services.score_steps import Step
from tests import factories
from tests.factories import NOW
from tests.fakes import FakeGradebook

LEASE = timedelta(minutes=2)
LAUNCH_URL = "https://tool.test/lti/launch"


class Scene:
    """A platform with its gradebook, a clock, and a worker that is asked step by step."""

    def __init__(self, acts: Acts) -> None:
        self.acts = acts
        self.gradebook = FakeGradebook()
        self.at = NOW

    def grade(self, *, family: str = "canvas", **changes: object) -> UUID:
        """Make a grade and want it shown; return the delivery's id."""
        with self.acts() as session:
            delivery = self.want(session, family=family, **changes)
            assert delivery is not None
            return delivery.id

    def want(
        self, session: Session, *, family: str = "canvas", **changes: object
    ) -> ScoreDelivery | None:
        """Make a grade in a course of its own and want it shown."""
        line_item = changes.pop("line_item", {})
        registration = factories.make_registration(session, family=family)
        link = factories.make_link(
            session, factories.make_course(session, registration), **line_item
        )
        grade = factories.make_grade(session, factories.make_activity(session, link), **changes)
        return factories.want_shown(session, grade, at=self.at)

    def regrade(self, delivery_id: UUID, **changes: object) -> None:
        """Change the grade behind a delivery and want that shown."""
        with self.acts() as session:
            delivery = session.get_one(ScoreDelivery, delivery_id)
            grade = session.get_one(Grade, delivery.grade_id)
            for name, value in changes.items():
                setattr(grade, name, value)
            session.flush()
            score_delivery.mirror(session, grade, at=self.at)

    def claim(self, *, limit: int = 10, token: str = "token") -> list[UUID]:
        with self.acts() as session:
            return claim_due(session, at=self.at, limit=limit, lease=LEASE, token=token)

    def prepare(self, delivery_id: UUID, *, token: str = "token") -> Step | None:
        with self.acts() as session:
            steps = prepare(session, [delivery_id], token=token, launch_url=LAUNCH_URL, at=self.at)
            return steps[0] if steps else None

    def step(self, delivery_id: UUID, *, token: str = "token") -> None:
        step = self.prepare(delivery_id, token=token)
        if step is None:
            return
        heard = call(self.gradebook, step)
        with self.acts() as session:
            record(session, step, heard, at=self.at, jitter=1.0)

    def work(self) -> int:
        """Make every step that is due now, and count them."""
        steps = 0
        while claimed := self.claim():
            for delivery_id in claimed:
                self.step(delivery_id)
                steps += 1
            assert steps < 100, "the deliveries go round in circles"
        return steps

    def row(self, delivery_id: UUID) -> ScoreDelivery:
        with self.acts() as session:
            return session.get_one(ScoreDelivery, delivery_id)

    def state(self, delivery_id: UUID) -> tuple[str, str]:
        row = self.row(delivery_id)
        return row.state, row.reason

    def compare(self, delivery_id: UUID) -> bool:
        """Compare the delivery's column with the gradebook now."""
        with self.acts() as session:
            check_turns.ask(
                session, session.get_one(ScoreDelivery, delivery_id).activity, at=self.at
            )
        return self.compare_due() > 0

    def compare_due(self) -> int:
        """Make every comparison that is due now, and count them."""
        checks = 0
        while True:
            with self.acts() as session:
                found = check_turns.claim_check(session, at=self.at, lease=LEASE, token="check")
            if found is None:
                return checks
            with self.acts() as session:
                step = gradebook_checks.prepare_check(session, found, token="check", at=self.at)
            if step is not None:
                heard = gradebook_checks.call_check(self.gradebook, step)
                with self.acts() as session:
                    gradebook_checks.record_check(session, step, heard, at=self.at, jitter=1.0)
            checks += 1
            assert checks < 100, "the comparisons go round in circles"
