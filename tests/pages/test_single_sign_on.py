"""Signing in at an OpenID provider, which is a real one that the test starts; what it gives, and what is refused."""

import json
import time
from urllib.parse import parse_qs, urlsplit
from urllib.request import HTTPRedirectHandler, build_opener

import pytest
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import Group
from django.test import Client

from accounts.actions import users
from accounts.models import User
from core.models import AuditEvent
from pages import openid
from tests.factories import PASSWORD, make_user
from tests.openid_provider import ADA, OpenIDProvider, new_key

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def running():
    with OpenIDProvider() as provider:
        yield provider


@pytest.fixture
def provider(running, settings):
    running.__dict__.update(
        person=dict(ADA), signing_key=running.key, algorithm="RS256", kid="k1", userinfo=None, answers={}, refuses=""
    )
    running.spoil = lambda claims: claims
    running.asked.clear()
    running.signed_out.clear()
    for name, value in running.settings.items():
        setattr(settings, name, value)
    settings.ASSAY_URL = "http://testserver"
    return running


class _StayHere(HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def at_the_provider(where: str) -> str:
    """Return where the provider sends the browser that opens this address."""
    try:
        return build_opener(_StayHere).open(where).headers["Location"]
    except OSError as answer:
        return answer.headers["Location"]


def come_back(client, start="/sign-in/single-sign-on"):
    """Sign in: to the provider and back; return the answer to the way back."""
    back = urlsplit(at_the_provider(client.get(start).headers["Location"]))
    assert back.path == "/sign-in/single-sign-on/back"
    return client.get(f"{back.path}?{back.query}")


def is_signed_in(client) -> bool:
    return client.get("/account").status_code == 200


# Coming in


def test_a_new_person_gets_an_account(client, provider):
    provider.person |= {"given_name": "Ada", "family_name": "Lovelace"}

    answer = come_back(client)

    assert (answer.status_code, answer.url) == (302, "/")
    user = User.objects.get()
    assert (user.username, user.email, user.get_full_name()) == ("ada.l", "ada@example.org", "Ada Lovelace")
    assert not user.has_usable_password()
    assert not user.is_superuser
    assert is_signed_in(client)


def test_the_same_person_comes_again(client, provider):
    come_back(client)
    client.post("/sign-out")
    provider.person |= {"preferred_username": "renamed", "email": "new@example.org"}

    come_back(client)

    assert User.objects.get().username == "ada.l"
    assert is_signed_in(client)


def test_what_is_asked_for_has_pkce_a_state_and_a_nonce_and_names_the_address_of_assay(client, provider):
    where = urlsplit(client.get("/sign-in/single-sign-on", headers={"host": "localhost"}).headers["Location"])

    asked = {name: value[0] for name, value in parse_qs(where.query).items()}
    assert asked["redirect_uri"] == "http://testserver/sign-in/single-sign-on/back"
    assert asked["code_challenge_method"] == "S256"
    assert set(asked["scope"].split()) == {"openid", "profile", "email"}
    assert min(len(asked["nonce"]), len(asked["state"])) >= 16


def test_it_leads_back_to_the_page_that_was_asked_for(client, provider):
    assert come_back(client, "/sign-in/single-sign-on?next=/account/tokens").url == "/account/tokens"


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example/", "https:evil.example", "javascript:alert(1)", "/\\evil.example"],
)
def test_it_never_leads_to_another_host(client, provider, target):
    assert come_back(client, f"/sign-in/single-sign-on?next={target}").url == "/"


def test_the_page_offers_it_only_where_it_is_set_up(client, db, settings):
    assert "Acme ID" not in client.get("/sign-in").text
    assert client.get("/sign-in/single-sign-on").url == "/sign-in"
    assert client.get("/sign-in/single-sign-on/back?code=x&state=x").url == "/sign-in"

    settings.ASSAY_OIDC_ISSUER, settings.ASSAY_OIDC_NAME = "https://id.example.org", "Acme ID"
    assert "Sign in with Acme ID" in client.get("/sign-in?next=/models").text
    assert 'href="/sign-in/single-sign-on?next=%2Fmodels"' in client.get("/sign-in?next=/models").text


