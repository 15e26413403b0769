"""Addresses: what is public, what is ours, and what a message may name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_alliance.domain.addresses import (
    ServiceAddress,
    address_fault,
    host_of,
    is_local_host,
    is_public_address,
    judge_service_address,
    origin_of,
    parse_target,
    split,
)
from lti_alliance.domain.launch import Target

LAUNCH_URL = "https://tool.example/lti/launch"


@pytest.mark.parametrize(
    "text",
    [
        "93.184.216.34",
        "8.8.8.8",
        "2606:4700:4700::1111",
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
        "2002:808:808::1",
    ],
)
def test_public_addresses(text: str) -> None:
    """Also where one kind of address carries another."""
    assert is_public_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "2001:db8::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "2001:0:4136:e378:8000:63bf:80ff:fffe",
        "not an address",
        "",
    ],
)
def test_addresses_that_are_not_public(text: str) -> None:
    """This machine, its networks, its neighbours, and what carries their addresses."""
    assert not is_public_address(text)


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST",
        "localhost.",
        "a.localhost",
        "printer.local",
        "metadata.google.internal",
        "router.lan",
        "nas.home.arpa",
        "db",
        "127.0.0.1",
        "::1",
        "10.0.0.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "1.2.3.0x4",
    ],
)
def test_local_hosts(host: str) -> None:
    """Names of this network, and numbers in whatever spelling."""
    assert is_local_host(host)


@pytest.mark.parametrize(
    "host", ["lms.example", "8.8.8.8", "2606:4700:4700::1111", "local.example"]
)
def test_hosts_that_are_not_local(host: str) -> None:
    """Others are judged again when their name has been resolved."""
    assert not is_local_host(host)


@pytest.mark.parametrize(
    ("url", "host", "origin"),
    [
        ("https://LMS.example/x", "lms.example", "https://lms.example"),
        ("https://lms.example:443/x", "lms.example", "https://lms.example"),
        ("https://lms.example:8443/x", "lms.example:8443", "https://lms.example:8443"),
        ("http://lms.example:80", "lms.example", "http://lms.example"),
        ("http://lms.example:443", "lms.example:443", "http://lms.example:443"),
        ("https://[2001:DB8::1]:8443/", "[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
        ("lms:northfield", "", ""),
        ("", "", ""),
    ],
)
def test_hosts_and_origins(url: str, host: str, origin: str) -> None:
    """A host is named with its port unless that is the scheme's own."""
    assert (host_of(url), origin_of(url)) == (host, origin)


@given(st.text(max_size=60))
def test_nothing_is_too_strange_to_be_judged(text: str) -> None:
    """Every text has an answer, and one with a user or a blank is never an address."""
    for url in (text, f"https://{text}", f"https://lms.example{text}"):
        address_fault(url, allow_local=False)
        parse_target(url, launch_url=LAUNCH_URL)
        parts = split(url)

        assert parts is None or not {" ", "\\", "\n", "\t"} & set(url)
        assert parts is None or "@" not in parts.netloc


def judged(url: object, **changes: bool) -> ServiceAddress | None:
    known = frozenset({"lms.example", "127.0.0.1:8001"})
    given = {"allow_local": False, "is_secure": True, **changes}
    return judge_service_address(url, known_hosts=known, **given)


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://lms.example/Items?Type_Id=2", "https://lms.example/Items?Type_Id=2"),
        ("http://lms.example/items", "https://lms.example/items"),
        ("HTTP://lms.example:80/items", "https://lms.example:80/items"),
    ],
)
def test_a_known_host_may_be_called(url: str, kept: str) -> None:
    """As it was written, on https where the platform has it."""
    found = judged(url)

    assert found is not None
    assert found.url == kept


def test_a_foreign_host_is_held() -> None:
    """Kept, and called only when somebody has approved it."""
    assert judged("https://grades.example:8443/i") == ServiceAddress(
        "https://grades.example:8443/i", "grades.example:8443"
    )


@pytest.mark.parametrize("url", ["http://127.0.0.1:8001/i", "http://lms.example/i"])
def test_plain_http_needs_leave(url: str) -> None:
    """A platform of plain http is a local one, or none."""
    assert judged(url, is_secure=False) is None
    assert judged(url, is_secure=False, allow_local=True) is not None


@pytest.mark.parametrize(
    "url", [None, 5, [], "", "/i", "https://u@lms.example/", "https://10.1.1.1/"]
)
def test_other_things_are_never_called(url: object) -> None:
    """Whatever is no address, or one of this network."""
    assert judged(url) is None


@pytest.mark.parametrize(
    ("uri", "target"),
    [
        (LAUNCH_URL, Target()),
        (f"{LAUNCH_URL}?activity=a-1_B", Target(activity="a-1_B")),
        (f"{LAUNCH_URL}?attempt=b&activity=a", Target(activity="a", attempt="b")),
        (f"{LAUNCH_URL}?reflection=r-2", Target(reflection="r-2")),
        ("https://TOOL.example:443/lti/launch", Target()),
        (f"{LAUNCH_URL}?other=x", None),
        (f"{LAUNCH_URL}?activity=a&activity=b", None),
        (f"{LAUNCH_URL}?activity=", None),
        (f"{LAUNCH_URL}#", None),
        ("https://tool.example/lti/launch/", None),
        ("https://tool.example.evil.example/lti/launch", None),
        (5, None),
        (None, None),
    ],
)
def test_a_target_is_our_launch_address(uri: object, target: Target | None) -> None:
    """By its parts, with at most the three opaque queries."""
    assert parse_target(uri, launch_url=LAUNCH_URL) == target
