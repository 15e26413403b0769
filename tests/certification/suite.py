"""Messages as the certification suite sends them, with the values that tools have recorded."""

from typing import Any

from lti_alliance.domain.gradebook import GradeScope
from lti_alliance.lti.claims import GRADE_SERVICE, ROSTER_SERVICE
from tests.platforms import INSTRUCTOR, LEARNER, LTI, MISSING

LIS = "http://purl.imsglobal.org/vocab/lis/v2/"
UNKNOWN_KID = "imstester_66067"
NO_KID = {"badtestonly": "12345", "kid": MISSING, "typ": MISSING}
NO_MESSAGE = {"name": "badltilaunch"}
DATA = "909708"
STUDENT = "40899"

EMAIL = {"email": "jane@example.org"}
NAMES = {"name": "Jane Q. Public", "given_name": "Jane", "family_name": "Public"}

TEACHING_AND_MORE = [INSTRUCTOR, f"{LIS}institution/person#Staff", f"{LIS}institution/person#Other"]
LEARNING_AND_MORE = [LEARNER, f"{LIS}institution/person#Student", f"{LIS}institution/person#Mentor"]
NOBODY_KNOWS = f"{LIS}unknown/unknown#Helper"
NOBODY_KNOWS_EITHER = f"{LIS}uknownrole/unknown#Unknown"


def core_claims(**changes: Any) -> dict[str, Any]:
    """Return the claims of a core launch that differ from those of any launch.

    The suite sends the services' claims with each of them.
    """
    return {
        f"{LTI}context": {
            "id": "4893",
            "label": "Test Label",
            "title": "Test Title",
            "type": [f"{LIS}course#CourseSection"],
        },
        f"{LTI}resource_link": {"id": "16295", "title": "Resource Title", "description": "Text"},
        f"{LTI}tool_platform": {"name": "LTI Test", "product_family_code": "certification"},
        f"{LTI}launch_presentation": {
            "document_target": "iframe",
            "width": 320,
            "height": 240,
            "return_url": "https://lms.test/platforms/75/returns",
        },
        GRADE_SERVICE: {
            "scope": list(GradeScope),
            "lineitems": "https://lms.test/platforms/75/contexts/4893/line_items",
        },
        ROSTER_SERVICE: {
            "context_memberships_url": "https://lms.test/platforms/75/contexts/4893/memberships",
            "service_versions": ["2.0"],
        },
        "sub": STUDENT,
        **changes,
    }
