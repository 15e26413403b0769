"""Dates that a platform tells with a launch, kept without one."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from lti_alliance.models import Membership, ResourceLink
from lti_alliance.services import terms


def tell_dates(
    session: Session,
    link: ResourceLink,
    member: Membership,
    custom: Mapping[str, str],
    *,
    at: datetime,
) -> None:
    """Keep what a launch of this person on this link tells in its custom parameters."""
    found = terms.find_dates(session, link.id, member)
    terms.keep_told_dates(session, link, member, custom, found=found, at=at)
