"""Where to read again: by objective, at the sections that cite what an item cites."""

from lti_alliance.domain.items import Option, SingleItem
from lti_alliance.domain.modules import BloomLevel, Module, Objective, ReadingSection
from lti_alliance.domain.places_to_read import cited_in, places_to_read

MODULE = Module(
    id="m",
    title="M",
    version="1",
    language="en",
    license="CC",
    minutes=5,
    objectives=(
        Objective(BloomLevel.REMEMBER, "Name the parts."),
        Objective(BloomLevel.APPLY, "Sort statements."),
    ),
    reading=(
        ReadingSection("origin", "Origin", "He argued so. [@bordin1979; @greenson1965]"),
        ReadingSection("numbers", "Numbers", "They counted. [@other2018]"),
    ),
)


def item(item_id: str, objective: int | None, feedback: str = "") -> SingleItem:
    options = (
        Option("a", "Yes", correct=True, feedback=feedback),
        Option("b", "No", correct=False),
    )
    return SingleItem(id=item_id, stem="Is it?", objective=objective, options=options)


def test_citations_are_found_one_by_one():
    """Several keys may stand in one pair of brackets; an address is none."""
    assert cited_in("So. [@bordin1979; @other2018] Write to [us](mailto:a@b.test).") == {
        "bordin1979",
        "other2018",
    }


def test_items_are_grouped_by_objective_with_their_sections():
    """Objectives come in their order, what is for none comes last; sections need a source."""
    places = places_to_read(
        MODULE,
        [
            item("x-3", None),
            item("x-2", 2, "They counted. [@other2018]"),
            item("x-1", 1, "He said so. [@greenson1965]"),
            item("x-4", 1),
        ],
    )

    assert [place.item_ids for place in places] == [("x-1", "x-4"), ("x-2",), ("x-3",)]
    assert [place.objective.text if place.objective else "" for place in places] == [
        "Name the parts.",
        "Sort statements.",
        "",
    ]
    assert [[s.id for s in place.sections] for place in places] == [["origin"], ["numbers"], []]


def test_nothing_to_read_where_nothing_went_wrong():
    """No items, no places."""
    assert places_to_read(MODULE, []) == ()