def test_a_sign_in_is_recorded(client, provider):
    come_back(client)

    actions = [event.action for event in AuditEvent.objects.order_by("pk")]
    assert actions == ["user.create_from_identity", "user.link_identity", "user.sign_in"]


def test_a_taken_name_is_somebody_elses(client, provider):
    make_user("ada.l")

    come_back(client)

    assert User.objects.filter(username="ada.l-2").exists()


def test_only_who_is_there_comes_in_where_no_accounts_are_made(client, provider, settings):
    settings.ASSAY_OIDC_CREATE_USERS = False

    answer = come_back(client)

    assert answer.status_code == 403
    assert "no account here for you" in answer.text
    assert not User.objects.exists()


def test_an_odd_name_becomes_one_that_will_do(client, provider):
    provider.person["preferred_username"] = "Ada / <script>\u200b Lovelace"

    come_back(client)

    assert User.objects.get().username == "Ada----script---Lovelace"


# Accounts that are there already


def test_an_address_alone_opens_no_account(client, provider):
    make_user("ada", email="ada@example.org")

    answer = come_back(client)

    assert answer.status_code == 403
    assert "nothing says yet that it is yours" in answer.text
    assert not is_signed_in(client)
    assert User.objects.count() == 1


def test_a_verified_address_does_where_the_site_says_so(client, provider, settings):
    settings.ASSAY_OIDC_LINK_BY_EMAIL = True
    make_user("ada", email="Ada@Example.org")

    come_back(client)

    assert SocialAccount.objects.get().user.username == "ada"
    assert is_signed_in(client)


@pytest.mark.parametrize("verified", [False, None, "false", "yes", 1.5])
def test_an_address_that_nobody_verified_does_not(client, provider, settings, verified):
    settings.ASSAY_OIDC_LINK_BY_EMAIL = True
    make_user("ada", email="ada@example.org")
    provider.person["email_verified"] = verified

    assert come_back(client).status_code == 403
    assert not SocialAccount.objects.exists()


def test_an_address_that_two_people_have_does_not(client, provider, settings):
    settings.ASSAY_OIDC_LINK_BY_EMAIL = True
    make_user("ada", email="ada@example.org")
    make_user("other", email="ada@example.org")

    assert come_back(client).status_code == 403


def test_a_service_account_is_nobody_to_link(client, provider, settings):
    settings.ASSAY_OIDC_LINK_BY_EMAIL = True
    make_user("ci", email="ada@example.org", is_service=True, password=None)

    come_back(client)

    assert SocialAccount.objects.get().user.username == "ada.l"


def test_somebody_links_their_own_account_and_unlinks_it(client, provider):
    make_user("ada", email="ada@example.org")
    client.post("/sign-in", {"username": "ada", "password": PASSWORD})

    asked = client.post("/account/security/link")
    assert asked.url.startswith("/sign-in/confirm?next=")
    client.post(asked.url, {"password": PASSWORD, "next": "/account/security"})
    page = client.post("/account/security/link")
    back = urlsplit(at_the_provider(page.context["where"]))
    assert client.get(f"{back.path}?{back.query}").url == "/account/security"

    client.post("/sign-out")
    come_back(client)
    assert client.get("/account").context["user"].username == "ada"

    client.post("/account/security/unlink")
    assert not SocialAccount.objects.exists()


def test_an_identity_of_somebody_else_is_not_taken_over(client, provider):
    come_back(client)
    mel = make_user("mel")
    client = Client()
    client.post("/sign-in", {"username": "mel", "password": PASSWORD})
    client.post("/sign-in/confirm", {"password": PASSWORD, "next": "/account/security"})

    back = urlsplit(at_the_provider(client.post("/account/security/link").context["where"]))
    answer = client.get(f"{back.path}?{back.query}")

    assert answer.status_code == 403
    assert not SocialAccount.objects.filter(user=mel).exists()


