"""The pages of those who teach, administer, or break something on purpose."""

from __future__ import annotations

import math
from typing import Any

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from lti_alliance.practice_lms import gradebook
from lti_alliance.practice_lms.breakages import GROUPS, active, apply_breakage
from lti_alliance.practice_lms.breaking import scene_of
from lti_alliance.practice_lms.pages import COURSE, Visit, launch_form, render, visit
from lti_alliance.practice_lms.platform import practice
from lti_alliance.practice_lms.services import answer
from lti_alliance.practice_lms.state import Activity, Cell, LineItem, Person
from lti_alliance.practice_lms.submissions import begin_review, review_target

blueprint = Blueprint("pages_teacher", __name__)

CELL = COURSE + "/gradebook/<item_id>/<person_id>"


def grader(platform_name: str, course_id: str) -> Visit:
    """Return the visit of somebody who may see everyone's grades."""
    here = visit(platform_name, course_id)
    if not here.may_grade:
        abort(403)
    return here


def _pair(here: Visit, item_id: str, person_id: str) -> tuple[LineItem, Activity | None, Person]:
    item = here.course.line_items.get(item_id)
    student = here.platform.state.people.get(person_id)
    if item is None or student is None:
        abort(404)
    return item, here.course.activities.get(item.activity_id or ""), student


@blueprint.get(COURSE + "/gradebook")
def show_gradebook(platform_name: str, course_id: str) -> str:
    """Show the gradebook: students down, activities across."""
    here = grader(platform_name, course_id)
    book = gradebook.gradebook_json(here.platform, here.course)
    cells = {(each["person"], each["line_item"]): each for each in book["cells"]}
    return render("gradebook.html", here, book=book, cells=cells)


@blueprint.get(COURSE + "/gradebook.json")
def gradebook_json(platform_name: str, course_id: str) -> Response:
    """Return the gradebook for the page to follow."""
    here = grader(platform_name, course_id)
    return answer(gradebook.gradebook_json(here.platform, here.course))


@blueprint.get(CELL)
def show_cell(platform_name: str, course_id: str, item_id: str, person_id: str) -> str:
    """Show one grade with its history, and let it be changed."""
    here = grader(platform_name, course_id)
    item, activity, student = _pair(here, item_id, person_id)
    cell = here.course.find_cell(item.id, student.id) or Cell()
    return render(
        "cell.html",
        here,
        item=item,
        activity=activity,
        student=student,
        cell=cell,
        shown=gradebook.shown(cell, item),
        reviewable=review_target(here.platform, here.course, activity, cell) is not None,
        neighbours=_neighbours(here, student),
    )


@blueprint.post(CELL)
def change_cell(platform_name: str, course_id: str, item_id: str, person_id: str) -> AnyResponse:
    """Enter a grade by hand, with an empty field taking it away; or take an override away."""
    here = grader(platform_name, course_id)
    item, _, student = _pair(here, item_id, person_id)
    if request.form.get("override") == "off":
        gradebook.take_away_override(here.platform, here.course, item, student=student)
        return redirect(request.path, code=303)
    text = request.form.get("score", "").strip().replace(",", ".")
    try:
        score = float(text) if text else None
    except ValueError:
        score = math.nan
    if score is not None and not (math.isfinite(score) and score >= 0):
        page = render_template(
            "error.html", title="Not a grade", message="A grade is a number, nought or more."
        )
        return make_response(page, 422)
    gradebook.set_by_person(here.platform, here.course, item, student=student, score=score)
    return redirect(request.path, code=303)


@blueprint.get(CELL + "/launch")
def review_submission(platform_name: str, course_id: str, item_id: str, person_id: str) -> str:
    """Open the submission in the tool, each platform in its own way."""
    here = grader(platform_name, course_id)
    item, activity, student = _pair(here, item_id, person_id)
    cell = here.course.find_cell(item.id, student.id) or Cell()
    target = review_target(here.platform, here.course, activity, cell)
    if target is None or activity is None:
        abort(404)
    fields = begin_review(
        here.platform, here.course, here.person, activity=activity, student=student, target=target
    )
    return launch_form(here, fields)


def _neighbours(here: Visit, student: Person) -> tuple[Person | None, Person | None]:
    """Return the students before and after this one, to leaf through submissions."""
    students = here.platform.students(here.course)
    if student not in students:
        return None, None
    place = students.index(student)
    after = students[place + 1] if place + 1 < len(students) else None
    return (students[place - 1] if place else None), after


@blueprint.get("/break")
def show_breakages() -> str:
    """Show what can be broken, in plain words."""
    platforms: dict[str, Any] = {
        name: {"platform": each, "active": active(each), "scene": scene_of(each)}
        for name, each in practice().platforms.items()
    }
    return render_template("break.html", groups=GROUPS, platforms=platforms)


@blueprint.post("/break")
def break_something() -> AnyResponse:
    """Break or mend one thing on one platform, or mend everything there."""
    platform = practice().platforms.get(request.form.get("platform", ""))
    if platform is None or not apply_breakage(platform, request.form.get("what", "")):
        abort(404)
    return redirect(f"/break#{platform.name}", code=303)
