"""Put the practice LMS together as one Flask application."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlsplit

from flask import Flask, Response, g, request

from lti_alliance.practice_lms import (
    pages,
    pages_admin,
    pages_courses,
    pages_deep_linking,
    pages_submissions,
    pages_teacher,
    practice_api,
)
from lti_alliance.practice_lms.dialects import canvas, moodle
from lti_alliance.practice_lms.messages import MessageLog
from lti_alliance.practice_lms.platform import (
    EXTENSION,
    Platform,
    Practice,
    platform_named,
    practice,
)
from lti_alliance.practice_lms.settings import PracticeSettings
from lti_alliance.practice_lms.store import Store
from lti_alliance.practice_lms.wire import DropConnections

PROTOCOL = {"canvas", "moodle"}


def create_practice_lms(settings: PracticeSettings | None = None) -> Flask:
    """Return the practice LMS with both platforms."""
    settings = settings or PracticeSettings()
    app = Flask(__name__)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.url_map.strict_slashes = False
    store, messages = Store(settings), MessageLog(settings.now)
    app.extensions[EXTENSION] = Practice(
        store, messages, {name: Platform(name, store, messages) for name in store.platforms}
    )
    app.register_blueprint(canvas.blueprint)
    app.register_blueprint(moodle.blueprint)
    app.register_blueprint(practice_api.blueprint)
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(pages_teacher.blueprint)
    app.register_blueprint(pages_admin.blueprint)
    app.register_blueprint(pages_courses.blueprint)
    app.register_blueprint(pages_deep_linking.blueprint)
    app.register_blueprint(pages_submissions.blueprint)
    app.before_request(_refuse_forgery)
    app.after_request(_protect)
    app.wsgi_app = DropConnections(app.wsgi_app)  # type: ignore[method-assign]
    return app


def _refuse_forgery() -> Response | None:
    """Refuse changes that another site's page asks for; protocol posts come from there."""
    crossing = request.headers.get("Sec-Fetch-Site") == "cross-site"
    if request.method == "POST" and crossing and request.blueprint not in PROTOCOL:
        return Response("Not from another site.\n", 403, content_type="text/plain")
    return None


def _protect(response: Response) -> Response:
    """Let pages load only what is ours, frame only the tool, and be framed only by ours."""
    origins = sorted(
        {
            f"{part.scheme}://{part.netloc}"
            for platform in practice().platforms.values()
            for address in (platform.state.tool.login_url, *platform.state.tool.redirect_uris)
            if (part := urlsplit(address)).netloc
        }
    )
    framed = " ".join(sorted({*origins, *([g.framed_origin] if "framed_origin" in g else [])}))
    tool = " ".join(origins)
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        f"connect-src 'self'; frame-src 'self' {framed}; form-action 'self' {tool}; "
        "frame-ancestors 'self'; base-uri 'none'"
    )
    if request.blueprint in PROTOCOL:
        # A platform's answers tell what time it is there, wrong or not.
        response.date = datetime.fromtimestamp(platform_named(request.blueprint).now(), UTC)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "strict-origin-when-cross-origin"
    response.headers.setdefault("Cache-Control", "no-store")
    return response
