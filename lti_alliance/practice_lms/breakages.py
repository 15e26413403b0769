"""What the "break something" page offers, under its headings."""

from __future__ import annotations

from lti_alliance.practice_lms import breaking
from lti_alliance.practice_lms.breakages_of_courses import PEOPLE_AND_COLUMNS, WHOLE
from lti_alliance.practice_lms.breakages_of_services import SERVICE, SIGN_IN
from lti_alliance.practice_lms.breaking import Breakage
from lti_alliance.practice_lms.platform import Platform

MEND = "mend"
GROUPS: dict[str, tuple[Breakage, ...]] = {
    "The gradebook service": SERVICE,
    "Sign-in and tokens": SIGN_IN,
    "People and columns": PEOPLE_AND_COLUMNS,
    "The LMS as a whole": WHOLE,
}
BREAKAGES = tuple(each for group in GROUPS.values() for each in group)


def apply_breakage(platform: Platform, what: str) -> bool:
    """Break the thing of that key, mend it (`mend:<key>`) or all (`mend`); tell if there is one."""
    if what == MEND:
        breaking.mend_everything(platform)
        return True
    verb, colon, rest = what.partition(":")
    key = rest if colon and verb == MEND else what
    found = next((each for each in BREAKAGES if each.key == key), None)
    if found is None or found.only not in ("", platform.name):
        return False
    if key == what:
        breaking.break_thing(platform, found)
    else:
        breaking.mend_thing(platform, found)
    return True


def active(platform: Platform) -> list[str]:
    """Return what is broken now, each in a sentence."""
    return breaking.active(platform, BREAKAGES)
