"""Two pages whose script speaks to the platform's storage: one keeps a secret, one gets it back.

The script decides nothing. Where the storage does not answer, its form goes on without the secret,
and the server judges what it gets.
"""

from datetime import datetime, timedelta

from flask import Response, make_response, render_template, request

from lti_alliance.errors import LaunchRejected
from lti_alliance.lti.platform_storage import place_of
from lti_alliance.lti.state import LoginState
from lti_alliance.models import Registration
from lti_alliance.web import cookies, security
from lti_alliance.web.signing import digest, pack, unpack

TICKET_FOR = timedelta(minutes=2)
_TICKET = "launch that waits for its secret"


def keep(
    state: LoginState, registration: Registration, *, secret: str, goes_on: str, otherwise: str
) -> Response:
    """Show the page that has the secret kept, and then goes on to the platform.

    ``goes_on`` is the platform's address for this login, ``otherwise`` the same login packed for a
    browser that has to show whether it keeps cookies.
    """
    security.allow_forms_to_platforms()
    return make_response(
        render_template(
            "lti/platform_storage_keep.html",
            place=place_of(state, registration),
            secret=secret,
            goes_on=goes_on,
            login=otherwise,
        )
    )


def is_asked(state: LoginState) -> bool:
    """Say whether the storage has to tell what the cookies of this request do not."""
    return bool(state.storage_target) and cookies.state_secret(request, state.id) is None


def bring_back(
    state: LoginState, registration: Registration, *, token: str, state_token: str, at: datetime
) -> Response:
    """Show the page that gets the secret back and sends the launch on with it."""
    response = make_response(
        render_template(
            "lti/platform_storage_bring_back.html",
            place=place_of(state, registration),
            token=token,
            state_token=state_token,
            ticket=pack(_ticket(token, state_token), purpose=_TICKET, at=at),
        )
    )
    # Whether it comes back with the form decides where the pages can open.
    cookies.set_probe(response)
    return response


def check_ticket(ticket: str, token: str, state_token: str, *, at: datetime) -> None:
    """Raise ``LaunchRejected`` unless this very launch has just passed through the page above."""
    passed = unpack(ticket, purpose=_TICKET, at=at, lifetime=TICKET_FOR)
    if passed != _ticket(token, state_token):
        raise LaunchRejected("launch.browser_not_bound", status=401)


def _ticket(token: str, state_token: str) -> dict[str, str]:
    return {"token": digest(token), "state": digest(state_token)}
