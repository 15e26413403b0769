"""Settings: where they come from, what wins, and how faults are told."""

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_alliance.settings import Settings, SettingsError, load

SECRET = "s" * 32
KEY = base64.b64encode(bytes(32)).decode()
GOOD = {"ALLIANCE_SECRET_KEY": SECRET, "ALLIANCE_DATA_KEY": KEY}
PRODUCTION = GOOD | {
    "ALLIANCE_ENVIRONMENT": "production",
    "ALLIANCE_BASE_URL": "https://tool.example",
    "ALLIANCE_LIMITER_URL": "redis://127.0.0.1:6379/0",
}


def faults_of(environ: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load(environ)
    return caught.value.faults


def test_secrets_alone_are_enough_for_development() -> None:
    """With the two secrets given, everything else has a default."""
    settings = load(GOOD)

    assert settings.environment == "development"
    assert settings.launch_url == "http://localhost:8000/lti/launch"
    assert settings.data_key_bytes == bytes(32)


def test_production_with_everything_said() -> None:
    """Production accepts https, Redis and real secrets."""
    settings = load(PRODUCTION)

    assert settings.is_production
    assert settings.is_https


def test_environment_beats_file_beats_default(tmp_path: Path) -> None:
    """Later sources win, setting by setting."""
    file = tmp_path / "alliance.toml"
    file.write_text('log_level = "warning"\nprofile_days = 7\nsupport_contact = "a@b.example"\n')
    settings = load(GOOD | {"ALLIANCE_CONFIG": str(file), "ALLIANCE_PROFILE_DAYS": "9"})

    assert settings.log_level == "warning"
    assert settings.profile_days == 9
    assert settings.support_contact == "a@b.example"


def test_all_faults_are_told_at_once() -> None:
    """Nobody has to start the tool five times to learn of five faults."""
    faults = faults_of(
        {
            "ALLIANCE_ENVIRONMENT": "production",
            "ALLIANCE_BASE_URL": "http://tool.example",
            "ALLIANCE_TRUSTED_PROXIES": "one",
            "ALLIANCE_DATABASE_URL": "mysql://x",
        }
    )

    assert [fault.split()[0] for fault in faults] == [
        "trusted_proxies",
        "secret_key",
        "data_key",
        "base_url",
        "database_url",
        "limiter_url",
    ]


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"ALLIANCE_SECRET_KEY": "short"}, "secret_key"),
        ({"ALLIANCE_DATA_KEY": base64.b64encode(b"short").decode()}, "data_key"),
        ({"ALLIANCE_DATA_KEY": "not base64 at all!"}, "data_key"),
        ({"ALLIANCE_BASE_URL": "http://tool.example"}, "base_url"),
        ({"ALLIANCE_BASE_URL": "https://tool.example/lti"}, "base_url"),
        ({"ALLIANCE_BASE_URL": "tool.example"}, "base_url"),
        ({"ALLIANCE_LIMITER_URL": "memory://"}, "limiter_url"),
        ({"ALLIANCE_LIMITER_URL": "memcached://x"}, "limiter_url"),
        ({"ALLIANCE_DATABASE_URL": "mysql://x"}, "database_url"),
        ({"ALLIANCE_ENVIRONMENT": "staging"}, "environment"),
        ({"ALLIANCE_LOG_LEVEL": "loud"}, "log_level"),
        ({"ALLIANCE_LOG_FORMAT": "xml"}, "log_format"),
        ({"ALLIANCE_TRUSTED_PROXIES": "-1"}, "trusted_proxies"),
        ({"ALLIANCE_PROFILE_DAYS": "0"}, "profile_days"),
        ({"ALLIANCE_PROFILE_DAYS": "a month"}, "profile_days"),
        ({"ALLIANCE_PLATFORM_TIMEOUT_S": "soon"}, "platform_timeout_s"),
        ({"ALLIANCE_SESSION_HOURS": "0"}, "session_hours"),
    ],
)
def test_one_fault_is_named(change: dict[str, str], names: str) -> None:
    """Each fault names its setting and stands alone."""
    faults = faults_of(PRODUCTION | change)

    assert len(faults) == 1
    assert faults[0].startswith(names)


def test_unknown_names_in_a_file_are_refused(tmp_path: Path) -> None:
    """A misspelt setting is a fault, not a silence."""
    file = tmp_path / "alliance.toml"
    file.write_text('secret_kye = "x"\n')

    assert (
        "'secret_kye', which is not a setting"
        in faults_of(GOOD | {"ALLIANCE_CONFIG": str(file)})[0]
    )


@pytest.mark.parametrize("content", [None, "not = = toml"])
def test_a_file_that_cannot_be_read_is_a_fault(tmp_path: Path, content: str | None) -> None:
    """A named file that is missing or broken stops the start."""
    file = tmp_path / "alliance.toml"
    if content is not None:
        file.write_text(content)

    assert "alliance.toml" in faults_of(GOOD | {"ALLIANCE_CONFIG": str(file)})[0]


def test_secrets_do_not_show_in_the_representation() -> None:
    """Printing the settings, in a log or a traceback, shows no secret."""
    shown = repr(load(GOOD))

    assert SECRET not in shown
    assert KEY not in shown


@given(
    st.dictionaries(
        st.sampled_from([f"ALLIANCE_{n.upper()}" for n in Settings.__slots__]), st.text(max_size=40)
    )
)
def test_any_text_gives_settings_or_faults(environ: dict[str, str]) -> None:
    """Whatever the environment holds, the answer is settings or a list of faults."""
    faults: tuple[str, ...] = ()
    settings = None
    try:
        settings = load(environ)
    except SettingsError as error:
        faults = error.faults

    assert bool(faults) == (settings is None)
