"""Users, groups and tokens in the administration: what changes goes through actions and into the audit log."""

import pytest
from django.contrib.auth.models import Group

from accounts.models import ApiToken, User
from core.models import AuditEvent
from tests.factories import PASSWORD, make_token, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(client, admin):
    client.force_login(admin)
    return client


@pytest.fixture
def board(db):
    return Group.objects.create(name="release-board")


def choose(client, page, action, *rows):
    return client.post(
        page, {"action": action, "_selected_action": [row.pk for row in rows], "index": "0"}, follow=True
    )


def change(client, user, **fields):
    form = {"username": user.username, "email": user.email, "is_active": "on", **fields}
    if user.is_superuser:
        form.setdefault("is_superuser", "on")
    kept = {name: value for name, value in form.items() if value is not None}
    return client.post(f"/admin/accounts/user/{user.pk}/change/", kept, follow=True)


def actions():
    return list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))


def test_a_new_person_signs_in(ada):
    ada.post("/admin/accounts/user/add/", {"username": "rob", "email": "rob@example.org", "password": PASSWORD})

    rob = User.objects.get(username="rob")
    assert rob.check_password(PASSWORD)
    assert not rob.is_staff
    assert "user.create" in actions()


def test_a_new_service_account_has_no_password(ada):
    ada.post("/admin/accounts/user/add/", {"username": "ci", "is_service": "on"})

    assert not User.objects.get(username="ci").has_usable_password()
    assert "user.create_service_account" in actions()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"username": "rob", "password": "short"}, "too short"),
        ({"username": "rob", "password": ""}, "too short"),
        ({"username": "mel", "password": PASSWORD}, "already exists"),
        ({"username": "a b", "password": PASSWORD}, "valid username"),
    ],
)
def test_what_will_not_do_is_said_at_the_form(ada, member, fields, said):
    page = ada.post("/admin/accounts/user/add/", fields)

    assert page.status_code == 200
    assert said in page.text
    assert User.objects.count() == 2


def test_a_person_becomes_site_admin_and_gets_groups(ada, member, board):
    change(ada, member, is_superuser="on", groups=[board.pk], first_name="Mel")

    member.refresh_from_db()
    assert (member.is_superuser, member.is_staff, member.first_name) == (True, True, "Mel")
    assert list(member.groups.all()) == [board]
    assert {"user.change", "user.set_groups"} <= set(actions())


def test_the_last_site_admin_stays_one(ada, admin):
    page = change(ada, admin, is_superuser=None)

    assert "last site admin" in page.text
    admin.refresh_from_db()
    assert admin.is_superuser


def test_what_is_refused_in_part_is_refused_whole(ada, admin):
    page = change(ada, admin, is_active=None, first_name="Ada")

    assert "last site admin" in page.text
    admin.refresh_from_db()
    assert admin.is_active
    assert admin.first_name == ""


def test_deactivating_ends_tokens(ada, member):
    make_token(member)

    change(ada, member, is_active=None)

    assert not ApiToken.objects.usable().filter(user=member).exists()
    assert "user.deactivate" in actions()


def test_a_forgotten_password_is_set_anew(ada, member):
    address = f"/admin/accounts/user/{member.pk}/password/"

    ada.post(address, {"password1": "another long password", "password2": "another long password"})

    member.refresh_from_db()
    assert member.check_password("another long password")
    assert AuditEvent.objects.filter(action="user.set_password", actor="ada", object_text="mel").exists()


def test_a_weak_password_is_not_set(ada, member):
    page = ada.post(f"/admin/accounts/user/{member.pk}/password/", {"password1": "short", "password2": "short"})

    assert "too short" in page.text
    member.refresh_from_db()
    assert member.check_password(PASSWORD)


def test_somebody_locked_out_is_let_in_again(ada, member, client):
    from django.test import Client

    elsewhere = Client()
    for number in range(12):
        elsewhere.post("/sign-in", {"username": "mel", "password": f"wrong {number}"})
    assert elsewhere.post("/sign-in", {"username": "mel", "password": PASSWORD}).status_code == 429

    choose(ada, "/admin/accounts/user/", "unlock", member)

    assert elsewhere.post("/sign-in", {"username": "mel", "password": PASSWORD}).status_code == 302
    assert "user.unlock" in actions()


def test_nobody_is_deleted(ada, member):
    assert ada.post(f"/admin/accounts/user/{member.pk}/delete/", {"post": "yes"}).status_code == 403
    assert User.objects.filter(pk=member.pk).exists()


def test_a_group_gets_members_and_another_name(ada, member, board):
    address = f"/admin/auth/group/{board.pk}/change/"

    ada.post(address, {"name": "reviewers", "members": [member.pk]})

    board.refresh_from_db()
    assert board.name == "reviewers"
    assert list(board.user_set.all()) == [member]
    assert {"group.rename", "group.set_members"} <= set(actions())


def test_a_group_is_made_and_deleted(ada, member):
    ada.post("/admin/auth/group/add/", {"name": "vision", "members": [member.pk]})
    group = Group.objects.get(name="vision")
    assert list(group.user_set.all()) == [member]

    ada.post(f"/admin/auth/group/{group.pk}/delete/", {"post": "yes"})

    assert not Group.objects.exists()
    assert {"group.create", "group.delete"} <= set(actions())


def test_a_token_is_revoked_and_never_shown(ada, member):
    token, secret = make_token(member)

    page = ada.get(f"/admin/accounts/apitoken/{token.pk}/change/").text
    assert secret not in page
    assert token.digest not in page

    choose(ada, "/admin/accounts/apitoken/", "revoke", token)

    token.refresh_from_db()
    assert not token.is_usable


@pytest.mark.parametrize("query", ["digest__startswith=a", "user__password__startswith=a"])
def test_secrets_cannot_be_asked_for_a_character_at_a_time(ada, member, query):
    make_token(member)

    assert ada.get(f"/admin/accounts/apitoken/?{query}").status_code == 400


def test_names_are_text(ada):
    user = make_user("rob", first_name="<img src=x onerror=alert(1)>", last_name="</script>{{7*7}}")
    make_token(user)
    Group.objects.create(name="<script>alert(1)</script>")

    for page in (
        "/admin/accounts/user/",
        f"/admin/accounts/user/{user.pk}/change/",
        "/admin/auth/group/",
        "/admin/accounts/apitoken/",
    ):
        text = ada.get(page).text
        assert "<img src=x" not in text
        assert "<script>alert" not in text
        assert "</script>{{7*7}}" not in text


@pytest.mark.parametrize(
    "path", ["", "accounts/user/", "accounts/user/add/", "auth/group/", "accounts/apitoken/", "core/auditevent/"]
)
def test_it_is_for_site_admins_alone(client, member, path):
    assert client.get(f"/admin/{path}").status_code == 302

    client.force_login(member)
    assert client.get(f"/admin/{path}", follow=True).status_code == 403


def test_staff_without_being_site_admin_change_nothing(client, member, admin):
    staff = make_user("stan", is_staff=True)
    client.force_login(staff)

    assert change(client, staff, is_superuser="on").status_code == 403
    staff.refresh_from_db()
    assert not staff.is_superuser


def test_the_list_of_users_costs_the_same_whoever_there_is(ada, django_assert_max_num_queries):
    for _ in range(30):
        make_user()

    with django_assert_max_num_queries(10):
        ada.get("/admin/accounts/user/")
