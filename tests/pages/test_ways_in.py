"""Ways in for who has none: a new password by mail, an invitation, a link from the command line. Mails go to a real server."""

import re
from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts import links
from accounts.actions import invitations, resets, users
from accounts.models import Invitation, User
from core import jobs
from core.errors import InvalidValue, NotAllowed
from core.models import AuditEvent, Job
from tests.factories import PASSWORD, make_user
from tests.mail_server import MailServer

pytestmark = pytest.mark.django_db

NEW = "another long password"


@pytest.fixture(scope="module")
def running():
    with MailServer() as server:
        yield server


@pytest.fixture
def mail(running, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", running.port
    settings.ASSAY_SENDS_MAIL = True
    settings.ASSAY_URL = "http://testserver"
    for kept in (running.mails, running.recipients, running.answers):
        kept.clear()
    # of this process alone: another one's tests empty a cache that is shared
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()
    return running


@pytest.fixture
def rita(db):
    return make_user("rita", email="rita@example.org")


def post(mail) -> list[str]:
    """Have a worker do what waits; return the text of each mail."""
    while jobs.run_next():
        pass
    return [each.get_content().replace("\r\n", "\n") for each in mail.mails]


def link_in(text: str) -> str:
    """Return the path of the link in a mail."""
    return re.search(r"http://testserver(/(?:reset|invitation)/\S+)", text)[1]


def forget(client, email="rita@example.org"):
    return client.post("/sign-in/forgotten", {"email": email})


def set_password(client, path, new=NEW):
    return client.post(path, {"password": new, "again": new})


def is_signed_in(client) -> bool:
    return client.get("/account").status_code == 200


# A new password by mail


def test_a_forgotten_password_is_set_by_mail(client, mail, rita):
    forget(client)
    (text,) = post(mail)
    assert mail.recipients == ["rita@example.org"]
    assert "new password of rita" in text

    assert client.get(link_in(text)).status_code == 200
    assert set_password(client, link_in(text)).url == "/sign-in"

    assert client.post("/sign-in", {"username": "rita", "password": NEW}).url == "/"


def test_the_link_works_once(client, mail, rita):
    forget(client)
    path = link_in(post(mail)[0])
    set_password(client, path)

    assert set_password(client, path, "a third long password").status_code == 404
    rita.refresh_from_db()
    assert rita.check_password(NEW)


def test_the_link_ends_after_a_day(client, mail, rita):
    forget(client)
    path = link_in(post(mail)[0])

    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        assert client.get(path).status_code == 404
        assert set_password(client, path).status_code == 404


def test_the_link_ends_when_its_owner_signs_in_or_is_deactivated(client, mail, rita, admin):
    path = f"/reset/{links.reset_tokens.link(rita)}"
    client.post("/sign-in", {"username": "rita", "password": PASSWORD})
    assert Client().get(path).status_code == 404

    rita.refresh_from_db()
    path = f"/reset/{links.reset_tokens.link(rita)}"
    users.deactivate(rita, by=admin)
    assert Client().get(path).status_code == 404


def test_a_new_password_ends_other_sessions(client, mail, rita):
    elsewhere = Client()
    elsewhere.force_login(rita)
    rita.refresh_from_db()

    set_password(client, f"/reset/{links.reset_tokens.link(rita)}")

    assert not is_signed_in(elsewhere)


def test_a_weak_or_different_password_is_refused(client, rita):
    path = f"/reset/{links.reset_tokens.link(rita)}"

    assert "too short" in set_password(client, path, "short").text
    assert "differ" in client.post(path, {"password": NEW, "again": PASSWORD}).text
    rita.refresh_from_db()
    assert rita.check_password(PASSWORD)


def test_the_answer_does_not_tell_whose_address_it_is(client, mail, rita):
    make_user("ci", is_service=True, password=None, email="ci@example.org")
    make_user("gone", is_active=False, email="gone@example.org")
    sso = make_user("sso", email="sso@example.org")
    sso.set_unusable_password()
    sso.save()

    answers = {forget(client, f"{who}@example.org").text for who in ("rita", "nobody", "ci", "gone", "sso")}

    assert len(answers) == 1
    post(mail)
    assert mail.recipients == ["rita@example.org"]


def test_asking_again_and_again_fills_no_box(client, mail, rita):
    for _ in range(8):
        forget(client)

    assert len(post(mail)) == 3


def test_no_link_waits_in_the_database(client, mail, rita, admin):
    forget(client)
    invitations.create("new@example.org", by=admin)

    stored = str([*Job.objects.values(), *Invitation.objects.values(), *AuditEvent.objects.values()])
    for text in post(mail):
        assert link_in(text).rpartition("/")[2] not in stored


@pytest.mark.parametrize(("place", "tokens"), [("reset", links.reset_tokens), ("sign-in/link", links.sign_in_tokens)])
def test_a_link_from_before_a_deactivation_does_not_live_again(client, rita, admin, place, tokens):
    path = f"/{place}/{tokens.link(rita)}"
    assert client.get(path).status_code == 200

    users.deactivate(rita, by=admin)
    users.activate(rita, by=admin)

    assert client.get(path).status_code == 404
    rita.refresh_from_db()
    assert client.get(f"/{place}/{tokens.link(rita)}").status_code == 200


@pytest.mark.parametrize("token", ["x", "1-", "1-x-y", "-", "0", "9" * 30 + "-x", "１-x", "é", "a\0b"])
@pytest.mark.parametrize("place", ["reset", "sign-in/link", "invitation"])
def test_made_up_links_open_nothing(client, rita, place, token):
    assert client.get(f"/{place}/{token}").status_code == 404


def test_a_link_for_one_thing_does_not_do_for_another(client, rita):
    assert client.get(f"/sign-in/link/{links.reset_tokens.link(rita)}").status_code == 404
    assert client.get(f"/reset/{links.sign_in_tokens.link(rita)}").status_code == 404


def test_without_mail_a_site_admin_makes_the_link(client, rita, admin):
    assert "site administrator" in client.get("/sign-in/forgotten", follow=True).text
    assert "/sign-in/forgotten" not in client.get("/sign-in").text
    client.force_login(admin)

    page = client.post("/admin/accounts/user/", {"action": "reset_link", "_selected_action": [rita.pk]}, follow=True)

    path = re.search(r"/reset/[\w-]+", page.text)[0]
    assert set_password(Client(), path).url == "/sign-in"


def test_nobody_else_makes_links(rita, member):
    with pytest.raises(NotAllowed):
        resets.link_for(rita, by=member)


def test_a_service_account_gets_none(admin):
    with pytest.raises(InvalidValue):
        resets.link_for(make_user("ci", is_service=True, password=None), by=admin)


# Invitations


@pytest.fixture
def vision(db):
    return Group.objects.create(name="Vision")


def join(client, path, username="new", **fields):
    return client.post(path, {"username": username, "password": NEW, "again": NEW, **fields})


def test_who_is_invited_joins_with_groups(client, mail, admin, vision):
    client.force_login(admin)
    client.post("/invitations", {"email": "new@example.org", "groups": [vision.pk]})
    (text,) = post(mail)
    assert mail.recipients == ["new@example.org"]

    other = Client()
    assert "ada invites new@example.org" in other.get(link_in(text)).text
    assert join(other, link_in(text), first_name="New").url == "/"

    user = User.objects.get(username="new")
    assert (user.email, user.first_name, user.is_superuser) == ("new@example.org", "New", False)
    assert list(user.groups.all()) == [vision]
    assert is_signed_in(other)
    assert AuditEvent.objects.filter(action="invitation.accept", actor="new").exists()


def test_an_invitation_works_once(client, admin):
    path = links.to_join(invitations.create("new@example.org", by=admin)).partition("127.0.0.1:5000")[2]
    join(client, path)

    assert Client().get(path).status_code == 404
    assert join(Client(), path, "second").status_code == 404
    assert not User.objects.filter(username="second").exists()


def test_without_mail_the_link_is_there_to_copy(client, admin):
    client.force_login(admin)

    client.post("/invitations", {"email": "new@example.org", "is_site_admin": "on"})

    page = client.get("/invitations").text
    path = re.search(r'data-copy="[^"]*(/invitation/[^"]+)"', page)[1]
    join(Client(), path)
    assert User.objects.get(username="new").is_superuser


def ended(invitation, admin):
    return {
        "withdrawn": lambda: invitations.withdraw(invitation, by=admin),
        "too old": lambda: Invitation.objects.update(expires_at=timezone.now()),
        "replaced": lambda: invitations.create("NEW@example.org", by=admin),
        "of somebody who left": lambda: users.deactivate(invitation.invited_by, by=admin),
        "of somebody who may not invite any more": lambda: users.change(
            invitation.invited_by, is_superuser=False, by=admin
        ),
    }


@pytest.mark.parametrize(
    "how", ["withdrawn", "too old", "replaced", "of somebody who left", "of somebody who may not invite any more"]
)
def test_an_invitation_that_ended_opens_nothing(client, admin, how):
    invitation = invitations.create("new@example.org", by=make_user("boss", is_superuser=True))
    path = f"/invitation/{links.to_join(invitation).rpartition('/')[2]}"
    assert client.get(path).status_code == 200

    ended(invitation, admin)[how]()

    assert client.get(path).status_code == 404
    assert join(client, path).status_code == 404


def test_a_taken_name_and_a_weak_password_are_said(client, admin, member):
    path = f"/invitation/{links.to_join(invitations.create('new@example.org', by=admin)).rpartition('/')[2]}"

    assert "a user named" in join(client, path, "mel").text
    assert "too short" in join(client, path, password="short", again="short").text
    assert Invitation.objects.exists()


def test_without_passwords_nobody_is_invited(client, admin, settings):
    settings.ASSAY_PASSWORD_SIGN_IN = False
    client.force_login(admin)

    assert "so that nobody is invited" in client.post("/invitations", {"email": "new@example.org"}).text
    assert not Invitation.objects.exists()
    assert not Job.objects.exists()


def test_only_site_admins_invite(client, member):
    client.force_login(member)

    assert client.get("/invitations").status_code == 404
    with pytest.raises(NotAllowed):
        invitations.create("new@example.org", by=member)


def test_an_address_that_has_an_account_is_not_invited(client, admin, rita):
    client.force_login(admin)

    assert "has an account already" in client.post("/invitations", {"email": "Rita@example.org"}).text


def test_the_list_asks_the_database_as_often_however_long_it_is(client, admin, vision, django_assert_max_num_queries):
    for number in range(12):
        invitations.create(f"new{number}@example.org", [vision], by=admin)
    client.force_login(admin)

    with django_assert_max_num_queries(12):
        client.get("/invitations")


# From the command line


def test_a_link_from_the_command_line_signs_in_once(client, admin, settings):
    settings.ASSAY_PASSWORD_SIGN_IN = False
    printed = StringIO()
    call_command("sign_in_link", "--user", "ada", stdout=printed)
    path = f"/sign-in/link/{printed.getvalue().strip().rpartition('/')[2]}"

    # programs that look at links do not use them up
    assert client.get(path).status_code == 200
    assert client.post(path).url == "/"
    assert is_signed_in(client)

    assert Client().post(path).status_code == 404


def test_the_command_says_why_not(db):
    with pytest.raises(CommandError, match="no active person"):
        call_command("sign_in_link", "--user", "nobody")
