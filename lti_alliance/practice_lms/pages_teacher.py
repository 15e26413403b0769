"""The pages of those who teach, administer, or break something on purpose."""

from __future__ import annotations

import math
from typing import Any

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from lti_alliance.practice_lms import gradebook, launches
from lti_alliance.practice_lms.breakages import GROUPS, active, apply_breakage
from lti_alliance.practice_lms.breaking import scene_of
from lti_alliance.practice_lms.pages import COURSE, Visit, launch_form, render, visit
from lti_alliance.practice_lms.platform import practice
from lti_alliance.practice_lms.services import answer
from lti_alliance.practice_lms.state import Activity, Cell, LineItem, Person

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
        reviewable=_review_target(here, cell) is not None,
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
    target = _review_target(here, here.course.find_cell(item.id, student.id) or Cell())
    if target is None or activity is None:
        abort(404)
    canvas = here.platform.name == "canvas"
    fields = launches.begin(
        here.platform,
        here.course,
        here.person,
        activity=activity,
        kind="submission" if canvas else "review",
        target=target or None,
        for_person=None if canvas else student,
    )
    return launch_form(here, fields)


def _review_target(here: Visit, cell: Cell) -> str | None:
    """Return where a submission opens: nowhere, or with Moodle at the link itself (empty)."""
    if here.platform.name == "moodle":
        return ""
    return cell.submission_data if cell.submission_type == "basic_lti_launch" else None


@blueprint.get(COURSE + "/add")
def add_activity(platform_name: str, course_id: str) -> str:
    """Show the tool's picker in a frame."""
    here = visit(platform_name, course_id)
    if not here.may_teach:
        abort(403)
    return render("add.html", here)


@blueprint.get(COURSE + "/add/launch")
def launch_picker(platform_name: str, course_id: str) -> str:
    """Send the tool the login initiation of a deep linking request."""
    here = visit(platform_name, course_id)
    if not here.may_teach:
        abort(403)
    fields = launches.begin(here.platform, here.course, here.person, kind="deep_linking")
    return launch_form(here, fields)


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
