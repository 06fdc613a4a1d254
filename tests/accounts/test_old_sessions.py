"""Sessions that are over leave the database."""

from datetime import timedelta

import time_machine
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts import old_sessions


def test_sessions_that_are_over_are_forgotten_and_others_go_on(client, member, settings):
    settings.SESSION_COOKIE_AGE = 3600
    Client().force_login(member)
    settings.SESSION_COOKIE_AGE = 3 * 3600
    client.force_login(member)

    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        call_command("run_periodic", "sessions.forget_expired")

        assert Session.objects.count() == 1
        assert client.get("/account").status_code == 200


def test_many_go_in_batches(db, monkeypatch):
    monkeypatch.setattr(old_sessions, "BATCH", 2)
    over = timezone.now() - timedelta(days=1)
    Session.objects.bulk_create(Session(session_key=f"{number:032}", expire_date=over) for number in range(5))

    assert old_sessions.forget(limit=2) == 2
    assert old_sessions.forget() == 3
