"""A tool, two schools, two workers, and what happens between them: all in one process.

Nothing of the tool is replaced: its application, services, database, grade services and workers
are the real ones, and so are the practice LMSs. Only time and the network are the world's.
"""

import io
import logging
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import requests
import structlog
from sqlalchemy import select

from lti_alliance.delivering import Batch
from lti_alliance.domain.circuits import is_failure
from lti_alliance.domain.delivery import DeliveryState
from lti_alliance.models import GradebookCheck, PlatformCircuit, ScoreDelivery
from lti_alliance.services import gradebook_checks
from lti_alliance.services.score_sending import call
from lti_alliance.services.score_steps import Heard, Step, StepKind
from tests.chaos.clocks import Clocks
from tests.chaos.promises import Promises
from tests.chaos.school import COLUMNS, TOOL, Place, School
from tests.chaos.tool import REMARK, TEXT, WORKERS, Tool
from tests.chaos.wire import ToolMistake, Wire
from tests.chaos.works import Work
from tests.fakes import ScriptedPlatform

WAITING = {DeliveryState.DUE, DeliveryState.SENDING, DeliveryState.UNCLEAR}


@dataclass(slots=True)
class Held:
    """What a worker has in hand and has not finished."""

    batch: Batch
    lease_until: datetime
    stage: str
    """`taken`, `calling` (the answer is on its way) or `heard`."""
    answer: Heard | ToolMistake | None = None
    is_overtaken: bool = False
    """Whether its lease ran out at some moment since."""

    @property
    def first(self) -> Step:
        return self.batch.steps[0]


@dataclass(slots=True)
class HeldCheck:
    """A comparison that a worker has in hand."""

    step: gradebook_checks.CheckStep
    heard: gradebook_checks.CheckHeard | ToolMistake | None = None


@dataclass(slots=True)
class Tally:
    """What was done, for the report."""

    steps: int = 0
    examples: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    longest_backlog: int = 0
    longest_drain: timedelta = timedelta()


