"""Forms for the questions of a module: changed, added, moved and deleted, one at a time."""

from contextlib import suppress
from typing import Any

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from lti_alliance.content.checking import plain_source
from lti_alliance.content.item_writer import write_item
from lti_alliance.content.parser import SECTIONS
from lti_alliance.content.source_blocks import (
    SourceBlock,
    add_block,
    insert_before,
    list_blocks,
    remove_block,
    replace_block,
    swap_blocks,
)
from lti_alliance.content.writer import replace_item
from lti_alliance.domain.items import Item, ItemKind
from lti_alliance.domain.modules import Module
from lti_alliance.errors import ContentError, InvalidInput, NotFound, Stale
from lti_alliance.models import AuthoredModule, db
from lti_alliance.parts import parts
from lti_alliance.services import authored_modules as authoring
from lti_alliance.web import access, forms
from lti_alliance.web.authored_item_pages import form_page, text_page
from lti_alliance.web.authored_pages import authored_of, module_of, save_change
from lti_alliance.web.authored_sources import conflict_page
from lti_alliance.web.item_fields import MORE_LINES, fields_of
from lti_alliance.web.item_forms import FORM_KINDS, read_item
from lti_alliance.web.rendering import page

READ_OTHERWISE = (
    "Something here reads as something else in the file, perhaps a line that begins with a mark "
    "such as #, - or =. Write it otherwise, or edit the source."
)
TAKEN = "Another question or reflection has this id."


def quiz_outline(module: Module | None, source: str) -> list[tuple[SourceBlock, Item | None]]:
    """List the blocks of the quiz in the order of the source, with the items that they are."""
    if module is None:
        return []
    items = {item.id: item for item in module.quiz.items}
    return [
        (block, items.get(block.name) if block.kind in set(ItemKind) else None)
        for block in list_blocks(source, "Quiz")
    ]


@access.configures
def new_item(authored_id: str) -> Response:
    """Show an empty form for a question of a kind."""
    authored, kind = authored_of(authored_id), _kind(request.args.get("kind", ""))
    module = module_of(authored)
    typed = {"id": _free_id(module), "points": "1", "line.0.right": "on"}
    return form_page(authored, module, kind, typed, base=authored.draft_version)


@access.configures
def edit_item(authored_id: str, item_id: str) -> Response:
    """Show the form of a question; a conversation is shown as it is written."""
    authored = authored_of(authored_id)
    module = module_of(authored)
    item = module.quiz.get_item(item_id)
    base = authored.draft_version
    if item.kind not in FORM_KINDS:
        return text_page(authored, item, _block(authored, item_id).text, base=base)
    return form_page(authored, module, item.kind, fields_of(item), base=base, item=item)


@access.configures
def add_item(authored_id: str) -> BaseResponse:
    """Add a question, before the first pool if there is one."""
    authored, kind = authored_of(authored_id), _kind(request.form.get("kind", ""))
    if forms.saved_version(request.form) != authored.draft_version:
        return _conflict(authored)
    return _save(authored, kind, None)


@access.configures
def save_item(authored_id: str, item_id: str) -> BaseResponse:
    """Change a question by its form, move it up or down, or delete it."""
    authored, step = authored_of(authored_id), request.form.get("step", "")
    if forms.saved_version(request.form) != authored.draft_version:
        return _conflict(authored)
    item = module_of(authored).quiz.get_item(item_id)
    if step in ("up", "down", "delete"):
        return _rearrange(authored, item_id, step)
    if item.kind not in FORM_KINDS:
        return _save_text(authored, item)
    return _save(authored, item.kind, item)


def _save(authored: AuthoredModule, kind: ItemKind, before: Item | None) -> BaseResponse:
    module, step = module_of(authored), request.form.get("step", "")
    typed = _typed()
    context: dict[str, Any] = {"base": authored.draft_version, "item": before}
    item_id = before.id if before else typed.get("id", "").strip()
    if step == "more":
        return form_page(authored, module, kind, typed, spare=MORE_LINES, **context)
    try:
        if before is None:
            _check_id(item_id, module)
        made = read_item(kind, typed, item_id=item_id, before=before)
        source = _with_item(authored, module, made, is_new=before is None)
        if step == "check":
            return form_page(authored, module, kind, typed, made=made, **context)
        save_change(authored, source, base=authored.draft_version)
    except InvalidInput as invalid:
        return form_page(authored, module, kind, typed, errors=invalid.fields, **context)
    except ContentError as error:
        return form_page(authored, module, kind, typed, faults=error.faults, **context)
    except Stale:
        return _conflict(authored_of(str(authored.id)))
    return _back(authored)


