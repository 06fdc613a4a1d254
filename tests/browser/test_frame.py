"""What the frame does with a mouse, with keys, and without scripts."""

import pytest
from playwright.sync_api import expect

from tests.servers import PASSWORD

pytestmark = pytest.mark.browser


@pytest.fixture
def tab(browser, portal):
    with portal.context(browser) as context:
        yield context.new_page()


@pytest.fixture
def plain(browser, portal):
    """A tab without scripts."""
    with portal.context(browser, user="mel", java_script_enabled=False) as context:
        yield context.new_page()


def test_a_star_stays(tab):
    tab.goto("/experiments?q=weld-seams")
    tab.get_by_role("button", name="Star defects/weld-seams").click()
    expect(tab.get_by_role("button", name="Star defects/weld-seams")).to_have_attribute("aria-pressed", "true")

    tab.reload()

    expect(tab.get_by_role("button", name="Star defects/weld-seams")).to_have_attribute("aria-pressed", "true")


def test_what_a_part_is_refused_is_said(tab, portal):
    tab.goto(portal.address("/experiments/{experiment}"))
    tab.evaluate("document.querySelector('form.star').setAttribute('hx-post', '/stars/experiment/999999')")
    tab.evaluate("htmx.process(document.body)")

    tab.locator("form.star button").click()

    expect(tab.locator("#toasts")).to_contain_text("No Experiment with id=999999 exists")


def test_whose_session_ended_is_led_to_the_sign_in_and_back(browser, portal):
    with portal.context(browser, user="sid") as context:
        tab = context.new_page()
        tab.goto(portal.address("/experiments/{experiment}"))
        context.clear_cookies(name="assay_session")

        tab.locator("form.star button").click()

        tab.wait_for_url("**/sign-in?next=**")
        assert tab.locator("input[name=next]").first.input_value() == portal.address(
            "/experiments/{experiment}"
        ).removeprefix(portal.url)


def test_slash_searches_and_a_question_mark_lists_the_keys(tab):
    tab.goto("/experiments")

    tab.keyboard.press("/")
    expect(tab.get_by_role("searchbox", name="Find runs, experiments, models")).to_be_focused()

    tab.keyboard.press("Escape")
    tab.keyboard.press("?")
    expect(tab.get_by_role("dialog")).to_contain_text("New experiment")
    tab.keyboard.press("Escape")
    expect(tab.get_by_role("dialog")).to_have_count(0)


def test_the_first_tab_stop_leads_past_the_rail(tab):
    tab.goto("/account")

    tab.keyboard.press("Tab")
    expect(tab.get_by_role("link", name="Skip to the content")).to_be_focused()
    tab.keyboard.press("Enter")

    expect(tab.locator("main")).to_be_focused()


def test_a_menu_closes_by_escape_and_gives_the_focus_back(tab):
    tab.goto("/")
    account = tab.locator("summary", has=tab.locator(".avatar"))
    account.click()
    expect(tab.get_by_role("button", name="Sign out ada")).to_be_visible()

    tab.keyboard.press("Escape")

    expect(tab.get_by_role("button", name="Sign out ada")).to_be_hidden()
    expect(account).to_be_focused()


def test_a_new_token_is_copied_with_its_address(browser, portal):
    with portal.context(browser, permissions=["clipboard-read", "clipboard-write"]) as context:
        tab = context.new_page()
        tab.goto("/account/tokens")
        tab.get_by_label("Where is it used?").fill("laptop")
        tab.get_by_role("button", name="Make token").click()

        tab.get_by_role("button", name="Copy").click()

        expect(tab.locator(".copied")).to_have_text("Copied")
        copied = tab.evaluate("navigator.clipboard.readText()")
        assert copied.startswith(f"export MLFLOW_TRACKING_URI={portal.url}\nexport MLFLOW_TRACKING_TOKEN=assay_")


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_the_theme_that_is_chosen_overrides_the_system(browser, portal, theme):
    other = {"Light": "dark", "Dark": "light"}[theme]
    with portal.context(browser, user="sid", theme=other) as context:
        tab = context.new_page()
        tab.goto("/account")
        before = tab.evaluate("getComputedStyle(document.body).backgroundColor")

        # the page comes anew, and has no body for a moment
        with tab.expect_navigation():
            tab.locator("main").get_by_role("button", name=theme, exact=True).click()

        assert tab.evaluate("getComputedStyle(document.body).backgroundColor") != before
        assert tab.evaluate("getComputedStyle(document.documentElement).colorScheme") == theme.lower()


def test_account_pages_work_without_scripts(plain):
    plain.goto("/account/tokens")
    plain.get_by_label("Where is it used?").fill("old laptop")
    plain.get_by_label("Read: look and download").check()
    plain.get_by_role("button", name="Make token").click()
    assert "MLFLOW_TRACKING_TOKEN=assay_" in plain.locator("#new-token").text_content()

    plain.get_by_role("button", name="Revoke old laptop").click()
    plain.get_by_role("button", name="Revoke it").click()
    expect(plain.locator(".messages")).to_contain_text("is revoked")

    plain.goto("/account")
    plain.locator("main").get_by_role("button", name="Dark").click()
    expect(plain.locator("html")).to_have_attribute("data-theme", "dark")


def test_stars_and_sign_out_work_without_scripts(plain):
    plain.goto("/experiments?only=mine&sort=name")
    star = plain.locator("form.star button").first
    star.click()
    assert plain.url.endswith("/experiments?only=mine&sort=name")
    expect(plain.locator("form.star button").first).to_have_attribute("aria-pressed", "true")

    plain.locator("summary", has=plain.locator(".avatar")).click()
    plain.get_by_role("button", name="Sign out mel").click()

    assert plain.url.endswith("/sign-in")


@pytest.mark.parametrize(
    ("link", "page"),
    [
        ("/#/experiments/{experiment}/runs/{run}", "/runs/{run}"),
        ("/#/experiments/{experiment}", "/experiments/{experiment}"),
        ("/#/experiments/{experiment}/models/{model}", "/logged-models/{model}"),
        ("/#/models/defect-net/versions/1", "/models/defect-net/versions/1"),
        ("/#/models/defect-net?page=2", "/models/defect-net"),
        ("/#/models", "/models"),
    ],
)
def test_a_link_to_a_page_of_mlflow_leads_to_our_page(tab, portal, link, page):
    tab.goto("about:blank")
    tab.goto(portal.address(link))

    tab.wait_for_url(portal.address(page))


def test_a_link_that_the_client_prints_survives_the_sign_in(browser, portal):
    with portal.context(browser, user=None) as context:
        tab = context.new_page()
        tab.goto(portal.address("/#/experiments/{experiment}/runs/{run}"))

        tab.get_by_label("User name").fill("mel")
        tab.get_by_label("Password").fill(PASSWORD)
        tab.get_by_role("button", name="Sign in", exact=True).click()

        tab.wait_for_url(portal.address("/runs/{run}"))
