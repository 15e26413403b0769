"""The edge towards browsers: parse, call one service, render, commit."""

from typing import Any

from flask import Flask

from lti_alliance.parts import EXTENSION, parts
from lti_alliance.web import (
    access,
    authored_modules,
    desk,
    errors,
    extensions,
    health,
    instructor,
    instructor_standards,
    languages,
    limits,
    local_times,
    lti,
    notices,
    own_tab,
    picker,
    platform_pages,
    privacy,
    profile_pages,
    registering,
    request_log,
    security,
    static_files,
    student,
    wording,
)


def register(app: Flask) -> None:
    """Give the application its pages, its rules and its answers to failures."""
    app.template_folder = "web/templates"
    # No other site may call this one from a script, so nothing asks what it may send.
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    # The order counts: every request gets its id first, then its checks, then its rule.
    request_log.register(app)
    security.register(app)
    extensions.register(app)
    limits.register(app, url=app.extensions[EXTENSION].settings.limiter_url)
    languages.register(app)
    access.register(app)
    errors.register(app)
    wording.register(app)
    local_times.register(app)
    static_files.register(app)
    app.context_processor(_for_every_page)
    for each in (
        health,
        lti,
        own_tab,
        notices,
        registering,
        student,
        instructor,
        desk,
        profile_pages,
        privacy,
        instructor_standards,
        platform_pages,
        picker,
        authored_modules,
    ):
        app.register_blueprint(each.blueprint)


def _for_every_page() -> dict[str, Any]:
    visit = access.find_current()
    return {
        "visit": visit,
        "csrf_token": visit.csrf_token if visit else "",
        "support_contact": parts().settings.support_contact,
    }
