"""The words of the standards pages, and their tables to take away."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise

from flask import Blueprint
from flask_babel import gettext

from lti_alliance.domain.standards import BANDS
from lti_alliance.models import CourseStandard
from lti_alliance.services.exports import Value
from lti_alliance.services.standard_reports import CriterionReport, LevelCount, StandardReport


def register(blueprint: Blueprint) -> None:
    """Make the filters known to the application's templates."""
    blueprint.add_app_template_filter(level_words, "level_count_words")


def band_words() -> list[str]:
    """Name the bands of scores, the lowest first."""
    cuts = [round(100 * cut) for cut in BANDS]
    inner = [f"{low} – {high} %" for low, high in pairwise(cuts)]
    return [
        gettext("under %(low)s %%", low=cuts[0]),
        *inner,
        gettext("from %(high)s %%", high=cuts[-1]),
    ]


def level_words(level: LevelCount) -> str:
    """Name a level of a criterion."""
    return f"{level.number} {level.name}" if level.number else gettext("left blank")


def places(faults: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Say for each fault of a file which line it is in; all of them are put right in the file."""
    return {
        name: ("file", gettext("Line %(number)s", number=name.removeprefix("line-")))
        for name in faults
        if name.startswith("line-")
    }


def list_table(rows: Iterable[CourseStandard]) -> list[list[Value]]:
    """Put a list into rows, one for each link of a standard."""
    table: list[list[Value]] = [
        ["code", "title", "text", gettext("Module"), gettext("What bears on it")]
    ]
    for row in rows:
        head: list[Value] = [row.code, row.title, row.text]
        links = sorted(row.links, key=lambda link: (link.module_id, link.label))
        table += [[*head, link.module_id, link.label] for link in links] or [[*head, "", ""]]
    return table


def report_table(reports: Sequence[StandardReport]) -> list[list[Value]]:
    """Put a report into rows: one for the questions of a standard, one for each level."""
    table: list[list[Value]] = [
        [
            gettext("Code"),
            gettext("Standard"),
            gettext("Evidence"),
            gettext("What"),
            gettext("Questions"),
            gettext("Students"),
            gettext("Mean share of the points"),
            gettext("Band or level"),
            gettext("Students in it"),
        ]
    ]
    for each in reports:
        head: list[Value] = [each.standard.code, each.standard.title]
        if not each.people and not each.criteria:
            table.append([*head, gettext("none yet"), _parts(each), *[""] * 5])
        if each.people:
            table += _question_rows(head, each)
        for criterion in each.criteria:
            table += _criterion_rows(head, criterion)
    return table


def _question_rows(head: list[Value], report: StandardReport) -> list[list[Value]]:
    mean = None if report.mean is None else Decimal(str(round(report.mean, 4)))
    facts: list[Value] = [
        gettext("Questions"),
        _parts(report),
        Decimal(report.items),
        Decimal(report.people),
        mean,
    ]
    return [
        [*head, *facts, name, Decimal(count)]
        for name, count in zip(band_words(), report.bands, strict=True)
    ]


def _parts(report: StandardReport) -> str:
    return "; ".join(
        f"{part.module}: {part.label}" + (f" ({', '.join(part.items)})" if part.items else "")
        for part in report.parts
    )


def _criterion_rows(head: list[Value], report: CriterionReport) -> list[list[Value]]:
    what = f"{report.module.title}, {report.prompt_id}: {report.criterion.name}"
    facts: list[Value] = [gettext("Reflection"), what, None, Decimal(report.people), None]
    return [[*head, *facts, level_words(level), Decimal(level.count)] for level in report.levels]
