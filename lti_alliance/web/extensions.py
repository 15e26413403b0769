"""The Flask extensions, wired once: request limits, migrations."""

from ipaddress import ip_address, ip_network

from flask import Flask, request
from flask_limiter import Limiter
from flask_migrate import Migrate

from lti_alliance.models import db
from lti_alliance.schema import MIGRATIONS


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


migrate = Migrate()
# Where the shared counts cannot be reached, each process counts for itself. The first of several
# threads finds that out; what the others had under way is not counted, and their requests go on.
limiter = Limiter(key_func=client_network, in_memory_fallback_enabled=True, swallow_errors=True)


def register(app: Flask) -> None:
    """Attach the extensions to the application."""
    limiter.init_app(app)
    migrate.init_app(app, db, directory=str(MIGRATIONS), compare_type=True)
