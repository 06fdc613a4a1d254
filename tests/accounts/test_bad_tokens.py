"""Tokens and passwords that open nothing, however they are bent."""

import base64
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import ApiToken
from tests.factories import PASSWORD, make_token, make_user

pytestmark = pytest.mark.django_db


def status(client, authorization: str) -> int:
    return client.get("/api/v1/me", headers={"Authorization": authorization}).status_code


@pytest.fixture
def secret(member):
    return make_token(member)[1]


BENT = {
    "truncated": lambda secret: secret[:-1],
    "longer": lambda secret: secret + "0",
    "one letter": lambda secret: secret[:-10] + ("A" if secret[-10] != "A" else "B") + secret[-9:],
    "another prefix": lambda secret: secret.replace("assay_", "essay_"),
    "no prefix": lambda secret: secret.removeprefix("assay_"),
    "upper case": lambda secret: secret.upper(),
    "wide letters": lambda secret: "\uff41" + secret[1:],
    "twice": lambda secret: f"{secret} {secret}",
    "in quotes": lambda secret: f'"{secret}"',
    "long": lambda secret: secret * 1000,
    "empty": lambda secret: "",
    "its hash": lambda secret: ApiToken.objects.get().digest,
    "what is shown of it": lambda secret: ApiToken.objects.get().prefix,
}


@pytest.mark.parametrize("bent", BENT)
def test_a_bent_token_opens_nothing(client, secret, bent):
    wrong = BENT[bent](secret)

    assert status(client, f"Bearer {wrong}".encode().decode("latin-1")) == 401
    assert status(client, "Basic " + base64.b64encode(f"mel:{wrong}".encode()).decode()) == 401
    assert status(client, f"Bearer {secret}") == 200


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic", "Basic !!!", "Basic bWVs", "Digest x", "bearer\t", "Token {}", "{}", "Basic {}"],
)
def test_a_bent_header_is_refused(client, secret, header):
    # an empty one is like none: the long way, which asks who it is
    assert status(client, header.format(secret)) == 401


def test_an_expired_token_opens_nothing(client, member):
    token, secret = make_token(member, expires_at=timezone.now() + timedelta(hours=1))
    assert status(client, f"Bearer {secret}") == 200

    ApiToken.objects.filter(pk=token.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    from accounts import credentials

    credentials._tokens.clear()

    assert status(client, f"Bearer {secret}") == 401


def test_a_token_that_expires_while_it_is_remembered_is_dead_on_time(client, member):
    _, secret = make_token(member, expires_at=timezone.now() + timedelta(hours=1))
    assert status(client, f"Bearer {secret}") == 200
    from accounts import credentials

    for _, remembered in credentials._tokens.values():
        remembered.expires_at = timezone.now() - timedelta(seconds=1)

    assert status(client, f"Bearer {secret}") == 401


def test_the_database_holds_no_token_and_no_password(client, member, secret):
    client.post("/sign-in", {"username": "mel", "password": PASSWORD})
    status(client, "Basic " + base64.b64encode(f"mel:{PASSWORD}".encode()).decode())

    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            rows = str(cursor.fetchall())
            assert secret not in rows, table
            assert PASSWORD not in rows, table


def test_neither_stands_in_the_log_nor_in_an_answer(client, member, secret, caplog):
    answers = [
        client.get("/api/v1/me", headers={"Authorization": f"Bearer {secret[:-1]}"}),
        client.get("/api/v1/me", headers={"Authorization": f"Bearer {secret}"}),
        client.get("/account/tokens", headers={"Authorization": f"Bearer {secret}"}),
        client.post("/sign-in", {"username": "mel", "password": PASSWORD + "x"}),
    ]

    assert not [answer for answer in answers if secret[20:40] in answer.text or PASSWORD in answer.text]
    assert secret[20:40] not in caplog.text
    assert PASSWORD not in caplog.text


def test_a_service_account_s_password_opens_nothing_even_if_it_has_one(client):
    make_user("ci", is_service=True, password=PASSWORD)

    assert status(client, "Basic " + base64.b64encode(f"ci:{PASSWORD}".encode()).decode()) == 401
    assert "sign-in" in client.get("/").url
    client.post("/sign-in", {"username": "ci", "password": PASSWORD})
    assert client.get("/").status_code == 302
