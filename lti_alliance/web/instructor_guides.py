"""The teacher's page of a module: what it is for, its keys, examples, and phrases to take over."""

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from lti_alliance.domain.launch import Role
from lti_alliance.domain.modules import Module
from lti_alliance.errors import InvalidInput
from lti_alliance.models import Activity, db
from lti_alliance.parts import parts
from lti_alliance.services import item_keys, modules, phrases, standard_links
from lti_alliance.web import access, forms, quiz_keys, transaction
from lti_alliance.web.opening import activity_of, member_of
from lti_alliance.web.rendering import page

_teachers = access.role(Role.INSTRUCTOR, Role.TEACHING_ASSISTANT, Role.CONTENT_DEVELOPER)


@_teachers
def guide() -> Response:
    """Show what students never see of the module: its plan, its keys and help with teaching it."""
    return _guide()


@access.teaches
def vote(item_id: str) -> BaseResponse:
    """Keep how the visitor would rate the replies of an item."""
    visit = access.current()
    fields = forms.other_fields(request.form)
    try:
        with transaction.act() as session:
            item_keys.vote(
                session,
                parts().catalogue,
                activity_of(visit),
                item_id=item_id,
                values=[value for sent in fields.values() for value in sent],
                voter=member_of(visit),
                at=parts().now(),
            )
    except InvalidInput as refused:
        return _guide(refused=refused)
    return _back(item_id, done="voted")


@access.role(Role.INSTRUCTOR)
def decide_key(item_id: str) -> BaseResponse:
    """Let a draft key make points in this activity, or take that back; grades follow."""
    visit = access.current()
    is_adopted = request.form.get("act") == "adopt"
    with transaction.act() as session:
        act = item_keys.adopt if is_adopted else item_keys.withdraw
        act(
            session,
            parts().catalogue,
            activity_of(visit),
            item_id=item_id,
            actor=member_of(visit),
            at=parts().now(),
        )
    return _back(item_id, done="adopted" if is_adopted else "withdrawn")


def _back(item_id: str, *, done: str) -> BaseResponse:
    return redirect(url_for(".guide", done=done, item=item_id) + f"#key-{item_id}", 303)


def _guide(*, refused: InvalidInput | None = None) -> Response:
    visit = access.current()
    activity = activity_of(visit)
    module = _module(activity)
    return page(
        "instructor/guide.html",
        activity=activity,
        status=422 if refused else 200,
        errors=refused.fields if refused else {},
        problem=refused.code if refused else "",
        typed=request.form,
        reports=item_keys.report_keys(
            db.session(), parts().catalogue, activity, reader=member_of(visit)
        ),
        module=module,
        items_of={
            number: [item for item in module.quiz.items if item.objective == number]
            for number in range(1, len(module.objectives) + 1)
        },
        codes=standard_links.codes_by_objective(
            db.session(), activity.resource_link.context, module
        ),
        keys=quiz_keys.key_items(module),
        exemplars=[
            (exemplar, module.get_reflection(exemplar.reflection).rubric)
            for exemplar in module.teacher.exemplars
        ],
        may_keep=access.current().role.teaches,
        tab="preview",
    )


@access.teaches
def keep_phrases() -> BaseResponse:
    """Take the module's phrases over among one's own."""
    visit = access.current()
    module = _module(activity_of(visit))
    with transaction.act() as session:
        for text in module.teacher.phrases:
            phrases.save_phrase(
                session, parts().sealer, owner=member_of(visit), text=text, at=parts().now()
            )
    return redirect(url_for(".guide", kept=1) + "#phrases", 303)


def _module(activity: Activity) -> Module:
    return modules.module_for(
        db.session(), parts().catalogue, activity, content_hash=activity.content_hash
    )
