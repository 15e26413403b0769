"""Playing the machine: so many examples from a seed, each as long as chance lets it be."""

from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as seeded
from hypothesis.stateful import run_state_machine_as_test

from tests.chaos.machine import GradebookMachine
from tests.chaos.world import World

LONGEST = 50
"""Steps of one example."""


def play(world: World, *, examples: int, seed: int, shrinks: bool = False) -> None:
    """Play this many examples, the same for the same seed; raise ``PromiseBroken`` at the first."""
    machine = type("Machine", (GradebookMachine,), {"world": world})
    seeded(seed)(machine)
    phases = [Phase.generate, Phase.shrink] if shrinks else [Phase.generate]
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=LONGEST,
            deadline=None,
            database=None,
            phases=phases,
            suppress_health_check=list(HealthCheck),
        ),
    )
