"""Every refusal in words: code → status, title, what happened, what to do next.

The codes are stable: people read them out to their administrators, who search the log for them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import LazyString
from flask_babel import lazy_gettext as _


@dataclass(frozen=True, slots=True)
class Problem:
    """One refusal as a person reads it."""

    status: int
    title: LazyString
    sentence: LazyString
    advice: LazyString

    @property
    def message(self) -> str:
        """What happened and what to do next, in one line."""
        return f"{self.sentence} {self.advice}".strip()


_NOT_OPENED = _("The activity could not be opened")
_NOT_ALLOWED = _("This is not open to you")
_NOT_DONE = _("This could not be done")

_REOPEN = _("Go back to your course and open the activity again.")
_TELL_ADMIN = _("Please give this code to your LMS administrator.")
_CHECK_FORM = _("Go back, look at what you entered and send it again.")
_RELOAD = _("Go back and load the page again.")


def _unopened(status: int, sentence: LazyString, advice: LazyString = _TELL_ADMIN) -> Problem:
    return Problem(status, _NOT_OPENED, sentence, advice)


def _forbidden(sentence: LazyString, advice: LazyString = _REOPEN) -> Problem:
    return Problem(403, _NOT_ALLOWED, sentence, advice)


def _undone(status: int, sentence: LazyString, advice: LazyString = _RELOAD) -> Problem:
    return Problem(status, _NOT_DONE, sentence, advice)


_LOGIN = {
    "login.iss_missing": _unopened(400, _("The LMS did not say who it is.")),
    "login.login_hint_missing": _unopened(400, _("The LMS did not say whom it sends.")),
    "login.target_missing": _unopened(400, _("The LMS did not say what to open.")),
    "login.target_not_ours": _unopened(
        400, _("The LMS asked for an address that does not belong to this tool.")
    ),
    "login.too_long": _unopened(400, _("A field of the login is too long.")),
    "login.bad_characters": _unopened(
        400, _("A field of the login holds characters that do not belong there.")
    ),
    "login.client_unknown": _unopened(
        403, _("This LMS is not registered with this tool under the client id that it sent.")
    ),
    "login.client_id_needed": _unopened(
        400,
        _("This platform has several registrations; the launch must name its client id."),
    ),
    "login.registration_disabled": _unopened(
        403, _("Your institution's connection to this tool is switched off.")
    ),
    "login.registration_pending": _unopened(
        403,
        _("Your institution's connection to this tool waits for approval."),
        _("An administrator of this tool approves it; then open the activity again."),
    ),
    "login.continue_expired": _unopened(400, _("Signing in took too long."), _REOPEN),
    "https_required": _unopened(
        400,
        _("This tool is reached over an encrypted connection (https) only."),
        _("Open it with an address that begins with https."),
    ),
}

_LAUNCH = {
    "launch.param_duplicated": _unopened(400, _("One field of the message came twice.")),
    "launch.id_token_missing": _unopened(400, _("The launch did not arrive completely."), _REOPEN),
    "launch.state_missing": _unopened(400, _("The launch did not arrive completely."), _REOPEN),
    "launch.state_unknown": _unopened(
        401, _("This launch does not belong to a login that began here."), _REOPEN
    ),
    "launch.state_expired": _unopened(401, _("This launch took too long."), _REOPEN),
    "launch.state_mismatch": _unopened(
        401, _("This launch belongs to another login than the one of this browser."), _REOPEN
    ),
    "launch.browser_not_bound": _unopened(
        401,
        _("This launch did not begin in this browser, or the browser kept no cookies."),
        _(
            "Open the activity again from your course. If this page comes back, allow cookies "
            "for this tool or use another browser."
        ),
    ),
    "launch.tab_code": _unopened(
        401, _("The button that opened this tab works once, and for one minute."), _REOPEN
    ),
    "launch.replayed": _unopened(401, _("This launch has been used before."), _REOPEN),
    "launch.platform_refused": _unopened(401, _("Your LMS did not let the launch go on."), _REOPEN),
    "platform.keys_unavailable": _unopened(
        503, _("Your LMS's keys cannot be reached right now."), _("Try again in a minute.")
    ),
}

_TOKEN = {
    "token.malformed": _unopened(400, _("What the LMS sent cannot be read.")),
    "token.alg_not_allowed": _unopened(
        401, _("The launch is signed in a way that this tool does not accept.")
    ),
    "token.crit_unknown": _unopened(
        401, _("The launch asks for an extension that this tool does not know.")
    ),
    "token.kid_missing": _unopened(
        401, _("The launch is not signed in a way we can check (no key id).")
    ),
    "token.kid_unknown": _unopened(
        401, _("The launch is signed with a key that your LMS does not publish.")
    ),
    "token.signature_invalid": _unopened(401, _("The signature of the launch is not right.")),
}

_CLAIMS = {
    "claim.iss_missing": _unopened(401, _("The launch does not say which LMS it comes from.")),
    "claim.iss_mismatch": _unopened(
        401, _("The launch comes from another LMS than the one that began the login.")
    ),
    "claim.aud_invalid": _unopened(401, _("The launch is not meant for this tool.")),
    "claim.aud_mismatch": _unopened(401, _("The launch is meant for another tool.")),
    "claim.aud_untrusted": _unopened(
        401, _("The launch is also meant for a receiver that this tool does not trust.")
    ),
    "claim.azp_missing": _unopened(
        401, _("The launch has several receivers and does not say which one it is for.")
    ),
    "claim.azp_invalid": _unopened(401, _("The launch was made for another tool.")),
    "claim.exp_missing": _unopened(401, _("The launch does not say when it ends.")),
    "claim.exp_invalid": _unopened(401, _("The launch does not say properly when it ends.")),
    "claim.exp_too_far": _unopened(401, _("The launch would be valid for too long.")),
    "claim.expired": _unopened(401, _("This launch is too old."), _REOPEN),
    "claim.iat_missing": _unopened(401, _("The launch does not say when it was made.")),
    "claim.iat_invalid": _unopened(401, _("The launch does not say properly when it was made.")),
    "claim.iat_future": _unopened(
        401, _("The launch was made in the future: the clock of your LMS is wrong.")
    ),
    "claim.iat_stale": _unopened(401, _("This launch was made too long ago."), _REOPEN),
    "claim.nbf_future": _unopened(
        401, _("The launch is not valid yet: the clock of your LMS may be wrong.")
    ),
    "claim.nbf_invalid": _unopened(
        401, _("The launch does not say properly from when it is valid.")
    ),
    "claim.nonce_missing": _unopened(401, _("The launch lacks its one-time number.")),
    "claim.nonce_mismatch": _unopened(
        401, _("The launch belongs to another login than the one that began here."), _REOPEN
    ),
    "claim.sub_missing": _unopened(
        422, _("Your LMS did not send a user id; this tool cannot work anonymously.")
    ),
    "claim.sub_invalid": _unopened(422, _("Your LMS sent a user id that cannot be used.")),
    "claim.version": _unopened(422, _("This is not an LTI 1.3 launch.")),
    "claim.message_type": _unopened(422, _("The LMS did not say what kind of launch this is.")),
    "claim.message_type_unknown": _unopened(
        422, _("The LMS sent a kind of launch that this tool does not know.")
    ),
    "claim.deployment_id": _unopened(422, _("The LMS did not send a deployment id.")),
    "claim.target_link_uri": _unopened(
        422, _("The launch does not say what to open, or names an address that is not ours.")
    ),
    "claim.target_mismatch": _unopened(
        422, _("The launch asks for something else than the login did.")
    ),
    "claim.resource_link": _unopened(422, _("The LMS did not say which activity was opened.")),
    "claim.roles": _unopened(422, _("The LMS did not say properly who you are in the course.")),
    "claim.context": _unopened(422, _("The LMS did not say properly which course this is.")),
    "claim.for_user": _unopened(422, _("The LMS did not say whose work to show.")),
    "claim.lineitem": _unopened(422, _("The LMS did not say which gradebook column this is.")),
    "deployment.unknown": _unopened(403, _("This installation of the tool is not yet approved.")),
    "review.not_allowed": _forbidden(_("You may look at your own work only.")),
}

_NOTICES = {
    "notice.malformed": _undone(400, _("What the LMS sent is no notice."), _TELL_ADMIN),
    "notice.signature": _undone(
        401, _("The notice is not signed with a key of the LMS."), _TELL_ADMIN
    ),
    "notice.unknown_sender": _undone(
        403, _("The notice comes from an LMS or installation that is not known here."), _TELL_ADMIN
    ),
    "notice.expired": _undone(401, _("The notice is too old, or its clock is wrong."), _TELL_ADMIN),
}

_NOT_REGISTERED = _("The tool could not be registered")
_ASK_INVITER = _("Ask whoever sent you the address for a new one.")
_START_AGAIN = _("Start the registration in your LMS once more.")
_BY_HAND = _(
    "If this is your LMS all the same, ask whoever sent you the address to register it by hand."
)


def _unregistered(status: int, sentence: LazyString, advice: LazyString) -> Problem:
    return Problem(status, _NOT_REGISTERED, sentence, advice)


_REGISTRATION = {
    "register.not_invited": _unregistered(
        403, _("This address is not an invitation to register an LMS."), _ASK_INVITER
    ),
    "register.invitation_expired": _unregistered(
        403, _("This invitation has expired or has been taken back."), _ASK_INVITER
    ),
    "register.under_way": _unregistered(
        409,
        _("A registration with this invitation is under way."),
        _("Wait a minute, then load the page again to see what came of it."),
    ),
    "register.config_url": _unregistered(
        400, _("Your LMS did not say properly where its description is."), _START_AGAIN
    ),
    "register.address_forbidden": _unregistered(
        400, _("The description of your LMS is at an address that is not public."), _BY_HAND
    ),
    "register.config_unreadable": _unregistered(
        502, _("The description of your LMS could not be read."), _START_AGAIN
    ),
    "register.issuer_mismatch": _unregistered(
        400, _("Your LMS names an issuer that does not live at its own address."), _BY_HAND
    ),
    "register.endpoint_foreign": _unregistered(
        400, _("Your LMS names an address that does not belong to it."), _BY_HAND
    ),
    "register.alg": _unregistered(
        400, _("Your LMS does not sign its messages with RS256, which LTI asks for."), _TELL_ADMIN
    ),
    "register.no_answer": _unregistered(
        502, _("Your LMS did not answer when it was asked to register the tool."), _START_AGAIN
    ),
    "register.token_refused": _unregistered(
        502, _("The registration in your LMS has been used already or took too long."), _START_AGAIN
    ),
    "register.refused": _unregistered(
        502, _("Your LMS refused to register the tool."), _START_AGAIN
    ),
    "register.answer_invalid": _unregistered(
        502, _("Your LMS answered without a client id that can be used."), _START_AGAIN
    ),
    "register.exists": _unregistered(
        409,
        _("This registration exists already, and none is ever overwritten."),
        _BY_HAND,
    ),
}

_DEEP_LINKING = {
    "deeplink.not_allowed": _forbidden(_("Only teachers can add activities.")),
    "deeplink.settings": _unopened(422, _("The LMS did not say what it accepts.")),
    "deeplink.return_url": _unopened(
        422, _("The LMS did not say where to send the activity, or named an unsafe address.")
    ),
    "deeplink.type": _unopened(
        422,
        _("The place in the LMS that this was opened from takes no activities."),
        _("Add the activity from the course's own list of assignments or activities instead."),
    ),
    "deeplink.too_many": _undone(
        409,
        _("The LMS takes one activity at a time here."),
        _("Go back and choose one, or use a place in the LMS that takes several."),
    ),
    "deeplink.item_invalid": _undone(
        422, _("The title or the points of the activity cannot be used."), _CHECK_FORM
    ),
    "preset.invalid": _undone(422, _("The preset cannot be kept or used."), _CHECK_FORM),
    "deeplink.already_returned": _undone(
        409, _("This selection has been sent to the course already."), _REOPEN
    ),
}

_WORK = {
    "activity.closed": _undone(
        409,
        _(
            "The activity is closed. What you had saved before is handed in for you within a "
            "minute; what you changed since then is not."
        ),
        _REOPEN,
    ),
    "activity.already_set_up": _undone(409, _("Somebody has just set this activity up.")),
    "activity.not_open_yet": _undone(
        409, _("This activity has not opened yet."), _("Its first page says when it opens.")
    ),
    "accommodation.invalid": _undone(422, _("This cannot be granted as it is."), _CHECK_FORM),
    "activity.has_work": _undone(
        409, _("Students have begun to work here, so the module cannot be changed any more.")
    ),
    "module.part_missing": _undone(
        409, _("The newer version lacks a part that this activity uses. Take it out first.")
    ),
    "question.too_early": _undone(409, _("A question can be asked once the attempt is handed in.")),
    "question.answered": _undone(
        409, _("Your question has been answered meanwhile; the answer stands beside the question.")
    ),
    "item.nothing_to_regrade": _undone(404, _("Nobody had answered this question by another key.")),
    "attempt.closed": _undone(409, _("This attempt does not take answers any more."), _REOPEN),
    "attempt.time_up": _undone(
        409,
        _(
            "The time of this attempt is up. What you had saved in time is handed in for you "
            "within a minute; what you changed since then is not."
        ),
        _REOPEN,
    ),
    "attempt.already_open": _undone(409, _("You have an open attempt already."), _REOPEN),
    "attempt.already_submitted": _undone(
        409, _("This was handed in before. The first submission stands."), _REOPEN
    ),
    "attempt.void_already": _undone(409, _("This attempt counts for nothing already."), _RELOAD),
    "attempt.open_already": _undone(409, _("This attempt is open already."), _RELOAD),
    "attempt.another_open": _undone(
        409,
        _("The student has another attempt open, and can work in one at a time."),
        _("Let them hand that one in first, or make it count for nothing."),
    ),
    "attempt.reopen_closed": _undone(
        409,
        _("The activity is closed for this student, so that nothing could be handed in."),
        _("Give them a later closing time first."),
    ),
    "attempt.none_left": _undone(409, _("You have used all attempts."), _REOPEN),
    "attempt.wait": _undone(
        409,
        _("Your next attempt has not opened yet: there is a wait between attempts."),
        _("The activity's first page says when it opens."),
    ),
    "attempt.check_not_offered": _undone(
        409,
        _("Answers cannot be checked one by one in this activity."),
        _REOPEN,
    ),
    "attempt.no_quiz": _undone(409, _("This activity has no quiz."), _REOPEN),
    "practice.no_warm_up": _undone(
        409, _("There is no question to warm up with right now."), _("Go on with the activity.")
    ),
    "line_item.not_offered": _undone(
        409, _("Your LMS does not let this tool add a column to the gradebook."), _TELL_ADMIN
    ),
    "reflection.already_submitted": _undone(
        409, _("This was handed in before. The first submission stands."), _REOPEN
    ),
    "reflection.not_asked": _undone(409, _("This reflection is not asked for here."), _REOPEN),
    "reflection.graded_by_completion": _undone(
        409, _("Reflections of this activity are graded by being handed in, not by a rubric.")
    ),
    "reflection.no_returns_left": _undone(
        409, _("This reflection has been returned as often as the activity allows.")
    ),
    "reflection.not_here": _undone(
        409, _("This reflection is with its writer, or held, and cannot be changed now.")
    ),
    "reflection.frozen": _undone(
        409, _("This reflection is held until an instructor has decided about it.")
    ),
    "marking.own_first": _undone(
        409,
        _("Two people mark this reflection, and you have not seen the other mark yet."),
        _("Save your own mark; the grade is agreed when both have marked."),
    ),
    "marking.not_open": _undone(
        409, _("Both marks are in, or the grade is released, so that a mark cannot be changed.")
    ),
    "module.invalid": _undone(422, _("The module was not kept."), _CHECK_FORM),
    "module.not_published": _undone(422, _("The module was not published."), _CHECK_FORM),
    "module.has_faults": _undone(
        409, _("The module has faults."), _("Repair them in its source first.")
    ),
    "module.in_use": _undone(
        409, _("Something in the course was made, placed or planned with this module.")
    ),
    "key.vote_invalid": _undone(422, _("Your vote was not kept."), _CHECK_FORM),
    "marker.invalid": _undone(422, _("Nothing was shared out."), _CHECK_FORM),
    "marker.out_of_section": _undone(
        409, _("This person may not see the work of that section."), _("Choose somebody else.")
    ),
    "marker.no_place": _undone(
        409, _("This reflection is graded, or has two markers, so that it takes no more.")
    ),
    "marker.has_marked": _undone(409, _("They have marked it, or it is not theirs.")),
    "reflection.return_invalid": _undone(422, _("It was not returned."), _CHECK_FORM),
    "reflection.purge_invalid": _undone(422, _("Nothing was taken out."), _CHECK_FORM),
    "reflection.unconfirmed": _undone(422, _("Look at the marked words first."), _CHECK_FORM),
    "passage.invalid": _undone(422, _("The comment was not kept."), _CHECK_FORM),
    "reflection.invalid": _undone(422, _("This text cannot be saved as it is."), _CHECK_FORM),
    "submit.conflict": _undone(409, _("This was sent before with other answers.")),
    "submit.field_not_allowed": _undone(
        422, _("The form holds a field that does not belong to it."), _RELOAD
    ),
    "work.changed_meanwhile": _undone(
        409, _("This has been changed meanwhile, by somebody else perhaps."), _RELOAD
    ),
    "work.stale": _undone(409, _("Newer work has been saved meanwhile, in another tab perhaps.")),
}

_INSIDE = {
    "resource.unknown": Problem(
        404,
        _("There is nothing for you here"),
        _(
            "This page is not part of what you opened, or its launch has ended because somebody "
            "else opened an activity in this browser."
        ),
        _("Open the activity again from your course. Your saved work is there."),
    ),
    "not_found": Problem(
        404,
        _("There is nothing at this address"),
        _("This page does not exist."),
        _("Open the activity again from your course."),
    ),
    "role.not_allowed": _forbidden(_("Your role in this course does not allow this.")),
    "csrf": Problem(
        403,
        _NOT_DONE,
        _("The request did not come from a page of this activity."),
        _RELOAD,
    ),
    "session.expired": Problem(
        401,
        _("Please open the activity again"),
        _("Your session ended."),
        _("Your answers are saved; open the activity again to hand them in."),
    ),
    "method_not_allowed": _undone(405, _("This address is not used in this way."), _REOPEN),
    "request_too_large": _undone(413, _("This is more than one page may send."), _CHECK_FORM),
    "unsupported_media_type": _undone(
        415, _("This address takes forms only, not other kinds of content."), _TELL_ADMIN
    ),
    "rate_limited": Problem(
        429,
        _("Too many requests"),
        _("There have been too many requests in a short time."),
        _("Wait a minute and try again."),
    ),
    "conflict": _undone(409, _("Things have changed since this page was loaded.")),
    "input.invalid": _undone(422, _("Some of what was entered cannot be used."), _CHECK_FORM),
    "bad_request": _undone(400, _("The request cannot be understood.")),
    "internal": Problem(
        500,
        _("Something went wrong"),
        _("Something went wrong on our side. Nothing was lost."),
        _("Try again in a minute. If it happens again, tell us the request number below."),
    ),
    "text.unreadable": Problem(
        503,
        _("This cannot be read at the moment"),
        _("A text is sealed, and the tool does not have the key. Nothing was lost or changed."),
        _("Try again later, and tell whoever runs the tool the request number below."),
    ),
    "text.destroyed": Problem(
        410,
        _("The texts of this course are gone"),
        _("What was written in this course was destroyed at the school's wish."),
        _("Ask your teacher or your school if you did not expect this."),
    ),
    "service_unavailable": Problem(
        503,
        _("Please try again"),
        _("The tool could not finish this just now. Nothing was saved this time."),
        _("Try again in a minute."),
    ),
    "service_unclear": Problem(
        503,
        _("Please try again"),
        _("The tool lost its connection while it was saving. This may have been saved or not."),
        _("Try again in a minute: what was saved already is not saved or handed in twice."),
    ),
}

PROBLEMS: Mapping[str, Problem] = {
    **_LOGIN,
    **_LAUNCH,
    **_TOKEN,
    **_CLAIMS,
    **_NOTICES,
    **_REGISTRATION,
    **_DEEP_LINKING,
    **_WORK,
    **_INSIDE,
}

PLATFORM_ERRORS: Mapping[str, LazyString] = {
    "login_required": _("Your LMS says that you are signed out there. Sign in to it first."),
    "launch_no_longer_valid": _(
        "Your LMS says that this launch has been used before, perhaps by a double click or the "
        "back button."
    ),
    "unauthorized_client": _("Your LMS says that this tool is switched off there."),
}
"""What a platform's own error code (OpenID Connect Core section 3.1.2.6) means, in plain words."""
