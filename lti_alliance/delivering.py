"""Delivering: batches of scores and comparisons with gradebooks, by any thread of any worker.

Each of them is claimed in one act, called with none open, and recorded in another.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from secrets import token_hex
from uuid import UUID

import structlog
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from lti_alliance.lti.grade_services import GradeServices
from lti_alliance.lti.memberships import Memberships
from lti_alliance.lti.notices import NoticeHandlers
from lti_alliance.lti.tokens import ServiceTokens
from lti_alliance.models import begin_read, begin_write, db
from lti_alliance.parts import parts
from lti_alliance.services import check_turns, gradebook_checks, notices, roster_reading
from lti_alliance.services.notices import SubscribeStep
from lti_alliance.services.ports import Acts, Gradebook, Roster
from lti_alliance.services.score_batches import BatchUnderWay, Pulse
from lti_alliance.services.score_claims import claim_due, is_anything_due
from lti_alliance.services.score_records import put_off, record_all
from lti_alliance.services.score_sending import call, draw_jitter, give_back, prepare
from lti_alliance.services.score_steps import Heard, Step

log = structlog.get_logger(__name__)

BATCH = 40
"""Scores that one thread claims at once; they share the cost of a claim and of a record."""
RECORDED_EVERY_S = 3.0
"""A slow platform's answers are written down in between, so that pages tell of them."""
CHECK_LEASE = timedelta(minutes=15)
REGISTRATIONS_KEPT_S = 2.0
"""How old what this process knows of a registration may be."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one thread has claimed: the steps, and when on the clock that never jumps."""

    began: float
    steps: list[Step]
    is_full: bool = False
    """Whether as much was claimed as one thread takes: more may be waiting."""


def acts_of(app: Flask) -> Acts:
    """Return what begins an act of the worker: a session and a transaction of its own."""

    @contextmanager
    def act() -> Iterator[Session]:
        with app.app_context():
            begin_write()
            session = db.session()
            try:
                yield session
                session.commit()
            except BaseException:
                session.rollback()
                raise

    return act


