"""What stands in the cells of the desk and of its exports, in the language of the reader."""

from flask import Blueprint
from flask_babel import gettext

from lti_alliance.services.desk import Show, Sort
from lti_alliance.services.desk_cells import Cell, CellState
from lti_alliance.services.my_work import WorkState


def register(blueprint: Blueprint) -> None:
    """Make the filters known to the application's templates."""
    blueprint.add_app_template_filter(cell_words, "cell_words")
    blueprint.add_app_template_filter(show_words, "show_words")
    blueprint.add_app_template_filter(sort_words, "sort_words")
    blueprint.add_app_template_filter(work_words, "work_words")


def cell_words(cell: Cell) -> str:
    """Say how far one person is with one activity."""
    return str(
        {
            CellState.NOTHING: gettext("not begun"),
            CellState.WORKING: gettext("working on it"),
            CellState.PARTLY: gettext("partly handed in"),
            CellState.TO_GRADE: gettext("to grade"),
            CellState.RETURNED: gettext("returned for revision"),
            CellState.SCORED: gettext("done"),
            CellState.EXCUSED: gettext("excused"),
        }[cell.state]
    )


def show_words(show: Show) -> str:
    """Name what the desk can be narrowed to."""
    return str(
        {
            Show.EVERYBODY: gettext("Everybody"),
            Show.TO_GRADE: gettext("With work to grade"),
            Show.NOTHING_HANDED_IN: gettext("Nothing handed in yet"),
            Show.MISSING: gettext("Something missing"),
            Show.STUCK: gettext("Not right in the gradebook"),
            Show.LEFT: gettext("Left the course"),
        }[show]
    )


def sort_words(sort: Sort) -> str:
    """Name the orders in which the desk can stand."""
    return str(
        {
            Sort.NAME: gettext("Name"),
            Sort.SCORE: gettext("Score, highest first"),
            Sort.LATEST: gettext("Handed in, latest first"),
            Sort.TO_GRADE: gettext("Most to grade first"),
        }[sort]
    )


def work_words(state: WorkState) -> str:
    """Say how an activity stands for its student."""
    return str(
        {
            WorkState.NEW: gettext("Not begun"),
            WorkState.TO_DO: gettext("To finish"),
            WorkState.WAITS: gettext("Waits for your instructor"),
            WorkState.RETURNED: gettext("Returned to you for revision"),
            WorkState.DONE: gettext("Done"),
            WorkState.EXCUSED: gettext("You are excused"),
            WorkState.MISSED: gettext("Closed, not handed in"),
        }[state]
    )


def heading_words(name: str) -> str:
    """Name a column of an export."""
    return str(
        {
            "student": gettext("Student"),
            "sections": gettext("Sections"),
            "left": gettext("Left the course"),
            "maximum": gettext("maximum"),
            "state": gettext("state"),
        }[name]
    )
