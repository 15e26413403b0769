"""Coming to rest: faults end, time passes, workers work, and then the gradebook has to be right.

What a row says where the gradebook differs is held against what really happened in the school.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from lti_alliance.domain.delivery import DeliveryState, Reason
from lti_alliance.models import GradebookCheck
from tests.chaos.promises import PromiseBroken
from tests.chaos.school import Place
from tests.chaos.world import WAITING, World

SAME = Decimal("0.0002")
"""Shares this close are the same: the tool rounds once, and each school in its own way."""
MOST_TURNS = 400
LONGEST_DRAIN = timedelta(days=2)
"""A platform may ask for a day, and a refused time may cost another."""
LONGEST_BLOCKED = timedelta(days=8)
"""Tried once a day, and after a month once a week."""
DAYS_OF_TRYING = timedelta(days=6, hours=20)
"""A week, less what the tool's clock may be wrong by."""
_FINAL = (DeliveryState.DELIVERED, DeliveryState.OVERRIDDEN, DeliveryState.DEAD)


def come_to_rest(world: World) -> None:
    """Let everything that meets calls end and check; then let all that lasts end, and check."""
    for school in world.schools.values():
        school.mend_calls()
    world.wire.calm()
    world.clocks.tool_error = timedelta()
    world.tick()
    for worker in world.workers:
        if worker in world.held:
            world.resume(worker)
        if worker in world.held_checks:
            world.crash(worker)
    world.check_now()
    lasting = any(school.conditions for school in world.schools.values()) or world.switched_off
    if lasting:
        _drain(world)
        _check(world)
    for school in world.schools.values():
        school.mend_conditions()
    for name in sorted(world.switched_off):
        world.tool.switch(name, on=True)
    world.switched_off.clear()
    _drain(world)
    _check(world)
    _bury_the_dead(world)


def _drain(world: World) -> None:
    """Let the workers work and time pass until nothing waits, and compare every column."""
    began = world.tool.now
    waiting = {p: row.next_at for p, row in world.rows().items() if row.state == "blocked"}
    compared_at = -1
    for _turn in range(MOST_TURNS):
        _work_off(world)
        rows = {p: row for p, row in world.rows().items() if p.school not in world.switched_off}
        pending = [p for p, row in rows.items() if row.state in WAITING]
        untried = (p for p, at in waiting.items() if p in rows and rows[p].next_at == at)
        blocked = [p for p in untried if rows[p].state == DeliveryState.BLOCKED]
        passed = world.tool.now - began
        if not pending and not blocked:
            # What was sent because of a comparison has to be compared once more.
            sent = world.wire.figures.calls["score"]
            if sent != compared_at:
                _ask_for_comparisons(world)
                compared_at = sent
                continue
            if not _are_comparisons_open(world):
                world.tally.longest_drain = max(world.tally.longest_drain, passed)
                return
        limit = LONGEST_DRAIN if pending and not blocked else LONGEST_BLOCKED
        told = {p: (rows[p].state, rows[p].reason) for p in [*pending, *blocked]}
        world.promises.check("I3", passed <= limit, f"after {passed} still {told}")
        _wait(world, with_blocked=bool(blocked))
    raise PromiseBroken("I3", f"after {MOST_TURNS} turns the workers are still busy")


def _work_off(world: World) -> None:
    for turn in range(MOST_TURNS):
        worker = world.workers[turn % 2]
        if not world.work(worker) and not world.compare(worker):
            world.check_now()
            return
    raise PromiseBroken("I3", "the workers go round in circles")


def _wait(world: World, *, with_blocked: bool) -> None:
    now = world.tool.now
    coming = [at for at in world.moments(with_blocked=with_blocked) if at > now]
    assert coming, "something waits, and nothing will ever become due"
    world.clocks.pass_until(min(coming))
    world.tick()


def _ask_for_comparisons(world: World) -> None:
    told = {(p.school, p.column) for p, row in world.rows().items() if row.told_version}
    for name, column in sorted(told):
        if name not in world.switched_off:
            world.tool.ask_for_comparison(name, column)


def _are_comparisons_open(world: World) -> bool:
    """Say whether a comparison that was asked for has not been made, as of one that crashed."""
    on = [key for name, key in world.tool.registrations.items() if name not in world.switched_off]
    asked = select(GradebookCheck.activity_id).where(
        GradebookCheck.asked_at.is_not(None), GradebookCheck.registration_id.in_(on)
    )
    with world.tool.reading() as session:
        return session.execute(asked.limit(1)).first() is not None


def _check(world: World) -> None:
    rows = world.rows()
    for place, work in world.works.items():
        score, row = work.score(world.shares[place.school, place.column]), rows.get(place)
        if score is None or place.school in world.switched_off:
            continue
        assert row is not None
        is_right, how = _is_right(world, place, row, score / work.maximum())
        if not is_right:
            how = f"{place}: {row.state} {row.reason}, {how}; {world.snapshot(place)}"
        world.promises.check("I3", is_right, how)
        if place.school == "moodle" and row.state == DeliveryState.DELIVERED:
            _check_comment(world, place)


