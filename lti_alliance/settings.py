"""Every setting, its default and its meaning; read once, and all faults are told at once."""

import base64
import binascii
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PREFIX = "ALLIANCE_"
DEFAULT_FILE = Path(__file__).resolve().parent.parent / "config" / "default.toml"
MIN_SECRET_LENGTH = 32


class SettingsError(Exception):
    """The settings cannot be used; ``faults`` lists every reason."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


def _setting(default: Any, meaning: str, *, secret: bool = False) -> Any:
    return field(default=default, metadata={"meaning": meaning, "secret": secret}, repr=not secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one running tool."""

    environment: str = _setting(
        "development",
        "`production` or `development`; production refuses default secrets and plain http.",
    )
    secret_key: str = _setting(
        "",
        "Signs launch state and form tokens; at least 32 characters. `alliance init` writes one.",
        secret=True,
    )
    data_key: str = _setting(
        "",
        "32 bytes in base64; seals reflections, comments, private keys and tokens in the database. "
        "Losing it loses them.",
        secret=True,
    )
    other_data_keys: str = _setting(
        "",
        "Further data keys, separated by commas: they open what was sealed with them and seal "
        "nothing. For the time in which one data_key takes over from another.",
        secret=True,
    )
    base_url: str = _setting(
        "http://localhost:8000",
        "The tool's own address as browsers and platforms see it, without a path.",
    )
    database_url: str = _setting(
        "sqlite:///instance/alliance.sqlite3",
        "SQLAlchemy address of the database: SQLite or `postgresql://`.",
    )
    limiter_url: str = _setting(
        "memory://", "Where request counts live: `memory://` or `redis://host:port/0`."
    )
    trusted_proxies: int = _setting(
        0, "How many proxies in front of the tool set the X-Forwarded headers; 0 ignores them."
    )
    support_contact: str = _setting(
        "", "Whom a person asks for help: an e-mail address or a sentence, shown on error pages."
    )
    log_level: str = _setting("info", "`debug`, `info`, `warning` or `error`.")
    log_format: str = _setting("text", "`text` for people, `json` for machines.")
    platform_timeout_s: float = _setting(
        10.0, "Seconds to wait for a platform to connect and between two parts of its answer."
    )
    delivery_poll_s: float = _setting(
        0.25, "Seconds between two looks of the worker for scores that are due."
    )
    delivery_calls: int = _setting(
        8,
        "How many calls one platform gets at once for scores, of all workers together; Canvas "
        "throttles at about a dozen.",
    )
    delivery_lease_s: float = _setting(
        120.0,
        "Seconds after which a score that a worker took and never brought back is taken anew; "
        "longer than the calls of one delivery.",
    )
    profile_days: int = _setting(
        30,
        "Days that a name and an e-mail address are kept after the last launch, to the hour, and "
        "the list of a course's people after the last launch of the course.",
    )
    texts_days: int = _setting(
        365,
        "Days that reflections, comments and questions are kept after the last launch of their "
        "course; `alliance privacy periods` sets others for a platform or a course.",
    )
    work_days: int = _setting(
        730, "Days that answers, scores and memberships are kept after the last launch likewise."
    )
    erasures_file: str = _setting(
        "",
        "A file that the worker keeps beside the database with the digests of erased people, for "
        "`alliance privacy reapply` after a backup was restored; empty keeps none.",
    )
    session_idle_minutes: int = _setting(
        60,
        "Minutes without a person's request after which a launch's pages ask to be opened again.",
    )
    session_hours: int = _setting(
        12, "Hours after which a launch's pages end, whatever happened in them."
    )

    @property
    def is_production(self) -> bool:
        """Whether the strict rules apply."""
        return self.environment == "production"

    @property
    def is_https(self) -> bool:
        """Whether the tool is reached over TLS."""
        return self.base_url.startswith("https://")

    @property
    def data_key_bytes(self) -> bytes:
        """The data key as 32 bytes."""
        return base64.b64decode(self.data_key)

    @property
    def other_data_keys_bytes(self) -> tuple[bytes, ...]:
        """The further data keys, each as 32 bytes."""
        return tuple(base64.b64decode(text) for text in self.other_data_keys_texts)

    @property
    def other_data_keys_texts(self) -> tuple[str, ...]:
        """The further data keys, each in base64."""
        return tuple(text.strip() for text in self.other_data_keys.split(",") if text.strip())

    @property
    def launch_url(self) -> str:
        """The one redirect URI, which is also the registered target link URI."""
        return f"{self.base_url}/lti/launch"


