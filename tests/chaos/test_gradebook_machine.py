"""Ten thousand happenings, in any order: what is promised about scores holds throughout."""

from collections.abc import Iterator

import pytest

from tests.chaos.driving import drive
from tests.chaos.promises import PROMISES
from tests.chaos.world import World

ON_SQLITE, ON_POSTGRESQL = 2800, 1600
"""Happenings of one test: ten thousand in three on SQLite and one on PostgreSQL."""
ROUNDS = 6
"""More than are needed: some examples are short."""


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A tool, two schools and two workers."""
    world = World(database_url)
    yield world
    world.close()


def check_run(world: World, first: int, *, at_least: int) -> None:
    for number in range(first, first + ROUNDS):
        if world.tally.steps < at_least:
            drive(world, number=number)

    assert world.tally.steps >= at_least
    assert {name for name in PROMISES if not world.promises.checked[name]} == set()
    assert world.promises.broken.total() == 0
    assert world.wire.figures.scores_taken > 200
    assert len(world.wire.figures.faults) > 20
    assert world.tally.kinds["crash"] > 10


@pytest.mark.timeout(900)
@pytest.mark.parametrize("first", [100, 200, 300])
def test_promises_hold_on_sqlite(world: World, first: int) -> None:
    """Whatever happens in whatever order, nothing is lost, nothing doubled, nothing silent."""
    check_run(world, first, at_least=ON_SQLITE)


@pytest.mark.timeout(900)
@pytest.mark.needs_postgres
def test_promises_hold_on_postgresql(world: World) -> None:
    """The same on PostgreSQL."""
    check_run(world, 400, at_least=ON_POSTGRESQL)
