"""Everything that may happen, as a Hypothesis state machine.

https://hypothesis.readthedocs.io/en/latest/stateful.html
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from tests.chaos import events, lesson
from tests.chaos.events import Event, Strategy
from tests.chaos.rest import come_to_rest
from tests.chaos.school import BOTH, COLUMNS, STUDENTS, Place
from tests.chaos.tool import WORKERS
from tests.chaos.world import World

HOUR_S, DAY_S = 3600.0, 86_400.0
TOOL_JUMPS_S = (HOUR_S, -HOUR_S, 0.3, -0.3, 1.0, -1.0, 60.0, -60.0, 2 * HOUR_S, -2 * HOUR_S)
MOST_ERROR_S = 3 * HOUR_S
"""How wrong the tool's clock may be: summer time, or a machine that woke up."""
PAUSES_S = (0.0, 0.4, 1.0, 5.0, 31.0, 130.0, 301.0, 1000.0, HOUR_S, 8 * HOUR_S, DAY_S, 8 * DAY_S)
ANSWERS = (lesson.RIGHT, lesson.ODD, lesson.WRONG)


@dataclass(frozen=True, slots=True, kw_only=True)
class Focus:
    """Which part of everything happens; all of it, unless something narrower is looked for."""

    rules: frozenset[str] | None = None
    """Names of the rules that run; nothing stands for all."""
    schools: tuple[str, ...] = ("canvas", "moodle")
    columns: tuple[str, ...] = COLUMNS
    students: tuple[int, ...] = tuple(range(STUDENTS))
    troubles: Callable[[Strategy], Strategy] = events.troubles


EVERYTHING = Focus()


def focused(part: Callable[[Focus], Strategy]) -> Strategy:
    """Draw from what the running machine looks at."""
    return st.runner().flatmap(lambda machine: part(machine.focus))


schools = focused(lambda focus: st.sampled_from(focus.schools))
columns = focused(lambda focus: st.sampled_from(focus.columns))
students = focused(lambda focus: st.sampled_from(focus.students))
places = st.builds(Place, schools, columns, students)
workers = st.sampled_from(WORKERS)
answers = st.tuples(st.sampled_from(ANSWERS), st.sampled_from(ANSWERS))
assessments = st.tuples(
    st.builds(Place, schools, st.just(BOTH), students), answers, st.integers(0, 4), st.booleans()
)
fresh = st.one_of(st.none(), st.none(), st.tuples(places, answers))
"""What somebody hands in first, so that there is something to deliver."""
then = st.sampled_from(["", "", "A", "B", "both"])
"""Who works right afterwards: often nobody."""


def happening(**drawn: Any) -> Callable[[Callable[..., None]], Any]:
    """Make a rule of a method: count its runs, and let somebody work afterwards."""

    def decorate(method: Callable[..., None]) -> Any:
        @functools.wraps(method)
        def counted(self: "GradebookMachine", then: str = "", **values: Any) -> None:
            self.world.tally.steps += 1
            self.world.tally.kinds[f"rule {method.__name__}"] += 1
            with self.unless_broken():
                method(self, **values)
                if then:
                    self.world.check_now()
                    self.world.work_together(WORKERS if then == "both" else (then,))

        def is_in_use(self: "GradebookMachine") -> bool:
            return self.focus.rules is None or method.__name__ in self.focus.rules

        return precondition(is_in_use)(rule(**drawn)(counted))

    return decorate


Fresh = tuple[Place, tuple[str, str]] | None


