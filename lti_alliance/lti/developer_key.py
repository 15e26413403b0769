"""The tool as a Canvas developer key, for schools that do not register it dynamically."""

from typing import Any
from urllib.parse import urlsplit

from lti_alliance.domain.launch import MessageType
from lti_alliance.lti.tool_description import (
    PLACEMENTS,
    SCOPES,
    VARIABLES,
    ToolDescription,
    custom_parameters,
)


def canvas_developer_key(tool: ToolDescription) -> dict[str, Any]:
    """Return what Canvas loads for a developer key.

    Custom fields stand at the top: those of a placement go with launches from there alone, and a
    student who opens an assignment comes from none.
    """
    placements: list[dict[str, Any]] = [
        {
            "placement": name,
            "message_type": kind.value,
            "target_link_uri": tool.launch_url,
            "text": tool.name,
        }
        | ({"default": "disabled"} if kind is MessageType.RESOURCE_LINK else {})
        for kind, names in PLACEMENTS.items()
        for name in names
    ]
    return {
        "title": tool.name,
        "description": tool.description,
        "target_link_uri": tool.launch_url,
        "oidc_initiation_url": tool.login_url,
        "public_jwk_url": tool.jwks_url,
        "scopes": list(SCOPES),
        "custom_fields": custom_parameters(frozenset(VARIABLES.values())),
        "extensions": [
            {
                "platform": "canvas.instructure.com",
                "domain": urlsplit(tool.base_url).netloc,
                "tool_id": "lti-alliance",
                "privacy_level": "name_only" if tool.asks_for_names else "anonymous",
                "settings": {"text": tool.name, "placements": placements},
            }
        ],
    }
