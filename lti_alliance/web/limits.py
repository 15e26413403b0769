"""How often anything may come, so that a flood is refused and a class is not.

A school's whole class arrives through one address within a minute, and all schools of a hosted LMS
send their notices from the same few. What an address is counted for is therefore what nobody has
signed: logins, and messages that turned out to be forged or broken. What a platform has signed is
counted for the person or the installation that it speaks of.
"""

from collections.abc import Callable, Iterable
from functools import partial, wraps
from ipaddress import ip_address, ip_network
from typing import TypeVar, cast
from uuid import UUID

from flask import Flask, Response, after_this_request, current_app, request
from limits import RateLimitItem, parse
from werkzeug.exceptions import TooManyRequests

from lti_alliance.errors import LaunchRejected
from lti_alliance.web.counts import Counts
from lti_alliance.web.signing import digest

View = TypeVar("View", bound=Callable[..., object])
EXTENSION = "alliance_counts"

# An honest browser may meet these: its cookies are gone, its form is old, it was clicked twice.
_HARMLESS = frozenset(
    {
        "launch.browser_not_bound",
        "launch.state_expired",
        "launch.replayed",
        "launch.platform_refused",
    }
)


def register(app: Flask, *, url: str) -> None:
    """Count for this application in the store at ``url``."""
    app.extensions[EXTENSION] = Counts(url)


def counts() -> Counts:
    """Return what the current application has counted."""
    found = current_app.extensions[EXTENSION]
    assert isinstance(found, Counts)
    return found


def client_network() -> str:
    """Name where a request comes from: an IPv4 address, or the /64 that an IPv6 client owns."""
    named = request.remote_addr or "nowhere"
    try:
        address = ip_address(named)
    except ValueError:
        # Some proxies name a port as well, or nothing that is an address.
        return named[:64]
    if address.version == 4:
        return str(address)
    return str(ip_network((address, 64), strict=False))


def _login_key() -> str:
    asked = (request.values.get(name, "") for name in ("iss", "login_hint", "login"))
    return f"{client_network()} {digest(chr(0).join(asked))}"


def _launch_key() -> str:
    return f"{client_network()} {digest(request.form.get('state', ''))}"


def _signed_key(registration_id: UUID, name: str) -> str:
    return digest(f"{registration_id}{chr(0)}{name}")


def _visit_key() -> str:
    # /launches/<handle>/…: what is counted is one launch, known to be somebody's by then.
    return digest(request.path.split("/")[2])


def _limit(
    allowed: str, *, scope: str, key: Callable[[], str], only_failed: bool = False
) -> Callable[[View], View]:
    """Let a view be called so often by each key; with ``only_failed``, refused so often."""
    item = parse(allowed)

    def limit(view: View) -> View:
        @wraps(view)
        def limited(*args: object, **kwargs: object) -> object:
            who = key()
            if only_failed:
                if counts().is_used_up(item, scope, who):
                    raise TooManyRequests
                after_this_request(partial(_count_failed, item, scope, who))
            elif not counts().hit(item, scope, who):
                raise TooManyRequests
            return view(*args, **kwargs)

        return cast("View", limited)

    return limit


def _count_failed(item: RateLimitItem, scope: str, who: str, response: Response) -> Response:
    if response.status_code >= 400:
        counts().hit(item, scope, who)
    return response


def _counter(allowed: str, *, scope: str) -> Callable[[str], None]:
    """Return what counts one for a key from inside of a view, and refuses what is too much."""
    item = parse(allowed)

    def count(who: str) -> None:
        if not counts().hit(item, scope, who):
            raise TooManyRequests

    return count


one_login = _limit("30 per 10 seconds", scope="one login", key=_login_key)
all_logins = _limit("6000 per minute", scope="logins", key=client_network)
one_launch = _limit("60 per 10 seconds", scope="one launch", key=_launch_key)
exports = _limit("20 per hour", scope="exports", key=_visit_key)
codes = _limit("60 per minute", scope="codes", key=client_network, only_failed=True)
registrations = _limit("30 per hour", scope="registrations", key=client_network, only_failed=True)
_refused_launches = _counter("3000 per minute", scope="refused launches")
_failed_launches = _counter("60 per minute", scope="failed launches")
_failed_notices = _counter("60 per minute", scope="failed notices")
_launches_of_one = _counter("30 per 10 seconds", scope="launches of one person")
_notices_of_one = _counter("600 per minute", scope="notices of one installation")


def count_failed(refused: LaunchRejected) -> None:
    """Count a forged or broken launch; beyond the limit such a launch learns nothing more.

    Launches that verify are let in all the same, so that nobody can lock a school out.
    """
    if refused.status not in (400, 401):
        return
    _refused_launches(client_network())
    if refused.code not in _HARMLESS:
        _failed_launches(client_network())


def count_launch(registration_id: UUID, sub: str) -> None:
    """Count a launch that verified, for the person whom the platform sent."""
    _launches_of_one(_signed_key(registration_id, sub))


def count_failed_notices() -> None:
    """Count a post of notices that were not all genuine, as ``count_failed`` does a launch."""
    _failed_notices(client_network())


def count_notices(senders: Iterable[tuple[UUID, str]]) -> None:
    """Count a post of genuine notices once for each installation that they come from."""
    for registration_id, deployment_id in sorted(set(senders), key=str):
        _notices_of_one(_signed_key(registration_id, deployment_id))
