"""Deciding on requests with the keyboard alone: n leads on, a and r open the dialog, and a key within a text is a letter."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.test_pages_look import Observed

pytestmark = pytest.mark.browser

STATE = "from registry.models import TransitionRequest as T; print(*T.objects.order_by('pk').values_list('state', flat=True))"


@pytest.fixture
def tab_of(browser, portal):
    """tab_of(user): a tab of theirs; what went wrong in one fails the test."""
    opened = []

    def open_tab(user):
        context = portal.context(browser, user=user)
        tab = context.new_page()
        opened.append((context, Observed(tab, portal.url)))
        return tab

    yield open_tab
    for context, _ in opened:
        context.close()
    assert not [complaint for _, seen in opened for complaint in seen.complaints]


def states(portal) -> list[str]:
    return portal.server.manage("shell", "--no-imports", "-c", STATE).stdout.split()


def chosen(tab):
    return tab.locator(".inbox-list [aria-current=true] b").inner_text()


def dialog(tab, verb):
    return tab.get_by_role("dialog", name=f"{verb} it?")


def test_n_leads_to_the_next_request_and_stops_at_the_last(portal, tab_of):
    tab = tab_of("ada")
    tab.goto("/reviews")
    rows = tab.locator(".inbox-list > li:not(.pager)")
    expect(rows).to_have_count(2)
    assert chosen(tab) == "defect-net v5"

    tab.keyboard.press("n")
    tab.wait_for_url(re.compile(r"open=\d+"))

    assert chosen(tab) == "pores-segmentation v1"
    expect(tab.get_by_role("link", name=re.compile("^Next"))).to_have_count(0)
    address = tab.url
    tab.keyboard.press("n")
    tab.wait_for_timeout(300)
    assert tab.url == address


@pytest.mark.parametrize(("key", "verb"), [("a", "Approve"), ("r", "Reject")])
def test_the_key_opens_its_dialog_with_the_comment_first(portal, tab_of, key, verb):
    tab = tab_of("ada")
    tab.goto("/reviews")

    tab.keyboard.press(key)

    expect(dialog(tab, verb)).to_be_visible()
    comment = dialog(tab, verb).get_by_label("Comment")
    expect(comment).to_be_focused()
    # within the text they are letters
    tab.keyboard.type("near an arc")
    expect(comment).to_have_value("near an arc")
    tab.keyboard.press("Escape")
    tab.keyboard.press("Escape")
    expect(dialog(tab, verb)).to_be_hidden()
    assert tab.url.endswith("/reviews")
    assert states(portal).count("open") == 2


def test_an_open_dialog_keeps_the_keys_to_itself(portal, tab_of):
    tab = tab_of("ada")
    tab.goto("/reviews")
    tab.keyboard.press("a")
    comment = dialog(tab, "Approve").get_by_label("Comment")
    expect(comment).to_be_focused()
    tab.keyboard.type("half a thought")
    tab.keyboard.press("Tab")

    for key in "nr":
        tab.keyboard.press(key)

    tab.wait_for_timeout(300)
    assert tab.url.endswith("/reviews")
    expect(comment).to_have_value("half a thought")
    expect(dialog(tab, "Approve")).to_be_visible()
    expect(dialog(tab, "Reject")).to_be_hidden()


def test_keys_do_nothing_where_there_is_nothing_to_decide(portal, tab_of):
    tab = tab_of("sid")
    tab.goto("/reviews?tab=asked")
    expect(tab.get_by_role("button", name="Take it back").first).to_be_visible()

    for key in "ar":
        tab.keyboard.press(key)

    tab.wait_for_timeout(300)
    expect(tab.get_by_role("dialog")).to_have_count(0)
    # with a key of the system held it is a command of the browser
    tab.keyboard.press("Control+n")
    assert tab.url.endswith("/reviews?tab=asked")


def test_the_keys_are_listed(portal, tab_of):
    tab = tab_of("ada")
    tab.goto("/reviews")

    tab.keyboard.press("?")

    for label in ("Approve", "Reject", "Next request"):
        expect(tab.locator("#keys-help")).to_contain_text(label)


def test_a_request_is_rejected_and_another_approved_without_a_mouse(portal, tab_of):
    tab = tab_of("ada")
    tab.goto("/reviews")
    tab.keyboard.press("n")
    tab.wait_for_url(re.compile(r"open=\d+"))

    # without a reason it stays
    tab.keyboard.press("r")
    expect(dialog(tab, "Reject").get_by_label("Comment")).to_be_focused()
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    tab.wait_for_timeout(300)
    expect(dialog(tab, "Reject")).to_be_visible()
    assert states(portal).count("rejected") == 1

    tab.keyboard.press("Shift+Tab")
    tab.keyboard.type("no: reads rust as pores")
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    expect(tab.get_by_text("You rejected it")).to_be_visible()
    assert states(portal).count("rejected") == 2

    tab.goto("/reviews")
    assert chosen(tab) == "defect-net v5"
    tab.keyboard.press("a")
    expect(dialog(tab, "Approve").get_by_label("Comment")).to_be_focused()
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    expect(tab.get_by_text("You approved it").first).to_be_visible()
    tab.goto("/reviews")
    expect(tab.get_by_text("Nothing waits for you")).to_be_visible()
