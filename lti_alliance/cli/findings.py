"""What a look at a server or a platform found, each with its mend."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import click

from lti_alliance.cli.output import show_rows
from lti_alliance.errors import PlatformError
from lti_alliance.models import Registration
from lti_alliance.parts import Parts

CLOCK_DIFFERENCE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: how it is, and what to do where it is not well."""

    what: str
    says: str
    mend: str = ""

    @property
    def is_well(self) -> bool:
        """Whether nothing needs doing."""
        return not self.mend


def show_findings(findings: Sequence[Finding], *, as_json: bool) -> None:
    """Print what was found; fail when something needs mending."""
    rows = [
        {"state": "ok" if f.is_well else "MEND", "what": f.what, "says": f.says, "mend": f.mend}
        for f in findings
    ]
    show_rows(rows, as_json=as_json, none="")
    if ill := sum(not finding.is_well for finding in findings):
        raise click.ClickException(f"{ill} of {len(findings)} things need mending.")


def clock(what: str, ours: datetime, theirs: datetime, *, of: str) -> Finding:
    """Say how far two clocks are apart."""
    ahead = ours - theirs
    if abs(ahead) <= CLOCK_DIFFERENCE:
        return Finding(what, f"agrees with {of}")
    direction = "ahead of" if ahead > timedelta() else "behind"
    return Finding(
        what,
        f"{abs(ahead).total_seconds():.0f} s {direction} {of}",
        "Set the clocks by NTP: launches and scores carry times that platforms check.",
    )


def published_keys(tool: Parts, registration: Registration, *, what: str) -> Iterator[Finding]:
    """Fetch the platform's keys, and compare its clock with ours."""
    try:
        answer = tool.http.request(
            "GET", registration.jwks_url, allow_local=registration.allow_local
        )
        published = len(answer.json()["keys"]) if answer.status == 200 else 0
    except PlatformError as error:
        yield Finding(
            what,
            f"{registration.jwks_url} cannot be read: {error.code}",
            "Check the address, this server's way out and its name service.",
        )
        return
    except (ValueError, KeyError, TypeError):
        published = 0
    if not published:
        yield Finding(
            what,
            f"{registration.jwks_url} answers {answer.status} without keys",
            "Correct jwks_url in a file and run `alliance platform load FILE`.",
        )
        return
    yield Finding(what, f"publishes {published} keys")
    if date := answer.headers.get("Date"):
        theirs = parsedate_to_datetime(date).astimezone(UTC)
        yield clock(f"clock of {registration.name}", tool.now(), theirs, of="the platform")
