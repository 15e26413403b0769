"""Let the machine run in a world, repeatably: the same seed meets the same happenings."""

from contextlib import redirect_stderr

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.chaos.machine import EVERYTHING, Focus, machine_in
from tests.chaos.world import World

EXAMPLES = 14
STEPS = 100
"""Long examples: coming to rest costs as much as thirty happenings."""


def drive(
    world: World,
    *,
    number: int,
    examples: int = EXAMPLES,
    steps: int = STEPS,
    focus: Focus = EVERYTHING,
    is_shrunk: bool = False,
) -> None:
    """Run some examples with this seed; raise the first broken promise with its steps.

    Making a failure small takes minutes, so it is done on demand alone.
    """
    phases = [Phase.generate, Phase.shrink] if is_shrunk else [Phase.generate]
    machine = seed(number)(machine_in(world, focus))
    # The application writes its log to whatever standard error is at that moment.
    with redirect_stderr(world.log):
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=examples,
                stateful_step_count=steps,
                deadline=None,
                database=None,
                phases=phases,
                report_multiple_bugs=False,
                print_blob=False,
                suppress_health_check=list(HealthCheck),
            ),
        )
