"""An LMS administrator registers the tool by an invitation, and a student works through it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import (
    ROOT,
    TEACHERS,
    Demo,
    open_activity,
    running_demo,
    sign_in,
    tool_frame,
)
from tests.browser.test_every_page import faults, faults_in, student_states, wait_for_score

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.xdist_group("demo")]

STUDENTS = {"canvas": "hana.yamashita", "moodle": "ravi.menon"}


def alliance(demo: Demo, *words: str) -> str:
    """Run a command on the demonstration's own tool."""
    environment = {
        **os.environ,
        "ALLIANCE_CONFIG": str(demo.folder / "alliance.toml"),
        "ALLIANCE_BASE_URL": demo.tool,
    }
    done = subprocess.run(
        [sys.executable, "-m", "lti_alliance", *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("platform", ["canvas", "moodle"])
def test_a_platform_registers_itself(
    tmp_path: Path, context: BrowserContext, platform: str
) -> None:
    """Invited, registered, switched on, approved; then a student's score arrives through it."""
    with running_demo(tmp_path / "demo") as demo:
        address = alliance(demo, "platform", "invite", "by-itself", "--allow-local")
        page = context.pages[0]
        wrong = register(demo, page, platform, address)

        # The tool's own administrator has the last word.
        open_activity(demo, page, platform=platform, person=STUDENTS[platform], activity="taster")
        expect_refusal(page, "login.registration_pending")
        wrong += faults(page, demo)
        alliance(demo, "platform", "approve", "by-itself")
        if platform == "canvas":
            # Canvas names its installation with the first launch only.
            page.reload()
            expect_refusal(page, "deployment.unknown")
            deployment = demo.ask("tools/canvas")["tool"]["deployment_id"]
            alliance(demo, "platform", "approve", "by-itself", "--deployment-id", deployment)
        page.goto(address)
        expect(page.locator("body[data-page=platform-status]")).to_be_visible()
        wrong += faults_in(page.main_frame)

        open_activity(demo, page, platform=platform, person=TEACHERS[platform], activity="taster")
        card = tool_frame(page).locator(".card", has_text="A two-minute taster")
        card.get_by_role("link", name="Choose").click()
        tool_frame(page).get_by_role("button", name="Use this module").click()
        expect(tool_frame(page).locator("body[data-page=dashboard]")).to_be_visible()
        open_activity(demo, page, platform=platform, person=STUDENTS[platform], activity="taster")
        for name in student_states(page):
            expect(tool_frame(page).locator(f"body[data-page={name}]")).to_be_visible()
        wait_for_score(demo, page, person=STUDENTS[platform], platform=platform)

        assert wrong == []


def register(demo: Demo, page: Page, platform: str, address: str) -> list[str]:
    """Walk through the LMS administrator's part; return what is wrong with the tool's pages."""
    sign_in(demo, page, platform=platform, person="admin")
    page.goto(f"{demo.lms}/{platform}/admin/tools")
    page.locator("input[name=url]").fill(address)
    page.get_by_role("button", name="Register", exact=True).click()
    frame = tool_frame(page)
    expect(frame.locator("body[data-page=register]")).to_be_visible()
    wrong = faults(page, demo)
    frame.get_by_role("button", name="Register the tool").click()
    expect(frame.locator("body[data-page=registered]")).to_be_visible()
    wrong += faults(page, demo)
    frame.get_by_role("button", name="Close and go on in the LMS").click()
    page.get_by_role("button", name={"canvas": "Switch on", "moodle": "Activate"}[platform]).click()
    expect(page.get_by_role("heading", name="Pending")).to_have_count(0)
    return wrong


def expect_refusal(page: Page, code: str) -> None:
    """Expect the tool to refuse a launch for this reason."""
    expect(tool_frame(page).locator(f"[data-error-code='{code}']")).to_be_visible()
