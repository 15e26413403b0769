"""Editing the whole source of a module: checked, looked at and saved, with nothing overwritten."""

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from lti_alliance.content.checking import plain_source
from lti_alliance.errors import InvalidInput, Stale
from lti_alliance.models import AuthoredModule, db
from lti_alliance.parts import parts
from lti_alliance.services import authored_modules as authoring
from lti_alliance.web import access, forms, quiz_items, quiz_keys, transaction
from lti_alliance.web.authored_pages import authored_of, readers
from lti_alliance.web.opening import member_of
from lti_alliance.web.rendering import page

_SHOWS = ("student", "key")


@readers
def edit_source(authored_id: str) -> Response:
    """Show the draft as it is written, with its faults and how it looks."""
    authored = authored_of(authored_id)
    return _page(authored, authored.draft, base=authored.draft_version)


@access.configures
def save_source(authored_id: str) -> BaseResponse:
    """Keep the draft, or only check it and show how it looks."""
    authored = authored_of(authored_id)
    typed, base = plain_source(request.form.get("source", "")), forms.saved_version(request.form)
    try:
        if request.form.get("step") == "check":
            return _page(authored, authoring.check_text(typed), base=base)
        with transaction.act() as session:
            authoring.save_draft(
                session,
                parts().catalogue,
                authored,
                typed,
                base_version=base,
                actor=member_of(access.current()),
                at=parts().now(),
            )
    except InvalidInput as invalid:
        return _page(authored_of(authored_id), typed, base=base, invalid=invalid)
    except Stale:
        return conflict_page(authored_of(authored_id), typed)
    return redirect(url_for(".edit_source", authored_id=authored_id, done="saved"), 303)


def conflict_page(authored: AuthoredModule, typed: str, *, is_part: bool = False) -> Response:
    """Show what was sent beside what was saved since; a part does not take the place of it all."""
    return page(
        "authored/conflict.html",
        status=409,
        authored=authored,
        typed=typed,
        is_part=is_part,
    )


def _page(
    authored: AuthoredModule, source: str, *, base: int, invalid: InvalidInput | None = None
) -> Response:
    # What cannot be kept is not read either: it may be without end.
    checked = None
    if invalid is None:
        checked = authoring.check_draft(db.session(), parts().catalogue, authored, source)
    module = checked.module if checked else None
    shows = request.values.get("show", "")
    shows = shows if shows in _SHOWS else _SHOWS[0]
    show_keys = shows == "key"
    return page(
        "authored/source.html",
        status=422 if invalid else 200,
        authored=authored,
        source=source,
        base=base,
        checked=checked,
        draft=module,
        show=shows,
        items=quiz_items.preview_items(module) if module and not show_keys else (),
        keys=quiz_keys.key_items(module) if module and show_keys else (),
        may_change=access.current().role.configures,
        errors=invalid.fields if invalid else {},
        problem=invalid.code if invalid else "",
        done=request.args.get("done", ""),
    )
