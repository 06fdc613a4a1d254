from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import expiring_tokens
from accounts.actions import tokens
from accounts.models import ApiToken
from core import notices
from core.models import Notice
from tests.factories import make_token, make_user


def token_of(user, *, made_days_ago, ends_in_days):
    now = timezone.now()
    token, _ = make_token(user, expires_at=now + timedelta(days=ends_in_days))
    ApiToken.objects.filter(pk=token.pk).update(created_at=now - timedelta(days=made_days_ago))
    return token


@pytest.mark.parametrize(
    ("made_days_ago", "ends_in_days", "is_told"),
    [(83, 6.5, True), (82, 7.5, False), (1, 6, False), (6, 1.9, True), (0.5, 0.4, False)],
)
def test_an_owner_is_told_in_time(member, made_days_ago, ends_in_days, is_told):
    token_of(member, made_days_ago=made_days_ago, ends_in_days=ends_in_days)

    expiring_tokens.tell(), expiring_tokens.tell()

    assert Notice.objects.filter(recipient=member).count() == is_told


def test_the_admins_are_told_of_a_service_accounts(admin, member):
    token = token_of(make_user("bot", is_service=True), made_days_ago=80, ends_in_days=3)

    expiring_tokens.tell()

    notice = Notice.objects.get()
    assert notice.recipient == admin
    assert "of bot ends on" in notice.text
    assert notices.addresses([notice], admin) == {notice.pk: "/account/service/bot/tokens"}
    assert notices.addresses([notice], member) == {}
    tokens.revoke(token, by=admin)
    assert notices.num_unread(admin) == 0
