"""Second factors: an authenticator app and recovery codes, at the sign-in and where they are set up."""

import base64
import time

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client

from accounts import credentials, links
from accounts.actions import second_factors, users
from core.errors import NotAllowed
from core.models import AuditEvent
from tests.factories import PASSWORD, make_token, make_user
from tests.totp import code_at

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _forget_attempts(settings):
    # of this process alone: another one's tests empty a cache that is shared
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()


def sign_in(client, username="mel", **fields):
    return client.post("/sign-in", {"username": username, "password": PASSWORD, **fields})


def is_signed_in(client) -> bool:
    return client.get("/account").status_code == 200


def set_up(username="mel") -> tuple[str, list[str]]:
    """Set up an app through the pages; return its secret and the recovery codes."""
    client = Client()
    sign_in(client, username)
    client.post("/sign-in/confirm", {"password": PASSWORD, "next": "/account/security/app"})
    secret = client.get("/account/security/app").context["form"].secret
    answer = client.post("/account/security/app", {"code": code_at(secret)})
    assert answer.url == "/account/security/codes"
    return secret, list(client.get(answer.url).context["unused_codes"])


@pytest.fixture
def app(member, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        return set_up()


def test_codes_are_those_of_the_rfc():
    assert code_at(base64.b32encode(b"12345678901234567890").decode(), at=59) == "287082"
    assert code_at(base64.b32encode(b"12345678901234567890").decode(), at=1111111109) == "081804"


# Setting up


def test_setting_up_asks_for_the_password_once_more(client, member):
    sign_in(client)

    assert client.get("/account/security/app").url == "/sign-in/confirm?next=%2Faccount%2Fsecurity%2Fapp"
    wrong = client.post("/sign-in/confirm", {"password": "wrong", "next": "/account/security/app"})
    assert wrong.status_code == 200
    assert client.get("/account/security/app").status_code == 302


def test_a_wrong_code_turns_nothing_on(client, member):
    sign_in(client)
    client.post("/sign-in/confirm", {"password": PASSWORD, "next": "/account/security/app"})
    client.get("/account/security/app")

    answer = client.post("/account/security/app", {"code": "000000"})

    assert "That is not right" in answer.text
    assert not Authenticator.objects.exists()


def test_secrets_are_sealed_in_the_database(app):
    secret, codes = app

    stored = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in stored
    assert not [code for code in codes if code in stored]
    assert all(row.data.get("secret", row.data.get("seed")).startswith("gAAAA") for row in Authenticator.objects.all())


def test_what_happens_to_factors_is_recorded(client, app, member):
    actions = AuditEvent.objects.filter(action__contains="factor").values_list("action", "details__type")

    assert set(actions) == {("user.add_second_factor", "totp"), ("user.add_second_factor", "recovery_codes")}


def test_removing_it_makes_the_password_enough_again(client, app):
    _, codes = app
    sign_in(client)
    client.post("/sign-in/second-factor", {"code": codes[0]})
    client.post("/sign-in/confirm", {"password": PASSWORD, "next": "/account/security"})

    assert client.post("/account/security/app/remove").url == "/account/security"

    assert not Authenticator.objects.exists()
    assert sign_in(Client()).url == "/"


def test_new_recovery_codes_end_the_old_ones(client, app):
    _, codes = app
    sign_in(client)
    client.post("/sign-in/second-factor", {"code": codes[0]})
    client.post("/sign-in/confirm", {"password": PASSWORD, "next": "/account/security"})

    client.post("/account/security/codes/new")

    sign_in(other := Client())
    other.post("/sign-in/second-factor", {"code": codes[1]})
    assert not is_signed_in(other)


# Signing in


def test_the_password_alone_is_not_enough(client, app):
    answer = sign_in(client, next="/account/tokens")

    assert answer.url == "/sign-in/second-factor"
    assert not is_signed_in(client)
    for path in ("/", "/account/security", "/api/2.0/mlflow/experiments/search", "/admin/"):
        assert client.get(path).status_code in (302, 401), path


def test_the_code_of_the_app_is(client, app):
    sign_in(client, next="/account/tokens")

    with time_machine.travel(time.time() + 60, tick=True):
        answer = client.post("/sign-in/second-factor", {"code": code_at(app[0])})

        assert answer.url == "/account/tokens"
        assert is_signed_in(client)


@pytest.mark.parametrize("sent", ["{}", " {} ", "{:.3}-{:.0}"])
def test_a_code_is_taken_once(client, app, sent):
    with time_machine.travel(time.time() + 60, tick=True):
        code = code_at(app[0])
        sign_in(client)
        assert client.post("/sign-in/second-factor", {"code": code}).url == "/"
        # another process has another memory
        cache.clear()

        sign_in(other := Client())
        written = f"{code[:3]}-{code[3:]}" if "-" in sent else sent.format(code)
        assert "That is not right" in other.post("/sign-in/second-factor", {"code": written}).text
        assert not is_signed_in(other)


@pytest.mark.parametrize("seconds", [-120, 120])
def test_a_code_of_another_time_is_not(client, app, seconds):
    sign_in(client)

    client.post("/sign-in/second-factor", {"code": code_at(app[0], at=time.time() + seconds)})

    assert not is_signed_in(client)


def test_a_recovery_code_is_taken_once(client, app):
    _, codes = app
    sign_in(client)
    assert client.post("/sign-in/second-factor", {"code": codes[3]}).url == "/"

    sign_in(other := Client())
    other.post("/sign-in/second-factor", {"code": codes[3]})
    assert not is_signed_in(other)


def test_guessing_codes_is_stopped(client, app):
    secret, _ = app
    sign_in(client)
    for number in range(10):
        client.post("/sign-in/second-factor", {"code": f"{number:06}"})

    with time_machine.travel(time.time() + 60, tick=True):
        client.post("/sign-in/second-factor", {"code": code_at(secret)})

    assert not is_signed_in(client)
    assert AuditEvent.objects.filter(action="user.second_factor_failed").count() >= 5


@pytest.mark.parametrize("code", ["", "0", "x" * 10_000, "٠٠٠٠٠٠", "0\0", "' OR 1=1"])
def test_odd_codes_are_wrong_ones(client, app, code):
    sign_in(client)

    assert client.post("/sign-in/second-factor", {"code": code}).status_code == 200
    assert not is_signed_in(client)


@pytest.mark.parametrize(
    "credential", ["", "{}", "[]", "7", "null", "not JSON", '{"id": 1}', '{"rawId": "", "response": {}}']
)
@pytest.mark.parametrize("path", ["/sign-in/second-factor", "/sign-in/passkey"])
def test_odd_passkeys_are_wrong_ones(client, app, path, credential):
    sign_in(client)
    client.get(path, headers={"accept": "application/json"})

    assert client.post(path, {"credential": credential}).status_code in (200, 302)
    assert not is_signed_in(client)


def test_nobody_comes_to_the_second_step_first(client, app):
    assert client.get("/sign-in/second-factor").url == "/sign-in"
    assert client.post("/sign-in/second-factor", {"code": app[1][0]}).url == "/sign-in"


def test_coming_back_to_the_sign_in_begins_anew(client, app, stranger):
    sign_in(client)
    client.get("/sign-in")

    assert client.get("/sign-in/second-factor").url == "/sign-in"
    assert sign_in(client, "sid").url == "/"


def test_who_is_deactivated_between_the_steps_stays_out(client, app, admin, member):
    sign_in(client)
    users.deactivate(member, by=admin)

    answer = client.post("/sign-in/second-factor", {"code": app[1][0]})

    # the first step was of an epoch that is over
    assert answer.url == "/sign-in"
    assert not is_signed_in(client)


def test_a_password_changed_between_the_steps_does_not_open_the_second(client, app, admin, member):
    sign_in(client)
    users.set_password(member, "another long password", by=admin)

    client.post("/sign-in/second-factor", {"code": app[1][0]})

    assert not is_signed_in(client)


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example/", "http://localhost/x", "javascript:alert(1)"]
)
def test_it_never_leads_to_another_host(client, app, target):
    sign_in(client, next=target)
    assert client.post("/sign-in/second-factor", {"code": app[1][0], "next": target}).url == "/"

    confirmed = client.post("/sign-in/confirm", {"password": PASSWORD, "next": target})
    assert confirmed.url == "/"