class GradebookMachine(RuleBasedStateMachine):
    """Students, teachers, workers, faults and clocks, in any order."""

    world: World
    focus = EVERYTHING

    def __init__(self) -> None:
        super().__init__()
        self.is_broken = False
        self.world.begin()

    def teardown(self) -> None:
        """Come to rest, unless a promise has been broken on the way."""
        if not self.is_broken:
            come_to_rest(self.world)

    def unless_broken(self) -> "_Breaking":
        return _Breaking(self)

    def hand_in(self, fresh: Fresh) -> None:
        if fresh is not None:
            self.world.submit(*fresh, twice=False)

    @invariant()
    def promises_hold(self) -> None:
        if not self.is_broken:
            with self.unless_broken():
                self.world.check_now()

    # Students

    @initialize(
        handed_in=st.lists(st.tuples(places, answers), max_size=4),
        assessed=st.lists(assessments, max_size=2, unique_by=lambda each: each[0]),
    )
    def begin(
        self,
        handed_in: list[tuple[Place, tuple[str, str]]],
        assessed: list[tuple[Place, tuple[str, str], int, bool]],
    ) -> None:
        for place, answered in handed_in:
            self.world.submit(place, answered, twice=False)
        for place, answered, level, has_comment in assessed:
            self.world.submit(place, answered, twice=False)
            self.world.write(place)
            self.world.assess(place, level, has_comment=has_comment)

    @happening(place=places, answered=answers, twice=st.booleans(), then=then)
    def submit(self, place: Place, answered: tuple[str, str], *, twice: bool) -> None:
        self.world.submit(place, answered, twice=twice)

    # Teachers in the tool

    @happening(
        school=schools,
        column=columns,
        item=st.sampled_from(sorted(lesson.POINTS)),
        share=st.sampled_from([Decimal("0.25"), Decimal("0.5"), Decimal(1)]),
        then=then,
    )
    def regrade(self, school: str, column: str, item: str, share: Decimal) -> None:
        self.world.accept_wording(school, column, item, share)

    @happening(
        school=schools,
        student=students,
        level=st.integers(0, 4),
        has_comment=st.booleans(),
        then=then,
    )
    def write_or_assess(self, school: str, student: int, level: int, *, has_comment: bool) -> None:
        place = Place(school, BOTH, student)
        if self.world.works[place].written_at is None:
            self.world.write(place)
        else:
            self.world.assess(place, level, has_comment=has_comment)

    @happening(asks=events.requests(places, schools, columns, students), then=then)
    def somebody_asks(self, asks: Event) -> None:
        asks(self.world)

    # Workers

    @happening(who=st.sampled_from([("A",), ("B",), WORKERS]))
    def work(self, who: tuple[str, ...]) -> None:
        self.world.work_together(who)

    @happening(
        worker=workers,
        stage=st.sampled_from(["taken", "calling", "heard"]),
        carried_out=st.booleans(),
        fresh=fresh,
    )
    def hold(self, worker: str, stage: str, *, carried_out: bool, fresh: Fresh) -> None:
        self.hand_in(fresh)
        if worker not in self.world.held:
            self.world.hold(worker, stage, carried_out=carried_out)

    @precondition(lambda self: self.world.held)
    @happening(
        worker=workers,
        after_s=st.sampled_from([0.0, 121.0, HOUR_S]),
        in_between=st.booleans(),
        then=then,
    )
    def resume(self, worker: str, after_s: float, *, in_between: bool) -> None:
        other = WORKERS[worker == "A"]
        if worker not in self.world.held:
            worker, other = other, worker
        self.world.pass_s(after_s)
        if in_between:
            self.world.work_together((other,))
        self.world.resume(worker)

    @precondition(lambda self: self.world.held or self.world.held_checks)
    @happening(worker=workers)
    def crash(self, worker: str) -> None:
        self.world.crash(worker)

    @happening(worker=workers, stage=st.sampled_from(["all", "taken", "read"]))
    def compare(self, worker: str, stage: str) -> None:
        if worker in self.world.held_checks:
            self.world.resume_check(worker)
        elif stage == "all":
            self.world.compare(worker)
        else:
            self.world.hold_check(worker, is_read=stage == "read")

    # Time

    @happening(seconds=st.sampled_from(PAUSES_S), then=then)
    def time_passes(self, seconds: float) -> None:
        self.world.pass_s(seconds)

    @happening(seconds=st.sampled_from(TOOL_JUMPS_S), fresh=fresh, then=then)
    def tool_clock_jumps(self, seconds: float, fresh: Fresh) -> None:
        error = self.world.clocks.tool_error + timedelta(seconds=seconds)
        if abs(error.total_seconds()) <= MOST_ERROR_S:
            self.world.clocks.tool_error = error
            self.world.tick()
        self.hand_in(fresh)

    # What befalls calls and schools

    @happening(trouble=focused(lambda focus: focus.troubles(schools)), fresh=fresh, then=then)
    def calls_fail(self, trouble: Event, fresh: Fresh) -> None:
        trouble(self.world)
        self.hand_in(fresh)

    @happening(change=events.changes(places, schools, columns), fresh=fresh, then=then)
    def school_changes(self, change: Event, fresh: Fresh) -> None:
        change(self.world)
        self.hand_in(fresh)


class _Breaking:
    """Notes that something went wrong, so that nothing more is made of it."""

    def __init__(self, machine: GradebookMachine) -> None:
        self._machine = machine

    def __enter__(self) -> None:
        self._machine.is_broken = True

    def __exit__(self, kind: object, *_: object) -> None:
        self._machine.is_broken = kind is not None


def machine_in(world: World, focus: Focus = EVERYTHING) -> Any:
    """Return the machine that runs in a world."""
    return type("GradebookMachine", (GradebookMachine,), {"world": world, "focus": focus})
