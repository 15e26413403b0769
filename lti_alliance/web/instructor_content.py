"""A newer version of an activity's module: what differs, and accepting it."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from flask import Blueprint, Response, redirect, request, url_for
from flask_babel import gettext
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from lti_alliance.content import markup
from lti_alliance.domain.content_changes import Aspect, Change, Place
from lti_alliance.models import db
from lti_alliance.parts import parts
from lti_alliance.services import content_versions, modules, regrades
from lti_alliance.web import access, forms, quiz_keys, transaction
from lti_alliance.web.opening import activity_of, member_of
from lti_alliance.web.rendering import page


@dataclass(frozen=True, slots=True)
class ShownPart:
    """A paragraph of a text that changed; ``state`` is same, gone or new."""

    state: str
    text: Markup


def register(blueprint: Blueprint) -> None:
    """Make the words known to the application's templates."""
    blueprint.add_app_template_filter(place_words, "change_place")
    blueprint.add_app_template_filter(aspect_words, "change_aspect")
    blueprint.add_app_template_filter(changed_parts, "changed_parts")


@access.configures
def content() -> Response:
    """Show what differs between the version in use and the one that is offered."""
    activity = activity_of(access.current())
    session, catalogue = db.session(), parts().catalogue
    newer = content_versions.look_at_newer(session, catalogue, activity)
    return page(
        "instructor/content.html",
        activity=activity,
        module=newer.new
        if newer
        else modules.get_module(session, catalogue, content_hash=activity.content_hash),
        newer=newer,
        keys=(quiz_keys.keys_by_id(newer.old), quiz_keys.keys_by_id(newer.new)) if newer else (),
        to_decide=regrades.list_to_decide(session, catalogue, activity),
        tab="settings",
    )


@access.configures
def accept_content() -> BaseResponse:
    """Put the activity on the newer version; what it means for earlier answers is asked next."""
    visit = access.current()
    with transaction.act() as session:
        content_versions.accept(
            session,
            parts().catalogue,
            activity_of(visit),
            content_hash=forms.only_field(request.form, "content_hash"),
            base_version=forms.saved_version(request.form),
            actor=member_of(visit),
            at=parts().now(),
        )
    return redirect(url_for(".content", accepted=1), 303)


def place_words(change: Change) -> str:
    """Name what changed."""
    names = {
        Place.ABOUT: gettext("Title, sources and what it says of itself"),
        Place.OBJECTIVES: gettext("Objectives"),
        Place.READING: gettext("Reading: %(name)s", name=change.id),
        Place.CASE: gettext("Case: %(name)s", name=change.id),
        Place.ITEM: gettext("Question %(name)s", name=change.id),
        Place.QUIZ: gettext("Pools and what the author proposes for the quiz"),
        Place.REFLECTION: gettext("Reflection: %(name)s", name=change.id),
        Place.TEACHER: gettext("Teacher's page: %(name)s", name=change.id),
    }
    return str(names[change.place])


def aspect_words(aspect: Aspect) -> str:
    """Say what about it changed."""
    return str(
        {
            Aspect.ADDED: gettext("new"),
            Aspect.REMOVED: gettext("left out"),
            Aspect.WORDING: gettext("text"),
            Aspect.KEY: gettext("key"),
            Aspect.POINTS: gettext("points"),
            Aspect.FEEDBACK: gettext("feedback"),
            Aspect.OTHER: gettext("settings"),
        }[aspect]
    )


def changed_parts(change: Change) -> list[ShownPart]:
    """Put both texts into one, paragraph by paragraph."""
    return list(_parts(change))


def _parts(change: Change) -> Iterator[ShownPart]:
    old, new = change.before.split("\n\n"), change.after.split("\n\n")
    for act, a, b, c, d in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if act == "equal":
            yield from (ShownPart("same", _shown(text)) for text in old[a:b])
        else:
            yield from (ShownPart("gone", _shown(text)) for text in old[a:b] if text)
            yield from (ShownPart("new", _shown(text)) for text in new[c:d] if text)


def _shown(text: str) -> Markup:
    return markup.render(text, link_sources=False)
