"""The machine finds what it looks for: mistakes of the trade, each planted alone."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.chaos import events
from tests.chaos.driving import drive
from tests.chaos.machine import Focus
from tests.chaos.planted_bugs import PLANTED
from tests.chaos.promises import PromiseBroken
from tests.chaos.school import BOTH, QUIZ
from tests.chaos.world import World

STEPS = 20
MOST_EXAMPLES = 200


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A tool, two schools and two workers."""
    world = World(database_url)
    yield world
    world.close()


def one_cell(*rules: str, column: str, **members: Any) -> Focus:
    """Look at one cell of Canvas, and at the rules that matter."""
    return Focus(
        rules=frozenset(rules), schools=("canvas",), columns=(column,), students=(0,), **members
    )


WHERE = {
    "no fence": (one_cell("hold", "resume", column=QUIZ), 11, {"I2", "I4"}),
    "blind retry": (
        one_cell(
            "write_or_assess",
            "calls_fail",
            "work",
            column=BOTH,
            troubles=events.lost_answers,
        ),
        3,
        {"I5"},
    ),
    "no read-back": (
        one_cell(
            "submit",
            "calls_fail",
            "work",
            "compare",
            column=QUIZ,
            troubles=events.lost_answers,
        ),
        3,
        {"I3"},
    ),
    "clock as timestamp": (
        one_cell("submit", "work", "tool_clock_jumps", column=QUIZ),
        2,
        {"I2"},
    ),
    "asked again at once": (
        one_cell("submit", "work", "calls_fail", column=QUIZ, troubles=events.busy_among_others),
        1,
        {"I2"},
    ),
    "comment resent": (one_cell("submit", "write_or_assess", "work", column=BOTH), 3, {"I5"}),
}
"""Where to look, the seed that soon gets there, and the promises that the mistake breaks."""


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_bug_is_found(world: World, name: str) -> None:
    """With the mistake a promise is broken; without it the same seed breaks none."""
    focus, number, promises = WHERE[name]
    so_far = world.tally.examples
    with PLANTED[name](), pytest.raises(PromiseBroken) as caught:
        drive(world, number=number, examples=MOST_EXAMPLES, steps=STEPS, focus=focus)
    taken = world.tally.examples - so_far
    drive(world, number=number, examples=taken, steps=STEPS, focus=focus)

    assert caught.value.promise in promises