def test_who_has_no_password_does_not_unlink_their_only_way_in(client, provider):
    come_back(client)

    assert client.post("/account/security/unlink").status_code == 400
    assert SocialAccount.objects.exists()


# Groups and rights


def groups_of(username="ada.l") -> set[str]:
    return set(User.objects.get(username=username).groups.values_list("name", flat=True))


def test_groups_follow_the_provider_at_each_sign_in(client, provider, settings):
    settings.ASSAY_OIDC_GROUPS = {"ml-vision": "Vision", "ops": "ops"}
    provider.person["groups"] = ["ml-vision", "ops", "somewhere else"]
    come_back(client)
    assert groups_of() == {"Vision", "ops"}

    provider.person["groups"] = ["/ops"]
    come_back(client)
    assert groups_of() == {"ops"}

    del provider.person["groups"]
    come_back(client)
    assert groups_of() == set()


def test_groups_that_the_provider_does_not_manage_stay(client, provider, settings):
    settings.ASSAY_OIDC_GROUPS = {"ml-vision": "Vision"}
    come_back(client)
    User.objects.get().groups.add(Group.objects.create(name="reviewers"), Group.objects.create(name="Vision"))

    come_back(client)

    assert groups_of() == {"reviewers"}


def test_all_groups_come_by_their_names(client, provider, settings):
    settings.ASSAY_OIDC_GROUPS = {"*": "*", "ml-vision": "Vision"}
    Group.objects.create(name="by hand")
    provider.person["groups"] = ["ml-vision", "ops"]
    come_back(client)
    User.objects.get().groups.add(Group.objects.get(name="by hand"))

    provider.person["groups"] = ["data"]
    come_back(client)

    assert groups_of() == {"data", "by hand"}


def test_groups_may_stand_in_userinfo_and_within_a_claim(client, provider, settings):
    settings.ASSAY_OIDC_GROUPS, settings.ASSAY_OIDC_GROUPS_CLAIM = {"ops": "ops"}, "realm_access.roles"
    provider.userinfo = {"sub": "u-1", "realm_access": {"roles": ["ops"]}}

    come_back(client)

    assert groups_of() == {"ops"}


def test_a_group_gives_and_takes_site_admin(client, provider, settings, admin):
    settings.ASSAY_OIDC_ADMIN_GROUP = "assay-admins"
    provider.person |= {"email": "", "groups": ["assay-admins"]}
    come_back(client)
    assert client.get("/admin/").status_code == 200

    provider.person["groups"] = []
    come_back(client)
    assert client.get("/admin/", follow=True).status_code == 403


def test_the_last_site_admin_stays_one(client, provider, settings):
    settings.ASSAY_OIDC_ADMIN_GROUP = "assay-admins"
    provider.person["groups"] = ["assay-admins"]
    come_back(client)

    provider.person["groups"] = []
    come_back(client)

    assert User.objects.get().is_superuser


def test_without_an_admin_group_rights_stay_as_they_are(client, provider, settings):
    come_back(client)
    User.objects.update(is_superuser=True, is_staff=True)

    come_back(client)

    assert User.objects.get().is_superuser


@pytest.mark.parametrize("groups", [[], ["others"], None, "others", {"ops": 1}, [["ops"]], [None, 7]])
def test_who_is_in_no_allowed_group_stays_out(client, provider, settings, groups):
    settings.ASSAY_OIDC_ALLOWED_GROUPS = ["ops", "data"]
    provider.person["groups"] = groups

    answer = come_back(client)

    assert answer.status_code == 403
    assert "none of the groups" in answer.text
    assert not User.objects.exists()


