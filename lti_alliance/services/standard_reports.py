"""The standards report of a course: what bears on each standard, and how students did with it."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.answer_groups import Answer
from lti_alliance.domain.launch import Role
from lti_alliance.domain.modules import Module
from lti_alliance.domain.rubrics import BLANK, Criterion
from lti_alliance.domain.standard_targets import TargetKind, items_for
from lti_alliance.domain.standards import count_bands
from lti_alliance.models import (
    Activity,
    Context,
    CourseStandard,
    Membership,
    Reflection,
    RubricAssessment,
    StandardLink,
)
from lti_alliance.services import first_attempts, modules, sections, standards, student_sheets


@dataclass(frozen=True, slots=True)
class LevelCount:
    """How many reflections reached a level of a criterion; 0 is left blank."""

    number: int
    name: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionReport:
    """How the reflections on a prompt were graded by one criterion."""

    module: Module
    prompt_id: str
    criterion: Criterion
    people: int
    levels: tuple[LevelCount, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BearingPart:
    """An objective or a reflection of a module that is linked to a standard."""

    module: str
    """Its title, or its id where the course uses it no more."""
    label: str
    items: tuple[str, ...]
    """The ids of the items that are for the objective, in any version that the course uses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardReport:
    """What bears on a standard, and how students did with it."""

    standard: CourseStandard
    parts: tuple[BearingPart, ...]
    items: int
    """Items that somebody was given and that make points."""
    people: int
    mean: float | None
    """The mean of the students' shares of the points; None where nobody has any."""
    bands: tuple[int, ...]
    """How many students' shares are in each of the bands, the lowest first."""
    criteria: tuple[CriterionReport, ...]


@dataclass(slots=True)
class _Evidence:
    """What was found for one standard so far."""

    items: set[tuple[str, str]] = field(default_factory=set)
    answers: dict[int, list[Answer]] = field(default_factory=lambda: defaultdict(list))


def report(
    session: Session, catalogue: Catalogue, context: Context, *, viewer: Membership
) -> list[StandardReport]:
    """Report on every standard of the course, as far as the viewer may see its students."""
    rows = standards.list_standards(session, context)
    linked = _linked(rows)
    activities = student_sheets.list_activities(session, context.id)
    used = [
        modules.get_module(session, catalogue, content_hash=activity.content_hash)
        for activity in activities
    ]
    found = {row.id: _Evidence() for row in rows}
    for activity in activities:
        about = {key: ids for key, ids in linked.items() if ids.get(activity.module_id)}
        if not about:
            continue
        read = first_attempts.read(session, catalogue, activity, viewer=viewer)
        for key, by_module in about.items():
            items = items_for(read.module, by_module[activity.module_id])
            for person, sheet in read.sheets().items():
                own = {i: a for i, a in sheet.items() if i in items and a.worth}
                found[key].items |= {(activity.module_id, item_id) for item_id in own}
                if own:
                    found[key].answers[person] += own.values()
    graded = _criteria(session, catalogue, activities, context, viewer)
    return [_report(row, found[row.id], graded, used) for row in rows]


def _linked(rows: Sequence[CourseStandard]) -> dict[UUID, dict[str, set[str]]]:
    """Return the objectives of each standard, by module."""
    found: dict[UUID, dict[str, set[str]]] = {}
    for row in rows:
        for link in row.links:
            if link.target == TargetKind.OBJECTIVE:
                found.setdefault(row.id, {}).setdefault(link.module_id, set()).add(link.key)
    return found


def _criteria(
    session: Session,
    catalogue: Catalogue,
    activities: Sequence[Activity],
    context: Context,
    viewer: Membership,
) -> dict[tuple[str, str], list[CriterionReport]]:
    """Count the levels of all released assessments, by module and prompt."""
    scope = sections.scope_of(session, viewer, context=context)
    of_module = {activity.id: activity.module_id for activity in activities}
    counts: dict[tuple[str, str, str], Counter[int]] = defaultdict(Counter)
    known: dict[tuple[str, str, str], tuple[Module, Criterion]] = {}
    for reflection, assessment, member in session.execute(
        select(Reflection, RubricAssessment, Membership)
        .join(RubricAssessment, RubricAssessment.reflection_id == Reflection.id)
        .join(Membership, Membership.id == Reflection.membership_id)
        .where(
            Membership.context_id == context.id,
            Membership.role == Role.LEARNER,
            Membership.is_test_user.is_(False),
            RubricAssessment.released_at.is_not(None),
            RubricAssessment.assessed_by_id.is_not(None),
        )
        .order_by(Reflection.started_at, Reflection.id)
    ):
        if not scope.covers(member.sections) or reflection.activity_id not in of_module:
            continue
        module = modules.get_module(session, catalogue, content_hash=reflection.content_hash)
        rubric = module.get_reflection(reflection.prompt_id).rubric
        for criterion in rubric.criteria if rubric else ():
            key = (module.id, reflection.prompt_id, criterion.id)
            counts[key][assessment.selections.get(criterion.id) or BLANK] += 1
            known[key] = module, criterion
    found: dict[tuple[str, str], list[CriterionReport]] = defaultdict(list)
    for key, (module, criterion) in known.items():
        blank = [LevelCount(BLANK, "", counts[key][BLANK])] if counts[key][BLANK] else []
        found[key[:2]].append(
            CriterionReport(
                module=module,
                prompt_id=key[1],
                criterion=criterion,
                people=counts[key].total(),
                levels=(
                    *blank,
                    *(
                        LevelCount(level.number, level.name, counts[key][level.number])
                        for level in criterion.levels
                    ),
                ),
            )
        )
    return found


def _part(link: StandardLink, used: Sequence[Module]) -> BearingPart:
    versions = [module for module in used if module.id == link.module_id]
    items = {item_id for module in versions for item_id in items_for(module, [link.key])}
    title = versions[-1].title if versions else link.module_id
    return BearingPart(module=title, label=link.label, items=tuple(sorted(items)))


def _report(
    row: CourseStandard,
    found: _Evidence,
    graded: dict[tuple[str, str], list[CriterionReport]],
    used: Sequence[Module],
) -> StandardReport:
    shares = [
        sum(a.share * a.worth for a in answers) / sum(a.worth for a in answers)
        for answers in found.answers.values()
    ]
    links = sorted(row.links, key=lambda link: (link.module_id, link.label))
    return StandardReport(
        standard=row,
        parts=tuple(_part(link, used) for link in links),
        items=len(found.items),
        people=len(shares),
        mean=sum(shares) / len(shares) if shares else None,
        bands=count_bands(shares),
        criteria=tuple(
            each
            for link in links
            if link.target == TargetKind.REFLECTION
            for each in graded.get((link.module_id, link.key), ())
        ),
    )
