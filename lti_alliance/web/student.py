"""A student's pages: the activity, its reading, the quiz, its result, the reflections."""

import re
from collections.abc import Mapping
from random import SystemRandom

from flask import Blueprint, Response, jsonify, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from lti_alliance.domain.launch import Role
from lti_alliance.errors import AlreadySubmitted, Conflict, InvalidInput, NotFound, Stale
from lti_alliance.models import Attempt, db
from lti_alliance.parts import parts
from lti_alliance.services import attempts, modules, student_home, terms
from lti_alliance.services.attempts import Sheet
from lti_alliance.web import (
    access,
    forms,
    grade_pages,
    grade_words,
    opening,
    quiz_pages,
    student_reflections,
    submissions,
    transaction,
    wording,
)
from lti_alliance.web.opening import activity_of, member_of
from lti_alliance.web.rendering import leave_handle_to_addresses, page, wants_json

blueprint = Blueprint("student", __name__, url_prefix="/launches/<handle>")
leave_handle_to_addresses(blueprint, keeps_activity=True)

_random = SystemRandom()

grade_words.register(blueprint)
blueprint.add_url_rule("/submission", view_func=submissions.submission)
blueprint.add_url_rule("/grade", view_func=grade_pages.own_grade)

_PROMPT = "/reflections/<prompt_id>"
blueprint.add_url_rule(_PROMPT, view_func=student_reflections.reflection)
blueprint.add_url_rule(
    f"{_PROMPT}/draft", view_func=student_reflections.save_draft, methods=["POST"]
)
blueprint.add_url_rule(f"{_PROMPT}/review", view_func=student_reflections.review_reflection)
blueprint.add_url_rule(
    f"{_PROMPT}/submission", view_func=student_reflections.submit_reflection, methods=["POST"]
)


@blueprint.get("/")
@access.visitor
def home() -> BaseResponse:
    """Show what this launch opened, as the role of the person sees it."""
    return opening.home(access.current())


@blueprint.get("/work")
@access.role(Role.LEARNER)
def work() -> Response:
    """Show a student their own work in all activities of the course."""
    return opening.work_page(access.current())


@blueprint.get("/reading")
@access.role(
    Role.LEARNER,
    Role.INSTRUCTOR,
    Role.TEACHING_ASSISTANT,
    Role.AIDE,
    Role.CONTENT_DEVELOPER,
)
def reading() -> Response:
    """Show the reading of the activity's module."""
    activity = activity_of(access.current())
    module = modules.get_module(db.session(), parts().catalogue, content_hash=activity.content_hash)
    return page("student/reading.html", activity=activity, module=module)


@blueprint.post("/attempts")
@access.role(Role.LEARNER)
def start() -> BaseResponse:
    """Start an attempt, or go on with the one that is open."""
    visit = access.current()
    activity = activity_of(visit)
    with transaction.act() as session:
        made = attempts.start_attempt(
            session,
            parts().catalogue,
            activity=activity,
            membership=member_of(visit),
            rng=_random,
            at=parts().now(),
        )
    return redirect(url_for(".attempt", attempt_id=made.id), 303)


@blueprint.get("/attempts/<attempt_id>")
@access.role(Role.LEARNER, Role.INSTRUCTOR, Role.TEACHING_ASSISTANT)
def attempt(attempt_id: str) -> Response:
    """Show an attempt: the quiz while it is open to its student, its result afterwards."""
    found = _visible_attempt(attempt_id)
    is_own = found.membership_id == member_of(access.current()).id
    if is_own and _is_open(found):
        return _quiz(_sheet(found))
    return _result(found, is_own=is_own)


@blueprint.post("/attempts/<attempt_id>/responses")
@access.role(Role.LEARNER)
def save_responses(attempt_id: str) -> BaseResponse:
    """Save answers while they are being given: for a script, or by the save button."""
    found = _own_attempt(attempt_id)
    fields = forms.other_fields(request.form)
    try:
        with transaction.act() as session:
            version = attempts.save_responses(
                session,
                parts().catalogue,
                attempt=found,
                fields=fields,
                base_version=forms.saved_version(request.form),
                at=parts().now(),
            )
    except (Stale, InvalidInput) as refused:
        if wants_json():
            raise
        return _answer_refused_save(_own_attempt(attempt_id), fields, refused)
    if wants_json():
        return _saved(version)
    then = request.args.get("then", "")
    step = ".review" if then == "review" else ".attempt"
    place = then if re.fullmatch(r"question-\d{1,3}", then) else None
    return redirect(url_for(step, attempt_id=attempt_id, _anchor=place), 303)


@blueprint.get("/attempts/<attempt_id>/review")
@access.role(Role.LEARNER)
def review(attempt_id: str) -> BaseResponse:
    """Show what has been answered and what has not, before it is handed in."""
    found = _own_attempt(attempt_id)
    if not _is_open(found):
        return redirect(url_for(".attempt", attempt_id=attempt_id), 303)
    return _review(_sheet(found))


