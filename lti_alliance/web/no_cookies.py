"""The page for a browser that keeps no cookies: a new tab, or what to change."""

from collections.abc import Mapping

from flask import Response, make_response, render_template, request

from lti_alliance.parts import parts


def page(fields: Mapping[str, str], *, is_new_tab: bool) -> Response:
    """Offer to send ``fields``, a login, to a new tab; in one already, say what to change."""
    return make_response(
        render_template(
            "lti/no_cookies.html",
            fields=fields,
            is_new_tab=is_new_tab,
            is_safari_without_https=_is_safari() and not parts().settings.is_https,
        )
    )


def _is_safari() -> bool:
    agent = request.user_agent.string
    others = ("Chrome", "Chromium", "CriOS", "FxiOS", "EdgiOS", "Android")
    return "Safari/" in agent and not any(name in agent for name in others)