# Other doors


def over_basic(client, password, username="mel"):
    header = base64.b64encode(f"{username}:{password}".encode()).decode()
    return client.get("/api/v1/me", headers={"Authorization": f"Basic {header}"})


def test_the_password_over_basic_is_no_way_around(client, app, member):
    answer = over_basic(client, PASSWORD)

    assert answer.status_code == 401
    assert "second factor" in answer.json()["message"]
    assert "API token" in answer.json()["message"]
    assert "second factor" not in over_basic(client, "a wrong password").json()["message"]


def test_it_is_none_even_where_the_password_was_used_a_moment_ago(client, member):
    assert over_basic(client, PASSWORD).status_code == 200

    set_up()

    assert over_basic(client, PASSWORD).status_code == 401


def test_tokens_go_on_working(client, app, member):
    secret = make_token(member)[1]

    assert over_basic(client, secret).status_code == 200
    assert client.get("/api/v1/me", headers={"Authorization": f"Bearer {secret}"}).status_code == 200


def test_without_passwords_none_is_taken_over_basic(client, member, settings):
    settings.ASSAY_PASSWORD_SIGN_IN = False

    assert "switched off" in over_basic(client, PASSWORD).json()["message"]
    assert over_basic(client, make_token(member)[1]).status_code == 200


