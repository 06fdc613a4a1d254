import pytest
from django.core.cache import cache

from tests.factories import PASSWORD


@pytest.fixture
def mel(client, member, settings):
    # of this process alone: another one's tests empty a cache that is shared
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()
    client.force_login(member)
    return client


def change(client, new, old=PASSWORD):
    return client.post("/account", {"old_password": old, "new_password1": new, "new_password2": new})


def test_a_changed_password_counts_and_keeps_this_session(mel, member):
    change(mel, "another long password")

    member.refresh_from_db()
    assert member.check_password("another long password")
    assert mel.get("/account").status_code == 200


def test_a_changed_password_ends_other_sessions(mel, member):
    from django.test import Client

    elsewhere = Client()
    elsewhere.force_login(member)

    change(mel, "another long password")

    assert elsewhere.get("/account").status_code == 302


@pytest.mark.parametrize("new", ["short", "password1234", "123456789012"])
def test_a_weak_password_is_refused(mel, member, new):
    change(mel, new)

    member.refresh_from_db()
    assert member.check_password(PASSWORD)


def test_the_old_password_is_asked_for(mel, member):
    change(mel, "another long password", old="wrong")

    member.refresh_from_db()
    assert member.check_password(PASSWORD)


def test_the_old_password_is_not_guessed_here(mel, member):
    for _ in range(10):
        assert change(mel, "another long password", old="wrong").status_code == 200

    assert change(mel, "another long password").status_code == 429
    member.refresh_from_db()
    assert member.check_password(PASSWORD)


@pytest.mark.parametrize(("theme", "attribute"), [("dark", 'data-theme="dark"'), ("light", 'data-theme="light"')])
def test_a_theme_is_there_at_first_paint(mel, theme, attribute):
    mel.post("/account/appearance", {"theme": theme})

    assert attribute in mel.get("/account").text


def test_a_made_up_theme_is_no_theme(mel):
    mel.cookies["assay_theme"] = '"><script>'

    assert "<script>" not in mel.get("/account").text
    assert "data-theme" not in mel.get("/account").text


@pytest.mark.parametrize("wanted", ["/experiments?q=x", "/admin/"])
def test_choosing_a_theme_leads_back_to_where_one_was(mel, wanted):
    assert mel.post("/account/appearance", {"theme": "dark", "next": wanted}).url == wanted


@pytest.mark.parametrize(
    "wanted",
    ["//evil.example", "https://evil.example", "/\\\\evil.example", "javascript:alert(1)", "evil", "\t//evil.example"],
)
def test_it_never_leads_to_another_host(mel, wanted):
    assert mel.post("/account/appearance", {"theme": "dark", "next": wanted}).url == "/account"