def test_who_left_the_allowed_groups_stays_out(client, provider, settings):
    settings.ASSAY_OIDC_ALLOWED_GROUPS = ["ops"]
    provider.person["groups"] = ["ops"]
    come_back(client)
    client.post("/sign-out")

    provider.person["groups"] = []

    assert come_back(client).status_code == 403
    assert not is_signed_in(client)


# Going out


def test_signing_out_leads_on_to_the_provider_and_back_to_the_sign_in(client, provider):
    come_back(client)

    answer = client.post("/sign-out")

    # the policy of pages would stop a redirect of a form to another host
    assert answer.status_code == 200
    assert not is_signed_in(client)
    assert at_the_provider(answer.context["where"]) == "http://testserver/sign-in"
    assert provider.signed_out == ["u-1"]
    assert "form-action 'self'" in answer.headers["Content-Security-Policy"]
    assert f'<a class="button primary" href="{answer.context["where"].replace("&", "&amp;")}">' in answer.text


def test_it_asks_nobody_and_works_while_the_provider_is_away(client, provider):
    come_back(client)
    provider.asked.clear()
    provider.answers["/.well-known/openid-configuration"] = (500, "text/plain", "away")

    assert client.post("/sign-out").status_code == 200
    assert provider.asked == []
    assert not is_signed_in(client)


def test_an_id_token_does_not_lie_in_the_database_to_be_read(client, provider):
    come_back(client)

    kept = client.session["provider_sign_out"]
    assert kept["id_token"]
    assert kept["id_token"].count(".") != 2
    assert "eyJ" not in kept["id_token"][:3]


@pytest.mark.parametrize("endpoint", [None, 7, "", "javascript:alert(1)", "/relative"])
def test_a_provider_that_names_no_sign_out_is_left_alone(client, provider, endpoint):
    config = {**provider.configuration(None), "end_session_endpoint": endpoint}
    provider.answers["/.well-known/openid-configuration"] = (200, "application/json", json.dumps(config))
    come_back(client)

    answer = client.post("/sign-out")

    assert (answer.status_code, answer.url) == (302, "/sign-in")


def test_a_provider_behind_tls_is_not_told_without_it(settings):
    settings.ASSAY_OIDC_ISSUER = "https://id.example.org"

    assert openid.sign_out_endpoint({"end_session_endpoint": "http://id.example.org/out"}) == ""
    assert (
        openid.sign_out_endpoint({"end_session_endpoint": "https://id.example.org/out"}) == "https://id.example.org/out"
    )


def test_a_site_may_switch_it_off(client, provider, settings):
    come_back(client)
    settings.ASSAY_OIDC_SIGN_OUT = False

    assert client.post("/sign-out").url == "/sign-in"
    assert provider.signed_out == []


def test_who_came_with_a_password_stays_signed_in_at_the_provider(client, provider):
    come_back(client)
    make_user("mel")
    client.post("/sign-out")
    client.post("/sign-in", {"username": "mel", "password": PASSWORD})

    assert client.post("/sign-out").url == "/sign-in"


def test_a_token_that_is_too_long_for_an_address_stays_behind(client, provider):
    provider.person["groups"] = [f"group-{number}" for number in range(400)]
    come_back(client)

    asked = parse_qs(urlsplit(client.post("/sign-out").context["where"]).query)

    assert asked == {"client_id": ["assay"], "post_logout_redirect_uri": ["http://testserver/sign-in"]}


# What is refused


def spoiled(**changed):
    return lambda claims: {name: value for name, value in {**claims, **changed}.items() if value is not None}


