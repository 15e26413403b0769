"""Standards in a course: replaced without losing links silently, linked, and reported on."""

import pytest
from sqlalchemy import select

from lti_alliance.domain.activities import Part
from lti_alliance.domain.launch import Role
from lti_alliance.domain.modules import Grading
from lti_alliance.domain.standard_targets import TargetKind
from lti_alliance.domain.standards import UNKNOWN_CODE, Standard
from lti_alliance.errors import Conflict, InvalidInput, NotFound
from lti_alliance.models import Activity, AuditEvent, StandardLink
from lti_alliance.sealing import Sealer
from lti_alliance.services import standard_links, standard_reports, standards
from tests.services.work import assess, take_quiz, write
from tests.stage import NOON, Stage

LIST = (Standard("A", "One"), Standard("B", "Two"), Standard("C", "Three"))


@pytest.fixture
def whole(stage: Stage) -> Activity:
    """A quiz and a reflection that is graded with its rubric."""
    return stage.activity(
        parts=frozenset(Part), prompt_ids=("fo-r1",), reflection_grading=Grading.RUBRIC
    )


def version(stage: Stage) -> str:
    return standards.version_of(standards.list_standards(stage.session, stage.context))


def load(stage: Stage, after: tuple[Standard, ...] = LIST, *, shown: str | None = None):
    return standards.load(
        stage.session,
        stage.context,
        after,
        shown=version(stage) if shown is None else shown,
        actor=stage.people["instructor"],
        at=NOON,
    )


def fields(stage: Stage, module_id: str = "foundations") -> list[standard_links.LinkedTarget]:
    found = standard_links.list_modules(stage.session, stage.catalogue, stage.context)
    return list(standard_links.find_module(found, module_id).targets)


def link(stage: Stage, typed: dict[str, str], *, shown: str | None = None) -> None:
    standard_links.set_links(
        stage.session,
        stage.catalogue,
        stage.context,
        module_id="foundations",
        typed=typed,
        shown=version(stage) if shown is None else shown,
        actor=stage.people["instructor"],
        at=NOON,
    )


def report(stage: Stage, name: str = "instructor") -> dict[str, standard_reports.StandardReport]:
    found = standard_reports.report(
        stage.session, stage.catalogue, stage.context, viewer=stage.people[name]
    )
    return {each.standard.code: each for each in found}


def objective(stage: Stage, number: int = 0) -> str:
    found = [each for each in fields(stage) if each.target.kind is TargetKind.OBJECTIVE]
    return found[number].target.field


def codes_of(stage: Stage) -> dict[str, int]:
    rows = standards.list_standards(stage.session, stage.context)
    return {row.code: len(row.links) for row in rows}


def test_a_new_list_keeps_links_by_code(stage: Stage, whole: Activity) -> None:
    """What would be lost is said before; what stays keeps its links, in its new words and order."""
    load(stage)
    link(stage, {objective(stage): "A, B"})
    after = (Standard("C", "Three"), Standard("b", "Two, said better"))
    forecast = standards.foresee(stage.session, stage.context, after)
    load(stage, after)

    assert [row.code for row in forecast.lost] == ["A"]
    assert codes_of(stage) == {"C": 0, "b": 1}
    event = stage.session.scalars(
        select(AuditEvent).filter_by(action="standards.loaded").order_by(AuditEvent.at)
    ).all()[-1]
    assert event.details == {"added": 0, "changed": 1, "removed": 1, "links_lost": 1}


def test_deleting_leaves_nothing(stage: Stage, whole: Activity) -> None:
    """Neither standards nor links."""
    load(stage)
    link(stage, {objective(stage): "A"})
    load(stage, ())

    assert codes_of(stage) == {}
    assert stage.session.scalars(select(StandardLink)).all() == []


def test_what_changed_meanwhile_is_not_overwritten(stage: Stage, whole: Activity) -> None:
    """Neither the list nor the links, whichever of them somebody else has changed."""
    load(stage)
    before = version(stage)
    link(stage, {objective(stage): "A"})

    with pytest.raises(Conflict):
        load(stage, (), shown=before)
    with pytest.raises(Conflict):
        link(stage, {objective(stage): "B"}, shown=before)
    assert codes_of(stage) == {"A": 1, "B": 0, "C": 0}