def _typed() -> dict[str, str]:
    return {name: plain_source(request.form.get(name, "")) for name in request.form}


def _conflict(authored: AuthoredModule) -> BaseResponse:
    """Show what a form sent as the file would have it, or else field by field."""
    typed = _typed()
    text = typed.get("text", "") or "\n".join(
        f"{name}: {value}" for name, value in forms.carried_on(request.form) if value
    )
    if typed.get("kind", "") in FORM_KINDS:
        with suppress(InvalidInput):
            item_id = typed.get("id", "")
            text = write_item(
                read_item(ItemKind(typed["kind"]), typed, item_id=item_id, before=None)
            )
    return conflict_page(authored, text, is_part=True)


def _save_text(authored: AuthoredModule, item: Item) -> BaseResponse:
    base, text = authored.draft_version, _typed().get("text", "")
    try:
        source = replace_block(authored.draft, _block(authored, item.id), text)
        save_change(authored, source, base=base)
    except InvalidInput as invalid:
        return text_page(authored, item, text, base=base, errors=invalid.fields)
    except ContentError as error:
        return text_page(authored, item, text, base=base, faults=error.faults)
    except Stale:
        return _conflict(authored_of(str(authored.id)))
    return _back(authored)


def _rearrange(authored: AuthoredModule, item_id: str, step: str) -> BaseResponse:
    blocks = list_blocks(authored.draft, "Quiz")
    at = next(number for number, block in enumerate(blocks) if block.name == item_id)
    source = authored.draft
    if step == "delete":
        source = remove_block(source, blocks[at])
    elif step == "up" and at > 0:
        source = swap_blocks(source, blocks[at - 1], blocks[at])
    elif step == "down" and at < len(blocks) - 1:
        source = swap_blocks(source, blocks[at], blocks[at + 1])
    try:
        save_change(authored, source, base=forms.saved_version(request.form))
    except ContentError as error:
        return page(
            "authored/refused.html",
            status=422,
            authored=authored_of(str(authored.id)),
            faults=error.faults,
        )
    except Stale:
        return _conflict(authored_of(str(authored.id)))
    return _back(authored)


def _with_item(authored: AuthoredModule, module: Module, made: Item, *, is_new: bool) -> str:
    """Write a question into the draft, where the file then says what the form said."""
    if not is_new:
        return replace_item(authored.draft, module, made)
    pools = [block for block in list_blocks(authored.draft, "Quiz") if block.kind == "pool"]
    if pools:
        source = insert_before(authored.draft, pools[0], write_item(made))
    else:
        source = add_block(authored.draft, "Quiz", write_item(made), order=SECTIONS)
    checked = authoring.check_draft(db.session(), parts().catalogue, authored, source)
    if checked.module is None:
        raise ContentError(authored.module_id, checked.errors)
    written = {item.id: write_item(item) for item in module.quiz.items}
    read = {item.id: write_item(item) for item in checked.module.quiz.items}
    if read != written | {made.id: write_item(made)}:
        raise InvalidInput({"stem": READ_OTHERWISE}, code="module.invalid")
    return source


def _kind(text: str) -> ItemKind:
    if text not in FORM_KINDS:
        raise NotFound
    return ItemKind(text)


def _block(authored: AuthoredModule, item_id: str) -> SourceBlock:
    return next(b for b in list_blocks(authored.draft, "Quiz") if b.name == item_id)


def _check_id(item_id: str, module: Module) -> None:
    if item_id in _ids(module):
        raise InvalidInput({"id": TAKEN}, code="module.invalid")


def _ids(module: Module) -> set[str]:
    return {each.id for each in (*module.quiz.items, *module.reflections)}


def _free_id(module: Module) -> str:
    """Propose an id for a new question: the next number under the name of the last one."""
    last = module.quiz.items[-1].id if module.quiz.items else module.id[:40]
    stem = last.rstrip("0123456789").rstrip("-") or "question"
    taken = _ids(module)
    names = (f"{stem}-{number:02}" for number in range(1, 1000))
    return next(name for name in names if name not in taken)


def _back(authored: AuthoredModule) -> BaseResponse:
    return redirect(url_for(".show", authored_id=authored.id, done="saved") + "#outline", 303)