def named_file(environ: Mapping[str, str] | None = None) -> str:
    """Return the file that ``ALLIANCE_CONFIG`` names; empty when it names none."""
    return (os.environ if environ is None else environ).get(f"{PREFIX}CONFIG", "")


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the default file, the file named by ``ALLIANCE_CONFIG`` and the environment, in order.

    Raises ``SettingsError`` with every fault found.
    """
    env = os.environ if environ is None else environ
    faults: list[str] = []
    values: dict[str, Any] = {}
    files = [DEFAULT_FILE] if DEFAULT_FILE.exists() else []
    if named := named_file(env):
        files.append(Path(named))
    known = {f.name: f for f in fields(Settings)}
    for path in files:
        values |= _from_file(path, known, faults)
    for name in known:
        if (text := env.get(PREFIX + name.upper())) is not None:
            values[name] = text
    converted = {name: _convert(known[name], value, faults) for name, value in values.items()}
    settings = Settings(**{n: v for n, v in converted.items() if v is not None})
    faults += _faults(settings)
    if faults:
        raise SettingsError(faults)
    return settings


def _from_file(path: Path, known: Mapping[str, Any], faults: list[str]) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        faults.append(f"ALLIANCE_CONFIG names {path.name}, which cannot be read.")
        return {}
    except tomllib.TOMLDecodeError as error:
        faults.append(f"{path.name} is not valid TOML: {error}.")
        return {}
    faults += [
        f"{path.name} sets {name!r}, which is not a setting."
        for name in values
        if name not in known
    ]
    return {name: value for name, value in values.items() if name in known}


def _convert(setting: Any, value: Any, faults: list[str]) -> Any:
    wanted = type(setting.default)
    try:
        return wanted(value)
    except (TypeError, ValueError):
        noun = {int: "a whole number", float: "a number"}.get(wanted, "text")
        faults.append(f"{setting.name} must be {noun}.")
        return None


def _faults(s: Settings) -> list[str]:
    return [fault for check in (_secrets, _addresses, _engines, _choices) for fault in check(s)]


def _secrets(s: Settings) -> Iterator[str]:
    if len(s.secret_key) < MIN_SECRET_LENGTH:
        yield f"secret_key needs at least {MIN_SECRET_LENGTH} characters: run `alliance init`."
    if not _is_data_key(s.data_key):
        yield "data_key must be 32 bytes in base64: run `alliance init`."
    if not all(map(_is_data_key, s.other_data_keys_texts)):
        yield "other_data_keys must be keys of 32 bytes in base64, with commas between them."


def _addresses(s: Settings) -> Iterator[str]:
    base = urlsplit(s.base_url)
    if base.scheme not in ("http", "https") or not base.hostname or base.path or base.query:
        yield "base_url must be like https://tool.example, without a path."
    elif base.scheme == "http" and s.is_production:
        yield "base_url must be https outside development."
    elif base.scheme == "http" and base.hostname not in ("localhost", "127.0.0.1", "::1"):
        yield "base_url may be http on localhost only."


def _engines(s: Settings) -> Iterator[str]:
    if not s.database_url.startswith(("sqlite:", "postgresql:", "postgresql+psycopg:")):
        yield "database_url must be a SQLite or PostgreSQL address."
    if not s.limiter_url.startswith(("memory:", "redis:", "rediss:")):
        yield "limiter_url must be memory:// or redis://."
    elif s.is_production and s.limiter_url.startswith("memory:"):
        yield "limiter_url must be a Redis address in production: workers share counts."


def _choices(s: Settings) -> Iterator[str]:
    for name, allowed in (
        ("environment", ("production", "development")),
        ("log_level", ("debug", "info", "warning", "error")),
        ("log_format", ("text", "json")),
    ):
        if getattr(s, name) not in allowed:
            yield f"{name} must be one of {', '.join(allowed)}."
    if s.trusted_proxies < 0:
        yield "trusted_proxies must be 0 or more."
    for name in (
        "platform_timeout_s",
        "delivery_poll_s",
        "delivery_calls",
        "delivery_lease_s",
        "profile_days",
        "texts_days",
        "work_days",
        "session_idle_minutes",
        "session_hours",
    ):
        if getattr(s, name) <= 0:
            yield f"{name} must be more than 0."


def _is_data_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == 32
    except (binascii.Error, ValueError):
        return False
