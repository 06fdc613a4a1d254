"""Another SECRET_KEY: what the one before made is understood while it is named, and encrypted anew by `reseal`."""

import os
import subprocess
import sys

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.core import signing
from django.core.management import CommandError, call_command

from accounts import links
from core.errors import InvalidValue
from core.models import AuditEvent, Webhook
from core.secret_text import reseal, seal, unseal
from tests.factories import PASSWORD, make_user
from tests.servers import ROOT

OLD, NEW = "the old key of the site, which is long enough", "the new key of the site, which is long enough, too"

pytestmark = pytest.mark.django_db


@pytest.fixture
def rotate(settings):
    """rotate(): from now on the site has another key, and knows the one before."""
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = OLD, []

    def turn():
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [OLD]

    return turn


@pytest.fixture
def forget(settings):
    """forget(): the key before is taken away."""

    def turn():
        settings.SECRET_KEY_FALLBACKS = []

    return turn


def make_webhook(admin, secret="told to nobody"):
    return Webhook.objects.create(
        vocabulary="mlflow", name="hook", url="https://example.org", events=[], sealed_secret=seal(secret), owner=admin
    )


def test_sessions_and_links_of_the_old_key_go_on_until_it_is_taken_away(client, rotate, forget, settings):
    rita = make_user("rita")
    link, signed = f"/reset/{links.reset_tokens.link(rita)}", signing.dumps("what", salt="x")
    client.post("/sign-in", {"username": "rita", "password": PASSWORD})
    # signing in ends the link, as it must
    other = make_user("mel")
    link = f"/reset/{links.reset_tokens.link(other)}"

    rotate()
    assert client.get("/account").status_code == 200
    assert client.get(link).status_code == 200
    assert signing.loads(signed, salt="x") == "what"

    forget()
    assert client.get(link).status_code == 404
    with pytest.raises(signing.BadSignature):
        signing.loads(signed, salt="x")


def test_a_session_that_was_used_since_goes_on_after_the_old_key(client, rotate, forget):
    make_user("rita")
    client.post("/sign-in", {"username": "rita", "password": PASSWORD})
    rotate()
    client.get("/account")

    forget()

    assert client.get("/account").status_code == 200


def test_a_session_that_was_not_used_since_ends_with_the_old_key(client, rotate, forget):
    make_user("rita")
    client.post("/sign-in", {"username": "rita", "password": PASSWORD})
    rotate()

    forget()

    assert client.get("/account").status_code == 302


def test_what_an_old_key_encrypted_is_read_and_new_texts_are_not_made_with_it(rotate, forget):
    old = seal("molten")
    rotate()

    assert unseal(old) == "molten"
    new = seal("cast")
    forget()
    assert unseal(new) == "cast"
    with pytest.raises(InvalidValue, match="under another SECRET_KEY"):
        unseal(old)


def test_resealing_leaves_alone_what_is_so_already(rotate):
    old = seal("molten")
    assert reseal(old) == old
    rotate()

    new = reseal(old)

    assert new != old
    assert reseal(new) == new


def test_after_reseal_the_old_key_is_needed_for_nothing(admin, rotate, forget, capsys):
    webhook = make_webhook(admin)
    secret = "JBSWY3DPEHPK3PXP"
    TOTP.activate(admin, secret)
    codes = RecoveryCodes.activate(admin).generate_codes()
    updated_at = webhook.updated_at
    rotate()

    call_command("reseal")
    forget()

    assert capsys.readouterr().out.splitlines() == [
        "secrets of webhooks: 1 encrypted anew",
        "second factors: 2 encrypted anew",
    ]
    webhook.refresh_from_db()
    assert unseal(webhook.sealed_secret) == "told to nobody"
    assert webhook.updated_at == updated_at
    assert unseal(Authenticator.objects.get(type="totp").data["secret"]) == secret
    assert RecoveryCodes.activate(admin).generate_codes() == codes
    event = AuditEvent.objects.get(action="site.reseal")
    assert event.details == {"secrets of webhooks": 1, "second factors": 2}


def test_a_used_recovery_code_stays_used(admin, rotate, forget):
    recovery = RecoveryCodes.activate(admin)
    used, *_ = recovery.generate_codes()
    assert recovery.validate_code(used)
    rotate()

    call_command("reseal")
    forget()

    assert not RecoveryCodes.activate(admin).validate_code(used)


def test_it_may_be_repeated_and_then_does_nothing(admin, rotate, capsys):
    make_webhook(admin)
    rotate()
    call_command("reseal")
    capsys.readouterr()

    call_command("reseal")

    assert "secrets of webhooks: 0 encrypted anew" in capsys.readouterr().out
    assert AuditEvent.objects.filter(action="site.reseal").count() == 1


def test_what_no_key_reads_is_named_and_the_rest_is_done(admin, rotate, forget, capsys):
    lost = make_webhook(admin)
    rotate()
    forget()
    make_webhook(admin, "of today")

    with pytest.raises(CommandError, match="No key that is set reads 1 of secrets of webhooks: name the older keys"):
        call_command("reseal")

    before = lost.sealed_secret
    lost.refresh_from_db()
    assert lost.sealed_secret == before


@pytest.mark.parametrize("way", ["variable", "file"])
def test_older_keys_come_by_a_variable_or_by_a_file(tmp_path, way):
    (tmp_path / "keys").write_text("one\ntwo\n")
    given = (
        {"SECRET_KEY_FALLBACKS": "one, two"} if way == "variable" else {"SECRET_KEY_FALLBACKS_FILE": f"{tmp_path}/keys"}
    )
    script = "import django; django.setup(); from django.conf import settings; print(settings.SECRET_KEY_FALLBACKS)"
    environment = {**os.environ, "ASSAY_HOME": str(tmp_path), "DJANGO_SETTINGS_MODULE": "portal.settings", **given}

    done = subprocess.run([sys.executable, "-c", script], env=environment, cwd=ROOT, capture_output=True, text=True)

    assert done.stdout.strip() == "['one', 'two']", done.stderr
