"""Context membership: who is in a course, page by page.

Names and Role Provisioning Services 2.0, section 2, https://www.imsglobal.org/spec/lti-nrps/v2p0.
Implements ``services.ports.Roster``.
"""

from typing import Any

from lti_alliance.domain.addresses import address_below
from lti_alliance.domain.launch import Person, course_role, is_test_user
from lti_alliance.domain.roster import MEMBERSHIP_SCOPE, Member, RosterRef
from lti_alliance.errors import PlatformUnavailable
from lti_alliance.lti import quirks
from lti_alliance.lti.tokens import ServiceTokens

MEMBERS_TYPE = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
MAX_PAGES = 1000
"""A course of some thousand people in pages of ten."""
_NAMES = ("name", "given_name", "family_name", "email")


class Memberships:
    """The rosters of all registered platforms."""

    def __init__(self, tokens: ServiceTokens) -> None:
        self._tokens = tokens

    def list_members(self, roster: RosterRef) -> list[Member]:
        """List everybody whom the platform lists, all pages of it, each person once.

        Raises ``PlatformError``; a list that breaks off is an error and no shorter list, since
        whoever is missing would be taken for somebody who has left.
        """
        connector = self._tokens.connector(
            roster.registration_id, deployment_id=roster.deployment_id
        )
        found: dict[str, Member] = {}
        url = address_below(roster.url, "", **quirks.member_page_size(roster.family))
        for page in connector.pages(MEMBERSHIP_SCOPE, url, accept=MEMBERS_TYPE, most=MAX_PAGES):
            for listed in _members(page):
                member = _member(listed)
                found.setdefault(member.person.sub, member)
        return list(found.values())


def _members(body: Any) -> list[dict[str, Any]]:
    members = body.get("members") if isinstance(body, dict) else None
    if not isinstance(members, list) or not all(isinstance(each, dict) for each in members):
        raise PlatformUnavailable("unexpected_answer", status=200)
    return members


def _member(listed: dict[str, Any]) -> Member:
    sub, roles = listed.get("user_id"), listed.get("roles", [])
    # A number is no id of this standard, but means what it says.
    if isinstance(sub, int) and not isinstance(sub, bool):
        sub = str(sub)
    if not isinstance(sub, str) or not sub or not isinstance(roles, list):
        raise PlatformUnavailable("unexpected_answer", status=200)
    uris = [uri for uri in roles if isinstance(uri, str)]
    names = {name: listed[name] for name in _NAMES if isinstance(listed.get(name), str)}
    return Member(
        person=Person(sub=sub, **names),
        role=course_role(uris),
        is_active=listed.get("status", "Active") == "Active",
        is_test_user=is_test_user(uris),
    )
