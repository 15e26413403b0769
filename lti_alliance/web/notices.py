"""Notices from platforms: each verified, then all of them kept in one act, or none."""

from flask import Blueprint, Response, jsonify, request

from lti_alliance.domain.notices import NoticeType
from lti_alliance.errors import LaunchRejected
from lti_alliance.lti.notices import read_envelope, verify_notice
from lti_alliance.models import db
from lti_alliance.observability import notices_total
from lti_alliance.parts import parts
from lti_alliance.services import notices
from lti_alliance.web import access, limits, transaction

_KNOWN = frozenset(NoticeType)

blueprint = Blueprint("notices", __name__)


@blueprint.post("/lti/notices")
@access.from_platforms
def take() -> Response:
    """Take a platform's signed notices."""
    at = parts().now()
    try:
        verified = [
            verify_notice(
                db.session(),
                parts().http,
                token,
                find_sender=lambda issuer, client: notices.find_sender(
                    db.session(), issuer, client
                ),
                at=at,
            )
            for token in read_envelope(request.get_json(silent=True))
        ]
        limits.count_notices((each.registration_id, each.deployment_id) for each in verified)
        # Keys that were fetched are kept in a transaction of their own, so this one begins now.
        with transaction.act() as session:
            new = notices.take(session, verified, at=at)
    except LaunchRejected as refused:
        notices_total.labels(refused.code).inc()
        limits.count_failed_notices()
        raise
    for notice in verified:
        kind = notice.kind if notice.kind in _KNOWN else "unknown"
        notices_total.labels(kind if notice in new else "repeated").inc()
    return jsonify(taken=len(new))
