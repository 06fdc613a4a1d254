"""Signing in with a real browser: at an OpenID provider and back, with an app, with passkeys of a virtual authenticator."""

import re
import time

import pytest
from playwright.sync_api import expect

from tests.browser.test_pages_look import SIDEWAYS, THEMES, Observed, shoot, violations
from tests.factories import PASSWORD
from tests.openid_provider import OpenIDProvider
from tests.servers import free_port
from tests.totp import code_at

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def provider():
    with OpenIDProvider() as running:
        yield running


@pytest.fixture(scope="module")
def site(tmp_path_factory, ready_site, provider):
    """A `serve` at localhost, since browsers give no passkeys to an address without a name."""
    port = free_port()
    settings = {**provider.settings, "ASSAY_URL": f"http://localhost:{port}", "ASSAY_OIDC_GROUPS": "ml-vision=Vision"}
    server = ready_site.server(tmp_path_factory.mktemp("site"), **settings, EMAIL_URL="smtp://127.0.0.1:9")
    server.port = port
    try:
        yield server.start("--workers", "1")
    finally:
        server.close()


@pytest.fixture
def tab(browser, site):
    context = browser.new_context(base_url=site.url)
    tab = context.new_page()
    tab.seen = Observed(tab, site.url)
    yield tab
    context.close()


def check_looks(tab, name: str) -> None:
    """As test_pages_look.py does, for pages that only somebody on the way through meets."""
    for theme in THEMES:
        tab.emulate_media(color_scheme=theme)
        shoot(tab, f"sign-in-{name}-{theme}")
        assert not violations(tab)
    size = tab.viewport_size
    tab.set_viewport_size({"width": 390, "height": 844})
    tab.wait_for_timeout(100)
    shoot(tab, f"sign-in-{name}-390")
    assert not tab.evaluate(SIDEWAYS), "the page scrolls sideways at 390 px"
    tab.set_viewport_size(size)
    assert not tab.seen.complaints


def sign_in(tab, username="ada"):
    tab.goto("/sign-in")
    tab.get_by_label("User name").fill(username)
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("button", name="Sign in", exact=True).click()


def confirm(tab):
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("button", name="Confirm").click()


def make_user(site, username: str) -> None:
    code = f"from tests.factories import make_user; make_user({username!r})"
    site.manage("shell", "--no-imports", "-c", code)


def test_to_the_provider_and_back(tab, site, provider):
    provider.person |= {"sub": "u-7", "preferred_username": "grace", "email": "", "groups": ["ml-vision"]}
    tab.goto("/account/tokens")
    check_looks(tab, "page")

    tab.get_by_role("link", name="Sign in with Acme ID").click()

    expect(tab).to_have_url(f"{site.url}/account/tokens")
    tab.goto("/account/security")
    expect(tab.get_by_text("You sign in with Acme ID")).to_be_visible()
    assert site.rows("select g.name from auth_group g join accounts_user_groups m on m.group_id = g.id") == [
        ("Vision",)
    ]
    assert not [line for line in tab.seen.complaints if "another host" not in line]


def test_a_no_of_the_provider_is_a_page_that_leads_on(tab, provider):
    provider.refuses = "access_denied"
    try:
        tab.goto("/sign-in")
        tab.get_by_role("link", name="Sign in with Acme ID").click()
        expect(tab.get_by_role("heading", name="Nobody was signed in")).to_be_visible()
        shoot(tab, "sign-in-refused-light")
    finally:
        provider.refuses = ""


def test_an_account_is_linked_by_way_of_a_page(tab, site, provider):
    make_user(site, "lin")
    provider.person |= {"sub": "u-8", "preferred_username": "lin.w", "email": "", "groups": []}
    sign_in(tab, "lin")
    tab.goto("/account/security")

    tab.get_by_role("button", name="Link Acme ID").click()
    confirm(tab)
    if tab.get_by_role("button", name="Link Acme ID").count():
        tab.get_by_role("button", name="Link Acme ID").click()

    expect(tab.get_by_text("You sign in with Acme ID")).to_be_visible()


def test_an_app_is_set_up_and_asked_for(tab, site):
    make_user(site, "tom")
    sign_in(tab, "tom")
    tab.goto("/account/security")
    check_looks(tab, "security")
    tab.get_by_role("link", name="Set up an app").click()
    check_looks(tab, "confirm")
    confirm(tab)
    check_looks(tab, "app")
    secret = tab.locator(".copyable code").inner_text()
    assert tab.evaluate("document.querySelector('.qr').naturalWidth") > 0
    tab.get_by_label("code").fill(code_at(secret))
    tab.get_by_role("button", name="Turn it on").click()
    check_looks(tab, "codes")
    codes = tab.locator("#codes").inner_text().split()
    assert len(codes) == 10
    tab.get_by_role("link", name="They are safe").click()
    expect(tab.get_by_text("10 left")).to_be_visible()

    tab.context.clear_cookies()
    sign_in(tab, "tom")
    check_looks(tab, "second-factor")
    tab.get_by_label("code").fill(code_at(secret, at=time.time() + 30))
    tab.get_by_role("button", name="Sign in", exact=True).click()

    expect(tab).to_have_url(f"{site.url}/")


