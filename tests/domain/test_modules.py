"""Modules: finding their parts and adding up their points."""

from decimal import Decimal

import pytest

from lti_alliance.domain.items import ShortItem, ShortKey
from lti_alliance.domain.modules import Case, CaseStage, Module, Pool, Quiz, ReflectionPrompt
from lti_alliance.errors import NotFound


def short(item_id: str, *, points: int = 1, case: str | None = None) -> ShortItem:
    return ShortItem(
        id=item_id, stem="?", points=Decimal(points), case=case, accepted=(ShortKey("bond"),)
    )


def module(*items: ShortItem, vignette: str = "Maya") -> Module:
    return Module(
        id="m",
        title="M",
        version="1.0.0",
        language="en",
        license="CC BY 4.0",
        minutes=5,
        quiz=Quiz(items=items),
        reflections=(ReflectionPrompt(id="r", prompt="Write.", words_min=1, words_max=2),),
        cases={"maya": Case("maya", (CaseStage("", vignette),))},
    )


def test_parts_are_found_by_id() -> None:
    """An item and a prompt are looked up by the id their author gave."""
    made = module(short("a"), short("b"))

    assert made.quiz.get_item("b").id == "b"
    assert made.get_reflection("r").id == "r"


def test_parts_that_are_not_there_are_not_found() -> None:
    """A lookup never returns another part."""
    with pytest.raises(NotFound):
        module(short("a")).quiz.get_item("r")
    with pytest.raises(NotFound):
        module(short("a")).get_reflection("a")


def test_the_maximum_counts_what_one_attempt_draws() -> None:
    """Of a pool only the drawn items count."""
    items = (short("a", points=3), *(short(f"p{n}", points=2) for n in range(4)))

    assert Quiz(items=items).maximum == 11
    assert Quiz(items=items, pools=(Pool("p", 3, ("p0", "p1", "p2", "p3")),)).maximum == 9
    assert Quiz().maximum == 0


def test_an_item_is_hashed_with_its_case() -> None:
    """The same question about another person is another item."""
    one, other = module(), module(vignette="Dana")

    assert one.item_hash(short("a", case="maya")) != other.item_hash(short("a", case="maya"))
    assert one.item_hash(short("a")) == other.item_hash(short("a"))
