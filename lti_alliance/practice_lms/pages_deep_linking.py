"""The teacher's dialog for adding activities: where, the tool's picker, the form to save."""

from __future__ import annotations

from flask import Blueprint, abort, make_response, redirect, render_template, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from lti_alliance.practice_lms import launches
from lti_alliance.practice_lms.content_making import look_for_cartridge, make, take_draft
from lti_alliance.practice_lms.dialects.canvas_placements import OFFERED, PLACES
from lti_alliance.practice_lms.dialects.moodle_deep_linking import as_lines, from_lines
from lti_alliance.practice_lms.drafts import Chosen, Draft
from lti_alliance.practice_lms.pages import COURSE, Visit, launch_form, render, visit
from lti_alliance.practice_lms.services import parse_moment

blueprint = Blueprint("pages_deep_linking", __name__)

FORM = COURSE + "/add/form"
MOMENTS = ("unlock_at", "due_at", "lock_at")


class _NotSavedError(Exception):
    """What keeps a form from being saved, in a sentence."""


def _teacher(platform_name: str, course_id: str) -> Visit:
    here = visit(platform_name, course_id)
    if not here.may_teach:
        abort(403)
    return here


@blueprint.get(COURSE + "/add")
def add_activity(platform_name: str, course_id: str) -> str:
    """Show the tool's picker in a frame; in Canvas first choose from where (`placement`)."""
    here = _teacher(platform_name, course_id)
    placement = request.args.get("placement", "")
    if platform_name == "canvas" and not placement:
        places = {
            name: PLACES[name] for name in OFFERED if launches.is_offered(here.platform, name)
        }
        modules = sorted({each.module for each in here.course.activities.values() if each.module})
        return render("add_where.html", here, places=places, modules=modules)
    if placement and placement not in OFFERED:
        abort(404)
    return render("add.html", here, placement=placement, query=request.query_string.decode())


@blueprint.get(COURSE + "/add/launch")
def launch_picker(platform_name: str, course_id: str) -> AnyResponse:
    """Send the tool the login initiation of a deep linking request."""
    here = _teacher(platform_name, course_id)
    canvas = platform_name == "canvas"
    placement = request.args.get("placement", "") if canvas else ""
    if (placement and placement not in OFFERED) or not launches.is_offered(
        here.platform, placement
    ):
        message = "The tool is not offered here."
        return make_response(render_template(f"{platform_name}_error.html", message=message), 404)
    fields = launches.begin(
        here.platform,
        here.course,
        here.person,
        kind="deep_linking",
        placement=placement,
        module=request.args.get("module", "") if canvas else "",
        title=request.args.get("title", "") if canvas else "",
    )
    return make_response(launch_form(here, fields))


@blueprint.get(FORM, defaults={"draft_id": ""})
@blueprint.get(FORM + "/<draft_id>")
def show_form(platform_name: str, course_id: str, draft_id: str) -> str:
    """Show the form that the picker has filled in, or an empty one."""
    here = _teacher(platform_name, course_id)
    return _form(here, _draft(here, draft_id))


@blueprint.post(FORM, defaults={"draft_id": ""})
@blueprint.post(FORM + "/<draft_id>")
def save_form(platform_name: str, course_id: str, draft_id: str) -> AnyResponse:
    """Make the activity as the form now says; several items are saved in turn."""
    here = _teacher(platform_name, course_id)
    draft = _draft(here, draft_id)
    sent = request.form
    try:
        items = _as_sent(here, draft, sent)
    except _NotSavedError as error:
        return make_response(_form(here, draft, fault=str(error), sent=sent), 422)
    if take_draft(here.platform, here.course, draft_id) is None:
        abort(404)
    made = [make(here.platform, here.course, each) for each in items]
    if platform_name == "moodle":
        for each in made:
            look_for_cartridge(here.platform, each)
    root = f"/{platform_name}/courses/{course_id}"
    address = f"{root}/activities/{made[0].id}" if len(made) == 1 else root
    return redirect(address, code=303)


