"""For machines that watch the tool: liveness, readiness, metrics."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from flask import Blueprint, Response, jsonify
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from lti_alliance.models import db
from lti_alliance.observability import metrics_text
from lti_alliance.parts import parts
from lti_alliance.schema import is_served
from lti_alliance.services import upkeep
from lti_alliance.web import access, delivery_metrics, upkeep_metrics

BEAT_WITHIN = timedelta(seconds=60)

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@access.open_
def healthz() -> Response:
    """Say that the process answers."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
@access.open_
def readyz() -> Response:
    """Say whether launches and grades can be dealt with, and if not, what is missing."""
    missing = list(_missing(db.session(), at=parts().now()))
    response = jsonify(status="waiting" if missing else "ready", missing=missing)
    response.status_code = 503 if missing else 200
    return response


@blueprint.get("/metrics")
@access.open_
def metrics() -> Response:
    """Give the numbers in Prometheus's text form."""
    session, at = db.session(), parts().now()
    text = metrics_text([each.read(session, at=at) for each in (delivery_metrics, upkeep_metrics)])
    return Response(text, content_type=CONTENT_TYPE_LATEST)


def _missing(session: Session, *, at: datetime) -> Iterator[str]:
    try:
        session.execute(select(1))
    except SQLAlchemyError:
        yield "database"
        return
    if not is_served(session.connection()):
        # Without its tables nothing else can be asked.
        yield "migrations"
        return
    seen_at = upkeep.worker_seen_at(session)
    if seen_at is None or at - seen_at > BEAT_WITHIN:
        yield "worker"
