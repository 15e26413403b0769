"""Take points from late work as Canvas does, each time anew from the score that was entered.

Canvas, `late_policy.rb` and `late_policy_applicator.rb`: https://github.com/instructure/canvas-lms
"""

from __future__ import annotations

import math

from lti_alliance.practice_lms.services import parse_moment
from lti_alliance.practice_lms.state import Cell, Course, LatePolicy, LineItem

DAY_S = 24 * 60 * 60


def apply_to_cell(course: Course, item: LineItem, cell: Cell) -> None:
    """Set the cell's score and lateness by the policy; doing it twice changes nothing."""
    late_s = _lateness(course, item, cell)
    cell.late = late_s > 0
    if cell.score is None:
        cell.entered = None
        return
    cell.entered = cell.score if cell.entered is None else cell.entered
    taken = points_taken(
        course.late_policy, cell.entered, possible=item.score_maximum, late_s=late_s
    )
    cell.score = round(cell.entered - taken, 6)


def apply_to_column(course: Course, item: LineItem) -> None:
    """Set every score of the column by the policy, after it or the due date has changed."""
    for cell in course.cells_of(item.id).values():
        apply_to_cell(course, item, cell)


def points_taken(
    policy: LatePolicy | None, entered: float, *, possible: float, late_s: float
) -> float:
    """Return the deduction: by days begun, and never below the least percentage."""
    if policy is None or late_s <= 0 or possible <= 0:
        return 0.0
    wanted = policy.percent_per_day * math.ceil(late_s / DAY_S)
    most = max(entered * 100 / possible - policy.minimum_percent, 0.0)
    return possible * min(wanted, most) / 100


def _lateness(course: Course, item: LineItem, cell: Cell) -> float:
    activity = course.activities.get(item.activity_id or "")
    due = parse_moment(activity.due_at) if activity is not None else None
    submitted = parse_moment(cell.submitted_at)
    return (submitted - due).total_seconds() if submitted and due else 0.0