def _draft(here: Visit, draft_id: str) -> Draft | None:
    """Return the filled form; without a name it is the empty one of Moodle."""
    if not draft_id:
        return None
    found = here.course.drafts.get(draft_id)
    if found is None:
        abort(404)
    return found


def _form(
    here: Visit,
    draft: Draft | None,
    *,
    fault: str = "",
    sent: MultiDict[str, str] | None = None,
) -> str:
    items = draft.items if draft else []
    if here.platform.name == "canvas" and not items:
        abort(404)
    fields = _moodle_fields(items) if here.platform.name == "moodle" else {}
    if sent is not None:
        fields |= sent.to_dict()
    return render(
        f"add_form_{here.platform.name}.html", here, items=items, fields=fields, fault=fault
    )


def _moodle_fields(items: list[Chosen]) -> dict[str, str]:
    """Return Moodle's form by its own field names; several items leave it empty."""
    one = items[0] if len(items) == 1 else Chosen("", points=100.0)
    return {
        "name": one.title,
        "toolurl": one.url,
        "introeditor[text]": one.text,
        "instructorcustomparameters": as_lines(one.custom),
        "lineitemtag": one.tag or "",
        "lineitemresourceid": one.resource_id or "",
        "lineitemsubreviewurl": one.review_url,
        "lineitemsubreviewparams": as_lines(one.review_custom),
        "grade[modgrade_type]": "none" if one.points is None else "point",
        "grade[modgrade_point]": f"{100.0 if one.points is None else one.points:g}",
        "selectcontentstatus": "" if len(items) > 1 else "true" if items else "false",
    }


def _as_sent(here: Visit, draft: Draft | None, sent: MultiDict[str, str]) -> list[Chosen]:
    if draft is None:
        raise _NotSavedError("You must select content from the tool first.")
    if len(draft.items) > 1:
        return draft.items
    if here.platform.name == "moodle":
        return [_moodle_form(draft.items[0], sent)]
    return [_canvas_form(draft.items[0], sent)]


def _canvas_form(chosen: Chosen, sent: MultiDict[str, str]) -> Chosen:
    title = sent.get("title", chosen.title).strip()
    if not title:
        raise _NotSavedError("A name is required.")
    moments = {name: sent.get(name, "").strip() or None for name in MOMENTS}
    if any(each is not None and parse_moment(each) is None for each in moments.values()):
        raise _NotSavedError("A date is written as 2031-04-01T12:00:00Z.")
    changed = Chosen.from_json(chosen.to_json())
    changed.title, changed.new_tab = title, sent.get("new_tab") == "yes"
    changed.published = sent.get("publish") == "yes"
    changed.module = sent.get("module", chosen.module)
    if chosen.kind == "assignment":
        changed.points = _number(sent.get("points", ""))
        changed.unlock_at, changed.due_at, changed.lock_at = moments.values()
    return changed


def _moodle_form(chosen: Chosen, sent: MultiDict[str, str]) -> Chosen:
    fields = {**_moodle_fields([chosen]), **sent.to_dict()}
    if not fields["name"].strip():
        raise _NotSavedError("- You must supply a value here: Activity name.")
    changed = Chosen.from_json(chosen.to_json())
    changed.title, changed.url = fields["name"].strip(), fields["toolurl"].strip()
    changed.text = fields["introeditor[text]"]
    changed.custom = from_lines(fields["instructorcustomparameters"])
    changed.tag, changed.resource_id = fields["lineitemtag"], fields["lineitemresourceid"]
    changed.review_url = fields["lineitemsubreviewurl"]
    changed.review_custom = from_lines(fields["lineitemsubreviewparams"])
    is_graded = fields["grade[modgrade_type]"] == "point"
    changed.points = _number(fields["grade[modgrade_point]"]) if is_graded else None
    changed.kind = "assignment" if is_graded else "module_item"
    return changed


def _number(text: str) -> float:
    try:
        number = float(text.strip().replace(",", "."))
    except ValueError:
        number = -1.0
    if not 0 <= number < 1_000_000:
        raise _NotSavedError("Points are a number, nought or more.")
    return number
