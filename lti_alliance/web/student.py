"""A student's pages: the activity, its reading, the quiz, its result, the reflections."""

from random import SystemRandom

from flask import Blueprint, Response, redirect, url_for
from werkzeug.wrappers import Response as BaseResponse

from lti_alliance.domain.launch import Role
from lti_alliance.models import db
from lti_alliance.parts import parts
from lti_alliance.services import attempts, modules
from lti_alliance.web import (
    access,
    grade_pages,
    grade_words,
    opening,
    student_practice,
    student_quiz,
    student_reflections,
    student_results,
    submissions,
    transaction,
)
from lti_alliance.web.opening import activity_of, member_of
from lti_alliance.web.rendering import leave_handle_to_addresses, page

blueprint = Blueprint("student", __name__, url_prefix="/launches/<handle>")
leave_handle_to_addresses(blueprint, keeps_activity=True)

_random = SystemRandom()

grade_words.register(blueprint)
student_results.register(blueprint)
student_practice.register(blueprint)
blueprint.add_url_rule("/submission", view_func=submissions.submission)
blueprint.add_url_rule("/grade", view_func=grade_pages.own_grade)

_ATTEMPT = "/attempts/<attempt_id>"
blueprint.add_url_rule(
    f"{_ATTEMPT}/responses", view_func=student_quiz.save_responses, methods=["POST"]
)
blueprint.add_url_rule(
    f"{_ATTEMPT}/checks/<item_id>", view_func=student_quiz.check_answer, methods=["POST"]
)
blueprint.add_url_rule(
    f"{_ATTEMPT}/items/<item_id>/question", view_func=student_results.ask, methods=["POST"]
)
blueprint.add_url_rule(f"{_ATTEMPT}/review", view_func=student_quiz.review)
blueprint.add_url_rule(f"{_ATTEMPT}/submission", view_func=student_quiz.submit, methods=["POST"])

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


@blueprint.get(_ATTEMPT)
@access.role(Role.LEARNER, Role.INSTRUCTOR, Role.TEACHING_ASSISTANT)
def attempt(attempt_id: str) -> Response:
    """Show an attempt: the quiz while it is open to its student, its result afterwards."""
    found = opening.visible_attempt(attempt_id)
    is_own = found.membership_id == member_of(access.current()).id
    if is_own and student_quiz.is_open(found):
        return student_quiz.quiz_page(found)
    return student_results.result(found, is_own=is_own)
