"""A student's pages of a reflection: writing it, a last look, the receipt, the feedback."""

from decimal import Decimal

from flask import Response, jsonify, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from lti_alliance.domain.activities import ActivitySettings
from lti_alliance.domain.confidentiality import find_details
from lti_alliance.domain.launch import Role
from lti_alliance.domain.modules import Grading, Share
from lti_alliance.domain.passages import mark
from lti_alliance.domain.reflections import (
    ReflectionState,
    clean_text,
    count_words,
    is_over,
    returns_left,
)
from lti_alliance.domain.rubrics import Rubric, worked_example
from lti_alliance.errors import AlreadySubmitted, Conflict, InvalidInput, Stale
from lti_alliance.models import Activity, db
from lti_alliance.parts import parts
from lti_alliance.services import (
    my_work,
    passages,
    readings,
    reflections,
    sealed_texts,
    standings,
    terms,
)
from lti_alliance.services.passages import MarkedText
from lti_alliance.services.reflections import Writing
from lti_alliance.web import access, forms, transaction, wording
from lti_alliance.web.opening import activity_of, member_of
from lti_alliance.web.rendering import page, wants_json

SEEN = "seen_details"
DETAILS_UNSEEN = "Look at the marked words, and tick this if they may stay."


@access.role(Role.LEARNER)
def reflection(prompt_id: str) -> Response:
    """Show a reflection: the page to write on, or what was handed in and its feedback."""
    activity = activity_of(access.current())
    writing = _writing(activity, prompt_id)
    if writing.reflection is not None:
        with transaction.act() as session:
            my_work.note_feedback_seen(session, writing.reflection, at=parts().now())
    if not writing.state.is_with_writer:
        return _handed_in(activity, writing)
    return _write(activity, writing)


@access.role(Role.LEARNER)
def save_draft(prompt_id: str) -> BaseResponse:
    """Save the text while it is being written: for a script, or by the save button.

    The same save again, whose first answer was lost on its way, is no conflict.
    """
    visit = access.current()
    activity = activity_of(visit)
    text = forms.only_field(request.form, "text")
    try:
        with transaction.act() as session:
            version = reflections.save_draft(
                session,
                parts().sealer,
                activity=activity,
                membership=member_of(visit),
                prompt_id=prompt_id,
                text=text,
                base_version=forms.saved_version(request.form),
                at=parts().now(),
            ).saved_version
    except (Stale, InvalidInput) as refused:
        repeated = _just_saved(prompt_id, text) if isinstance(refused, Stale) else None
        if repeated is None:
            if wants_json():
                raise
            return _answer_refused(prompt_id, text, refused)
        version = repeated
    if wants_json():
        return jsonify(saved_version=version, saved_at=wording.machine_time(parts().now()))
    step = ".review_reflection" if request.args.get("then") == "review" else ".reflection"
    return redirect(url_for(step, prompt_id=prompt_id), 303)


@access.role(Role.LEARNER)
def review_reflection(prompt_id: str) -> BaseResponse:
    """Show the saved text once more before it is handed in."""
    activity = activity_of(access.current())
    writing = _writing(activity, prompt_id)
    if not writing.state.is_with_writer:
        return redirect(url_for(".reflection", prompt_id=prompt_id), 303)
    return _last_look(activity, writing, text=writing.text)


@access.role(Role.LEARNER)
def submit_reflection(prompt_id: str) -> BaseResponse:
    """Hand the reflection in; the same submission again leads to the same receipt."""
    visit = access.current()
    activity = activity_of(visit)
    text = request.form.get("text", "")
    try:
        writing = _writing(activity, prompt_id)
        rubric = _rubric(writing, _settings(activity))
        own = [f"self.{criterion.id}" for criterion in rubric.criteria] if rubric else []
        forms.check_fields(request.form, {"text", "help_used", SEEN, *own})
        if writing.state.is_with_writer and SEEN not in request.form and find_details(text):
            return _last_look(activity, writing, text=text, is_refused=True)
        with transaction.act() as session:
            reflections.submit_reflection(
                session,
                parts().sealer,
                activity=activity,
                membership=member_of(visit),
                prompt_id=prompt_id,
                text=text,
                base_version=forms.saved_version(request.form),
                at=parts().now(),
                help_used=request.form.get("help_used", ""),
                self_levels=forms.self_levels(request.form, rubric),
            )
    except AlreadySubmitted:
        if _writing(activity_of(visit), prompt_id).text != clean_text(text):
            raise Conflict("submit.conflict") from None
    except (Stale, InvalidInput) as refused:
        if wants_json():
            raise
        return _answer_refused(prompt_id, text, refused)
    return redirect(url_for(".reflection", prompt_id=prompt_id), 303)


