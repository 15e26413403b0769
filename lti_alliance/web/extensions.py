"""The Flask extensions, wired once: languages, request limits, migrations."""

from ipaddress import ip_address, ip_network
from pathlib import Path

from flask import Flask, request
from flask_babel import Babel
from flask_limiter import Limiter
from flask_migrate import Migrate

from lti_alliance.models import db
from lti_alliance.schema import MIGRATIONS
from lti_alliance.web import access

TRANSLATIONS = Path(__file__).resolve().parent / "translations"
SOURCE_LANGUAGE = "en"


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


babel = Babel()
migrate = Migrate()
# Where the shared counts cannot be reached, each process counts for itself.
limiter = Limiter(key_func=client_network, in_memory_fallback_enabled=True)


def register(app: Flask) -> None:
    """Attach the extensions to the application."""
    app.config.setdefault("BABEL_TRANSLATION_DIRECTORIES", str(TRANSLATIONS))
    babel.init_app(app, locale_selector=choose_language)
    limiter.init_app(app)
    migrate.init_app(app, db, directory=str(MIGRATIONS), compare_type=True)


def choose_language() -> str:
    """Return the language of the launch, else what the browser prefers, else English."""
    visit = access.find_current()
    wished = [visit.launch.locale] if visit and visit.launch.locale else []
    wished += [language for language, _ in request.accept_languages]
    spoken = _languages()
    for wish in wished:
        for name in (wish.replace("-", "_"), wish.replace("_", "-").partition("-")[0]):
            if name in spoken:
                return name
    return SOURCE_LANGUAGE


def _languages() -> frozenset[str]:
    found = (path.parent.parent.name for path in TRANSLATIONS.glob("*/LC_MESSAGES/messages.mo"))
    return frozenset({SOURCE_LANGUAGE, *found})
