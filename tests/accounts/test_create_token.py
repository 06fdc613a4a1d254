"""python manage.py create_token"""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.access import Scope
from accounts.actions import users
from accounts.credentials import digest
from accounts.models import ApiToken

pytestmark = pytest.mark.django_db


def create(*arguments) -> str:
    out = StringIO()
    call_command("create_token", *arguments, stdout=out)
    return out.getvalue()


def test_it_prints_the_token_alone(member):
    printed = create("--user", "mel")

    assert ApiToken.objects.get().digest == digest(printed.removesuffix("\n"))


def test_a_token_logs_for_90_days_unless_told_otherwise(member):
    create("--user", "mel")

    token = ApiToken.objects.get()
    assert (token.user, token.scope) == (member, Scope.LOG)
    assert abs(token.expires_at - timezone.now() - timedelta(days=90)) < timedelta(minutes=1)


@pytest.mark.parametrize("scope", ["read", "log", "full"])
def test_it_takes_a_scope(member, scope):
    create("--user", "mel", "--scope", scope)

    assert ApiToken.objects.get().scope == Scope[scope.upper()]


@pytest.mark.parametrize(("text", "hours"), [("1h", 1), ("2d", 48), ("1w", 168)])
def test_it_takes_a_lifetime(member, text, hours):
    create("--user", "mel", "--expires", text)

    assert abs(ApiToken.objects.get().expires_at - timezone.now() - timedelta(hours=hours)) < timedelta(minutes=1)


def test_it_may_never_expire(member):
    create("--user", "mel", "--expires", "never")

    assert ApiToken.objects.get().expires_at is None


@pytest.mark.parametrize("text", ["", "0d", "90", "-1d", "1y", "99999d", "٣d"])
def test_a_lifetime_that_cannot_be_read_is_refused(member, text):
    with pytest.raises(CommandError, match="expires"):
        create("--user", "mel", "--expires", text)


def test_it_takes_a_name(member):
    create("--user", "mel", "--name", "nightly")

    assert ApiToken.objects.get().name == "nightly"


def test_a_user_that_is_not_there_is_told(db):
    with pytest.raises(CommandError, match="no active user named 'nobody'"):
        create("--user", "nobody")


def test_a_deactivated_user_gets_none(member):
    users.deactivate(member, by=None)

    with pytest.raises(CommandError):
        create("--user", "mel")
