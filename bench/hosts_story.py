"""What happens in the yard, in its order, and what was seen of it."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from bench.hosts_costs import Costs
from bench.hosts_halting import HELD
from bench.hosts_scene import COLUMN, HALTED, QUESTIONS, REDIS, WEB, WORKERS, Scene, wait_for
from bench.hosts_students import ClassOf, Student, refusals
from bench.hosts_witness import Departure, Witness
from lti_alliance.demo.processes import python
from lti_alliance.lti import keys
from lti_alliance.models import Attempt, ScoreDelivery, WorkerBeat
from lti_alliance.parts import parts, utc_now
from lti_alliance.services import platforms

SLOW_S = 0.5
"""How long the LMS takes for a score while a worker host is cut off with some in its hands."""
CUT_S = 4.5
"""Longer than the balancer waits for an answer, so that what was under way is lost."""
LATE_S = 3.0
"""How long a worker that came back is watched for what it might still send."""
GONE_WITHIN_S = 60.0
DELIVERED_WITHIN_S = 120.0


@dataclass
class Seen:
    """What was seen; seconds are on the clock that never jumps."""

    faults: list[str] = field(default_factory=list)
    web_broken: int = 0
    """Requests whose answer was cut off with the host."""
    web_failed: int = 0
    """Errors that students met after that."""
    claims_cut: int = 0
    taken_over_s: float = 0.0
    late_writes: int = 0
    """Changes of the worker that came back to what another had taken over."""
    came_back: bool = False
    halted_s: float | None = None
    """Until the server let go of what a cut-off host held in the middle of a transaction."""
    redis_slowest_s: float = 0.0
    redis_failed: int = 0
    disabled_statuses: list[int] = field(default_factory=list)
    keys_agree: bool = False
    accepted: int = 0
    """Score messages that the LMS took."""
    calls: Mapping[str, Any] = field(default_factory=dict)


class Story:
    """The class of students and everything that happens to the hosts that serve it."""

    def __init__(self, scene: Scene, size: int, *, tell: Callable[[str], None]) -> None:
        self.scene = scene
        self.seen = Seen()
        self.size = size
        self._tell = tell
        self.costs = Costs(scene)
        self.class_of = ClassOf(scene, size)
        self.witness = Witness(scene.postgres_url)
        scene.start_workers()

    def play(self) -> None:
        """Let everything happen."""
        halted = self._halt()
        self._web_host_is_cut()
        self._settings_are_known_everywhere()
        self._redis_is_cut()
        # Until the server lets go of the locks, no worker can claim anything.
        self.seen.halted_s = halted.wait(GONE_WITHIN_S)
        self._worker_host_is_cut()
        self._second_attempts()

    def _halt(self) -> Departure:
        self._tell("A host is cut off in the middle of a transaction.")
        scene, host = self.scene, self.scene.hosts[HALTED]
        scene.run_on(HALTED, "halted", python("-m", "bench.hosts_halting"))
        wait_for("the transaction", lambda: HELD in scene.log("halted").split())
        host.cut()
        return Departure(scene.postgres_url, host.address)

    def _web_host_is_cut(self) -> None:
        self._tell(f"{self.size} students launch.")
        self._all(Student.begin)
        host, counts = self.scene.hosts[WEB[0]], self.class_of.counts
        before = (counts.again, counts.failed)

        def cut() -> None:
            time.sleep(0.5)
            self._tell(f"{host.name} is cut off while they answer.")
            host.cut()
            time.sleep(CUT_S)
            host.join()

        self._all(lambda student: student.answer(0), meanwhile=cut)
        self.seen.web_broken = counts.again - before[0]
        self.seen.web_failed = counts.failed - before[1]

    def _worker_host_is_cut(self) -> None:
        scene, host = self.scene, self.scene.hosts[WORKERS[0]]
        slow = {"platform": "canvas", "endpoint": "score", "kind": "delay", "seconds": SLOW_S}
        scene.ask("faults", {**slow, "times": self.size})
        held: set[object] = set()
        cut_at = utc_now()

        def cut() -> None:
            nonlocal cut_at
            # Not in the middle of a claim: what that costs is seen with the other host.
            wait_for("a claim", lambda: self._holds_and_rests(host.address))
            host.cut()
            cut_at = utc_now()
            held.update(delivery_id for delivery_id, _ in self.witness.held_by(host.address))
            self._tell(f"{host.name} is cut off with {len(held)} scores in its hands.")

        self._tell("Everybody hands in.")
        self._all(Student.hand_in, meanwhile=cut)
        scene.ask("faults/canvas", method="DELETE")
        self._wait_until_delivered(1)
        self._come_back(host.name)
        self.seen.claims_cut = len(held)
        self._judge_takeover(held, host.address, since=cut_at)

    def _judge_takeover(self, held: set[object], address: str, *, since: datetime) -> None:
        """See who brought back what the host had in its hands, and what the host did after that."""
        for delivery_id in held:
            writes = [each for each in self.witness.writes() if each.delivery_id == delivery_id]
            over = next((each.at for each in writes if each.is_takeover), None)
            if over is None:
                self.seen.faults.append("a score of the cut-off worker was never taken over")
                continue
            later = [each for each in writes if each.at > over]
            self.seen.late_writes += sum(each.host == address for each in later)
            done = next((each.at for each in later if not each.token_after), over)
            took_s = (done - since).total_seconds()
            self.seen.taken_over_s = max(self.seen.taken_over_s, took_s)

    def _holds_and_rests(self, address: str) -> bool:
        return bool(self.witness.held_by(address)) and self.witness.is_at_rest(address)

    def _come_back(self, name: str) -> None:
        self.scene.hosts[name].join()
        self._tell(f"{name} is back.")
        process = self.scene.processes.running[name]
        since = self._beat(process.pid)
        wait_for(f"a sign of {name}", lambda: self._beat(process.pid) != since)
        self.seen.came_back = True
        time.sleep(LATE_S)

    def _settings_are_known_everywhere(self) -> None:
        """Change what every host must know: it holds at all of them with the next request."""
        self._tell("The platform is disabled and enabled, and the tool's key is rotated.")
        scene, student = self.scene, self.class_of.students[0]
        before = scene.key_ids(WEB[0])
        for change in (platforms.disable, platforms.enable):
            with scene.act() as session:
                change(session, scene.registration(session), at=utc_now())
            self.seen.disabled_statuses += [student.look() for _ in WEB]
        with scene.act() as session:
            keys.rotate(session, parts().sealer, at=utc_now(), force=True)
        after = [scene.key_ids(name) for name in WEB]
        self.seen.keys_agree = after[0] == after[1] != before

    def _redis_is_cut(self) -> None:
        self._tell("Redis is cut off, and everybody launches once more.")
        counts = self.class_of.counts
        failed, counts.slowest_s = counts.failed, 0.0
        self.scene.hosts[REDIS].cut()
        self._all(Student.arrive)
        self.scene.hosts[REDIS].join()
        self.seen.redis_slowest_s = counts.slowest_s
        self.seen.redis_failed = counts.failed - failed

    def _second_attempts(self) -> None:
        self._tell("Everybody hands in a second time.")
        with self.costs.of("launch, begin an attempt", self.size):
            self._all(Student.begin)
        with self.costs.of("save one answer", self.size * (QUESTIONS + 1)):
            self._all(lambda student: student.answer(1))
        with self.costs.of("hand in; the score delivered", self.size):
            self._all(Student.hand_in)
            self._wait_until_delivered(2)
        if refused := refusals(self.class_of.students):
            self.seen.faults.append(f"pages that were not what was asked for: {dict(refused)}")
        self._judge_book()

    def _judge_book(self) -> None:
        book = self.scene.book()
        self.seen.calls = self.scene.ask("stats/canvas")
        for student in self.class_of.students:
            cell = book[student.sub]
            self.seen.accepted += len(cell["history"])
            told = [each["given"] * COLUMN / each["maximum"] for each in cell["history"]]
            wanted = [student.score(turn) for turn in (0, 1)]
            if not _are_close(told, wanted):
                self.seen.faults.append(f"{student.sub} was told {told} in place of {wanted}")

    def _wait_until_delivered(self, turns: int) -> None:
        def is_done() -> bool:
            with self.scene.act() as session:
                graded = session.scalar(select(func.count()).where(Attempt.state == "graded"))
                states = session.execute(
                    select(ScoreDelivery.state, ScoreDelivery.lease_token, func.count()).group_by(
                        ScoreDelivery.state, ScoreDelivery.lease_token
                    )
                ).all()
            return graded == turns * self.size and [tuple(each) for each in states] == [
                ("delivered", "", self.size)
            ]

        try:
            wait_for(f"delivery {turns} of all", is_done, within_s=DELIVERED_WITHIN_S, every_s=0.3)
        except TimeoutError as late:
            self.seen.faults.append(str(late))

    def _beat(self, pid: int) -> object:
        with self.scene.act() as session:
            return session.scalar(
                select(WorkerBeat.seen_at).where(WorkerBeat.worker_id.like(f"%:{pid}:%"))
            )

    def _all(
        self, what: Callable[[Student], object], *, meanwhile: Callable[[], None] | None = None
    ) -> None:
        self.seen.faults += self.class_of.do(what, meanwhile=meanwhile)


def _are_close(told: list[float | None], wanted: list[float]) -> bool:
    return len(told) == len(wanted) and all(
        score is not None and abs(score - want) < 0.001
        for score, want in zip(told, wanted, strict=True)
    )
