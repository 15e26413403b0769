"""The pages of one question: its form with how it looks, or its lines of the source."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from flask import Response

from lti_alliance.domain.items import Aspect, Item, ItemKind
from lti_alliance.domain.modules import Module
from lti_alliance.errors import Fault
from lti_alliance.models import AuthoredModule
from lti_alliance.web import quiz_keys
from lti_alliance.web.item_fields import SPARE_LINES, lines_in
from lti_alliance.web.item_forms import scorings
from lti_alliance.web.rendering import page


def form_page(
    authored: AuthoredModule,
    module: Module,
    kind: ItemKind,
    typed: Mapping[str, str],
    *,
    base: int,
    item: Item | None = None,
    made: Item | None = None,
    errors: Mapping[str, str] | None = None,
    faults: Sequence[Fault] = (),
    spare: int = SPARE_LINES,
) -> Response:
    """Show the form, and how the question looks as it was read last."""
    # What it looked like before would be taken for how it looks with the fault.
    look = None if errors or faults else made or item
    return page(
        "authored/item.html",
        status=422 if errors or faults else 200,
        authored=authored,
        kind=kind,
        item=item,
        typed=typed,
        base=base,
        lines=lines_in(typed, spare=spare),
        scorings=scorings(kind),
        aspects=tuple(Aspect),
        objectives=module.objectives,
        draft=module,
        looks=quiz_keys.key_items(_alone(module, look)) if look else (),
        errors=errors or {},
        faults=faults,
    )


def _alone(module: Module, item: Item) -> Module:
    return replace(module, quiz=replace(module.quiz, items=(item,), pools=()))


def text_page(
    authored: AuthoredModule,
    item: Item,
    text: str,
    *,
    base: int,
    errors: Mapping[str, str] | None = None,
    faults: Sequence[Fault] = (),
) -> Response:
    """Show a question that has no form as it is written."""
    return page(
        "authored/item_source.html",
        status=422 if errors or faults else 200,
        authored=authored,
        item=item,
        text=text,
        base=base,
        errors=errors or {},
        faults=faults,
    )