@blueprint.post("/attempts/<attempt_id>/submission")
@access.role(Role.LEARNER)
def submit(attempt_id: str) -> BaseResponse:
    """Hand the attempt in; the same submission again leads to the same result."""
    found = _own_attempt(attempt_id)
    fields = forms.other_fields(request.form)
    try:
        with transaction.act() as session:
            attempts.submit_attempt(
                session,
                parts().catalogue,
                attempt=found,
                fields=fields,
                base_version=forms.saved_version(request.form),
                at=parts().now(),
            )
    except AlreadySubmitted:
        _check_same(_sheet(_own_attempt(attempt_id)), fields)
    except Stale as stale:
        if wants_json():
            raise
        return _review(_sheet(_own_attempt(attempt_id)), status=409, problem=stale.reason)
    except InvalidInput as invalid:
        if wants_json():
            raise
        return _answer_refused_save(_own_attempt(attempt_id), fields, invalid)
    return redirect(url_for(".attempt", attempt_id=attempt_id), 303)


def _visible_attempt(attempt_id: str) -> Attempt:
    visit = access.current()
    viewer = member_of(visit)
    found = attempts.get_attempt(db.session(), opening.key(attempt_id), viewer=viewer)
    # The role of this launch decides, not that of the person's last launch elsewhere.
    if found.membership_id != viewer.id and not visit.role.teaches:
        raise NotFound
    return found


def _own_attempt(attempt_id: str) -> Attempt:
    found = _visible_attempt(attempt_id)
    if found.membership_id != member_of(access.current()).id:
        raise NotFound
    return found


def _is_open(found: Attempt) -> bool:
    return attempts.is_open(db.session(), found, at=parts().now())


def _sheet(found: Attempt) -> Sheet:
    return attempts.get_sheet(db.session(), parts().catalogue, found)


def _quiz(
    sheet: Sheet,
    *,
    typed: forms.Fields | None = None,
    errors: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    return page(
        "student/quiz.html",
        activity=sheet.attempt.activity,
        status=status,
        module=sheet.module,
        attempt=sheet.attempt,
        settings=terms.settings_for_attempt(db.session(), sheet.attempt),
        time_left=quiz_pages.time_left(sheet.attempt, at=parts().now()),
        items=quiz_pages.quiz_items(sheet, typed=typed),
        errors=errors or {},
    )


def _review(sheet: Sheet, *, status: int = 200, problem: str = "") -> Response:
    return page(
        "student/review.html",
        activity=sheet.attempt.activity,
        status=status,
        module=sheet.module,
        attempt=sheet.attempt,
        settings=terms.settings_for_attempt(db.session(), sheet.attempt),
        time_left=quiz_pages.time_left(sheet.attempt, at=parts().now()),
        items=quiz_pages.quiz_items(sheet),
        problem=problem,
    )


def _answer_refused_save(
    found: Attempt, fields: forms.Fields, refused: Stale | InvalidInput
) -> Response:
    """Answer a form that could not be saved with a page on which nothing typed is lost."""
    sheet = _sheet(found)
    if isinstance(refused, InvalidInput):
        if refused.code != "response.invalid":
            raise refused
        return _quiz(sheet, typed=fields, errors=refused.fields, status=422)
    return page(
        "student/conflict_quiz.html",
        activity=found.activity,
        status=409,
        module=sheet.module,
        attempt=found,
        pairs=list(
            zip(
                quiz_pages.quiz_items(sheet, typed=fields),
                quiz_pages.quiz_items(sheet),
                strict=True,
            )
        ),
        fields=fields,
    )


def _result(found: Attempt, *, is_own: bool) -> Response:
    report = student_home.attempt_report(
        db.session(), parts().catalogue, attempt=found, is_own=is_own, at=parts().now()
    )
    results = []
    if report.outcomes is not None:
        results = quiz_pages.item_results(report.sheet, report.outcomes, stage=report.stage)
    return page(
        "student/result.html",
        activity=found.activity,
        module=report.sheet.module,
        attempt=found,
        settings=report.settings,
        is_closed=report.settings.is_closed(parts().now()),
        stage=report.stage,
        results=results,
        quiz=report.quiz,
        standing=report.standing,
        is_own=is_own,
        is_preview=found.membership.is_test_user,
        student=wording.member_name(found.membership),
    )


def _check_same(sheet: Sheet, fields: forms.Fields) -> None:
    """Let a repeated submission pass, and refuse one that brings other answers."""
    for item_id, sure in attempts.read_confidences(sheet, fields).items():
        if sheet.confidences.get(item_id) != sure:
            raise Conflict("submit.conflict")
    for item_id, response in attempts.read_fields(sheet, fields).items():
        if sheet.responses.get(item_id) != response:
            raise Conflict("submit.conflict")


def _saved(version: int) -> Response:
    return jsonify(saved_version=version, saved_at=wording.machine_time(parts().now()))