def _check_comment(world: World, place: Place) -> None:
    school = world.school(place)
    cell = school.cell(place)
    has_both = not world.works[place].has_comment or bool(cell.feedback) or cell.raw is None
    is_excused = world.wire.lies[place] > 0 or school.has("dropped", place)
    world.promises.check("I10", has_both or is_excused, f"{place}: {cell.to_json()}")


def _is_right(world: World, place: Place, row: Any, share: Decimal) -> tuple[bool, str]:
    school = world.school(place)
    shown, reason = school.shown(place), row.reason
    agrees = shown is not None and abs(shown - share) <= SAME
    is_closed = any(school.has(name, place) for name in CLOSED)
    if is_closed and row.state in (DeliveryState.DELIVERED, DeliveryState.OVERRIDDEN):
        return True, "nobody can look"
    match row.state:
        case DeliveryState.DELIVERED:
            return agrees or _is_out_of_sight(world, place, share), f"shown {shown} of {share}"
        case DeliveryState.OVERRIDDEN:
            return reason in DIFFERS and DIFFERS[reason](world, place), "which is not so"
        case DeliveryState.BLOCKED:
            return reason in BLOCKS and BLOCKS[reason](world, place), "which is not so"
        case DeliveryState.DEAD:
            age = world.tool.now - row.desired_since
            is_old = age >= DAYS_OF_TRYING
            is_malformed = reason == Reason.SCORE_MALFORMED and world.wire.refusals[place] > 0
            return is_old or is_malformed, f"given up after {age}"
        case _:
            return False, "at rest"


def _is_out_of_sight(world: World, place: Place, share: Decimal) -> bool:
    """Whether the tool cannot know that the gradebook shows something else."""
    school = world.school(place)
    is_emptied = school.hands.get(place) == "person" and school.shown(place) is None
    if school.is_canvas:
        # The results tell in the scale of the score that came, and still that score when somebody
        # has emptied the cell.
        return place in school.points_changed or is_emptied
    # Moodle leaves a nought out of its results, like a cell with nothing in it.
    is_hidden = share == 0 and school.shown(place) is None
    return is_hidden and (is_emptied or world.wire.lies[place] > 0)


def _person_changed(world: World, place: Place) -> bool:
    hand = world.school(place).hands.get(place)
    # A platform that said twice that it had stored what it had not looks like a person who clears.
    return hand in ("person", "rule") or world.wire.lies[place] >= 2


def _is_lower(world: World, place: Place) -> bool:
    cell = world.school(place).cell(place)
    is_late = cell.entered is not None and cell.score != cell.entered
    return is_late or _person_changed(world, place)


def _points_changed(world: World, place: Place) -> bool:
    return place in world.school(place).points_changed or _person_changed(world, place)


def _is_gone(world: World, place: Place) -> bool:
    school = world.school(place)
    shown = school.shown(place)
    # Moodle leaves a nought out of its results.
    shows_nothing = shown is None or (shown == 0 and not school.is_canvas)
    return school.has("dropped", place) or (shows_nothing and _person_changed(world, place))


def _is_kept(world: World, place: Place) -> bool:
    return world.school(place).cell(place).overridden


CLOSED = ("deleted", "concluded", "not installed", "dropped")
"""What keeps the tool from seeing how the gradebook stands."""

Truth = Callable[[World, Place], bool]

DIFFERS: Mapping[str, Truth] = {
    Reason.GONE_FROM_LMS: _is_gone,
    Reason.CHANGED_IN_LMS: _person_changed,
    Reason.LOWERED_IN_LMS: _is_lower,
    Reason.MAXIMUM_CHANGED: _points_changed,
    Reason.KEPT_BY_LMS: _is_kept,
}


def _has(*names: str) -> Truth:
    return lambda world, place: any(world.school(place).has(name, place) for name in names)


BLOCKS: Mapping[str, Truth] = {
    Reason.NOT_IN_COURSE: _has("dropped"),
    Reason.SCORE_REFUSED: _has("dropped"),
    Reason.COURSE_CONCLUDED: _has("concluded"),
    Reason.ACCESS_REFUSED: _has("not installed"),
    Reason.LINE_ITEM_GONE: _has("deleted"),
    Reason.UNPUBLISHED: _has("unpublished"),
    Reason.GRADING_CLOSED: _has("grading closed"),
    Reason.ATTEMPTS_USED_UP: _has("one attempt"),
}
"""What may stand in the way of a score, and whether it does."""


def _bury_the_dead(world: World) -> None:
    """Let a teacher send again what was given up: it has to arrive."""
    dead = [row for row in world.rows().values() if row.state == DeliveryState.DEAD]
    if not dead:
        return
    for row in dead:
        world.tally.kinds["given up"] += 1
        world.tool.send_again(row.id)
    _drain(world)
    _check(world)
    left = [p for p, row in world.rows().items() if row.state == DeliveryState.DEAD]
    world.promises.check("I3", not left, f"sent again in vain: {left}")