class Deliverer:
    """What delivers for one application.

    ``gradebook`` and ``roster`` stand in for the platforms in tests.
    """

    def __init__(
        self, app: Flask, *, gradebook: Gradebook | None = None, roster: Roster | None = None
    ) -> None:
        self._app = app
        with app.app_context():
            self._parts = parts()
        self._act = acts_of(app)
        self._lease_s = self._parts.settings.delivery_lease_s
        tokens = ServiceTokens(
            http=self._parts.http,
            acts=self._act,
            sealer=self._parts.sealer,
            now=self._parts.now,
            kept_for_s=REGISTRATIONS_KEPT_S,
        )
        self._gradebook = gradebook or GradeServices(tokens)
        self._roster = roster or Memberships(tokens)
        self._handlers = NoticeHandlers(tokens)
        self._pulses: dict[UUID, Pulse] = {}

    def deliver_due(self) -> int:
        """Make every step that is due now, one after the other, and count the steps."""
        steps = 0
        while (claimed := self.claim()) is not None:
            self.deliver(claimed)
            steps += len(claimed.steps)
        return steps

    def compare_due(self) -> int:
        """Make every comparison that is due now, one after the other, and count them."""
        checks = 0
        while (claimed := self.claim_check()) is not None:
            self.compare(*claimed)
            checks += 1
        return checks

    def claim(self, *, looks_first: bool = True) -> "Batch | None":
        """Claim and prepare what is due at one platform; nothing when nothing is due.

        A batch without steps means that what was claimed needed no call. Whoever expects something
        need not look first, which writes nothing and makes nobody wait.
        """
        at, token, calls = self._parts.now(), token_hex(8), self._parts.settings.delivery_calls
        if looks_first:
            with self._reading() as session:
                if not is_anything_due(session, at=at, calls=calls):
                    return None
        began = time.monotonic()
        with self._act() as session:
            claimed = claim_due(
                session,
                at=at,
                limit=BATCH,
                lease=timedelta(seconds=self._lease_s),
                token=token,
                calls=calls,
            )
            if not claimed:
                return None
            steps = prepare(
                session,
                claimed,
                token=token,
                launch_url=self._parts.settings.launch_url,
                at=at,
            )
        return Batch(began, steps, is_full=len(claimed) == BATCH)

    def deliver(self, batch: "Batch") -> None:
        """Make the calls of a batch one after the other, and record what they came to.

        A failure of the platform ends it, unless it passes among successes, and so does the lease:
        what has not been called by then is given back. A process that was held up until its lease
        had run out makes no call at all: another has what it claimed, or soon will.
        """
        if time.monotonic() - batch.began > self._lease_s:
            self._give_back(batch.steps)
            return
        under_way, recorded = self._begin(batch), time.monotonic()
        roster = roster_reading.ReadOnce(self._roster)
        while (step := under_way.take_next()) is not None:
            try:
                answer = call(self._gradebook, step, roster=roster)
            except Exception:
                log.exception("delivery_failed", delivery_id=str(step.delivery_id))
                self._put_off(step)
                continue
            under_way.hear(step, answer)
            now = time.monotonic()
            if under_way.is_over or now - batch.began > self._lease_s / 3:
                self._give_back(under_way.end())
            if now - recorded > RECORDED_EVERY_S:
                self._record(under_way.take_heard())
                recorded = now
        self._record(under_way.take_heard())

    def _begin(self, batch: "Batch") -> BatchUnderWay:
        # All steps of a batch are calls to one platform.
        of_whom = {step.line_item.registration_id for step in batch.steps}
        pulse = self._pulses.setdefault(of_whom.pop(), Pulse()) if of_whom else None
        return BatchUnderWay(batch.steps, pulse)

    def _record(self, heard: list[tuple[Step, Heard]]) -> None:
        if not heard:
            return
        try:
            with self._act() as session:
                record_all(session, heard, at=self._parts.now(), jitter=draw_jitter)
        except Exception:
            if len(heard) > 1:
                # One of them spoils the act for the others: each gets an act of its own.
                for each in heard:
                    self._record([each])
                return
            for step, _ in heard:
                log.exception("delivery_failed", delivery_id=str(step.delivery_id))
                self._put_off(step)

    def _give_back(self, steps: list[Step]) -> None:
        if not steps:
            return
        try:
            with self._act() as session:
                give_back(session, steps)
        except SQLAlchemyError:
            # The leases run out by themselves, and what was sent is looked up.
            log.exception("delivery_failed", count=len(steps))

    def _put_off(self, step: Step) -> None:
        at = self._parts.now()
        try:
            with self._act() as session:
                put_off(session, step.delivery_id, token=step.token, at=at, jitter=draw_jitter())
        except SQLAlchemyError:
            # The lease runs out by itself.
            log.exception("delivery_failed", delivery_id=str(step.delivery_id))

    def claim_check(self) -> tuple[UUID, str] | None:
        """Claim a comparison that is due: its activity and its token; nothing when none is due."""
        at, token = self._parts.now(), token_hex(8)
        with self._reading() as session:
            if not check_turns.is_any_due(session, at=at):
                return None
        with self._act() as session:
            activity_id = check_turns.claim_check(session, at=at, lease=CHECK_LEASE, token=token)
        return (activity_id, token) if activity_id else None

    def compare(self, activity_id: UUID, token: str) -> None:
        """Read the column of a claimed comparison, and record what it shows."""
        try:
            with self._act() as session:
                step = gradebook_checks.prepare_check(
                    session, activity_id, token=token, at=self._parts.now()
                )
            if step is None:
                return
            heard = gradebook_checks.call_check(self._gradebook, step)
            with self._act() as session:
                gradebook_checks.record_check(
                    session, step, heard, at=self._parts.now(), jitter=draw_jitter()
                )
        except Exception:
            # The lease runs out by itself, and the comparison is made again.
            log.exception("check_failed", activity_id=str(activity_id))

    def claim_roster(self) -> tuple[UUID, str] | None:
        """Claim a roster that is due: its course and its token; nothing when none is due."""
        at, token = self._parts.now(), token_hex(8)
        with self._reading() as session:
            if not roster_reading.is_any_due(session, at=at):
                return None
        with self._act() as session:
            context_id = roster_reading.claim(session, at=at, lease=CHECK_LEASE, token=token)
        return (context_id, token) if context_id else None

    def read_roster(self, context_id: UUID, token: str) -> None:
        """Read a claimed roster, and keep what it lists."""
        try:
            with self._act() as session:
                step = roster_reading.prepare(session, context_id, token=token)
            heard = roster_reading.call(self._roster, step)
            with self._act() as session:
                roster_reading.record(
                    session,
                    step,
                    heard,
                    profile_for=timedelta(days=self._parts.settings.profile_days),
                    at=self._parts.now(),
                    jitter=draw_jitter(),
                )
        except Exception:
            # The lease runs out by itself, and the roster is read again.
            log.exception("roster_failed", context_id=str(context_id))

    def claim_subscription(self) -> SubscribeStep | None:
        """Claim a deployment whose notices are to be asked for; nothing when none is due."""
        at, token = self._parts.now(), token_hex(8)
        with self._reading() as session:
            if not notices.is_any_due(session, at=at):
                return None
        with self._act() as session:
            return notices.claim(session, at=at, lease=CHECK_LEASE, token=token)

    def subscribe(self, step: SubscribeStep) -> None:
        """Ask for the notices of a claimed deployment, and keep how that went."""
        address = f"{self._parts.settings.base_url}/lti/notices"
        try:
            error = notices.call(self._handlers, step, address=address)
            with self._act() as session:
                notices.record(session, step, error, at=self._parts.now(), jitter=draw_jitter())
        except Exception:
            # The lease runs out by itself, and it is tried again.
            log.exception("subscription_failed", deployment_id=step.handlers.deployment_id)

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        with self._app.app_context():
            begin_read()
            yield db.session()
