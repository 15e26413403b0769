"""What else a reader does with a reflection: comments, phrases, returns, flags, a worry."""

from datetime import datetime

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from lti_alliance.errors import InvalidInput
from lti_alliance.models import db
from lti_alliance.parts import parts
from lti_alliance.services import flags, passages, phrases, revisions
from lti_alliance.web import access, forms, opening, transaction
from lti_alliance.web.opening import member_of
from lti_alliance.web.reflection_pages import handed_in, reflection_page
from lti_alliance.web.rendering import page


@access.teaches
def return_reflection(reflection_id: str) -> BaseResponse:
    """Give a reflection back to its writer for revision."""
    found = handed_in(reflection_id)
    try:
        until = _until("until")
        with transaction.act() as session:
            revisions.return_reflection(
                session,
                parts().sealer,
                reflection=found,
                feedback=request.form.get("feedback", ""),
                until=until,
                actor=member_of(access.current()),
                at=parts().now(),
            )
    except InvalidInput as refused:
        return reflection_page(handed_in(reflection_id), refused=refused)
    return redirect(url_for(".shelf", saved="returned"), 303)


@access.teaches
def add_passage_comment(reflection_id: str) -> BaseResponse:
    """Comment on words of the text; they have to occur in it."""
    found = handed_in(reflection_id)
    number = forms.saved_version(request.form, "version")
    shown = revisions.read_version(db.session(), parts().sealer, found, number)
    try:
        with transaction.act() as session:
            passages.add_comment(
                session,
                parts().sealer,
                reflection=found,
                version_number=number,
                text=shown.text,
                passage=request.form.get("passage", ""),
                comment=request.form.get("passage_comment", ""),
                author=member_of(access.current()),
                at=parts().now(),
            )
    except InvalidInput as refused:
        return reflection_page(handed_in(reflection_id), version=number, refused=refused)
    return _back(reflection_id, number)


@access.teaches
def change_passage_comment(reflection_id: str, comment_id: str) -> BaseResponse:
    """Change one's own comment on a passage, or delete it."""
    found = handed_in(reflection_id)
    is_deleted = request.form.get("act") == "delete"
    with transaction.act() as session:
        passages.change_comment(
            session,
            parts().sealer,
            reflection=found,
            comment_id=opening.key(comment_id),
            comment="" if is_deleted else request.form.get("passage_comment", ""),
            author=member_of(access.current()),
            at=parts().now(),
        )
    return _back(reflection_id, forms.saved_version(request.form, "version"))


@access.teaches
def save_phrase(reflection_id: str) -> BaseResponse:
    """Keep a sentence for the next comments, or forget one."""
    handed_in(reflection_id)
    owner = member_of(access.current())
    with transaction.act() as session:
        if forgotten := request.form.get("forget", ""):
            phrases.forget_phrase(session, owner=owner, phrase_id=opening.key(forgotten))
        else:
            text = request.form.get("phrase", "")
            phrases.save_phrase(session, parts().sealer, owner=owner, text=text, at=parts().now())
    return redirect(url_for(".reflection", reflection_id=reflection_id) + "#phrases", 303)


@access.teaches
def flag(reflection_id: str) -> BaseResponse:
    """Freeze and hide a reflection that may identify somebody."""
    with transaction.act() as session:
        flags.flag_identifying(
            session,
            reflection=handed_in(reflection_id),
            actor=member_of(access.current()),
            at=parts().now(),
        )
    return redirect(url_for(".reflection", reflection_id=reflection_id), 303)


@access.teaches
def clear_flag(reflection_id: str) -> BaseResponse:
    """Let a frozen reflection go on as before."""
    with transaction.act() as session:
        flags.clear_flag(
            session,
            reflection=handed_in(reflection_id),
            actor=member_of(access.current()),
            at=parts().now(),
        )
    return redirect(url_for(".reflection", reflection_id=reflection_id), 303)


@access.teaches
def purge(reflection_id: str) -> BaseResponse:
    """Take words, or the whole text, out of everything that is kept, and give the text back."""
    found = handed_in(reflection_id)
    quotes = [line for line in request.form.get("quotes", "").splitlines() if line.strip()]
    is_whole = request.form.get("scope") == "all"
    try:
        until = _until("purge_until")
        with transaction.act() as session:
            flags.purge(
                session,
                parts().sealer,
                reflection=found,
                quotes=None if is_whole else quotes,
                until=until,
                actor=member_of(access.current()),
                at=parts().now(),
            )
    except InvalidInput as refused:
        return reflection_page(handed_in(reflection_id), refused=refused)
    return redirect(url_for(".shelf", saved="purged"), 303)


@access.teaches
def worry() -> Response:
    """Show what to do about a worry for a writer; that it was opened is nowhere on record."""
    return page("instructor/worry.html", activity=opening.activity_of(access.current()), tab="")


def _until(name: str) -> datetime | None:
    return forms.moment(request.form, name, code="reflection.return_invalid")


def _back(reflection_id: str, number: int) -> BaseResponse:
    address = url_for(".reflection", reflection_id=reflection_id, version=number)
    return redirect(f"{address}#notes", 303)
