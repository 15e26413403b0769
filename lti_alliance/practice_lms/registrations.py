"""An administrator lets a tool register itself, and afterwards switches it on or sends it away."""

from __future__ import annotations

from urllib.parse import urlsplit

from lti_alliance.practice_lms.dialects import canvas_registration, moodle_registration
from lti_alliance.practice_lms.platform import Platform
from lti_alliance.practice_lms.scenarios import hex_id
from lti_alliance.practice_lms.tools import PRIVACY, Tool


def address_with_token(platform: Platform, url: str, *, updated: Tool | None = None) -> str:
    """Return the tool's registration address with what the LMS adds to its query."""
    added = (
        canvas_registration.query(platform)
        if platform.name == "canvas"
        else moodle_registration.query(platform, updated)
    )
    address, hash_mark, fragment = url.partition("#")
    return f"{address}{'&' if '?' in address else '?'}{added}{hash_mark}{fragment}"


def is_web_address(url: str) -> bool:
    """Tell whether a browser can open this as a tool's registration page."""
    parts = urlsplit(url)
    return parts.scheme in {"http", "https"} and bool(parts.netloc)


def activate(
    platform: Platform,
    client_id: str,
    *,
    scopes: set[str] | None = None,
    placements: set[str] | None = None,
    privacy: str | None = None,
) -> Tool | None:
    """Make a pending tool the platform's tool; launches go to it from now on.

    The administrator may take scopes and placements away and lower the privacy level. Nothing means
    that all is granted as asked.
    """
    with platform.store.lock:
        tool = platform.state.pending_tools.pop(client_id, None)
        if tool is None:
            return None
        if scopes is not None:
            tool.scopes = [each for each in tool.scopes if each in scopes]
        if placements is not None and tool.placements is not None:
            tool.placements = {k: v for k, v in tool.placements.items() if k in placements}
        if privacy in PRIVACY:
            tool.privacy = privacy
        if platform.name == "canvas":
            # Only now is the tool installed in the account: that is a deployment.
            tool.deployment_id = f"{tool.number}:{hex_id('account')}"
        tool.first_deployment_id = tool.deployment_id
        platform.state.adopt(tool)
        platform.state.cached_tool_keys = {}
        platform.state.access_tokens = {}
        platform.pending.clear()
    platform.store.changed()
    return tool


def send_away(platform: Platform, client_id: str) -> bool:
    """Forget a pending tool; tell whether there was one."""
    with platform.store.lock:
        found = platform.state.pending_tools.pop(client_id, None)
    platform.store.changed()
    return found is not None
