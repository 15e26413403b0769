"""The teacher's page of a module: what it is for, its keys, examples, and phrases to take over."""

from flask import Response, redirect, url_for
from werkzeug.wrappers import Response as BaseResponse

from lti_alliance.domain.launch import Role
from lti_alliance.domain.modules import Exemplar, Module
from lti_alliance.domain.rubrics import Criterion
from lti_alliance.models import Activity, db
from lti_alliance.parts import parts
from lti_alliance.services import modules, phrases
from lti_alliance.web import access, quiz_pages, transaction
from lti_alliance.web.opening import activity_of, member_of
from lti_alliance.web.rendering import page

_teachers = access.role(Role.INSTRUCTOR, Role.TEACHING_ASSISTANT, Role.CONTENT_DEVELOPER)


@_teachers
def guide() -> Response:
    """Show what students never see of the module: its plan, its keys and help with teaching it."""
    activity = activity_of(access.current())
    module = _module(activity)
    return page(
        "instructor/guide.html",
        activity=activity,
        module=module,
        items_of={
            number: [item for item in module.quiz.items if item.objective == number]
            for number in range(1, len(module.objectives) + 1)
        },
        keys=quiz_pages.key_items(module),
        exemplars=[(exemplar, _levels(exemplar, module)) for exemplar in module.teacher.exemplars],
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
    return modules.get_module(db.session(), parts().catalogue, content_hash=activity.content_hash)


def _levels(exemplar: Exemplar, module: Module) -> list[tuple[Criterion, int]]:
    rubric = module.get_reflection(exemplar.reflection).rubric
    assert rubric is not None
    return [(criterion, exemplar.levels[criterion.id]) for criterion in rubric.criteria]
