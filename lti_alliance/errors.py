"""The exception tree: every failure that one room tells another.

    AllianceError
    ├── NotFound                       404
    ├── NotAllowed                     403
    ├── SignedOut                      401
    ├── Conflict                       409
    │   ├── AttemptClosed
    │   ├── AlreadySubmitted
    │   └── Stale
    ├── InvalidInput                   422
    ├── LaunchRejected                 400 and others, by reason
    ├── ContentError                   start-up and authoring only
    └── PlatformError                  never reaches a student
        ├── PlatformUnavailable        retry later
        ├── PlatformUnclear            bytes were sent, no answer came
        └── PlatformRefused            final until somebody acts

An exception carries facts as attributes. ``web/errors.py`` alone turns them into pages and
statuses, ``lti/http.py`` alone turns transport failures into ``PlatformError``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


class AllianceError(Exception):
    """Anything this program refuses or fails to do, for a reason it can name."""


class NotFound(AllianceError):
    """The thing does not exist, or is not the asker's to see: both look the same."""

    def __init__(self, code: str = "resource.unknown") -> None:
        super().__init__(code)
        self.code = code


class NotAllowed(AllianceError):
    """The asker is known, and this is not theirs to do."""

    def __init__(self, code: str = "role.not_allowed") -> None:
        super().__init__(code)
        self.code = code


class SignedOut(AllianceError):
    """The launch that opened the page has ended or was never this browser's."""

    def __init__(self, code: str = "session.expired") -> None:
        super().__init__(code)
        self.code = code


class Conflict(AllianceError):
    """The act no longer fits the state; ``reason`` is a code a page can put into words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class AttemptClosed(Conflict):
    """The attempt, or the activity, does not take answers any more."""


class AlreadySubmitted(Conflict):
    """The attempt was handed in before; the first submission stands."""


class Stale(Conflict):
    """Somebody saved newer work since the version this save started from."""

    def __init__(self, current_version: int) -> None:
        super().__init__("work.stale")
        self.current_version = current_version


class InvalidInput(AllianceError):
    """Fields that cannot be accepted, each with a message for the person who filled them in."""

    def __init__(self, fields: Mapping[str, str], *, code: str = "input.invalid") -> None:
        super().__init__(", ".join(sorted(fields)))
        self.fields = dict(fields)
        self.code = code


class LaunchRejected(AllianceError):
    """A login or launch that is refused.

    ``code`` is stable, shown to the person and searchable in the log; ``status`` is the HTTP
    status; ``facts`` may be shown on the page (an issuer, a client id, a deployment id) and never
    hold a token, a name or an e-mail address.
    """

    def __init__(
        self, code: str, *, status: int = 400, facts: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        self.facts = dict(facts or {})


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a content file, and what to write instead."""

    line: int
    problem: str
    remedy: str


class ContentError(AllianceError):
    """A module file that cannot be used, with all its faults in order of line."""

    def __init__(self, name: str, faults: Sequence[Fault]) -> None:
        super().__init__(
            "\n".join(f"{name}:{f.line}: {f.problem}. {f.remedy}" for f in faults) or name
        )
        self.name = name
        self.faults = tuple(faults)


class PlatformError(AllianceError):
    """A platform call that did not do what was asked.

    ``status`` is the HTTP status when there was an answer; ``code`` is a short stable reason;
    ``detail`` is the platform's own sentence, cut, without the request or any personal data;
    ``retry_after_s`` is what the platform asked for, in seconds; ``endpoint`` tells the token
    endpoint's failures (``token``) from those of the service itself (``service``).
    """

    endpoint: str = "service"

    def __init__(
        self,
        code: str,
        *,
        status: int | None = None,
        detail: str = "",
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        self.detail = detail
        self.retry_after_s = retry_after_s


class PlatformUnavailable(PlatformError):
    """Try again later: no connection, a timeout before sending, 429, 5xx, a rate limit."""


class PlatformUnclear(PlatformUnavailable):
    """The request may have been carried out: it was sent and the answer was lost."""


class PlatformRefused(PlatformError):
    """The platform said no; sending the same again would change nothing."""
