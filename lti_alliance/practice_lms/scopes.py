"""Names that LTI Advantage fixes: scopes, claims, media types.

LTI 1.3 Core, AGS 2.0, NRPS 2.0: https://www.imsglobal.org/spec/lti/v1p3/
"""

from __future__ import annotations

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
AGS_CLAIM = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
NRPS_CLAIM = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"

LINEITEM = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem"
LINEITEM_READONLY = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem.readonly"
RESULT = "https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly"
SCORE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
MEMBERSHIP = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
NOTICES = "https://purl.imsglobal.org/spec/lti/scope/noticehandlers"

CANVAS_SCOPES = (LINEITEM, LINEITEM_READONLY, RESULT, SCORE, MEMBERSHIP)
MOODLE_SCOPES = (LINEITEM, LINEITEM_READONLY, RESULT, SCORE, MEMBERSHIP)

LINEITEM_TYPE = "application/vnd.ims.lis.v2.lineitem+json"
LINEITEMS_TYPE = "application/vnd.ims.lis.v2.lineitemcontainer+json"
SCORE_TYPE = "application/vnd.ims.lis.v1.score+json"
RESULTS_TYPE = "application/vnd.ims.lis.v2.resultcontainer+json"
MEMBERS_TYPE = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"

LIS = "http://purl.imsglobal.org/vocab/lis/v2/"

TOOL_CONFIGURATION = "https://purl.imsglobal.org/spec/lti-tool-configuration"
PLATFORM_CONFIGURATION = "https://purl.imsglobal.org/spec/lti-platform-configuration"
CONTENT_ITEMS = "https://purl.imsglobal.org/spec/lti-dl/claim/content_items"
CANVAS_OWN = "https://canvas.instructure.com/lti/"
PNS_CLAIM = "https://purl.imsglobal.org/spec/lti/claim/platformnotificationservice"
