"""The gradebook as its pages and programs see it, and a person's hand in it."""

from __future__ import annotations

from typing import Any

from lti_alliance.practice_lms import late_policy
from lti_alliance.practice_lms.platform import Platform
from lti_alliance.practice_lms.services import written
from lti_alliance.practice_lms.state import Activity, Cell, Course, LineItem, Person

NO_NAME = "(no name given)"
NOTHING = Cell()


def columns(course: Course) -> list[tuple[LineItem, Activity | None]]:
    """Return the line items that have a gradebook column, in course order."""
    found = []
    for item in course.line_items.values():
        activity = course.activities.get(item.activity_id or "")
        if activity is not None and activity.deleted:
            continue
        # On Canvas a further line item of an assignment has no column of its own.
        if item.primary or activity is None or not item.coupled:
            found.append((item, activity))
    return found


def display_name(person: Person) -> str:
    """Return something to call the person on a page."""
    return person.name or NO_NAME


def cell_json(
    item: LineItem, activity: Activity | None, person: Person, cell: Cell
) -> dict[str, Any]:
    """Return one (student, activity) pair."""
    return {
        "person": person.id,
        "name": person.name,
        "sub": person.sub,
        "activity": activity.id if activity else None,
        "title": item.label,
        "line_item": item.id,
        "score": cell.score,
        "entered": cell.entered,
        "raw": cell.raw,
        "maximum": item.score_maximum,
        "source": cell.source,
        "overridden": cell.overridden,
        "attempts": cell.attempts,
        "submitted_at": cell.submitted_at,
        "submission_type": cell.submission_type,
        "submission_url": cell.submission_data,
        "late": cell.late,
        "needs_review": cell.needs_review,
        "activity_progress": cell.activity_progress,
        "grading_progress": cell.grading_progress,
        "feedback": cell.feedback,
        "comments": [
            {"text": each.text, "author": each.author, "at": each.at} for each in cell.comments
        ],
        "shown": shown(cell, item),
        "when": when(cell),
        "words": shown(cell, item).replace("–", "No grade yet"),
    }


def shown(cell: Cell, item: LineItem) -> str:
    """Return the cell in words."""
    if cell.score is not None:
        return f"{cell.score:.5g} / {item.score_maximum:g}"
    return "to be graded" if cell.submitted_at else "–"


def when(cell: Cell) -> str:
    """Return when the work came in; Moodle knows only when it was told a grade."""
    if cell.submitted_at:
        text = f"Submitted {cell.submitted_at[:16].replace('T', ' ')} UTC"
        return text + ", late" if cell.late else text
    if cell.score is not None and cell.stored_at is not None:
        return f"Graded {written(cell.stored_at)[:16].replace('T', ' ')} UTC"
    return "Graded" if cell.score is not None else "Nothing submitted yet"


def gradebook_json(
    platform: Platform,
    course: Course,
    *,
    only: Person | None = None,
    activity_id: str | None = None,
    with_history: bool = False,
) -> dict[str, Any]:
    """Return the whole gradebook, one person's row of it, or one activity's column."""
    with platform.store.lock:
        people = [only] if only else platform.students(course)
        shown_columns = [
            (item, activity)
            for item, activity in columns(course)
            if activity_id is None or (activity is not None and activity.id == activity_id)
        ]
        cells = []
        for person in people:
            for item, activity in shown_columns:
                cell = course.find_cell(item.id, person.id) or NOTHING
                told = cell_json(item, activity, person, cell)
                if with_history:
                    told["history"] = [each.to_json() for each in cell.history]
                cells.append(told)
    return {
        "platform": platform.name,
        "course": course.id,
        "activities": [
            {
                "line_item": item.id,
                "activity": activity.id if activity else None,
                "title": item.label,
                "maximum": item.score_maximum,
            }
            for item, activity in shown_columns
        ],
        "people": [
            {"person": each.id, "name": display_name(each), "sub": each.sub} for each in people
        ],
        "cells": cells,
    }


def set_by_person(
    platform: Platform, course: Course, item: LineItem, *, student: Person, score: float | None
) -> None:
    """Enter a grade by hand: Canvas then calls it a person's, Moodle marks it overridden."""
    with platform.store.lock:
        cell = course.cell(item.id, student.id)
        cell.score = cell.entered = score
        cell.source = None if score is None else "person"
        cell.needs_review = False
        if platform.name == "moodle":
            cell.entered = None
            cell.overridden = score is not None
            cell.stored_at = float(int(platform.now())) if score is not None else None
        else:
            late_policy.apply_to_cell(course, item, cell)
            if score is not None:
                cell.grading_progress = "FullyGraded"
    platform.store.changed()


def take_away_override(
    platform: Platform, course: Course, item: LineItem, *, student: Person
) -> None:
    """Take a person's hand away, so that what the tool last said shows again.

    Moodle has a mark for it; on Canvas somebody would type the tool's score in again.
    """
    with platform.store.lock:
        cell = course.find_cell(item.id, student.id)
        if cell is None or cell.source != "person":
            return
        if not cell.result and cell.submitted_at is None:
            # The tool has said nothing yet, so nothing is left.
            del course.cells[f"{item.id}/{student.id}"]
            platform.store.changed()
            return
        cell.overridden = False
        if platform.name == "moodle":
            cell.score = None if cell.raw is None else min(max(cell.raw, 0.0), item.score_maximum)
        else:
            told, maximum = cell.result_score, cell.result_maximum
            cell.score = told * item.score_maximum / maximum if told and maximum else told
            cell.entered = cell.score
            late_policy.apply_to_cell(course, item, cell)
        cell.source = None if cell.score is None else "tool"
    platform.store.changed()
