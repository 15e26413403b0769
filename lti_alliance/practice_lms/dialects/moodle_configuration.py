"""What Moodle says of itself to a tool that registers.

Dynamic Registration 1.0, section 3.4: https://www.imsglobal.org/spec/lti-dr/v1p0
"""

from __future__ import annotations

from flask import Response

from lti_alliance.practice_lms.platform import Platform
from lti_alliance.practice_lms.scopes import (
    LINEITEM,
    LINEITEM_READONLY,
    MEMBERSHIP,
    PLATFORM_CONFIGURATION,
    RESULT,
    SCORE,
)
from lti_alliance.practice_lms.services import answer

TOOL_SETTINGS = "https://purl.imsglobal.org/spec/lti-ts/scope/toolsetting"
BASIC_OUTCOME = "https://purl.imsglobal.org/spec/lti-bo/scope/basicoutcome"
SUPPORTED = [BASIC_OUTCOME, LINEITEM_READONLY, RESULT, SCORE, LINEITEM, MEMBERSHIP, TOOL_SETTINGS]
DEEP_LINKING = "LtiDeepLinkingRequest"
PLACE = "ContentArea"
VARIABLES = [
    "basic-lti-launch-request",
    "ContentItemSelectionRequest",
    "ToolProxyRegistrationRequest",
    "Context.id",
    "Context.title",
    "Context.label",
    "Context.id.history",
    "Context.sourcedId",
    "Context.longDescription",
    "Context.timeFrame.begin",
    "CourseSection.title",
    "CourseSection.label",
    "CourseSection.sourcedId",
    "CourseSection.longDescription",
    "CourseSection.timeFrame.begin",
    "CourseSection.timeFrame.end",
    "ResourceLink.id",
    "ResourceLink.title",
    "ResourceLink.description",
    "User.id",
    "User.username",
    "Person.name.full",
    "Person.name.given",
    "Person.name.family",
    "Person.email.primary",
    "Person.sourcedId",
    "Person.name.middle",
    "Person.address.street1",
    "Person.address.locality",
    "Person.address.country",
    "Person.address.timezone",
    "Person.phone.primary",
    "Person.phone.mobile",
    "Person.webaddress",
    "Membership.role",
    "Result.sourcedId",
    "Result.autocreate",
    "BasicOutcome.sourcedId",
    "BasicOutcome.url",
    "Moodle.Person.userGroupIds",
]


def configuration(platform: Platform) -> Response:
    """Say what this platform is; anybody may ask."""
    root = f"{platform.root}/mod/lti"
    return answer(
        {
            "issuer": platform.state.issuer,
            "token_endpoint": f"{root}/token.php",
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": ["RS256"],
            "jwks_uri": f"{root}/certs.php",
            "authorization_endpoint": f"{root}/auth.php",
            "registration_endpoint": f"{root}/openid-registration.php",
            "scopes_supported": [*SUPPORTED, "openid"],
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public", "pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "claims_supported": ["sub", "iss", "name", "given_name", "family_name", "email"],
            PLATFORM_CONFIGURATION: {
                "product_family_code": "moodle",
                "version": "4.3 (Build: 20231009)",
                "messages_supported": [
                    {"type": "LtiResourceLinkRequest"},
                    {"type": DEEP_LINKING, "placements": [PLACE]},
                ],
                "variables": VARIABLES,
            },
        }
    )
