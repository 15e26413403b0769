"""A scripted browser: it keeps cookies, follows redirects and posts the forms that it is given."""

import http.cookiejar
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http import HTTPStatus
from typing import Any


@dataclass(slots=True)
class Form:
    """A form of a page: where it goes and what it carries."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """What came back, after redirects."""

    url: str
    status: int
    text: str

    @property
    def forms(self) -> list[Form]:
        """The forms of the page, with absolute addresses."""
        reader = _FormReader(self.url)
        reader.feed(self.text)
        return reader.forms


class ScriptedBrowser:
    """One visitor's browser; ``handlers`` say how it opens connections, if not as usual."""

    def __init__(self, *handlers: urllib.request.BaseHandler) -> None:
        # Browsers treat loopback as trustworthy and keep secure cookies there; so does this one.
        policy = http.cookiejar.DefaultCookiePolicy(secure_protocols=("http", "https"))
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar(policy)), *handlers
        )

    def get(self, url: str) -> Page:
        """Open an address."""
        return self._open(urllib.request.Request(url))  # noqa: S310 - loopback only

    def post(self, url: str, fields: Mapping[str, str]) -> Page:
        """Post a form."""
        body = urllib.parse.urlencode(fields).encode()
        return self._open(urllib.request.Request(url, data=body))  # noqa: S310 - loopback only

    def send_json(self, url: str, value: Any, *, method: str = "POST") -> Any:
        """Send JSON and return the JSON that comes back."""
        request = urllib.request.Request(  # noqa: S310 - loopback only
            url,
            data=json.dumps(value).encode(),
            headers={"Content-Type": "application/json"},
            method=method,
        )
        page = self._open(request)
        if page.status >= HTTPStatus.BAD_REQUEST:
            raise OSError(f"{method} {url} answered {page.status}")
        return json.loads(page.text or "null")

    def get_json(self, url: str) -> Any:
        """Return the JSON at an address."""
        return json.loads(self.get(url).text)

    def _open(self, request: urllib.request.Request) -> Page:
        request.add_header("User-Agent", "LTI-Alliance-demo")
        try:
            with self._opener.open(request, timeout=30) as answer:
                return Page(answer.url, answer.status, answer.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                return Page(error.url or request.full_url, error.code, error.read().decode())


class _FormReader(HTMLParser):
    def __init__(self, base: str) -> None:
        super().__init__()
        self.base = base
        self.forms: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "form":
            self.forms.append(Form(urllib.parse.urljoin(self.base, attributes.get("action") or "")))
        elif tag == "input" and self.forms and attributes.get("name"):
            self.forms[-1].fields[str(attributes["name"])] = attributes.get("value") or ""