LIES = {
    "another nonce": spoiled(nonce="made up"),
    "no nonce": spoiled(nonce=None),
    "another issuer": spoiled(iss="https://evil.example"),
    "no issuer": spoiled(iss=None),
    "for another client": spoiled(aud="other"),
    "for nobody": spoiled(aud=None),
    "for several, of whom none is named": spoiled(aud=["assay", "other"]),
    "by way of another client": spoiled(aud=["assay", "other"], azp="other"),
    "too old": spoiled(exp=int(time.time()) - 120),
    "without an end": spoiled(exp=None),
    "of the future": spoiled(iat=int(time.time()) + 600),
    "without a subject": spoiled(sub=None),
    "an empty subject": spoiled(sub=""),
    "a long subject": spoiled(sub="x" * 300),
    "a number as its subject": spoiled(sub=7),
}


def refused(client, answer) -> bool:
    return answer.status_code == 502 and "cannot be trusted" in answer.text and not is_signed_in(client)


@pytest.mark.parametrize("lie", LIES)
def test_an_id_token_that_is_not_right_signs_nobody_in(client, provider, lie):
    provider.spoil = LIES[lie]

    assert refused(client, come_back(client))
    assert not User.objects.exists()


def test_a_token_that_another_key_signed_signs_nobody_in(client, provider):
    provider.signing_key = new_key()

    assert refused(client, come_back(client))


@pytest.mark.parametrize("kid", ["k2", "", None])
def test_a_key_that_the_provider_does_not_name_signs_nobody_in(client, provider, kid):
    provider.kid, keys = kid, provider.keys(None)
    keys["keys"][0]["kid"] = "k1"
    provider.signing_key = new_key()
    provider.answers["/keys"] = (200, "application/json", json.dumps(keys))

    assert refused(client, come_back(client))


def test_an_unsigned_token_signs_nobody_in(client, provider):
    provider.algorithm, provider.signing_key = "none", None

    assert refused(client, come_back(client))


def test_a_token_signed_with_the_clients_secret_signs_nobody_in(client, provider):
    provider.algorithm, provider.signing_key = "HS256", "a secret of the client, long enough for HS256"

    assert refused(client, come_back(client))


def test_userinfo_of_somebody_else_signs_nobody_in(client, provider):
    provider.userinfo = {"sub": "u-2", "groups": ["assay-admins"]}

    assert refused(client, come_back(client))


def test_what_is_signed_goes_before_what_is_not(client, provider):
    provider.userinfo = {"sub": "u-1", "email": "other@example.org"}

    come_back(client)

    assert User.objects.get().email == "ada@example.org"


BROKEN = [
    "not JSON",
    "[]",
    "{}",
    "null",
    '"x"',
    "",
    '{"keys": 7}',
    '{"keys": [{"kty": "none"}]}',
    '{"access_token": 7}',
]


@pytest.mark.parametrize("body", BROKEN)
@pytest.mark.parametrize("path", ["/token", "/keys", "/userinfo"])
@pytest.mark.parametrize("status", [200, 500])
def test_a_broken_answer_is_a_page_that_says_what_to_do(client, provider, path, body, status):
    provider.answers[path] = (status, "application/json", body)

    answer = come_back(client)

    assert answer.status_code == 502
    assert "Try again" in answer.text
    assert not is_signed_in(client)


@pytest.mark.parametrize("body", ["not JSON", "[]", "{}", '{"issuer": 7}'])
def test_a_broken_configuration_is_one_too(client, provider, body):
    provider.answers["/.well-known/openid-configuration"] = (200, "application/json", body)

    answer = client.get("/sign-in/single-sign-on")

    assert answer.status_code == 502
    assert "nobody was signed in" in answer.text


def test_a_provider_of_another_name_is_not_believed(client, provider, log):
    configuration = {**provider.configuration(None), "issuer": "https://evil.example"}
    provider.answers["/.well-known/openid-configuration"] = (
        200,
        "application/json",
        json.dumps(configuration),
    )

    assert client.get("/sign-in/single-sign-on").status_code == 502
    assert "not ASSAY_OIDC_ISSUER" in log.getvalue()


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"])
def test_a_provider_with_tls_names_no_address_without(settings, name):
    settings.ASSAY_OIDC_ISSUER = issuer = "https://id.example.org"
    names = ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint")
    configuration = {"issuer": issuer, **{each: f"{issuer}/{each}" for each in names}}
    openid.check_configuration(configuration)

    with pytest.raises(openid.Failed):
        openid.check_configuration({**configuration, name: "http://id.example.org/x"})


