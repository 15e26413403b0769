"""How mutants are counted, and that docs/mutation.md is about the modules that are mutated."""

import pytest

from scripts.mutants import (
    TARGETS,
    Figures,
    Target,
    by_group,
    chosen,
    lines,
    too_weak,
)
from scripts.reference_docs import DOCS

ROOT = DOCS.parent
ONE, TWO = Target("rules", "room.one", ()), Target("rules", "room.two", ())


def test_mutants_are_counted_by_what_became_of_them() -> None:
    """A mutant that cannot be imported counts for nothing; one whose tests never end is noticed."""
    figures = Figures.of(["killed"] * 6 + ["timed out", "survived", "stillborn", "stillborn"])

    assert figures == Figures(killed=6, timed_out=1, survived=1, stillborn=2)
    assert (figures.counted, figures.score) == (8, 0.875)


def test_no_mutants_are_no_failure() -> None:
    """A module without anything to change has nothing that its tests could miss."""
    assert Figures.of([]).score == 1


def test_a_group_is_the_sum_of_its_modules() -> None:
    """A great module weighs more than a small one."""
    figures = {ONE: Figures(killed=9, stillborn=1), TWO: Figures(killed=0, survived=1)}

    assert by_group(figures) == {"rules": Figures(killed=9, survived=1, stillborn=1)}


@pytest.mark.parametrize(("killed", "weak"), [(90, []), (89, ["rules"])])
def test_ninety_of_a_hundred_are_enough(killed: int, weak: list[str]) -> None:
    """Of the group: one module may have less."""
    figures = {ONE: Figures(killed=killed), TWO: Figures(survived=100 - killed)}

    assert too_weak(figures) == weak


def test_the_table_promises_no_more_than_was_counted() -> None:
    """A share is cut, so that 89.96 % is not 90."""
    table = lines({ONE: Figures(killed=2248, timed_out=1, survived=251)})

    assert table[-2] == "| `room/one.py` | 2500 | 2248 | 1 | 251 | 89.9 % |"
    assert table[-1] == "| **rules** | 2500 | 2248 | 1 | 251 | 89.9 % |"


def test_modules_are_chosen_by_words() -> None:
    """Of their group or their name; without words all are."""
    assert chosen([]) == list(TARGETS)
    assert {target.group for target in chosen(["delivery"])} == {"delivery rules"}
    assert [target.module for target in chosen(["circuits"])] == ["lti_alliance.domain.circuits"]
    assert chosen(["nothing like it"]) == []


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.module)
def test_what_is_mutated_exists_and_is_documented(target: Target) -> None:
    """Its file, its tests, and its row in docs/mutation.md."""
    page = (DOCS / "mutation.md").read_text(encoding="utf-8")

    assert (ROOT / target.path).is_file()
    assert target.tests
    assert all((ROOT / test).is_file() for test in target.tests)
    assert f"| `{target.path}` |" in page
    assert all(f"`{test}`" in page for test in target.tests)
