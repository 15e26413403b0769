"""The certification cases of an LTI Advantage tool, in the order of the document.

1EdTech *LTI Advantage Conformance Certification Guide* 1.3, section 6
(https://www.imsglobal.org/spec/lti/v1p3/cert). The live suite is for members; its values are those
that tools have recorded. C13 to C16 are not in the guide: they say what a used or altered state or
nonce leads to.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """One case: its number here, and what it asks of a tool."""

    id: str
    asks: str


def _cases(first: int, *asks: str) -> tuple[Case, ...]:
    return tuple(Case(f"C{number:02d}", each) for number, each in enumerate(asks, start=first))


REFUSED = _cases(
    1,
    "no `kid` in the header of the message",
    "a `kid` that is not among the platform's keys, though they are fetched again",
    "a version other than 1.3.0",
    "no version",
    "a signed message that is no LTI message",
    "message type, roles and version missing",
    "`iat` and `exp` long past",
    "no message type",
    "no roles claim",
    "no deployment id",
    "no resource link",
    "no `sub`",
    "an altered state",
    "no state",
    "a state that was used before",
    "a nonce of another login",
)
TEACHERS = _cases(
    17,
    "an instructor",
    "an instructor with two roles in the institution",
    "the short role `Instructor`",
    "a role that nobody knows",
    "an empty role",
    "an e-mail address and no name",
    "a name and no e-mail address",
    "nothing that tells who it is",
    "an e-mail address, and no course",
)
STUDENTS = _cases(
    26,
    "a learner",
    "a learner with two roles in the institution",
    "the short role `Learner`",
    "a learner with a role that nobody knows",
    "an empty role",
    "an e-mail address and no name",
    "a name and no e-mail address",
    "nothing that tells who it is",
    "an e-mail address, and no course",
    "nothing but the resource link and its course",
)
DEEP_LINKING = _cases(
    36,
    "a deep linking request opens the picker",
    "the answer is posted by the browser as `JWT` to the return address",
    "message type and version of the answer",
    "the answer's `iat` and `exp`",
    "the answer's signature, by a key that the tool publishes",
    "issuer, audience, nonce, deployment and `data` of the answer",
    "the content items are taken, with a line item",
    "the link that was returned opens what was chosen, for a student",
    "an answer without content",
)
ROSTERS = _cases(
    45,
    "an instructor's launch that names the membership service",
    "the members are asked for at `context_memberships_url`",
    "the media type of a membership container",
    "a bearer token by client credentials",
    "the token's scope",
)
GRADES = _cases(
    50,
    "a launch that names line items and no line item of its own",
    "a line item is made, and its address kept",
    "the line items are looked at with filters, and none is made twice",
    "a score is posted for user 40899",
    "the result shows the score",
    "the media types of line items, scores and results",
    "each token has the scope of its use",
)

GROUPS: dict[str, tuple[Case, ...]] = {
    "Core: messages to refuse": REFUSED,
    "Core: teachers": TEACHERS,
    "Core: students": STUDENTS,
    "Deep linking": DEEP_LINKING,
    "Names and roles": ROSTERS,
    "Assignments and grades": GRADES,
}


def case(case_id: str) -> Case:
    """Return the case of this number."""
    return next(each for group in GROUPS.values() for each in group if each.id == case_id)