def test_several_audiences_do_where_ours_is_named(client, provider):
    provider.spoil = spoiled(aud=["assay", "other"], azp="assay")

    come_back(client)

    assert is_signed_in(client)


def test_a_provider_that_is_away_is_one_too(client, provider, settings):
    settings.ASSAY_OIDC_ISSUER = "http://127.0.0.1:9"

    answer = client.get("/sign-in/single-sign-on")

    assert answer.status_code == 502
    assert "could not be reached" in answer.text


def test_a_wrong_secret_says_so_in_the_log_and_to_nobody_else(client, provider, settings, log):
    settings.ASSAY_OIDC_CLIENT_SECRET = "a wrong secret"

    answer = come_back(client)

    assert refused(client, answer)
    assert "invalid_client" in log.getvalue()
    assert "invalid_client" not in answer.text
    assert "wrong secret" not in log.getvalue()


@pytest.mark.parametrize(("error", "status"), [("access_denied", 403), ("server_error", 502), ("<script>", 502)])
def test_a_no_of_the_provider_is_a_page(client, provider, error, status):
    provider.refuses = error

    answer = come_back(client)

    assert answer.status_code == status
    assert "<script>" not in answer.text


def test_a_way_back_works_once_and_in_its_own_browser(client, provider):
    back = urlsplit(at_the_provider(client.get("/sign-in/single-sign-on").headers["Location"]))
    address = f"{back.path}?{back.query}"

    assert Client().get(address).status_code == 400
    assert client.get(address).status_code == 302
    client.post("/sign-out")
    assert client.get(address).status_code == 400
    assert not is_signed_in(client)


@pytest.mark.parametrize("query", ["", "code=x", "state=x", "code=x&state=x", "error=x", "state=%00&code=%00"])
def test_a_made_up_way_back_signs_nobody_in(client, provider, query):
    answer = client.get(f"/sign-in/single-sign-on/back?{query}")

    assert answer.status_code == 400
    assert "Sign in again" in answer.text


def test_a_code_of_another_sign_in_does_not_fit(client, provider):
    """Somebody else's code in one's own way back: PKCE and the nonce are of the browser that began."""
    other = Client()
    stolen = parse_qs(urlsplit(at_the_provider(other.get("/sign-in/single-sign-on").headers["Location"])).query)
    back = parse_qs(urlsplit(at_the_provider(client.get("/sign-in/single-sign-on").headers["Location"])).query)

    answer = client.get("/sign-in/single-sign-on/back", {"code": stolen["code"][0], "state": back["state"][0]})

    assert refused(client, answer)


# Deactivation


def test_a_deactivated_person_stays_out(client, provider, admin):
    provider.person["email"] = ""
    come_back(client)
    users.deactivate(User.objects.get(username="ada.l"), by=admin)
    assert not is_signed_in(client)

    answer = come_back(client)

    assert answer.status_code == 403
    assert "deactivated" in answer.text
    assert not is_signed_in(client)


# Without passwords


def test_without_passwords_the_provider_and_passkeys_are_left(client, provider, settings, member):
    settings.ASSAY_PASSWORD_SIGN_IN = False

    page = client.get("/sign-in")
    assert 'name="password"' not in page.text
    assert "Sign in with Acme ID" in page.text
    assert client.post("/sign-in", {"username": "mel", "password": PASSWORD}).status_code == 403
    come_back(client)
    assert is_signed_in(client)


def test_keys_are_asked_for_each_time_so_that_a_rotation_costs_nothing(client, provider):
    come_back(client)
    provider.key = provider.signing_key = new_key()

    assert come_back(client).status_code == 302
