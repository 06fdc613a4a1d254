"""Sign-ins in the audit log."""

import base64

import pytest

from core.models import AuditEvent
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db


def sign_in(client, username, password, **headers):
    return client.post("/sign-in", {"username": username, "password": password}, **headers)


def recorded() -> list[tuple]:
    """Return (action, actor, whom, address) of each event, oldest first."""
    events = AuditEvent.objects.order_by("pk")
    return [(event.action, event.actor, event.object_text, event.details["address"]) for event in events]


def test_signing_in_and_out_is_recorded(client, member):
    sign_in(client, "mel", PASSWORD, REMOTE_ADDR="192.0.2.7")
    client.post("/sign-out", REMOTE_ADDR="192.0.2.8")

    assert recorded() == [
        ("user.sign_in", "mel", "mel", "192.0.2.7"),
        ("user.sign_out", "mel", "mel", "192.0.2.8"),
    ]


def test_a_wrong_password_is_recorded_without_it(client, member):
    sign_in(client, "mel", "a wrong password", REMOTE_ADDR="192.0.2.7")

    assert recorded() == [("user.sign_in_failed", "system", "mel", "192.0.2.7")]
    assert "a wrong password" not in str(list(AuditEvent.objects.values()))


def test_a_wrong_password_over_basic_is_recorded(client, member):
    credentials = base64.b64encode(b"mel:a wrong password").decode()
    client.get("/api/v1/me", HTTP_AUTHORIZATION=f"Basic {credentials}")

    assert [event[0] for event in recorded()] == ["user.sign_in_failed"]


def test_a_name_that_nobody_has_is_not_written_down(client):
    sign_in(client, "my secret passphrase", "x")

    assert [event[2] for event in recorded()] == ["an unknown name"]
    assert "my secret passphrase" not in str(list(AuditEvent.objects.values()))


def test_guessing_is_locked_out_and_does_not_fill_the_log(client, member):
    for _ in range(20):
        sign_in(client, "mel", "a wrong password")

    actions = [event[0] for event in recorded()]
    assert actions.count("user.locked_out") == 1
    assert actions.count("user.sign_in_failed") <= 10
    assert sign_in(client, "mel", PASSWORD).status_code == 429


def test_its_owner_can_still_sign_in_from_elsewhere(client, member):
    for _ in range(11):
        sign_in(client, "mel", "a wrong password", REMOTE_ADDR="192.0.2.7")

    assert sign_in(client, "mel", PASSWORD, REMOTE_ADDR="192.0.2.8").status_code == 302


def test_what_a_caller_says_of_its_address_is_not_believed(client, member):
    sign_in(client, "mel", PASSWORD, REMOTE_ADDR="192.0.2.7", HTTP_X_FORWARDED_FOR="198.51.100.1")

    assert recorded()[0][3] == "192.0.2.7"


def test_behind_a_proxy_its_own_entry_counts(client, member, settings):
    settings.ASSAY_BEHIND_PROXY = True

    sign_in(client, "mel", PASSWORD, REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR="203.0.113.9, 192.0.2.7")

    assert recorded()[0][3] == "192.0.2.7"