class World:
    """Everything, and the invariants that hold at every moment."""

    def __init__(self, database_url: str) -> None:
        self.clocks = Clocks()
        self.promises = Promises()
        self.tally = Tally()
        tool_keys = requests.Session()
        tool_keys.mount(TOOL, ScriptedPlatform(lambda _: (200, {}, self.tool.published)))
        self.schools = {name: School(name, self.clocks, tool_keys) for name in ("canvas", "moodle")}
        self.wire = Wire(self.schools, self.promises)
        self._exits = ExitStack()
        self._exits.enter_context(_logging_restored())
        self.log = io.StringIO()
        self.tool = Tool(database_url, self.clocks, self.wire, self.schools)
        self._exits.callback(self.tool.close)
        self.places = [place for school in self.schools.values() for place in school.places]
        self._places = {
            (self.tool.activities[p.school, p.column], self.tool.members[p.school, p.student]): p
            for p in self.places
        }
        self._personal = re.compile("|".join(map(re.escape, sorted(self._unspeakable()))))
        self.begin()

    def close(self) -> None:
        self._exits.close()

    def begin(self) -> None:
        """Begin an example: nothing has happened yet."""
        self.clocks.reset()
        for school in self.schools.values():
            school.reset()
        self.wire.reset()
        self.promises.forget()
        self.tool.reset()
        self.works = {place: Work(place.column) for place in self.places}
        self.shares: dict[tuple[str, str], dict[str, Decimal]] = {
            (name, column): {} for name in self.schools for column in COLUMNS
        }
        self.held: dict[str, Held] = {}
        self.held_checks: dict[str, HeldCheck] = {}
        self.switched_off: set[str] = set()
        self.in_flight: dict[UUID, Held] = {}
        self.log.seek(0)
        self.log.truncate()
        self.tally.examples += 1

    def school(self, place: Place) -> School:
        return self.schools[place.school]

    # Students and teachers

    def submit(self, place: Place, answers: tuple[str, str], *, twice: bool) -> None:
        """Let a student hand the quiz in."""
        self.works[place].attempts.append((answers, self.tool.now))
        self.tool.submit(place, answers, twice=twice)

    def write(self, place: Place) -> None:
        """Let a student hand the reflection in."""
        self.works[place].written_at = self.tool.now
        self.tool.write(place)

    def assess(self, place: Place, level: int, *, has_comment: bool) -> None:
        """Let a teacher grade a reflection, or grade it anew."""
        work = self.works[place]
        version, work.assessments = work.assessments, work.assessments + 1
        work.level, work.has_comment = level, has_comment
        self.tool.assess(place, level, has_comment=has_comment, base_version=version)

    def accept_wording(self, school: str, column: str, item: str, share: Decimal) -> None:
        """Let a teacher say what the odd wording earns."""
        self.shares[school, column][item] = share
        self.tool.accept_wording(school, column, item, share)

    def open_link(self, school: str, column: str, student: int | None) -> None:
        """Let somebody open the link from the course, if it is there and they are."""
        there = self.schools[school]
        is_out = student is not None and there.has("dropped", Place(school, column, student))
        if not there.course.activities[column].deleted and not is_out:
            self.tool.open_link(there, column, student)

    # Workers

    def work_together(self, workers: tuple[str, ...]) -> None:
        """Let workers deliver in turn until nothing is due, or for a while."""
        for turn in range(12):
            if not self.work(workers[turn % len(workers)]):
                return

    def work(self, worker: str) -> bool:
        """Let a worker claim a batch and deliver it, as its threads do one after the other."""
        batch = self.tool.deliverers[worker].claim()
        if batch is None:
            return False
        self._deliver(worker, batch, self.tool.now + self.tool.lease, is_overtaken=False)
        return True

    def compare(self, worker: str) -> bool:
        """Let a worker make a comparison that is due."""
        deliverer = self.tool.deliverers[worker]
        claimed = deliverer.claim_check()
        if claimed is None:
            return False
        self.tally.kinds["check"] += 1
        with self._errand(is_overtaken=False):
            deliverer.compare(*claimed)
        return True

    def hold(self, worker: str, stage: str, *, carried_out: bool) -> None:
        """Let a worker begin, and stop at a stage; what it does then comes later or never."""
        batch = self.tool.deliverers[worker].claim()
        if batch is None or not batch.steps:
            return
        held = Held(batch, self.tool.now + self.tool.lease, "taken")
        self.held[worker] = held
        if stage == "taken":
            return
        self._take_off(held)
        held.stage = stage
        if stage == "heard" or carried_out:
            held.answer = self._call(held)
        if stage == "heard":
            self._land(held)

    def resume(self, worker: str) -> None:
        """Let a worker go on from where it stopped, and finish."""
        held = self.held.pop(worker)
        if held.stage == "taken":
            self._take_off(held)
        if held.answer is None:
            held.answer = self._call(held)
        self._land(held)
        deliverer, rest = self.tool.deliverers[worker], held.batch.steps[1:]
        if isinstance(held.answer, ToolMistake):
            deliverer._put_off(held.first)
        else:
            error = held.answer.error
            if error is not None and is_failure(error) and rest:
                deliverer._give_back(rest)
                rest = []
            deliverer._record([(held.first, held.answer)])
        self._deliver(
            worker,
            Batch(held.batch.began, rest),
            held.lease_until,
            is_overtaken=held.is_overtaken,
        )

    def crash(self, worker: str) -> None:
        """Let a worker die: nobody knows any more what it had in hand."""
        self.tally.kinds["crash"] += 1
        held = self.held.pop(worker, None)
        if held is not None:
            if held.stage == "calling" and held.answer is None:
                # The bytes had left: the platform deals with them, and nobody hears its answer.
                held.answer = self._call(held)
            self._land(held)
        self.held_checks.pop(worker, None)

    def hold_check(self, worker: str, *, is_read: bool) -> None:
        """Let a worker begin a comparison, and stop before or after the reading."""
        deliverer, now = self.tool.deliverers[worker], self.tool.now
        claimed = deliverer.claim_check()
        if claimed is None:
            return
        activity_id, token = claimed
        with self.tool.act() as session:
            step = gradebook_checks.prepare_check(session, activity_id, token=token, at=now)
        if step is None:
            return
        held = self.held_checks[worker] = HeldCheck(step)
        if is_read:
            held.heard = self._read(held)

    def resume_check(self, worker: str) -> None:
        """Let a worker finish its comparison."""
        held = self.held_checks.pop(worker)
        heard = held.heard or self._read(held)
        self.tally.kinds["check"] += 1
        if isinstance(heard, ToolMistake):
            return
        with self.tool.act() as session:
            gradebook_checks.record_check(session, held.step, heard, at=self.tool.now, jitter=1.0)

    def _read(self, held: HeldCheck) -> gradebook_checks.CheckHeard | ToolMistake:
        try:
            return gradebook_checks.call_check(self.tool.gradebook, held.step)
        except ToolMistake as mistake:
            return mistake

    def _deliver(
        self, worker: str, batch: Batch, lease_until: datetime, *, is_overtaken: bool
    ) -> None:
        for step in batch.steps:
            self.tally.kinds[str(step.kind)] += 1
            if step.kind is StepKind.POST:
                held = Held(batch, lease_until, "calling", is_overtaken=is_overtaken)
                self._check_alone(step, held)
        with self._errand(is_overtaken=is_overtaken):
            self.tool.deliverers[worker].deliver(batch)

    def _take_off(self, held: Held) -> None:
        self.tally.kinds[str(held.first.kind)] += 1
        if held.first.kind is StepKind.POST:
            self._check_alone(held.first, held)
            self.in_flight[held.first.delivery_id] = held

    def _land(self, held: Held) -> None:
        if self.in_flight.get(held.first.delivery_id) is held:
            del self.in_flight[held.first.delivery_id]

    def _check_alone(self, step: Step, mine: Held) -> None:
        self.tick()  # A slow answer has taken time of its own.
        other = self.in_flight.get(step.delivery_id)
        is_alone = other is None or other.is_overtaken or mine.is_overtaken
        self.promises.check("I4", is_alone, f"two calls for {self._place(step.delivery_id)}")

    def _call(self, held: Held) -> Heard | ToolMistake:
        with self._errand(is_overtaken=held.is_overtaken):
            try:
                return call(self.tool.gradebook, held.first, roster=self.tool.roster)
            except ToolMistake as mistake:
                return mistake

    @contextmanager
    def _errand(self, *, is_overtaken: bool) -> Iterator[None]:
        self.wire.is_overtaken = is_overtaken
        try:
            yield
        finally:
            self.wire.is_overtaken = False

    # Time

    def pass_s(self, seconds: float) -> None:
        """Let time pass."""
        self.clocks.pass_s(seconds)
        self.tick()

    def tick(self) -> None:
        """Note whose lease has run out, after a clock has moved."""
        for held in [*self.held.values(), *self.in_flight.values()]:
            held.is_overtaken = held.is_overtaken or self.tool.now >= held.lease_until

    # What holds at every moment

    def rows(self) -> dict[Place, Any]:
        """Return the deliveries by whose they are, as plain rows."""
        with self.tool.reading() as session:
            found = session.execute(select(ScoreDelivery.__table__)).all()
        return {self._places[row.activity_id, row.membership_id]: row for row in found}

    def check_now(self) -> None:
        """Check every promise that has no need to wait for rest."""
        self.promises.confirm()
        rows = self.rows()
        self._check_wanted(rows)
        self._check_leases(rows)
        self._check_effects()
        self._check_log()
        backlog = sum(row.state in WAITING for row in rows.values())
        self.tally.longest_backlog = max(self.tally.longest_backlog, backlog)

    def _check_wanted(self, rows: dict[Place, Any]) -> None:
        for place, work in self.works.items():
            shares = self.shares[place.school, place.column]
            score, row = work.score(shares), rows.get(place)
            wanted = row.desired_score if row else None
            self.promises.check("I1", wanted == score, f"{place}: {wanted} instead of {score}")
            waits = work.waits() and self.school(place).is_canvas
            if score is None and not waits:
                continue
            handed_in_at = work.handed_in_at(shares)
            assert handed_in_at is not None
            when = row.desired_submitted_at if row else None
            self.promises.check("I1", when == handed_in_at, f"{place}: {when}, not {handed_in_at}")
            if not work.turns or work.turns[-1] != handed_in_at:
                work.turns.append(handed_in_at)

    def _check_leases(self, rows: dict[Place, Any]) -> None:
        now = self.tool.now
        for place, row in rows.items():
            if not row.lease_token:
                self.promises.check("I6", row.state != DeliveryState.SENDING, f"{place} is sending")
                continue
            assert row.lease_until is not None
            is_bounded = row.lease_until <= self.clocks.latest_tool + self.tool.lease
            # What a clock that was wrong has written may lie ahead, but no further than it went.
            is_free = row.lease_until > now or row.next_at <= self.clocks.latest_tool
            holds = is_bounded and is_free and row.state in WAITING
            self.promises.check("I6", holds, f"{place} is {row.state} until {row.lease_until}")

    def _check_effects(self) -> None:
        school = self.schools["canvas"]
        for place in school.places:
            cell, turns = school.cell(place), self.works[place].turns
            # Nobody knows which time an overtaken worker told that had lowered it for a clock that
            # was ahead; the time that is told later then is another.
            lowered = self.wire.told_late.get(place, set()) - set(turns)
            fits = cell.attempts <= len(turns) + len(lowered)
            self.promises.check("I5", fits, f"{place}: {cell.attempts} attempts for {turns}")
            texts = [comment.text for comment in cell.comments]
            is_once = len(texts) == len(set(texts))
            self.promises.check("I5", is_once, f"{place}: {texts}")

    def _check_log(self) -> None:
        text = self.log.getvalue()
        if not text:
            return
        self.tally.kinds["log line"] += text.count("\n")
        found = self._personal.search(text)
        self.promises.check("I7", not found, f"{found and found[0]!r} in {text}")
        for secret in self.wire.secrets:
            self.promises.check("I7", not secret or secret not in text, "a token")
        self.log.seek(0)
        self.log.truncate()

    def _unspeakable(self) -> set[str]:
        people = [person for school in self.schools.values() for person in school.students]
        words = {TEXT, REMARK, "lagoon", "eyJ"}
        for person in people:
            words |= {person.name, person.given_name, person.family_name, person.email}
            if len(person.sub) > 8:
                words.add(person.sub)
        return words

    def _place(self, delivery_id: UUID) -> Place | None:
        found = [place for place, row in self.rows().items() if row.id == delivery_id]
        return found[0] if found else None

    # What moves next

    def moments(self, *, with_blocked: bool) -> list[datetime]:
        """Return when something may become due: deliveries, leases, comparisons, circuits."""
        found: list[datetime] = []
        off = {self.tool.registrations[name] for name in self.switched_off}
        for row in self.rows().values():
            is_wanted = row.desired_score is not None or row.desired_pending
            blocked = with_blocked and row.state == DeliveryState.BLOCKED
            if row.registration_id in off or not is_wanted:
                continue
            if row.state in WAITING or blocked:
                found += [at for at in (row.next_at, row.lease_until) if at]
        with self.tool.reading() as session:
            for until in session.scalars(select(PlatformCircuit.open_until)):
                found += [until] if until else []
            for check in session.scalars(select(GradebookCheck)):
                if check.registration_id not in off:
                    found += [at for at in (check.next_at, check.lease_until) if at]
        return found

    @property
    def workers(self) -> tuple[str, ...]:
        return WORKERS

    def snapshot(self, place: Place) -> dict[str, Any]:
        """Return what a broken promise is told with."""
        row, cell = self.rows().get(place), self.school(place).cell(place)
        return {
            "row": row and row._asdict(),
            "cell": cell.to_json(),
        }


@contextmanager
def _logging_restored() -> Iterator[None]:
    """Let the application set up its log, and leave things as they were."""
    root, configured = logging.getLogger(), structlog.get_config()
    level, handlers = root.level, list(root.handlers)
    try:
        yield
    finally:
        root.setLevel(level)
        root.handlers[:] = handlers
        structlog.configure(**configured)
