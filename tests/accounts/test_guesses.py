"""Names and passwords that somebody tries: none is known beforehand, and no answer tells which names there are."""

import base64

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher

from accounts.models import User
from tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db


def over_basic(client, username: str, password: str):
    header = base64.b64encode(f"{username}:{password}".encode()).decode()
    return client.get("/api/v1/me", headers={"Authorization": f"Basic {header}"})


def by_form(client, username: str, password: str):
    return client.post("/sign-in", {"username": username, "password": password})


WAYS = {"over Basic": over_basic, "by the form": by_form}
DEFAULTS = [("admin", "admin"), ("admin", "password"), ("admin", "password1234"), ("assay", "assay"), ("root", ""), ("mlflow", "mlflow"), ("", "")]  # fmt: skip


@pytest.mark.parametrize(("username", "password"), DEFAULTS)
def test_nobody_is_there_from_the_start(client, username, password):
    assert not User.objects.exists()

    assert over_basic(client, username, password).status_code == 401
    assert by_form(client, username, password).status_code == 200
    assert client.get("/account").status_code == 302


@pytest.fixture
def num_hashed(monkeypatch):
    """num_hashed(): how many passwords were hashed since it was last asked, which is what an answer's time is made of."""
    hashed, encode = [], MD5PasswordHasher.encode
    monkeypatch.setattr(MD5PasswordHasher, "encode", lambda *args, **kw: hashed.append(1) or encode(*args, **kw))

    def count():
        number = len(hashed)
        hashed.clear()
        return number

    return count


@pytest.mark.parametrize("way", WAYS)
def test_an_unknown_name_takes_as_long_as_a_wrong_password(client, member, num_hashed, way):
    make_user("ci", is_service=True, password=None)
    make_user("gone", is_active=False)
    num_hashed()

    answers, costs = {}, {}
    for username in ("mel", "nobody", "gone", "ci", "MEL", "x" * 150, "é"):
        answers[username] = WAYS[way](client, username, "a wrong password")
        costs[username] = num_hashed()

    assert set(costs.values()) == {1}, costs
    assert len({answer.status_code for answer in answers.values()}) == 1


ODD = [
    "",
    "../x",
    "a/b",
    ".",
    "x" * 300,
    "x" * 100_000,
    "💎",
    "%2f",
    "a\0b",
    "a\nb",
    "' OR 1=1 --",
    "mel\u200b",
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("odd", ODD, ids=lambda text: ascii(text)[:20])
def test_odd_names_and_passwords_are_wrong_ones(client, member, way, odd):
    for username, password in ((odd, PASSWORD), ("mel", odd)):
        answer = WAYS[way](client, username, password)

        assert answer.status_code == (200 if way == "by the form" else 401)
        assert client.get("/account").status_code == 302
