"""``alliance platform check``: whether a platform can be reached, knows us, and takes scores."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import func, select

from lti_alliance.cli.findings import Finding, published_keys
from lti_alliance.delivering import acts_of
from lti_alliance.domain.delivery import DeliveryState
from lti_alliance.domain.delivery_reasons import REASONS, Reason
from lti_alliance.domain.gradebook import GradeScope
from lti_alliance.errors import PlatformError
from lti_alliance.lti.tokens import ServiceTokens
from lti_alliance.models import (
    Context,
    Deployment,
    DeploymentState,
    LineItem,
    PlatformCircuit,
    Registration,
    RegistrationState,
    ResourceLink,
    ScoreDelivery,
    db,
)
from lti_alliance.parts import Parts
from lti_alliance.services.score_claims import is_wanted

LONG_WAIT = timedelta(minutes=10)
_TOKEN_MENDS = {
    "token_refused": "Compare client id, token address and audience on both sides; the platform "
    "must be able to read this tool's keys at {jwks}.",
    "scope_refused": "Ask the platform's administrator to grant it to this tool.",
    "token_malformed": "Something else answers at the token address: correct it and run "
    "`alliance platform load FILE`.",
}
_SCOPE_NAMES = {
    GradeScope.SCORE: "sending scores",
    GradeScope.RESULT: "reading results",
    GradeScope.LINE_ITEM: "making columns",
    GradeScope.LINE_ITEM_READ: "listing columns",
}


def examine(tool: Parts, registration: Registration) -> Iterator[Finding]:
    """Look at one platform from its keys to its waiting scores."""
    name = registration.name
    if registration.state != RegistrationState.ACTIVE:
        mend = f"Run `alliance platform enable {name}` when it may launch again."
        yield Finding("registration", "disabled: nothing is let in or sent", mend)
    launched = registration.last_launch_at
    yield Finding(
        "last launch", launched.strftime("%Y-%m-%d %H:%M:%SZ") if launched else "none yet"
    )
    yield from published_keys(tool, registration, what="keys")
    yield from _tokens(tool, registration)
    yield from _circuits(registration, at=tool.now())
    yield from _scores(registration, at=tool.now())


def _tokens(tool: Parts, registration: Registration) -> Iterator[Finding]:
    granted = _granted(registration)
    if not granted:
        yield Finding("services", "no launch has named a gradebook yet")
        return
    deployment = next(
        (d for d in registration.deployments if d.state == DeploymentState.APPROVED), None
    )
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
    tokens = ServiceTokens(http=tool.http, acts=acts_of(app), sealer=tool.sealer, now=tool.now)
    connector = tokens.connector(
        registration.id, deployment_id=deployment.deployment_id if deployment else ""
    )
    for scope in sorted(granted):
        what = f"token for {_SCOPE_NAMES.get(GradeScope(scope), scope)}"
        try:
            life = connector.ask_for_token([scope])
        except PlatformError as error:
            jwks = f"{tool.settings.base_url}/.well-known/jwks.json"
            mend = _TOKEN_MENDS.get(error.code, "See that this server reaches the platform.")
            status = f" ({error.status})" if error.status else ""
            yield Finding(what, f"{error.code}{status}", mend.format(jwks=jwks))
        else:
            yield Finding(what, f"granted for {int(life.total_seconds())} s")


def _granted(registration: Registration) -> set[str]:
    scopes = db.session.scalars(
        select(LineItem.scopes)
        .join(ResourceLink, ResourceLink.id == LineItem.resource_link_id)
        .join(Context, Context.id == ResourceLink.context_id)
        .join(Deployment, Deployment.id == Context.deployment_id)
        .where(Deployment.registration_id == registration.id)
        .order_by(LineItem.seen_at.desc())
        .limit(50)
    )
    return {scope for each in scopes for scope in each if scope in set(GradeScope)}


def _circuits(registration: Registration, *, at: datetime) -> Iterator[Finding]:
    rows = db.session.scalars(
        select(PlatformCircuit).where(
            PlatformCircuit.registration_id == registration.id,
            PlatformCircuit.open_until.is_not(None),
        )
    )
    for row in rows:
        assert row.open_until is not None
        since = row.open_since or at
        yield Finding(
            f"circuit of the {row.endpoint} endpoint",
            f"open since {since:%Y-%m-%d %H:%M:%SZ} ({row.reason}), next try "
            f"{max(at, row.open_until):%H:%M:%SZ}",
            "Nothing to do once the lines above are well: it closes by itself.",
        )


def _scores(registration: Registration, *, at: datetime) -> Iterator[Finding]:
    counts = db.session.execute(
        select(
            ScoreDelivery.state,
            ScoreDelivery.reason,
            func.count(),
            func.min(ScoreDelivery.desired_since),
        )
        .where(ScoreDelivery.registration_id == registration.id, is_wanted())
        .group_by(ScoreDelivery.state, ScoreDelivery.reason)
        .order_by(ScoreDelivery.state, ScoreDelivery.reason)
    )
    for state, reason, count, since in counts:
        says = f"{count}, the oldest since {since:%Y-%m-%d %H:%M:%SZ}"
        yield Finding(f"scores {state}", says, _mend(state, reason, at - since))


def _mend(state: str, reason: str, age: timedelta) -> str:
    if state in (DeliveryState.DELIVERED, DeliveryState.OVERRIDDEN):
        return ""
    if state not in (DeliveryState.BLOCKED, DeliveryState.DEAD) and age < LONG_WAIT:
        return ""
    return REASONS[Reason(reason)] if reason in set(Reason) else "Is `alliance worker` running?"
