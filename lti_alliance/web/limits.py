"""How often anything may come, so that a flood is refused and a class is not.

A school's whole class arrives through one address within a minute, and all schools of a hosted LMS
send their notices from the same few. What an address is counted for is therefore what nobody has
signed: logins, and messages that turned out to be forged or broken. What a platform has signed is
counted for the person or the installation that it speaks of.
"""

from collections.abc import Callable, Iterable
from uuid import UUID

from flask import Response, g, request

from lti_alliance.errors import LaunchRejected
from lti_alliance.web.extensions import client_network, limiter
from lti_alliance.web.signing import digest

# An honest browser may meet these: its cookies are gone, its form is old, it was clicked twice.
_HARMLESS = frozenset(
    {
        "launch.browser_not_bound",
        "launch.state_expired",
        "launch.replayed",
        "launch.platform_refused",
    }
)


def _login_key() -> str:
    asked = (request.values.get(name, "") for name in ("iss", "login_hint", "login"))
    return f"{client_network()} {digest(chr(0).join(asked))}"


def _launch_key() -> str:
    return f"{client_network()} {digest(request.form.get('state', ''))}"


def _signed_key() -> str:
    return digest(chr(0).join(g.signed_for))


def _has_failed(response: Response) -> bool:
    return response.status_code >= 400


def _visit_key() -> str:
    # /launches/<handle>/…: what is counted is one launch, known to be somebody's by then.
    return digest(request.path.split("/")[2])


one_login = limiter.limit("30 per 10 seconds", key_func=_login_key)
all_logins = limiter.limit("6000 per minute", key_func=client_network)
one_launch = limiter.limit("60 per 10 seconds", key_func=_launch_key)
exports = limiter.shared_limit("20 per hour", scope="exports", key_func=_visit_key)
codes = limiter.limit("60 per minute", key_func=client_network, deduct_when=_has_failed)
registrations = limiter.limit("30 per hour", key_func=client_network, deduct_when=_has_failed)


# Counted from inside of views, once it is known what has come: by a call of a function that does
# nothing else, because the limiter's `with` looks through the stack each time.
def _counter(allowed: str, *, scope: str, key: Callable[[], str]) -> Callable[[], None]:
    def count() -> None:
        """Count one; the limit around this refuses what is too much."""

    count.__qualname__ = f"count {scope}"
    counted: Callable[[], None] = limiter.shared_limit(allowed, scope=scope, key_func=key)(count)
    return counted


_refused_launches = _counter("3000 per minute", scope="refused launches", key=client_network)
_failed_launches = _counter("60 per minute", scope="failed launches", key=client_network)
_failed_notices = _counter("60 per minute", scope="failed notices", key=client_network)
_launches_of_one = _counter("30 per 10 seconds", scope="launches of one person", key=_signed_key)
_notices_of_one = _counter("600 per minute", scope="notices of one installation", key=_signed_key)


def count_failed(refused: LaunchRejected) -> None:
    """Count a forged or broken launch; beyond the limit such a launch learns nothing more.

    Launches that verify are let in all the same, so that nobody can lock a school out.
    """
    if refused.status not in (400, 401):
        return
    _refused_launches()
    if refused.code not in _HARMLESS:
        _failed_launches()


def count_launch(registration_id: UUID, sub: str) -> None:
    """Count a launch that verified, for the person whom the platform sent."""
    g.signed_for = (str(registration_id), sub)
    _launches_of_one()


def count_failed_notices() -> None:
    """Count a post of notices that were not all genuine, as ``count_failed`` does a launch."""
    _failed_notices()


def count_notices(senders: Iterable[tuple[UUID, str]]) -> None:
    """Count a post of genuine notices once for each installation that they come from."""
    for registration_id, deployment_id in sorted(set(senders), key=str):
        g.signed_for = (str(registration_id), deployment_id)
        _notices_of_one()
