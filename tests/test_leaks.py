"""The watch over logs and metrics: it finds what is planted, and nothing where nothing is."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.leaks import Watch

ROOT = Path(__file__).resolve().parent.parent
KINDS = ("name", "e-mail address", "signed token", "sealed text", "cookie")


@pytest.fixture
def watch() -> Watch:
    return Watch(known={"data_key": "the key of the tests"})


@pytest.mark.processes
@pytest.mark.timeout(600)
def test_a_leak_fails_the_run() -> None:
    """A run in which anything personal is logged fails, and says what and where."""
    result = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"),
            "tests/planted_leaks.py",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 1, result.stdout + result.stderr
    assert "1 passed, 1 error" in result.stdout
    assert [kind for kind in KINDS if f"E         {kind}" not in result.stdout] == []
    assert "planted_leaks.py" in result.stdout
    assert "the metrics" in result.stdout


def test_words_are_not_found_in_other_words(watch: Watch) -> None:
    """A short name does not accuse a longer word, and stands out as a word of its own."""
    watch.take_name("Ann")
    watch.take_line("announced Announcement anne")
    before = watch.leaks()
    watch.take_line("launch by Ann")

    assert before == []
    assert len(watch.leaks()) == 1


def test_ids_and_times_are_no_names(watch: Watch) -> None:
    """What stands beside a name in its row is not taken for one."""
    for value in ("0" * 32, "2026-03-02 12:00:00.000000", "", "12"):
        watch.take_name(value)
    watch.take_line(f"user_id={'0' * 32} at=2026-03-02 12:00:00.000000 count=12")

    assert watch.leaks() == []


def test_a_name_that_comes_after_its_line_is_found(watch: Watch) -> None:
    """What was logged before anybody knew that it is a name counts as well."""
    watch.take_line("login of Canaria Quillfeather")
    watch.take_name("Canaria Quillfeather")

    assert len(watch.leaks()) == 1


def test_settings_are_watched(watch: Watch) -> None:
    """The keys of the tool are secrets like any other."""
    watch.take_line("started with the key of the tests")

    assert len(watch.leaks()) == 1
