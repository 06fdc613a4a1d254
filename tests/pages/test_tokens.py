import re

import pytest

from accounts.access import Scope
from accounts.actions import tokens
from accounts.models import ApiToken
from core.errors import NotAllowed
from core.models import AuditEvent
from tests.factories import make_token, make_user


@pytest.fixture
def browser_of_mel(client, member):
    client.force_login(member)
    return client


def test_a_made_token_is_shown_once_and_works(browser_of_mel, settings):
    page = browser_of_mel.post("/account/tokens", {"name": "laptop", "scope": "20", "days": "90"})

    secret = re.search(r"MLFLOW_TRACKING_TOKEN=(assay_\w+)", page.text)[1]
    assert f"MLFLOW_TRACKING_URI={settings.ASSAY_URL}" in page.text
    assert browser_of_mel.get("/api/v1/me", HTTP_AUTHORIZATION=f"Bearer {secret}").json()["scope"] == "log"
    assert secret not in browser_of_mel.get("/account/tokens").text


def test_a_page_with_a_secret_is_not_kept_by_the_browser(browser_of_mel):
    page = browser_of_mel.post("/account/tokens", {"name": "laptop", "scope": "20", "days": ""})

    assert "no-store" in page.headers["Cache-Control"]


@pytest.mark.parametrize("fields", [{"name": ""}, {"scope": "99"}, {"days": "9999"}, {"name": "x" * 101}])
def test_a_bad_form_makes_nothing(browser_of_mel, fields):
    page = browser_of_mel.post("/account/tokens", {"name": "laptop", "scope": "20", "days": "90", **fields})

    assert "errorlist" in page.text
    assert not ApiToken.objects.exists()


def test_a_revoked_token_is_dead_and_on_record(browser_of_mel, member):
    token, secret = make_token(member)

    browser_of_mel.post(f"/account/tokens/{token.pk}/revoke")

    assert browser_of_mel.get("/api/v1/me", HTTP_AUTHORIZATION=f"Bearer {secret}").status_code == 401
    assert AuditEvent.objects.filter(action="token.revoke", actor="mel").count() == 1


def test_nobody_revokes_anothers_token(browser_of_mel):
    token, _ = make_token(make_user())

    assert browser_of_mel.post(f"/account/tokens/{token.pk}/revoke").status_code == 404
    token.refresh_from_db()
    assert token.is_usable


def test_a_get_revokes_nothing(browser_of_mel, member):
    token, _ = make_token(member)

    assert browser_of_mel.get(f"/account/tokens/{token.pk}/revoke").status_code == 405


@pytest.mark.parametrize("num_tokens", [1, 30])
def test_the_list_costs_the_same_whatever_its_length(browser_of_mel, member, num_tokens, django_assert_max_num_queries):
    for _ in range(num_tokens):
        make_token(member)

    with django_assert_max_num_queries(6):
        browser_of_mel.get("/account/tokens")


@pytest.fixture
def bot(db):
    return make_user("ci-bot", is_service=True, password=None)


def test_a_site_admin_makes_and_revokes_a_service_accounts_tokens(client, admin, bot):
    client.force_login(admin)

    page = client.post("/account/service/ci-bot/tokens", {"name": "CI", "scope": "20", "days": "90"})

    secret = re.search(r"MLFLOW_TRACKING_TOKEN=(assay_\w+)", page.text)[1]
    assert client.get("/api/v1/me", HTTP_AUTHORIZATION=f"Bearer {secret}").json()["username"] == "ci-bot"
    token = ApiToken.objects.get(user=bot)
    assert client.post(f"/account/service/ci-bot/tokens/{token.pk}/revoke").url == "/account/service/ci-bot/tokens"
    token.refresh_from_db()
    assert not token.is_usable
    assert set(AuditEvent.objects.filter(object_kind="apitoken").values_list("actor", flat=True)) == {"ada"}


def test_nobody_else_knows_of_them(browser_of_mel, bot):
    token, _ = make_token(bot)

    assert browser_of_mel.get("/account/service/ci-bot/tokens").status_code == 404
    assert browser_of_mel.post(f"/account/service/ci-bot/tokens/{token.pk}/revoke").status_code == 404


def test_a_person_makes_their_own_tokens(client, admin, member):
    client.force_login(admin)

    assert client.get("/account/service/mel/tokens").status_code == 404
    with pytest.raises(NotAllowed):
        tokens.create(member, name="x", scope=Scope.FULL, expires_at=None, by=admin)
