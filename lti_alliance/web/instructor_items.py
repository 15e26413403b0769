"""One question, for those who teach: its key, what students question about it, and a regrade."""

from flask import Blueprint, Response, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from lti_alliance.domain.launch import Role
from lti_alliance.domain.modules import Module
from lti_alliance.domain.regrades import RegradeChoice
from lti_alliance.errors import InvalidInput
from lti_alliance.models import Activity, db
from lti_alliance.parts import parts
from lti_alliance.services import (
    analysis,
    item_questions,
    key_corrections,
    modules,
    regrades,
)
from lti_alliance.web import access, forms, opening, quiz_keys, transaction
from lti_alliance.web.opening import activity_of, member_of
from lti_alliance.web.rendering import page


def register(blueprint: Blueprint) -> None:
    """Make the filters known to the application's templates."""
    blueprint.add_app_template_filter(choice_words, "regrade_choice")


@access.teaches
def item(item_id: str) -> Response:
    """Show the item with its key, its statistics and what students question about it."""
    return _item(item_id)


@access.teaches
def answer(item_id: str, question_id: str) -> BaseResponse:
    """Answer a student's question."""
    visit = access.current()
    try:
        with transaction.act() as session:
            item_questions.answer(
                session,
                parts().sealer,
                activity_of(visit),
                question_id=opening.key(question_id),
                text=request.form.get(f"answer.{question_id}", ""),
                actor=member_of(visit),
                at=parts().now(),
            )
    except InvalidInput as refused:
        return _item(item_id, refused=refused)
    return redirect(url_for(".item", item_id=item_id, done="answered"), 303)


@access.role(Role.INSTRUCTOR)
def correct_key(item_id: str) -> BaseResponse:
    """Correct the key in this activity; what becomes of earlier answers is asked next."""
    visit = access.current()
    fields = forms.other_fields(request.form)
    try:
        with transaction.act() as session:
            key_corrections.correct_key(
                session,
                parts().catalogue,
                activity_of(visit),
                item_id=item_id,
                values=[value for sent in fields.values() for value in sent],
                base_version=forms.saved_version(request.form),
                actor=member_of(visit),
                at=parts().now(),
            )
    except InvalidInput as refused:
        return _item(item_id, refused=refused)
    return redirect(url_for(".regrade", item_id=item_id, corrected=1), 303)


@access.role(Role.INSTRUCTOR)
def regrade(item_id: str) -> Response:
    """Show what each choice about earlier answers would do, student by student."""
    return _regrade(item_id)


@access.role(Role.INSTRUCTOR)
def decide_regrade(item_id: str) -> BaseResponse:
    """Decide about earlier answers; grades and the gradebook follow."""
    visit = access.current()
    try:
        with transaction.act() as session:
            count = regrades.decide(
                session,
                parts().catalogue,
                activity_of(visit),
                item_id=item_id,
                choice=request.form.get("choice", ""),
                actor=member_of(visit),
                at=parts().now(),
            )
    except InvalidInput as refused:
        return _regrade(item_id, refused=refused)
    return redirect(url_for(".item", item_id=item_id, done="regraded", count=count), 303)


def choice_words(choice: RegradeChoice) -> tuple[str, str]:
    """Name a choice, and say what it does."""
    return {
        RegradeChoice.BOTH: (
            gettext("Count both keys"),
            gettext("Whichever key gives a student more counts; nobody loses points."),
        ),
        RegradeChoice.FULL: (
            gettext("Full credit for everybody"),
            gettext("Whoever was given the question gets all its points, whatever they answered."),
        ),
        RegradeChoice.UPDATE: (
            gettext("The corrected key alone"),
            gettext("Every answer is judged anew; some may lose points."),
        ),
        RegradeChoice.LEAVE: (
            gettext("Leave earlier answers as they are"),
            gettext("The corrected key counts for those who answer from now on."),
        ),
    }[choice]


def _item(item_id: str, *, refused: InvalidInput | None = None) -> Response:
    visit = access.current()
    activity, reader = activity_of(visit), member_of(visit)
    module = _module(activity)
    found = module.quiz.get_item(item_id)
    session, catalogue = db.session(), parts().catalogue
    reports = analysis.analyse(session, catalogue, activity, viewer=reader).items
    return page(
        "instructor/item.html",
        activity=activity,
        status=422 if refused else 200,
        errors=refused.fields if refused else {},
        problem=refused.code if refused else "",
        module=module,
        report=next(report for report in reports if report.item.id == item_id),
        key=quiz_keys.key_item(module, item_id),
        form=quiz_keys.key_form(module, item_id, typed=forms.other_fields(request.form))
        if key_corrections.correctable(found)
        else None,
        typed=request.form,
        questions=item_questions.list_about(
            session, parts().sealer, activity, item_id=item_id, viewer=reader
        ),
        to_decide=[each.item.id for each in regrades.list_to_decide(session, catalogue, activity)],
        tab="analysis",
    )


def _regrade(item_id: str, *, refused: InvalidInput | None = None) -> Response:
    activity = activity_of(access.current())
    module = _module(activity)
    return page(
        "instructor/regrade.html",
        activity=activity,
        status=422 if refused else 200,
        errors=refused.fields if refused else {},
        problem=refused.code if refused else "",
        module=module,
        key=quiz_keys.key_item(module, item_id),
        preview=regrades.preview(
            db.session(), parts().catalogue, activity, item_id=item_id, at=parts().now()
        ),
        choices=[
            RegradeChoice.BOTH,
            RegradeChoice.FULL,
            RegradeChoice.UPDATE,
            RegradeChoice.LEAVE,
        ],
        tab="analysis",
    )


def _module(activity: Activity) -> Module:
    return modules.module_for(
        db.session(), parts().catalogue, activity, content_hash=activity.content_hash
    )
