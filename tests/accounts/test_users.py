"""What happens to accounts: service accounts, deactivation."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.actions import users
from accounts.models import User
from core.errors import Conflict, InvalidValue, NotAllowed
from core.models import AuditEvent
from tests.factories import make_token, make_user

pytestmark = pytest.mark.django_db


def test_a_service_account_has_no_password(admin, client):
    user = users.create_service_account("ci", by=admin)

    assert user.is_service
    assert not user.has_usable_password()
    assert client.post("/sign-in", {"username": "ci", "password": "!"}).status_code == 200


def test_a_service_account_uses_tokens(admin, api_as):
    user = users.create_service_account("ci", by=admin)

    assert api_as(user).get("/api/v1/me").json()["is_service_account"] is True


def test_only_site_admins_make_service_accounts(member):
    with pytest.raises(NotAllowed):
        users.create_service_account("ci", by=member)


@pytest.mark.parametrize("name", ["", "a b", "../x", "x" * 151])
def test_names_that_will_not_do_are_refused(admin, name):
    with pytest.raises(InvalidValue):
        users.create_service_account(name, by=admin)


def test_a_name_is_given_once(admin, member):
    with pytest.raises(Conflict):
        users.create_service_account(member.username, by=admin)


def test_the_tokens_of_a_deactivated_user_die(admin, member, api_as):
    client = api_as(member)
    assert client.get("/api/v1/me").status_code == 200

    users.deactivate(member, by=admin)
    # each process forgets what it knew of a token within a second
    from accounts import credentials

    credentials._tokens.clear()

    assert client.get("/api/v1/me").status_code == 401


def test_the_tokens_stay_dead_when_the_user_is_active_again(admin, member, api_as):
    client = api_as(member)

    users.deactivate(member, by=admin)
    users.activate(member, by=admin)

    assert client.get("/api/v1/me").status_code == 401
    assert api_as(member).get("/api/v1/me").status_code == 200


def test_the_session_of_a_deactivated_user_ends(admin, member, client):
    client.force_login(member)

    users.deactivate(member, by=admin)

    assert client.get("/account").status_code == 302


def test_the_sessions_stay_ended_when_the_user_is_active_again(admin, member, client):
    client.force_login(member)
    elsewhere = Client()
    elsewhere.force_login(member)

    users.deactivate(member, by=admin)
    # one that was used meanwhile, and one that was not
    client.get("/account")
    users.activate(member, by=admin)

    assert [each.get("/account").status_code for each in (client, elsewhere)] == [302, 302]
    client.force_login(member)
    assert client.get("/account").status_code == 200


def test_a_deactivation_stands_in_the_audit_log_with_its_tokens(admin, member):
    make_token(member)

    users.deactivate(member, by=admin)

    actions = [event.action for event in AuditEvent.objects.filter(actor_id=admin.pk).order_by("pk")]
    assert actions == ["token.revoke", "user.deactivate"]


def test_the_last_site_admin_cannot_be_barred(admin):
    with pytest.raises(InvalidValue):
        users.deactivate(admin, by=admin)

    make_user(is_superuser=True)
    users.deactivate(admin, by=admin)
    assert not User.objects.get(pk=admin.pk).is_active


def test_members_bar_nobody(member, stranger):
    with pytest.raises(NotAllowed):
        users.deactivate(stranger, by=member)


def test_the_command_makes_a_service_account():
    call_command("create_service_account", "ci", stdout=StringIO())

    assert User.objects.get(username="ci").is_service


def test_the_command_says_why_not(member):
    with pytest.raises(CommandError, match="already"):
        call_command("create_service_account", member.username)
