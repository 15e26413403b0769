"""The page that says why a grade is what it is: for its student, and for those who teach."""

from flask import Response, request

from lti_alliance.domain.launch import Role
from lti_alliance.models import Activity, Membership, db
from lti_alliance.parts import parts
from lti_alliance.services import adjusting, grade_story, modules, student_sheets
from lti_alliance.web import access, opening, wording
from lti_alliance.web.opening import activity_of, member_of
from lti_alliance.web.rendering import page


@access.role(Role.LEARNER)
def own_grade() -> Response:
    """Show a student why their grade is what it is."""
    visit = access.current()
    return _grade_page("student/grade.html", activity_of(visit), member_of(visit), for_staff=False)


@access.teaches
def grade(membership_id: str) -> Response:
    """Show why a student's grade is what it is, with what was tried to deliver it."""
    activity = activity_of(access.current())
    member = student_sheets.get_student(
        db.session(), opening.key(membership_id), viewer=member_of(access.current())
    )
    return _grade_page("instructor/grade.html", activity, member, for_staff=True)


def _grade_page(
    template: str, activity: Activity, member: Membership, *, for_staff: bool
) -> Response:
    session = db.session()
    return page(
        template,
        activity=activity,
        module=modules.get_module(session, parts().catalogue, content_hash=activity.content_hash),
        story=grade_story.tell_story(
            session,
            parts().catalogue,
            activity=activity,
            membership=member,
            for_staff=for_staff,
            at=parts().now(),
        ),
        adjustment=adjusting.find_adjustment(session, parts().sealer, activity, member),
        student=wording.member_name(member),
        membership_id=member.id,
        resent=request.args.get("resent", type=int),
        tab="overview" if for_staff else "",
    )