def test_a_passkey_is_made_used_and_signs_in_by_itself(tab, site):
    make_user(site, "kay")
    devtools = tab.context.new_cdp_session(tab)
    devtools.send("WebAuthn.enable")
    device = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    authenticator = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": device})["authenticatorId"]
    sign_in(tab, "kay")
    tab.goto("/account/security/passkeys/add")
    confirm(tab)
    check_looks(tab, "passkey-add")
    tab.get_by_label("What is it?").fill("laptop")
    tab.get_by_role("button", name="Go on").click()
    tab.get_by_role("link", name="They are safe").click()
    expect(tab.get_by_role("row", name=re.compile("laptop"))).to_contain_text("yes")
    check_looks(tab, "security-passkey")
    (made,) = devtools.send("WebAuthn.getCredentials", {"authenticatorId": authenticator})["credentials"]
    assert (made["rpId"], made["isResidentCredential"]) == ("localhost", True)

    # beside the password ...
    tab.context.clear_cookies()
    sign_in(tab, "kay")
    tab.get_by_role("button", name="Use a passkey").click()
    expect(tab).to_have_url(f"{site.url}/")

    # ... by itself ...
    tab.context.clear_cookies()
    tab.goto("/sign-in?next=/models")
    tab.get_by_role("button", name="Sign in with a passkey").click()
    expect(tab).to_have_url(f"{site.url}/models")

    # ... and not when nobody touches it
    tab.context.clear_cookies()
    devtools.send("WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": False})
    tab.goto("/sign-in")
    tab.get_by_role("button", name="Sign in with a passkey").click()
    expect(tab.get_by_text("Nothing was done")).to_be_visible()

    # the confirmation by passkey, then it is renamed and goes
    devtools.send("WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": True})
    tab.get_by_role("button", name="Sign in with a passkey").click()
    expect(tab).to_have_url(f"{site.url}/")
    tab.goto("/account/security")
    tab.get_by_role("link", name="Rename laptop").click()
    tab.get_by_role("link", name="A passkey").click()
    tab.get_by_role("button", name="Use a passkey").click()
    tab.get_by_label("Name").fill("old laptop")
    tab.get_by_role("button", name="Rename").click()
    tab.get_by_role("link", name="Remove old laptop").click()
    check_looks(tab, "passkey-remove")
    tab.get_by_role("button", name="Remove it").click()
    expect(tab.get_by_text("The passkey is removed.")).to_be_visible()
    tab.context.clear_cookies()
    sign_in(tab, "kay")
    expect(tab).to_have_url(f"{site.url}/")


def test_a_site_admin_invites_and_somebody_joins(tab, browser, site):
    sign_in(tab)
    tab.goto("/invitations")
    tab.get_by_label("E-mail address").fill("a.rather.long.address.of.somebody@research.example.org")
    tab.get_by_role("button", name="Invite").click()
    expect(tab.get_by_role("row", name=re.compile("somebody"))).to_be_visible()
    check_looks(tab, "invitations")
    link = tab.locator("[data-copy*='/invitation/']").get_attribute("data-copy")

    tab.context.clear_cookies()
    tab.goto(link)
    check_looks(tab, "join")
    tab.get_by_label("User name").fill("newcomer")
    tab.get_by_label("Password", exact=True).fill(PASSWORD)
    tab.get_by_label("Password again").fill(PASSWORD)
    tab.get_by_role("button", name="Make my account").click()
    expect(tab).to_have_url(f"{site.url}/")


def test_a_password_is_forgotten_and_set(tab, site):
    make_user(site, "fay")
    tab.goto("/sign-in")
    tab.get_by_role("link", name="Set a new one by mail").click()
    check_looks(tab, "forgotten")
    tab.get_by_label("Your e-mail address").fill("nobody@example.org")
    tab.get_by_role("button", name="Send the link").click()
    expect(tab.get_by_role("status")).to_contain_text("on its way")
    check_looks(tab, "forgotten-asked")

    code = "from accounts import links; from accounts.models import User; print(links.to_set_password(User.objects.get(username='fay')))"
    tab.goto(site.manage("shell", "--no-imports", "-c", code).stdout.strip())
    check_looks(tab, "reset")
    for label in ("Password", "Password again"):
        tab.get_by_label(label, exact=True).fill("another long password")
    tab.get_by_role("button", name="Set the password").click()
    expect(tab.get_by_text("Your password is set. Sign in with it.")).to_be_visible()
