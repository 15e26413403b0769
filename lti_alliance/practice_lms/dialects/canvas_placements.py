"""Where Canvas offers a tool, what each place accepts, and the variables that Canvas knows."""

from __future__ import annotations

from dataclasses import dataclass

RESOURCE_LINK_TYPE = ("ltiResourceLink",)
ANYTHING = ("link", "file", "html", "ltiResourceLink", "image")
FRAMES = ("iframe", "window")


@dataclass(frozen=True, slots=True)
class Place:
    """What a deep linking place accepts."""

    title: str
    accept_types: tuple[str, ...] = RESOURCE_LINK_TYPE
    multiple: bool = False
    auto_create: bool = False
    targets: tuple[str, ...] = FRAMES


PLACES: dict[str, Place] = {
    "assignment_selection": Place("A new assignment"),
    "submission_type_selection": Place("The submission type of an assignment"),
    "link_selection": Place("A module item", multiple=True),
    "course_assignments_menu": Place("Several assignments at once", multiple=True),
    "module_index_menu_modal": Place("A new module", multiple=True, auto_create=True),
    "module_menu_modal": Place("Into a module", multiple=True, auto_create=True),
    "editor_button": Place("A text", ANYTHING, multiple=True, targets=("embed", *FRAMES)),
    "homework_submission": Place("A submission", ("file", "ltiResourceLink"), targets=("iframe",)),
    "collaboration": Place("A collaboration", auto_create=True, targets=("iframe",)),
    "migration_selection": Place("An import", ("file",), targets=("iframe",)),
}
OFFERED = (
    "assignment_selection",
    "link_selection",
    "course_assignments_menu",
    "module_index_menu_modal",
    "module_menu_modal",
)
"""The places that the practice LMS has pages for."""
FILLING = {"assignment_selection", "submission_type_selection"}
"""The places where a response only fills in the assignment form."""
DEEP_LINKS = tuple(PLACES)
RESOURCE_LINKS = (
    "course_navigation",
    "account_navigation",
    "user_navigation",
    "assignment_menu",
    "assignment_view",
    "module_menu",
    "global_navigation",
    "course_settings_sub_navigation",
    "link_selection",
    "assignment_selection",
)
ALLOWED: dict[str, set[str]] = {
    "LtiDeepLinkingRequest": set(DEEP_LINKS) | {"resource_selection"},
    "LtiResourceLinkRequest": set(RESOURCE_LINKS),
    "LtiEulaRequest": {"ActivityAssetProcessor"},
}
VARIABLES = [
    "Canvas.user.id",
    "Canvas.user.globalId",
    "Canvas.user.loginId",
    "Canvas.user.sisSourceId",
    "Canvas.user.isRootAccountAdmin",
    "Person.sourcedId",
    "Person.name.full",
    "Person.name.given",
    "Person.name.family",
    "Person.email.primary",
    "Person.address.timezone",
    "com.instructure.Person.pronouns",
    "com.instructure.Person.name_sortable",
    "com.instructure.User.observees",
    "com.instructure.User.student_view",
    "com.instructure.User.sectionNames",
    "Canvas.course.id",
    "Canvas.course.name",
    "Canvas.course.sisSourceId",
    "Canvas.course.startAt",
    "Canvas.course.endAt",
    "Canvas.course.workflowState",
    "Canvas.course.sectionIds",
    "Canvas.course.sectionRestricted",
    "Canvas.course.previousCourseIds",
    "Canvas.course.previousContextIds",
    "Canvas.course.previousContextIds.recursive",
    "Context.id",
    "Context.id.history",
    "Canvas.enrollment.enrollmentState",
    "Canvas.membership.roles",
    "Canvas.api.domain",
    "Canvas.api.baseUrl",
    "Canvas.account.id",
    "Canvas.rootAccount.id",
    "ToolConsumerInstance.guid",
    "Message.locale",
    "com.instructure.PostMessageToken",
    "com.instructure.brandConfigJSON.url",
    "Canvas.assignment.id",
    "Canvas.assignment.title",
    "Canvas.assignment.description",
    "Canvas.assignment.pointsPossible",
    "Canvas.assignment.published",
    "Canvas.assignment.allowedAttempts",
    "LineItem.resultValue.max",
    "com.instructure.Assignment.lti.id",
    "Canvas.assignment.unlockAt.iso8601",
    "Canvas.assignment.lockAt.iso8601",
    "Canvas.assignment.dueAt.iso8601",
    "Canvas.assignment.earliestEnrollmentDueAt.iso8601",
    "Canvas.assignment.allDueAts.iso8601",
    "Canvas.assignment.submission.studentAttempts",
    "ResourceLink.id",
    "ResourceLink.title",
    "ResourceLink.description",
    "ResourceLink.available.startDateTime",
    "ResourceLink.available.endDateTime",
    "ResourceLink.submission.endDateTime",
    "Canvas.module.id",
    "Canvas.moduleItem.id",
]
