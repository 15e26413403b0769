"""Forms for the parts of a module that are no questions: what it is called, and its screens."""

from collections.abc import Mapping

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from lti_alliance.content.checking import plain_source
from lti_alliance.content.header_edits import set_values
from lti_alliance.content.parser import SECTIONS
from lti_alliance.content.source_blocks import (
    SourceBlock,
    add_block,
    list_blocks,
    remove_block,
    replace_block,
    swap_blocks,
)
from lti_alliance.errors import ContentError, Fault, InvalidInput, NotFound, Stale
from lti_alliance.models import AuthoredModule
from lti_alliance.services.authored_modules import EMPTY
from lti_alliance.web import access, forms
from lti_alliance.web.authored_pages import authored_of, module_of, save_change
from lti_alliance.web.authored_sources import conflict_page
from lti_alliance.web.rendering import page

MINUTES_INVALID = "Write a whole number of minutes, from 1 to 9999."
HEADING_INSIDE = "A line that begins with # would begin another part. Use ### for a heading inside."
_NEW = "new"


@access.configures
def edit_about(authored_id: str) -> Response:
    """Show what a module is called and how long it takes."""
    authored = authored_of(authored_id)
    module = module_of(authored)
    typed = {"title": module.title, "minutes": str(module.minutes), "license": module.license}
    return _about_page(authored, typed, base=authored.draft_version)


@access.configures
def save_about(authored_id: str) -> BaseResponse:
    """Change what a module is called and how long it takes."""
    authored, base = authored_of(authored_id), forms.saved_version(request.form)
    typed = {name: request.form.get(name, "") for name in ("title", "minutes", "license")}
    try:
        _check_about(typed)
        save_change(authored, set_values(authored.draft, typed), base=base)
    except InvalidInput as invalid:
        return _about_page(authored_of(authored_id), typed, base=base, errors=invalid.fields)
    except ContentError as error:
        return _about_page(authored_of(authored_id), typed, base=base, faults=error.faults)
    except Stale:
        sent = "\n".join(f"{name}: {text}" for name, text in typed.items())
        return conflict_page(authored_of(authored_id), sent, is_part=True)
    return redirect(url_for(".show", authored_id=authored_id, done="saved"), 303)


@access.configures
def edit_screen(authored_id: str, number: str) -> Response:
    """Show one screen of the reading, or an empty one that is to be added."""
    authored = authored_of(authored_id)
    module_of(authored)
    typed = {"title": "", "text": ""}
    if number != _NEW:
        block = _screen(authored, number)
        typed = {"title": block.title, "text": _text_of(block)}
    return _screen_page(authored, number, typed, base=authored.draft_version)


@access.configures
def save_screen(authored_id: str, number: str) -> BaseResponse:
    """Change a screen of the reading, add one, move it up or delete it."""
    authored, base = authored_of(authored_id), forms.saved_version(request.form)
    typed = {name: plain_source(request.form.get(name, "")) for name in ("title", "text")}
    text = f"## {' '.join(typed['title'].split())}\n\n{typed['text'].strip()}"
    if base != authored.draft_version:
        return conflict_page(authored, text, is_part=True)
    try:
        module_of(authored)
        _check_screen(typed)
        save_change(authored, _with_screen(authored, number, text), base=base)
    except InvalidInput as invalid:
        found = authored_of(authored_id)
        return _screen_page(found, number, typed, base=base, errors=invalid.fields)
    except ContentError as error:
        found = authored_of(authored_id)
        return _screen_page(found, number, typed, base=base, faults=error.faults)
    except Stale:
        return conflict_page(authored_of(authored_id), text, is_part=True)
    return redirect(url_for(".show", authored_id=authored_id, done="saved") + "#outline", 303)


def _check_about(typed: Mapping[str, str]) -> None:
    faults = {name: EMPTY for name in ("title", "license") if not typed[name].strip()}
    minutes = typed["minutes"].strip()
    if not minutes.isdecimal() or not minutes.isascii() or not 1 <= int(minutes[:5]) <= 9999:
        faults["minutes"] = MINUTES_INVALID
    if faults:
        raise InvalidInput(faults, code="module.invalid")


def _with_screen(authored: AuthoredModule, number: str, text: str) -> str:
    if number == _NEW:
        return add_block(authored.draft, "Reading", text, order=SECTIONS)
    block, step = _screen(authored, number), request.form.get("step", "")
    if step == "delete":
        return remove_block(authored.draft, block)
    if step == "up" and (above := int(number) - 1) >= 1:
        return swap_blocks(authored.draft, _screen(authored, str(above)), block)
    return replace_block(authored.draft, block, text)


def _check_screen(typed: Mapping[str, str]) -> None:
    if request.form.get("step") in ("delete", "up"):
        return
    faults = {name: EMPTY for name, text in typed.items() if not text.strip()}
    if any(line.startswith(("# ", "## ")) for line in typed["text"].split("\n")):
        faults["text"] = HEADING_INSIDE
    if faults:
        raise InvalidInput(faults, code="module.invalid")


def _screen(authored: AuthoredModule, number: str) -> SourceBlock:
    screens = list_blocks(authored.draft, "Reading")
    if not number.isdecimal() or len(number) > 3 or not 1 <= int(number) <= len(screens):
        raise NotFound
    return screens[int(number) - 1]


def _text_of(block: SourceBlock) -> str:
    return block.text.partition("\n")[2].strip("\n")


def _about_page(
    authored: AuthoredModule,
    typed: Mapping[str, str],
    *,
    base: int,
    errors: Mapping[str, str] | None = None,
    faults: tuple[Fault, ...] = (),
) -> Response:
    return page(
        "authored/about.html",
        status=422 if errors or faults else 200,
        authored=authored,
        typed=typed,
        base=base,
        errors=errors or {},
        faults=faults,
    )


def _screen_page(
    authored: AuthoredModule,
    number: str,
    typed: Mapping[str, str],
    *,
    base: int,
    errors: Mapping[str, str] | None = None,
    faults: tuple[Fault, ...] = (),
) -> Response:
    return page(
        "authored/screen.html",
        status=422 if errors or faults else 200,
        authored=authored,
        number=number,
        typed=typed,
        base=base,
        errors=errors or {},
        faults=faults,
    )
