"""A student's quiz: answered, saved, checked one by one, looked over, handed in."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from flask import Response, jsonify, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from lti_alliance.domain.items import response_field
from lti_alliance.domain.launch import Role
from lti_alliance.errors import AlreadySubmitted, Conflict, InvalidInput, Stale
from lti_alliance.models import Attempt, db
from lti_alliance.parts import parts
from lti_alliance.services import answering, attempt_sheets, attempts, student_home
from lti_alliance.services.attempt_sheets import Sheet
from lti_alliance.services.student_home import OpenWork
from lti_alliance.web import access, forms, opening, quiz_items, quiz_results, transaction, wording
from lti_alliance.web.rendering import page, wants_json

CHECKS_OVER = "Answers cannot be checked here any more. Save yours, and go on."


@access.role(Role.LEARNER)
def save_responses(attempt_id: str) -> BaseResponse:
    """Save answers while they are being given: for a script, or by the save button.

    The same save again, whose first answer was lost on its way, is no conflict.
    """
    found = opening.own_attempt(attempt_id)
    fields = forms.other_fields(request.form)
    try:
        with transaction.act() as session:
            version = answering.save_responses(
                session,
                parts().catalogue,
                attempt=found,
                fields=fields,
                base_version=forms.saved_version(request.form),
                at=parts().now(),
            )
    except (Stale, InvalidInput) as refused:
        repeated = _just_saved(attempt_id, fields) if isinstance(refused, Stale) else None
        if repeated is None:
            if wants_json():
                raise
            return _answer_refused_save(opening.own_attempt(attempt_id), fields, refused)
        version = repeated
    if wants_json():
        return _saved(version)
    then = request.args.get("then", "")
    step = ".review" if then == "review" else ".attempt"
    place = then if re.fullmatch(r"question-\d{1,3}", then) else None
    kept = attempt_sheets.overruled(_sheet(opening.own_attempt(attempt_id)), fields)
    return redirect(url_for(step, attempt_id=attempt_id, kept=kept or None, _anchor=place), 303)


@access.role(Role.LEARNER)
def check_answer(attempt_id: str, item_id: str) -> BaseResponse:
    """Save everything that was sent and check one answer, which is final for it."""
    found = opening.own_attempt(attempt_id)
    fields = forms.other_fields(request.form)
    try:
        with transaction.act() as session:
            answering.check_answer(
                session,
                parts().catalogue,
                attempt=found,
                item_id=item_id,
                fields=fields,
                base_version=forms.saved_version(request.form),
                at=parts().now(),
            )
    except Stale as stale:
        found = opening.own_attempt(attempt_id)
        sheet = _sheet(found)
        # A second click brings what the first has checked already.
        if item_id not in sheet.checked or not _is_same(sheet, fields):
            return _answer_refused_save(found, fields, stale)
    except InvalidInput as invalid:
        return _answer_refused_save(opening.own_attempt(attempt_id), fields, invalid)
    except Conflict as refused:
        if refused.reason != "attempt.check_not_offered":
            raise
        # The setting was changed under the open page; what was typed there stays on it.
        errors = {response_field(item_id): CHECKS_OVER}
        return quiz_page(opening.own_attempt(attempt_id), typed=fields, errors=errors, status=409)
    sheet = _sheet(opening.own_attempt(attempt_id))
    number = next(n for n, item in enumerate(sheet.items, 1) if item.id == item_id)
    kept = attempt_sheets.overruled(sheet, fields)
    place = f"question-{number}"
    address = url_for(".attempt", attempt_id=attempt_id, kept=kept or None, _anchor=place)
    return redirect(address, 303)


@access.role(Role.LEARNER)
def review(attempt_id: str) -> BaseResponse:
    """Show what has been answered and what has not, before it is handed in."""
    found = opening.own_attempt(attempt_id)
    if not is_open(found):
        return redirect(url_for(".attempt", attempt_id=attempt_id), 303)
    return _review(found)


@access.role(Role.LEARNER)
def submit(attempt_id: str) -> BaseResponse:
    """Hand the attempt in; the same submission again leads to the same result."""
    found = opening.own_attempt(attempt_id)
    fields = forms.other_fields(request.form)
    try:
        with transaction.act() as session:
            answering.submit_attempt(
                session,
                parts().catalogue,
                attempt=found,
                fields=fields,
                base_version=forms.saved_version(request.form),
                at=parts().now(),
            )
    except AlreadySubmitted:
        # The same submission again leads to the same result; another one is told so.
        if not _is_same(_sheet(opening.own_attempt(attempt_id)), fields):
            raise Conflict("submit.conflict") from None
    except Stale as stale:
        if wants_json():
            raise
        return _review(opening.own_attempt(attempt_id), status=409, problem=stale.reason)
    except InvalidInput as invalid:
        if wants_json():
            raise
        return _answer_refused_save(opening.own_attempt(attempt_id), fields, invalid)
    return redirect(url_for(".attempt", attempt_id=attempt_id), 303)


def is_open(found: Attempt) -> bool:
    """Say whether its student may go on with an attempt."""
    return attempts.is_open(db.session(), found, at=parts().now())


def _sheet(found: Attempt) -> Sheet:
    return attempt_sheets.get_sheet(db.session(), parts().catalogue, found)


def quiz_page(
    found: Attempt,
    *,
    typed: forms.Fields | None = None,
    errors: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    """Show the items of an open attempt: to be answered, or as they were checked."""
    work = _open_work(found)
    results = quiz_results.item_results(work.sheet, work.outcomes, stage=work.stage)
    return page(
        "student/quiz.html",
        activity=found.activity,
        status=status,
        module=work.sheet.module,
        attempt=found,
        settings=work.settings,
        time_left=_time_left(found, at=parts().now()),
        items=quiz_items.quiz_items(work.sheet, typed=typed),
        checked={result.shown.item.id: result for result in results},
        kept=_kept(work.sheet),
        errors=errors or {},
    )


def _review(found: Attempt, *, status: int = 200, problem: str = "") -> Response:
    work = _open_work(found)
    return page(
        "student/review.html",
        activity=found.activity,
        status=status,
        module=work.sheet.module,
        attempt=found,
        settings=work.settings,
        time_left=_time_left(found, at=parts().now()),
        items=quiz_items.quiz_items(work.sheet),
        kept=_kept(work.sheet),
        problem=problem,
    )


def _open_work(found: Attempt) -> OpenWork:
    return student_home.open_work(db.session(), parts().catalogue, attempt=found, at=parts().now())


def _kept(sheet: Sheet) -> list[int]:
    """Read for which checked items a save just before this page had brought something else."""
    asked = request.args.getlist("kept", type=int)
    return [n for n, item in enumerate(sheet.items, 1) if n in asked and item.id in sheet.checked]


def _answer_refused_save(
    found: Attempt, fields: forms.Fields, refused: Stale | InvalidInput
) -> Response:
    """Answer a form that could not be saved with a page on which nothing typed is lost."""
    if isinstance(refused, InvalidInput):
        if refused.code != "response.invalid":
            raise refused
        return quiz_page(found, typed=fields, errors=refused.fields, status=422)
    sheet = _sheet(found)
    return page(
        "student/conflict_quiz.html",
        activity=found.activity,
        status=409,
        module=sheet.module,
        attempt=found,
        pairs=list(
            zip(
                quiz_items.quiz_items(sheet, typed=fields),
                quiz_items.quiz_items(sheet),
                strict=True,
            )
        ),
        fields=fields,
        kept=attempt_sheets.overruled(sheet, fields),
    )


def _time_left(attempt: Attempt, *, at: datetime) -> timedelta | None:
    """Return how much of its time an attempt has left; nothing where its time is not limited."""
    if attempt.deadline_at is None:
        return None
    return max(attempt.deadline_at - at, timedelta(0))


def _just_saved(attempt_id: str, fields: forms.Fields) -> int | None:
    """Return the version that the last save made, if it was of this very form."""
    found = opening.own_attempt(attempt_id)
    is_next = found.saved_version == forms.saved_version(request.form) + 1
    return found.saved_version if is_next and _is_same(_sheet(found), fields) else None


def _is_same(sheet: Sheet, fields: forms.Fields) -> bool:
    """Say whether a form that is sent again brings the answers that are kept, and no others."""
    return (
        not attempt_sheets.overruled(sheet, fields)
        and all(
            sheet.confidences.get(item_id) == sure
            for item_id, sure in attempt_sheets.read_confidences(sheet, fields).items()
        )
        and all(
            sheet.responses.get(item_id) == response
            for item_id, response in attempt_sheets.read_fields(sheet, fields).items()
        )
    )


def _saved(version: int) -> Response:
    return jsonify(saved_version=version, saved_at=wording.machine_time(parts().now()))
