import pytest
from django.test import Client

from accounts.actions import setup
from accounts.models import User

GOOD = {
    "username": "ada",
    "email": "ada@example.org",
    "password": "of what is it made",
    "again": "of what is it made",
}


@pytest.fixture
def link(db):
    return setup.path_of(setup.new_token())


def test_the_link_makes_an_administrator_who_is_signed_in(client, link):
    answer = client.post(link, GOOD)

    assert answer.url == "/"
    assert User.objects.get().is_superuser
    assert client.get("/account").status_code == 200


def test_the_link_works_once(client, link):
    client.post(link, GOOD)

    assert client.get(link).status_code == 404
    assert client.post(link, {**GOOD, "username": "eve"}).status_code == 404
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"password": "", "again": ""},
        {"password": "short", "again": "short"},
        {"password": "password1234", "again": "password1234"},
        {"password": "ada@example.org", "again": "ada@example.org"},
        {"again": "something else entirely"},
        {"username": ""},
        {"username": "a b"},
        {"email": "nowhere"},
    ],
)
def test_what_will_not_do_is_said_and_makes_nobody(client, link, fields):
    page = client.post(link, {**GOOD, **fields})

    assert page.status_code == 200
    assert "errorlist" in page.text or "banner bad" in page.text
    assert not User.objects.exists()


def test_a_made_up_link_is_none(client, db):
    assert client.get("/setup/made-up").status_code == 404


def test_passwords_do_not_come_back_in_the_page(client, link):
    assert "of what is it made" not in client.post(link, {**GOOD, "username": ""}).text


def fail(*args, **kwargs):
    raise RuntimeError("unforeseen")


def test_a_link_that_fails_does_not_stand_in_the_log(client, link, log, monkeypatch):
    monkeypatch.setattr(setup, "create_first_admin", fail)
    client.raise_request_exception = False

    assert client.post(link, GOOD).status_code == 500

    assert "/setup/…" in log.getvalue()
    assert link not in log.getvalue()


def test_a_form_without_its_token_does_not_tell_the_link_to_the_log(link, log):
    assert Client(enforce_csrf_checks=True).post(link, GOOD).status_code == 403

    assert "/setup/…" in log.getvalue()
    assert link not in log.getvalue()