# Required


@pytest.fixture
def required(settings):
    settings.ASSAY_REQUIRE_SECOND_FACTOR = "admins"


def test_an_admin_without_one_is_led_to_it_first(required, admin, member):
    client = Client()
    sign_in(client, "ada")

    assert client.get("/experiments").url == "/account/security"
    assert "asks you for a second factor" in client.get("/account/security").text
    assert client.get("/api/2.0/mlflow/experiments/search").status_code == 403
    assert over_basic(client, PASSWORD, "ada").status_code == 401
    assert client.post("/sign-out").status_code == 302

    sign_in(other := Client())
    assert other.get("/experiments").status_code == 200


def test_with_one_everything_is_open(required, admin):
    _, codes = set_up("ada")

    sign_in(client := Client(), "ada")
    client.post("/sign-in/second-factor", {"code": codes[0]})

    assert client.get("/experiments").status_code == 200


# Lost


def test_a_site_admin_takes_away_what_was_lost(client, app, admin, member):
    second_factors.remove(member, by=admin)

    assert sign_in(client).url == "/"
    assert AuditEvent.objects.filter(action="user.remove_second_factors", actor="ada").exists()


def test_nobody_else_does(app, member, stranger):
    for who in (member, stranger):
        with pytest.raises(NotAllowed):
            second_factors.remove(member, by=who)


def test_the_administration_has_a_button_for_it_and_shows_no_secret(client, app, admin, member):
    client.force_login(admin)

    client.post("/admin/accounts/user/", {"action": "remove_second_factors", "_selected_action": [member.pk]})

    assert not Authenticator.objects.exists()
    for path in ("mfa/authenticator", "socialaccount/socialaccount", "account/emailaddress"):
        assert client.get(f"/admin/{path}/").status_code == 404


def test_somebody_elses_passkeys_do_not_exist(client, member, stranger):
    passkey = Authenticator.objects.create(user=stranger, type="webauthn", data={"name": "hushhush", "credential": {}})
    sign_in(client)
    client.post("/sign-in/confirm", {"password": PASSWORD, "next": "/account/security"})

    for what in ("rename", "remove"):
        assert client.get(f"/account/security/passkeys/{passkey.pk}/{what}").status_code == 404
    assert Authenticator.objects.filter(pk=passkey.pk).exists()


def test_who_has_no_password_sets_one_up_without(client):
    user = make_user("sso")
    user.set_unusable_password()
    user.save()
    client.force_login(user)

    assert client.get("/account/security/app").status_code == 200


# Deactivation, by every door at once


def test_whoever_is_deactivated_is_out_by_every_door(client, member, admin):
    _, codes = set_up()
    token = make_token(member)[1]
    half_way, recovered = Client(), Client()
    for each in (client, half_way):
        sign_in(each)
    client.post("/sign-in/second-factor", {"code": codes[0]})
    links_before = [f"/reset/{links.reset_tokens.link(member)}", f"/sign-in/link/{links.sign_in_tokens.link(member)}"]
    member.refresh_from_db()
    links_now = [f"/reset/{links.reset_tokens.link(member)}", f"/sign-in/link/{links.sign_in_tokens.link(member)}"]
    assert is_signed_in(client)
    assert [recovered.get(link).status_code for link in links_now] == [200, 200]
    credentials._tokens.clear()

    users.deactivate(member, by=admin)

    assert not is_signed_in(client)
    assert client.get("/api/2.0/mlflow/experiments/search").status_code == 401
    assert half_way.post("/sign-in/second-factor", {"code": codes[1]}).url == "/sign-in"
    assert not is_signed_in(half_way)
    assert over_basic(client, token).status_code == over_basic(client, PASSWORD).status_code == 401
    assert client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    assert "do not fit" in sign_in(Client()).text
    assert {recovered.get(link).status_code for link in links_before + links_now} == {404}
    assert not is_signed_in(half_way)
