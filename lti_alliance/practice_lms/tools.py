"""What a platform knows about the tool: typed in by an administrator, or told by the tool."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from lti_alliance.practice_lms.remembered import Remembered

PRIVACY: dict[str, frozenset[str]] = {
    "anonymous": frozenset(),
    "name_only": frozenset({"name"}),
    "email_only": frozenset({"email"}),
    "public": frozenset({"name", "email", "picture"}),
}
"""What of a person each privacy level lets out."""


@dataclass(slots=True)
class Placement(Remembered):
    """One place in the LMS that offers the tool."""

    name: str
    message_type: str
    target_link_uri: str = ""
    label: str = ""
    custom: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Tool(Remembered):
    """What a platform was told about the tool."""

    client_id: str
    deployment_id: str
    login_url: str
    redirect_uris: list[str]
    jwks_url: str
    target_link_uri: str
    scopes: list[str]
    custom: dict[str, str] = field(default_factory=dict)
    name: str = "LTI Alliance"
    description: str = ""
    domain: str = ""
    """Host and port; empty means those of `target_link_uri`."""
    issuer: str = ""
    """What the platform calls itself to this tool; empty means its usual issuer."""
    privacy: str = ""
    """The most that the tool is told about people; empty means that nothing is held back."""
    placements: dict[str, Placement] | None = None
    """Where the tool is offered; nothing means everywhere, as for one typed in by hand."""
    accept_grades: str = "delegate"
    """Moodle: whether a link has a column `always` or only where the tool asks for one."""
    icon: str = ""
    registration: str = ""
    """How the tool registered itself, as JSON; empty for one typed in by hand."""
    first_deployment_id: str = ""
    """The deployment id that mending brings back; empty means that of the settings."""
    notice_handlers: dict[str, str] = field(default_factory=dict)
    """Canvas: where each type of notice is sent."""

    @property
    def own_domain(self) -> str:
        """Return the host and port by which the tool is recognised."""
        return self.domain or urlsplit(self.target_link_uri).netloc

    @property
    def number(self) -> str:
        """Return the tool's own number: Moodle's deployment id, and the beginning of Canvas's."""
        return self.deployment_id.partition(":")[0]

    def placement(self, name: str) -> Placement | None:
        """Return what the tool offers at a place of the LMS."""
        if self.placements is None:
            return Placement(name, "LtiDeepLinkingRequest", self.target_link_uri)
        return self.placements.get(name)

    def recognises(self, url: str) -> bool:
        """Tell whether an address is the tool's own, as Canvas finds a tool for a link."""
        host = urlsplit(url).netloc
        return host == self.own_domain or host == urlsplit(self.target_link_uri).netloc
