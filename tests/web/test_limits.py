"""What is counted, and for whom: floods meet a limit, classes and good launches do not."""

import pytest
from werkzeug.test import TestResponse

from lti_alliance.web.extensions import limiter
from tests.platforms import World
from tests.web.invited import Invited
from tests.web.noticing import notice_token, send_notices
from tests.web.test_access import code_of


def counted_for_the_address() -> set[str]:
    """Name what the tests' address has been counted for, by the limits' own scopes."""
    kept = limiter.storage.storage  # type: ignore[attr-defined]
    return {key.split("/")[2] for key in kept if key.split("/")[1] == "127.0.0.1"}


def launch_as(world: World, number: int) -> TestResponse:
    browser = world.browser()
    login = browser.begin(login_hint=f"hint {number}")
    return browser.send(login, world.token(login, sub=f"student-{number}"))


def test_good_launches_are_not_counted_for_their_address(world: World) -> None:
    """However many students start an exam behind one address, their address is not counted."""
    statuses = {launch_as(world, number).status_code for number in range(30)}

    assert statuses == {303}
    # A login is signed by nobody, so it is counted: 3,000 students a minute stay below.
    assert counted_for_the_address() == {"lti.login", "lti.continue_login"}


def test_refused_launches_are_counted_for_their_address(world: World) -> None:
    """What did not verify counts: forgeries narrowly, an honest browser's mishaps widely."""
    browser, stranger = world.browser(), world.browser()
    login = browser.begin()
    stranger.send(login, world.token(login))
    mishap = counted_for_the_address()
    browser.send(login, "forged")

    assert mishap == {"lti.login", "lti.continue_login", "refused launches"}
    assert counted_for_the_address() == mishap | {"failed launches"}


def test_counts_that_are_lost_cost_nobody_a_launch(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store of the counts goes away while several threads ask it: one of them finds out, and
    the others, whose question was under way, answer their people all the same."""
    asked: list[str] = []

    def noticed_by_another(*_: object, **__: object) -> bool:
        asked.append("hit")
        monkeypatch.setattr(limiter, "_storage_dead", True)
        raise ConnectionError("the store is gone")

    monkeypatch.setattr(limiter, "_storage_dead", False)
    monkeypatch.setattr(limiter.limiter, "hit", noticed_by_another)
    first = launch_as(world, 1)
    again = launch_as(world, 2)

    assert asked
    assert [first.status_code, again.status_code] == [303, 303]


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

    assert counted_for_the_address() == set()


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
