"""An attempt that was handed in: what it came to, item by item, and what its student questions."""

from collections.abc import Mapping

from flask import Blueprint, Response, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from lti_alliance.domain.launch import Role
from lti_alliance.domain.regrades import RegradeChoice
from lti_alliance.errors import InvalidInput
from lti_alliance.models import Attempt, db
from lti_alliance.parts import parts
from lti_alliance.services import item_questions, student_home
from lti_alliance.web import access, opening, quiz_results, transaction, wording
from lti_alliance.web.rendering import page


def register(blueprint: Blueprint) -> None:
    """Make the filters known to the application's templates."""
    blueprint.add_app_template_filter(regraded_words, "regraded_words")


@access.role(Role.LEARNER)
def ask(attempt_id: str, item_id: str) -> BaseResponse:
    """Question an item of one's own attempt in a sentence."""
    found = opening.own_attempt(attempt_id)
    try:
        with transaction.act() as session:
            item_questions.ask(
                session,
                parts().sealer,
                attempt=found,
                item_id=item_id,
                text=request.form.get(f"question.{item_id}", ""),
                at=parts().now(),
            )
    except InvalidInput as refused:
        return result(opening.own_attempt(attempt_id), is_own=True, errors=refused.fields)
    address = url_for("student.attempt", attempt_id=attempt_id, asked=1)
    return redirect(f"{address}#question.{item_id}", 303)


def result(found: Attempt, *, is_own: bool, errors: Mapping[str, str] | None = None) -> Response:
    """Show what an attempt came to: to its student as far as feedback goes by now."""
    report = student_home.attempt_report(
        db.session(), parts().catalogue, attempt=found, is_own=is_own, at=parts().now()
    )
    results = []
    if report.outcomes is not None:
        results = quiz_results.item_results(report.sheet, report.outcomes, stage=report.stage)
    return page(
        "student/result.html",
        activity=found.activity,
        status=422 if errors else 200,
        errors=errors or {},
        typed=request.form,
        module=report.sheet.module,
        attempt=found,
        settings=report.settings,
        is_closed=report.settings.is_closed(parts().now()),
        stage=report.stage,
        results=results,
        regraded=report.regraded,
        questions=item_questions.list_own(db.session(), parts().sealer, found),
        quiz=report.quiz,
        standing=report.standing,
        is_own=is_own,
        is_preview=found.membership.is_test_user,
        student=wording.member_name(found.membership),
    )


def regraded_words(choice: RegradeChoice) -> str:
    """Say what was decided about an item whose key was corrected after it was answered."""
    return str(
        {
            RegradeChoice.LEAVE: "",
            RegradeChoice.UPDATE: gettext(
                "The key of this question was corrected after it was answered; the answer was"
                " judged anew by the corrected one."
            ),
            RegradeChoice.BOTH: gettext(
                "The key of this question was corrected after it was answered; whichever key gives"
                " more counts."
            ),
            RegradeChoice.FULL: gettext(
                "The key of this question was corrected after it was answered; everybody who was"
                " given it has all its points."
            ),
        }[choice]
    )
