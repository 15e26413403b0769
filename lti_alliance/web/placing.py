"""Answering a deep linking request: what was chosen is kept, signed and carried by the browser.

Deep Linking 2.0 section 4.5, https://www.imsglobal.org/spec/lti-dl/v2p0.
"""

from collections.abc import Sequence
from uuid import UUID

from flask import Response

from lti_alliance.domain.addresses import origin_of
from lti_alliance.errors import Conflict, NotFound
from lti_alliance.lti import deep_linking as protocol
from lti_alliance.lti.keys import signing_key
from lti_alliance.models import ContentItem, DeepLinking, db
from lti_alliance.parts import parts
from lti_alliance.services import course_plans, deep_linking, modules
from lti_alliance.services.deep_linking import Choice
from lti_alliance.web import access, security, transaction, wording
from lti_alliance.web.opening import member_of
from lti_alliance.web.rendering import page
from lti_alliance.web.request_log import about


def open_request() -> DeepLinking:
    """Return the request of this launch; it is answered once."""
    asked = deep_linking.find_request(db.session(), access.current().launch)
    if asked is None:
        raise NotFound
    if asked.returned_at is not None:
        raise Conflict("deeplink.already_returned")
    return asked


def hand_over(
    asked: DeepLinking, choices: Sequence[Choice], *, planned_id: UUID | None = None
) -> Response:
    """Keep the choices and hand the browser the signed answer to carry to the LMS."""
    visit, at = access.current(), parts().now()
    # Whatever can fail comes before the request counts as answered.
    key = signing_key(db.session(), parts().sealer)
    with transaction.act() as session:
        items = deep_linking.place(
            session, parts().catalogue, asked, choices, actor=member_of(visit), at=at
        )
        if planned_id is not None:
            course_plans.mark_placed(
                session,
                planned_id,
                context_id=member_of(visit).context_id,
                content_item_id=items[0].id,
            )
    assert visit.context is not None
    answering = protocol.Answering(
        issuer=visit.registration.issuer,
        client_id=visit.registration.client_id,
        deployment_id=visit.context.deployment.deployment_id,
        family=visit.registration.family,
        data=asked.data,
    )
    token = protocol.response_token(
        answering,
        [_link(item, asked) for item in items],
        key=key,
        launch_url=parts().settings.launch_url,
        at=at,
    )
    about(message_type=protocol.RESPONSE, count=str(len(items)))
    security.allow_forms_to(origin_of(asked.return_url))
    return page(
        "picker/return.html",
        return_url=asked.return_url,
        token=token,
        titles=[item.title for item in items],
    )


def _link(item: ContentItem, asked: DeepLinking) -> protocol.PlacedLink:
    settings = deep_linking.settings_of(item)
    module = modules.get_module(db.session(), parts().catalogue, content_hash=item.content_hash)
    return protocol.PlacedLink(
        id=str(item.id),
        title=item.title,
        text=wording.module_in_brief(module, settings),
        maximum=settings.maximum if asked.accepts_line_item else None,
        closes_at=settings.closes_at,
    )
