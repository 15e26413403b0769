"""Assignment and Grade Services: scores told, results read, line items found and made.

AGS 2.0, https://www.imsglobal.org/spec/lti-ags/v2p0. Implements ``services.ports.Gradebook``.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from lti_alliance.domain.addresses import address_below, origin_of
from lti_alliance.domain.gradebook import GradeScope, LineItemRef, Result, Score
from lti_alliance.errors import PlatformRefused, PlatformUnavailable
from lti_alliance.lti import quirks
from lti_alliance.lti.answers import json_of
from lti_alliance.lti.tokens import PlatformConnector, ServiceTokens

SCORE_TYPE = "application/vnd.ims.lis.v1.score+json"
RESULTS_TYPE = "application/vnd.ims.lis.v2.resultcontainer+json"
LINE_ITEM_TYPE = "application/vnd.ims.lis.v2.lineitem+json"
LINE_ITEMS_TYPE = "application/vnd.ims.lis.v2.lineitemcontainer+json"
MAX_PAGES = 20
MAX_RESULT_PAGES = 1000
"""A course of some thousand people in pages of ten, as old Canvas servers have it."""
UNTITLED = "LTI Alliance"


class GradeServices:
    """The gradebooks of all registered platforms."""

    def __init__(self, tokens: ServiceTokens) -> None:
        self._tokens = tokens

    def post_score(self, line_item: LineItemRef, score: Score) -> int:
        """Tell the gradebook a score and return the HTTP status."""
        answer = self._connector(line_item).request(
            "POST",
            address_below(line_item.url, "scores"),
            scopes=[GradeScope.SCORE],
            accept=SCORE_TYPE,
            content_type=SCORE_TYPE,
            data=compact(score_message(line_item.family, score)),
        )
        if quirks.is_silent_refusal(answer):
            raise PlatformRefused("score_refused", status=answer.status)
        return answer.status

    def read_result(self, line_item: LineItemRef, user_id: str) -> Result | None:
        """Return what the gradebook shows for a person, or nothing."""
        # Without `limit`: Moodle answers it with an error page here.
        url = address_below(line_item.url, "results", user_id=user_id)
        for listed in self._listed(line_item, url, GradeScope.RESULT, RESULTS_TYPE):
            # A platform may ignore the filter and list everybody.
            if str(listed.get("userId")) == user_id:
                return _result(listed)
        return None

    def list_results(self, line_item: LineItemRef) -> dict[str, Result]:
        """Return what the gradebook shows for everybody, by user id; all pages of it."""
        url = address_below(line_item.url, "results", **quirks.result_page_size(line_item.family))
        listed = self._listed(
            line_item, url, GradeScope.RESULT, RESULTS_TYPE, most_pages=MAX_RESULT_PAGES
        )
        return {str(each["userId"]): _result(each) for each in listed if "userId" in each}

    def find_line_item(self, line_item: LineItemRef) -> str | None:
        """Return the address of the link's one line item, or nothing.

        Raises ``PlatformRefused`` with the code ``line_item_ambiguous`` for several.
        """
        wanted = line_item.resource_link_id
        found = [
            listed
            for listed in self._line_items(line_item, resource_link_id=wanted)
            if listed.get("resourceLinkId") == wanted
        ]
        if not found and line_item.may_create:
            found = [
                listed
                for listed in self._line_items(line_item, resource_id=wanted)
                if quirks.is_made_for(line_item, listed)
            ]
        if len(found) > 1:
            raise PlatformRefused("line_item_ambiguous")
        return _own_address(line_item, found[0]) if found else None

    def create_line_item(self, line_item: LineItemRef, *, label: str, maximum: Decimal) -> str:
        """Give the link a line item and return its address."""
        wanted = quirks.new_line_item(line_item, label=label.strip() or UNTITLED, maximum=maximum)
        answer = self._connector(line_item).request(
            "POST",
            line_item.container_url,
            scopes=[GradeScope.LINE_ITEM],
            accept=LINE_ITEM_TYPE,
            content_type=LINE_ITEM_TYPE,
            data=compact(wanted),
        )
        created = json_of(answer)
        if not isinstance(created, dict):
            raise PlatformUnavailable("unexpected_answer", status=answer.status)
        return _own_address(line_item, created)

    def _connector(self, line_item: LineItemRef) -> PlatformConnector:
        return self._tokens.connector(
            line_item.registration_id, deployment_id=line_item.deployment_id
        )

    def _line_items(self, line_item: LineItemRef, **filters: str) -> Iterator[dict[str, Any]]:
        scope = GradeScope.LINE_ITEM_READ
        if scope not in line_item.scopes:
            scope = GradeScope.LINE_ITEM
        url = address_below(line_item.container_url, "", **filters)
        return self._listed(line_item, url, scope, LINE_ITEMS_TYPE)

    def _listed(
        self,
        line_item: LineItemRef,
        url: str,
        scope: GradeScope,
        accept: str,
        *,
        most_pages: int = MAX_PAGES,
    ) -> Iterator[dict[str, Any]]:
        pages = self._connector(line_item).pages(scope, url, accept=accept, most=most_pages)
        for page in pages:
            if not isinstance(page, list):
                raise PlatformUnavailable("unexpected_answer", status=200)
            yield from (listed for listed in page if isinstance(listed, dict))


def score_message(family: str, score: Score) -> dict[str, Any]:
    """Return a score as the JSON of AGS 2.0 section 3.4, in the platform's dialect."""
    message: dict[str, Any] = {
        "userId": score.user_id,
        "activityProgress": score.activity_progress,
        "gradingProgress": score.grading_progress,
        "timestamp": _written(score.timestamp),
    }
    if score.score_given is not None and score.score_maximum is not None:
        message["scoreGiven"] = quirks.as_number(score.score_given)
        message["scoreMaximum"] = quirks.as_number(score.score_maximum)
    if comment := quirks.comment_to_send(family, score):
        message["comment"] = comment
    times = {"startedAt": score.started_at, "submittedAt": score.submitted_at}
    submission = {name: _written(moment) for name, moment in times.items() if moment}
    if submission:
        message["submission"] = submission
    return message | quirks.submission_extension(family, score)


def compact(message: dict[str, Any]) -> str:
    """Return a message as JSON in one line, without NaN.

    Moodle repeats a body that it refuses in a header, and a line break there loses the refusal.
    """
    return json.dumps(message, separators=(",", ":"), allow_nan=False)


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


def _own_address(line_item: LineItemRef, listed: dict[str, Any]) -> str:
    url = listed.get("id")
    if not isinstance(url, str):
        raise PlatformUnavailable("unexpected_answer", status=200)
    url = quirks.raised_to_https(url, like=line_item.container_url)
    if origin_of(url) != origin_of(line_item.container_url):
        raise PlatformRefused("address_refused")
    return url


def _result(listed: dict[str, Any]) -> Result:
    return Result(
        score=_decimal(listed.get("resultScore")),
        maximum=_decimal(listed.get("resultMaximum")),
        timestamp=_moment(listed.get("timestamp")),
        comment=listed["comment"] if isinstance(listed.get("comment"), str) else "",
    )


def _decimal(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None
