"""`alliance keys`: what signs, and letting the next key sign."""

import json

from tests.cli.conftest import Run
from tests.conftest import Clock


def keys(run: Run) -> dict[str, str]:
    return {row["state"]: row["kid"] for row in json.loads(run("keys", "list", "--json").stdout)}


def test_a_young_key_is_not_used_without_force(run: Run) -> None:
    """Platforms that cached our keys would refuse one published a moment ago."""
    result = run("keys", "rotate")

    assert result.exit_code == 1
    assert "--force" in result.stderr


def test_force_rotates_at_once(run: Run) -> None:
    """A leaked key is replaced whatever platforms have cached; the old one stays published."""
    result = run("keys", "rotate", "--force")
    states = [row["state"] for row in json.loads(run("keys", "list", "--json").stdout)]

    assert result.exit_code == 0
    assert keys(run)["current"] in result.stdout
    assert sorted(states) == ["current", "next", "previous"]


def test_a_day_later_rotation_needs_no_force(run: Run, now: Clock) -> None:
    """The next key signs once it has been published for a day."""
    run("keys", "rotate", "--force")
    expected = keys(run)["next"]
    now.move(hours=25)
    result = run("keys", "rotate")

    assert result.exit_code == 0, result.output
    assert expected in result.stdout


def test_no_private_key_is_shown(run: Run) -> None:
    """A listing names keys and shows none."""
    run("keys", "rotate", "--force")

    assert set(json.loads(run("keys", "list", "--json").stdout)[0]) == {
        "kid",
        "state",
        "created_at",
        "current_from",
        "retired_at",
    }
