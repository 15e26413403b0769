"""How often logins and launches may come, so that a flood is refused and a class is not.

A school's whole class arrives through one address within a minute. The narrow limits therefore
count one person's login or one launch, and only the wide ones count an address.
"""

from flask import request

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


one_login = limiter.limit("30 per 10 seconds", key_func=_login_key)
all_logins = limiter.limit("6000 per minute", key_func=client_network)
one_launch = limiter.limit("60 per 10 seconds", key_func=_launch_key)
all_launches = limiter.limit("3000 per minute", key_func=client_network)
all_notices = limiter.limit("600 per minute", key_func=client_network)
registrations = limiter.limit("30 per hour", key_func=client_network)
_failed_launches = limiter.shared_limit(
    "60 per minute", scope="failed launches", key_func=client_network
)


def count_failed(refused: LaunchRejected) -> None:
    """Count a forged or broken launch; beyond the limit such a launch learns nothing more.

    Launches that verify are let in all the same, so that nobody can lock a school out.
    """
    if refused.status in (400, 401) and refused.code not in _HARMLESS:
        with _failed_launches:
            pass
