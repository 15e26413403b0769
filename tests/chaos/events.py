"""What may befall a world, as values that Hypothesis can draw, print and shrink."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.chaos.school import CANVAS_ONLY, CONDITIONS, Place
from tests.chaos.wire import BUSY, ENDPOINTS, NETWORK, UNHARMED
from tests.chaos.world import World

STATUSES = (400, 401, 403, 404, 406, 409, 412, 415, 422, 429, 500, 502, 503, 504)
SCRIPTED = (
    "reset",
    "reset_during",
    "unclear",
    "garbage",
    "html",
    "huge",
    "empty",
    "throttle",
    "drip",
    "delay",
)
WAITS = (None, "0", "-5", "7", "3600", "315360000", "Tue, 02 Mar 2027 12:00:00 GMT", "soon")
"""What a platform says about when to come back, sense and nonsense."""

Strategy = st.SearchStrategy[Any]
endpoints = st.sampled_from(["score", "score", "score", *ENDPOINTS])


@dataclass(frozen=True)
class Event:
    """Something that happens, with its words."""

    words: str
    happen: Callable[[World], None]

    def __call__(self, world: World) -> None:
        self.happen(world)

    def __repr__(self) -> str:
        return f"<{self.words}>"


def troubles(schools: Strategy) -> Strategy:
    """Draw something that meets calls."""
    return st.one_of(
        st.builds(
            _scripted,
            schools,
            endpoints,
            st.sampled_from(SCRIPTED),
            st.integers(1, 3),
            st.booleans(),
        ),
        st.builds(
            _status,
            schools,
            endpoints,
            st.sampled_from(STATUSES),
            st.sampled_from(WAITS),
            st.integers(1, 6),
        ),
        st.builds(_network, endpoints, st.sampled_from(NETWORK)),
        busy_among_others(schools),
        st.builds(_switch, schools, st.sampled_from(SWITCHES)),
        st.builds(_moved, schools, endpoints),
        st.builds(_forgotten, schools),
    )


def lost_answers(schools: Strategy) -> Strategy:
    """Draw something that leaves the tool without an answer to a score."""
    kinds = st.sampled_from(["unclear", "reset"])
    return st.builds(
        _scripted, schools, st.just("score"), kinds, st.integers(1, 3), st.just(value=True)
    )


def busy_among_others(_schools: Strategy) -> Strategy:
    """Draw which calls are turned away of those that go through otherwise."""
    return st.builds(_busy, endpoints, st.lists(st.integers(0, 2), min_size=1, max_size=4))


def changes(places: Strategy, schools: Strategy, columns: Strategy) -> Strategy:
    """Draw something that a teacher or an administrator does in a school."""
    grades = st.sampled_from([None, 0.0, 0.37, 1.0])
    return st.one_of(
        st.builds(_condition, places, st.sampled_from(sorted(CONDITIONS)), st.booleans()),
        st.builds(_grade, places, grades),
        st.builds(_give_back, places),
        st.builds(_late_policy, st.booleans(), st.booleans()),
        st.builds(_points, schools, columns, st.sampled_from([0.5, 2.0])),
        st.builds(_replace, schools, columns),
    )


def requests(
    places: Strategy, schools: Strategy, columns: Strategy, students: Strategy
) -> Strategy:
    """Draw something that somebody asks of the tool, or of an administrator."""
    return st.one_of(
        st.builds(_send_again, places),
        st.builds(_send_all, schools, columns, st.booleans()),
        st.builds(_compare, schools, columns),
        st.builds(_open, schools, columns, st.one_of(st.none(), students)),
        st.builds(_turn, schools),
        st.builds(_mend, schools, st.booleans()),
    )


# Troubles


def _scripted(school: str, endpoint: str, kind: str, times: int, carried_out: bool) -> Event:
    details = {"times": times, "carried_out": carried_out, "size": 1_100_000, "seconds": 9.0}
    return Event(
        f"{school}: {endpoint} {kind}, {times} times, {carried_out=}",
        lambda world: world.schools[school].break_call(endpoint, kind, **details),
    )


def _status(school: str, endpoint: str, status: int, wait: str | None, times: int) -> Event:
    details = {"times": times, "status": status, "retry_after": wait}
    return Event(
        f"{school}: {endpoint} {status}, {times} times, Retry-After {wait}",
        lambda world: world.schools[school].break_call(endpoint, "status", **details),
    )


def _network(endpoint: str, kind: str) -> Event:
    return Event(
        f"network: {endpoint} {kind}", lambda world: world.wire.troubles[endpoint].append(kind)
    )


def _busy(endpoint: str, unharmed: list[int]) -> Event:
    kinds = [kind for number in unharmed for kind in (*[UNHARMED] * number, BUSY)]
    return Event(
        f"network: {endpoint} {', '.join(kinds)}",
        lambda world: world.wire.troubles[endpoint].extend(kinds),
    )


SWITCHES: tuple[tuple[str, Any], ...] = (
    ("outage_status", 500),
    ("outage_status", 502),
    ("outage_status", 503),
    ("outage_status", 429),
    ("outage_status", 0),
    ("rate_limit_per_s", 0.5),
    ("rate_limit_per_s", 0.0),
    ("key_on", False),
    ("services_key_on", False),
    ("clock_skew_s", 120.0),
    ("clock_skew_s", -300.0),
    ("clock_skew_s", 2.0),
    ("clock_skew_s", 0.0),
)


def _switch(school: str, switch: tuple[str, Any]) -> Event:
    name, value = switch
    return Event(
        f"{school}: {name} is {value}",
        lambda world: setattr(world.schools[school].platform.state.switches, name, value),
    )


def _moved(school: str, endpoint: str) -> Event:
    details = {"status": 307, "location": "https://elsewhere.test/take"}
    return Event(
        f"{school}: {endpoint} moved",
        lambda world: world.schools[school].break_call(endpoint, "status", **details),
    )


def _forgotten(school: str) -> Event:
    return Event(
        f"{school}: tokens are forgotten", lambda world: world.schools[school].forget_tokens()
    )


# Changes in a school


def _condition(place: Place, name: str, on: bool) -> Event:
    def happen(world: World) -> None:
        school = world.schools[place.school]
        if name in CANVAS_ONLY and not school.is_canvas:
            return
        about = school.students[place.student].id if name == "dropped" else place.column
        school.set_condition(name, about, on=on)

    return Event(f"{place}: {name} is {on}", happen)


def _grade(place: Place, share: float | None) -> Event:
    return Event(
        f"{place}: a person grades {share}",
        lambda world: world.schools[place.school].set_grade(place, share),
    )


def _give_back(place: Place) -> Event:
    return Event(
        f"{place}: a person gives it back to the tool",
        lambda world: world.schools[place.school].take_hand_away(place),
    )


def _late_policy(on: bool, in_results: bool) -> Event:
    def happen(world: World) -> None:
        school = world.schools["canvas"]
        school.platform.state.switches.late_in_results = in_results
        school.set_late_policy(on=on)

    return Event(f"canvas: late policy is {on}, {in_results=}", happen)


def _points(school: str, column: str, factor: float) -> Event:
    def happen(world: World) -> None:
        if 1 <= world.schools[school].item(column).score_maximum * factor <= 100:
            world.schools[school].scale_points(column, factor)

    return Event(f"{school}: {column} has {factor} times the points", happen)


def _replace(school: str, column: str) -> Event:
    def happen(world: World) -> None:
        if not world.schools[school].course.activities[column].deleted:
            world.schools[school].replace_column(column)

    return Event(f"{school}: {column} is made anew", happen)


# What somebody asks of the tool


def _send_again(place: Place) -> Event:
    def happen(world: World) -> None:
        row = world.rows().get(place)
        if row is not None:
            world.tool.send_again(row.id)

    return Event(f"{place}: send again", happen)


def _send_all(school: str, column: str, replaces: bool) -> Event:
    return Event(
        f"{school}: send all of {column}, {replaces=}",
        lambda world: world.tool.send_all(school, column, replaces_changed=replaces),
    )


def _compare(school: str, column: str) -> Event:
    return Event(
        f"{school}: compare {column}",
        lambda world: world.tool.ask_for_comparison(school, column),
    )


def _open(school: str, column: str, student: int | None) -> Event:
    who = "the teacher" if student is None else f"student {student}"
    return Event(
        f"{school}: {who} opens {column}",
        lambda world: world.open_link(school, column, student),
    )


def _turn(school: str) -> Event:
    def happen(world: World) -> None:
        is_off = school in world.switched_off
        world.tool.switch(school, on=is_off)
        (world.switched_off.discard if is_off else world.switched_off.add)(school)

    return Event(f"{school}: the registration is switched over", happen)


def _mend(school: str, lasting: bool) -> Event:
    def happen(world: World) -> None:
        world.schools[school].mend_calls()
        world.wire.calm()
        if lasting:
            world.schools[school].mend_conditions()

    return Event(f"{school}: things are mended, {lasting=}", happen)
