"""What is counted, and for whom: floods meet a limit, classes and good launches do not."""

import pytest
from limits import parse
from werkzeug.test import TestResponse

from lti_alliance.web.counts import Counts
from lti_alliance.web.limits import EXTENSION
from tests.platforms import World
from tests.ports import free_port
from tests.web.invited import Invited
from tests.web.noticing import notice_token, send_notices
from tests.web.test_access import code_of


def counted_for_the_address(world: World) -> set[str]:
    """Name what the tests' address has been counted for, by the limits' own scopes."""
    counts: Counts = world.app.extensions[EXTENSION]
    return counts.counted_for("127.0.0.1")


def launch_as(world: World, number: int) -> TestResponse:
    browser = world.browser()
    login = browser.begin(login_hint=f"hint {number}")
    return browser.send(login, world.token(login, sub=f"student-{number}"))


def test_good_launches_are_not_counted_for_their_address(world: World) -> None:
    """However many students start an exam behind one address, their address is not counted."""
    statuses = {launch_as(world, number).status_code for number in range(30)}

    assert statuses == {303}
    # A login is signed by nobody, so it is counted: 3,000 students a minute stay below.
    assert counted_for_the_address(world) == {"logins"}


def test_refused_launches_are_counted_for_their_address(world: World) -> None:
    """What did not verify counts: forgeries narrowly, an honest browser's mishaps widely."""
    browser, stranger = world.browser(), world.browser()
    login = browser.begin()
    stranger.send(login, world.token(login))
    mishap = counted_for_the_address(world)
    browser.send(login, "forged")

    assert mishap == {"logins", "refused launches"}
    assert counted_for_the_address(world) == mishap | {"failed launches"}


def test_one_person_launches_thirty_times_in_ten_seconds(world: World) -> None:
    """A person whom a platform sends over and over is held up; everybody else is not."""
    browser = world.browser()
    answers = []
    for number in range(31):
        login = browser.begin(login_hint=f"hint {number}")
        answers.append(browser.send(login, world.token(login)))

    assert {answer.status_code for answer in answers[:30]} == {303}
    assert code_of(answers[-1]) == "rate_limited"
    assert launch_as(world, 2).status_code == 303


def test_forged_notices_are_counted_for_their_address(world: World) -> None:
    """Beyond sixty forged posts a minute the forger learns nothing, and a true one is taken."""
    forged = notice_token(world, key="another")
    answers = [send_notices(world, forged) for _ in range(61)]

    assert code_of(answers[0]) == "notice.signature"
    assert code_of(answers[-1]) == "rate_limited"
    assert send_notices(world, notice_token(world)).status_code == 200


def test_notices_are_counted_for_their_installation(world: World) -> None:
    """The schools of one hosted LMS share its addresses, and none uses up what is another's."""
    send_notices(world, notice_token(world))

    assert counted_for_the_address(world) == set()


@pytest.mark.parametrize("method", ["open", "send"])
def test_guesses_at_invitations_are_limited(world: World, method: str) -> None:
    """Thirty invitations that are none are an hour's worth; then the address has to wait."""
    invited = Invited(world)
    ask = getattr(invited, method)
    refused = [ask(invitation=f"guess-{number}") for number in range(31)]

    assert code_of(refused[0]) == "register.not_invited"
    assert code_of(refused[-1]) == "rate_limited"


def test_a_status_page_is_looked_at_all_day(world: World) -> None:
    """Who has an invitation may open its page as often as they like."""
    invited = Invited(world)
    assert invited.register().status_code == 200

    assert {invited.open().status_code for _ in range(40)} == {200}


@pytest.fixture(params=["memory://", "redis"])
def store(request: pytest.FixtureRequest) -> str:
    """The address of a store: this process alone, or one that all processes share."""
    return "memory://" if request.param == "memory://" else request.getfixturevalue("redis_url")


@pytest.mark.needs_redis
def test_just_as_many_come_as_are_allowed(store: str) -> None:
    """One process counts exactly, whether it counts by itself or asks the store."""
    counts, item = Counts(store), parse("30 per minute")

    answers = [counts.hit(item, "anything", "somebody") for _ in range(32)]

    assert answers == [True] * 30 + [False] * 2
    assert counts.hit(item, "anything", "somebody else")
    assert counts.is_used_up(item, "anything", "somebody")
    assert not counts.is_used_up(item, "anything", "somebody else")


@pytest.mark.needs_redis
def test_processes_count_together(redis_url: str) -> None:
    """What comes to one process by turns is counted at all, but for a tenth in each."""
    several, item = [Counts(redis_url) for _ in range(3)], parse("30 per minute")

    let_in = sum(several[n % 3].hit(item, "anything", "somebody") for n in range(90))

    assert let_in == 30


def test_a_process_asks_nobody_while_little_comes() -> None:
    """The store is asked from a tenth on, and told of what came before."""
    counts, item = Counts("memory://"), parse("30 per minute")

    with_store = [
        (
            counts.hit(item, "anything", "somebody"),
            counts.shared_count(item, "anything", "somebody"),
        )
        for _ in range(5)
    ]

    assert with_store == [(True, 0), (True, 0), (True, 0), (True, 4), (True, 5)]


def test_a_new_window_begins_anew() -> None:
    """What was counted is forgotten when its window is over."""
    now = [1000.0]
    counts, item = Counts("memory://", clock=lambda: now[0]), parse("10 per minute")
    counts.hit(item, "anything", "somebody")
    assert counts.counted_for("somebody") == {"anything"}

    now[0] += 61

    assert counts.counted_for("somebody") == set()
    assert not counts.is_used_up(item, "anything", "somebody")


def test_without_the_store_each_process_counts_for_itself() -> None:
    """A store that cannot be reached lets nobody wait, and floods still meet a limit."""
    counts, item = Counts(f"redis://127.0.0.1:{free_port()}/0"), parse("30 per minute")

    answers = [counts.hit(item, "anything", "somebody") for _ in range(40)]

    assert answers[:30] == [True] * 30
    assert answers[-1] is False