def _last_look(
    activity: Activity, writing: Writing, *, text: str, is_refused: bool = False
) -> Response:
    """Show the text before it is handed in, with what looks identifying marked in it.

    The check is made anew for each page and nothing of it is kept.
    """
    if is_refused and wants_json():
        raise InvalidInput({SEEN: DETAILS_UNSEEN}, code="reflection.unconfirmed")
    details = find_details(text)
    last = writing.last_version
    return _page(
        "student/reflection_review.html",
        activity,
        writing,
        status=422 if is_refused else 200,
        text=text,
        count=count_words(text),
        details=details,
        segments=mark(text, [detail.span for detail in details]),
        help_used=request.form.get("help_used", writing.help_used),
        own_levels=forms.self_levels(request.form, writing.prompt.rubric)
        or (last.self_levels if last else {}),
        errors={SEEN: DETAILS_UNSEEN} if is_refused else {},
    )


def _just_saved(prompt_id: str, text: str) -> int | None:
    """Return the version that the last save made, if it was of this very text."""
    kept = _writing(activity_of(access.current()), prompt_id)
    is_next = kept.saved_version == forms.saved_version(request.form) + 1
    return kept.saved_version if is_next and kept.text == clean_text(text) else None


def _writing(activity: Activity, prompt_id: str) -> Writing:
    return reflections.get_writing(
        db.session(),
        parts().catalogue,
        parts().sealer,
        activity=activity,
        membership=member_of(access.current()),
        prompt_id=prompt_id,
    )


def _answer_refused(prompt_id: str, text: str, refused: Stale | InvalidInput) -> Response:
    """Answer a text that could not be saved with a page on which it still stands."""
    activity = activity_of(access.current())
    writing = _writing(activity, prompt_id)
    if isinstance(refused, Stale):
        return _page(
            "student/conflict_reflection.html",
            activity,
            writing,
            status=409,
            typed=text,
            words=count_words(text),
        )
    if refused.code != "reflection.invalid":
        raise refused
    return _write(activity, writing, typed=text, refused=refused)


def _write(
    activity: Activity,
    writing: Writing,
    *,
    typed: str | None = None,
    refused: InvalidInput | None = None,
) -> Response:
    return _page(
        "student/reflection.html",
        activity,
        writing,
        status=422 if refused else 200,
        text=writing.text if typed is None else typed,
        errors=refused.fields if refused else {},
    )


def _handed_in(activity: Activity, writing: Writing) -> Response:
    assert writing.reflection is not None
    settings = _settings(activity)
    assessment = writing.reflection.assessment
    points = settings.prompt_points() * assessment.share if assessment else None
    standing = standings.standing_of(
        db.session(), activity, member_of(access.current()), at=parts().now()
    )
    return _page(
        "student/reflection_receipt.html",
        activity,
        writing,
        assessment=assessment,
        is_frozen=writing.state is ReflectionState.FROZEN,
        read_at=readings.first_read_at(db.session(), writing.reflection)
        if writing.prompt.share is not Share.PRIVATE
        else None,
        points=points,
        standing=standing,
        is_preview=access.current().is_test_user,
    )


def _page(
    template: str, activity: Activity, writing: Writing, *, status: int = 200, **values: object
) -> Response:
    settings = _settings(activity)
    return page(
        template,
        activity=activity,
        status=status,
        module=writing.module,
        settings=settings,
        writing=writing,
        prompt=writing.prompt,
        is_closed=_is_over(writing, settings),
        is_not_open_yet=settings.is_not_open_yet(parts().now()),
        marked=_marked(writing),
        returns_left=returns_left(settings, len(writing.versions)),
        rubric=_rubric(writing, settings),
        example=_example(writing, settings, settings.prompt_points()),
        **values,
    )


def _settings(activity: Activity) -> ActivitySettings:
    return terms.settings_for(db.session(), activity, member_of(access.current()))


def _is_over(writing: Writing, settings: ActivitySettings) -> bool:
    until = writing.reflection.returned_until if writing.reflection else None
    return is_over(writing.state, settings, at=parts().now(), returned_until=until)


def _marked(writing: Writing) -> MarkedText | None:
    """Return what was handed in last, with what was written beside it."""
    if writing.reflection is None or writing.last_version is None:
        return None
    if writing.state is ReflectionState.FROZEN:
        return None
    return passages.mark_text(
        db.session(),
        parts().sealer,
        writing.reflection,
        sealed_texts.read_submitted(parts().sealer, writing.reflection),
        version_number=writing.last_version.number,
        for_writer=True,
    )


def _rubric(writing: Writing, settings: ActivitySettings) -> Rubric | None:
    return writing.prompt.rubric if settings.reflection_grading is Grading.RUBRIC else None


def _example(writing: Writing, settings: ActivitySettings, maximum: Decimal) -> object:
    rubric = writing.prompt.rubric
    if rubric is None or settings.reflection_grading is not Grading.RUBRIC:
        return None
    return worked_example(rubric, settings.level_table, maximum=maximum)