def test_links_are_set_by_code(stage: Stage, whole: Activity) -> None:
    """A field says just what is linked; what has no field stays; unknown codes are named."""
    load(stage)
    one, other = objective(stage), objective(stage, 1)
    link(stage, {one: "a; C", other: "B"})
    link(stage, {one: "C"})
    found = {each.target.field: each.codes for each in fields(stage)}

    assert (found[one], found[other]) == (("C",), ("B",))
    with pytest.raises(InvalidInput) as caught:
        link(stage, {one: "C, Z"})
    assert caught.value.fields == {one: UNKNOWN_CODE}
    with pytest.raises(NotFound):
        standard_links.find_module([], "foundations")


def test_the_teachers_page_has_the_codes_of_each_objective(stage: Stage, whole: Activity) -> None:
    """By number, empty where nothing is linked; what is gone from the version is left out."""
    load(stage)
    link(stage, {objective(stage, 1): "B, A"})
    module = stage.catalogue.get(whole.module_id)
    found = standard_links.codes_by_objective(stage.session, stage.context, module)

    assert sorted(found.pop(2)) == ["A", "B"]
    assert set(found) == set(range(1, len(module.objectives) + 1)) - {2}
    assert not any(found.values())


def test_an_objective_that_is_gone_keeps_its_link_in_sight(stage: Stage, whole: Activity) -> None:
    """A newer version words it otherwise: it is listed as gone until somebody empties its field."""
    load(stage)
    link(stage, {objective(stage): "A"})
    row = stage.session.scalars(select(StandardLink)).one()
    row.key, row.label = "0" * 64, "In older words"
    stage.session.flush()
    gone = [each for each in fields(stage) if each.is_gone]
    link(stage, {gone[0].target.field: ""})

    assert [(each.target.label, each.codes) for each in gone] == [("In older words", ("A",))]
    assert not any(each.is_gone for each in fields(stage))


def test_the_report_has_questions_and_reflections(
    stage: Stage, sealer: Sealer, whole: Activity
) -> None:
    """Students by their share of the points, and by level; who has nothing is not counted."""
    load(stage)
    reflection = next(each for each in fields(stage) if each.target.kind is TargetKind.REFLECTION)
    link(stage, {objective(stage, 4): "A", reflection.target.field: "B"})
    for number, name in enumerate(("kim", "lou")):
        take_quiz(stage, whole, stage.join(name))
        text = write(stage, sealer, whole, stage.people[name])
        assess(stage, sealer, text, 3 + number)
    take_quiz(stage, whole, stage.join("preview", is_test_user=True))
    found = report(stage)

    assert found["A"].people == 2
    assert found["A"].items > 0
    assert found["A"].mean == pytest.approx(1)
    assert found["A"].bands == (0, 0, 0, 2)
    assert found["A"].criteria == ()
    assert set(found["A"].parts[0].items) == {"fo-01", "fo-11", "fo-13", "fo-15", "fo-31"}
    assert found["B"].parts[0].label.startswith("fo-r1: ")
    assert found["B"].people == 0
    assert {each.people for each in found["B"].criteria} == {2}
    counts = [[level.count for level in each.levels] for each in found["B"].criteria]
    assert counts == [[0, 0, 1, 1]] * len(counts)
    assert (found["C"].people, found["C"].mean, found["C"].bands) == (0, None, (0, 0, 0, 0))


def test_the_report_keeps_to_sections(stage: Stage, sealer: Sealer, whole: Activity) -> None:
    """Whoever may see one section reports on that one, in questions as in reflections."""
    load(stage)
    reflection = next(each for each in fields(stage) if each.target.kind is TargetKind.REFLECTION)
    link(stage, {objective(stage, 4): "A", reflection.target.field: "A"})
    for name, section in (("kim", "Monday"), ("lou", "Friday")):
        take_quiz(stage, whole, stage.join(name, sections=[section]))
        assess(stage, sealer, write(stage, sealer, whole, stage.people[name]), 4)
    reader = stage.join("eva", role=Role.INSTRUCTOR, sections=["Monday"])
    reader.is_section_restricted = True
    stage.session.flush()
    found = report(stage, "eva")["A"]

    assert found.people == 1
    assert {each.people for each in found.criteria} == {1}
