"""Tokens and passwords that open nothing, however they are bent."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts import credentials
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
    credentials._tokens.clear()

    assert status(client, f"Bearer {secret}") == 401


def test_a_token_that_expires_while_it_is_remembered_is_dead_on_time(client, member):
    _, secret = make_token(member, expires_at=timezone.now() + timedelta(hours=1))
    assert status(client, f"Bearer {secret}") == 200
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


def test_who_is_not_let_in_reads_why_and_where_to_make_a_token(client, member):
    token, secret = make_token(member)

    def said(authorization: str | None) -> str:
        headers = {"Authorization": authorization} if authorization else {}
        return client.get("/api/2.0/mlflow/runs/get", headers=headers).json()["message"]

    unknown = credentials.new_secret()
    told = [said(None), *map(said, ("Token x", "Bearer dapi0", f"Bearer {secret[:-1]}", f"Bearer {unknown}"))]
    ApiToken.objects.filter(pk=token.pk).update(expires_at=datetime(2026, 5, 3, tzinfo=UTC))
    told.append(said(f"Bearer {secret}"))
    ApiToken.objects.filter(pk=token.pk).update(revoked_at=datetime(2026, 5, 2, tzinfo=UTC))
    told.append(said(f"Bearer {secret}"))
    told.append(said("Basic " + base64.b64encode(b"mel:wrong").decode()))

    what_to_do = f" Set MLFLOW_TRACKING_TOKEN to a token made at {settings.ASSAY_URL}/account/tokens"
    assert told == [
        f"{why}.{what_to_do}"
        for why in (
            "Nobody is signed in",
            "The Authorization header is neither Bearer nor Basic",
            "The token is not valid: tokens of Assay begin with assay_",
            "The token is not valid: it is incomplete or mistyped",
            "The token is not valid: it is unknown here",
            "The token is not valid: it expired on 2026-05-03",
            "The token is not valid: it was revoked on 2026-05-02",
            "The name or the password is wrong",
        )
    ]


def test_the_token_of_a_switched_off_account_says_so(client):
    _, secret = make_token(make_user("gone", is_active=False))

    answer = client.get("/api/v1/me", headers={"Authorization": f"Bearer {secret}"})

    assert (answer.status_code, "its account is switched off" in answer.json()["message"]) == (401, True)
