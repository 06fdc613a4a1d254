import socket

import pytest
from django.db import OperationalError
from django.test import Client, RequestFactory

from accounts.access import Level
from core.errors import Conflict, InvalidFilter, InvalidValue, NotAllowed, NotFound, Unavailable
from pages.errors import DomainErrorPages
from tests.factories import PASSWORD, grant, make_experiment, make_run


@pytest.fixture
def answer(member):
    def to(error, **headers):
        request = RequestFactory().get("/experiments", headers=headers)
        request.user = member
        return DomainErrorPages(None).process_exception(request, error)

    return to


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFound, 404),
        (NotAllowed, 403),
        (InvalidValue, 400),
        (InvalidFilter, 400),
        (Conflict, 409),
        (Unavailable, 503),
    ],
)
def test_each_error_is_a_page_with_its_message(answer, error, status):
    response = answer(error("It is so."))

    assert response.status_code == status
    assert "It is so." in response.content.decode()


def test_a_message_is_escaped(answer):
    response = answer(NotFound("<img src=x onerror=alert(1)>"))

    assert b"<img src=x" not in response.content


def test_a_part_of_a_page_gets_the_message_alone(answer):
    response = answer(NotAllowed("No."), **{"HX-Request": "true"})

    assert b"<html" not in response.content


def test_other_errors_are_left_to_django(answer):
    assert answer(ValueError("boom")) is None


def test_what_is_busy_says_when_to_come_again(answer):
    response = answer(Unavailable("Full.", retry_after_s=30))

    assert response.headers["Retry-After"] == "30"


def test_a_locked_database_is_busy_and_no_failure(answer):
    response = answer(OperationalError("database is locked"))

    assert response.status_code == 503
    assert response.headers["Retry-After"]


def test_a_fault_of_the_database_is_no_busyness(answer):
    assert answer(OperationalError("no such column: x")) is None


def test_an_unknown_address_is_a_page_of_ours(client, member):
    client.force_login(member)

    page = client.get("/nowhere")

    assert page.status_code == 404
    assert "There is nothing at this address." in page.text
    assert 'class="rail"' in page.text


def test_nobody_sees_an_error_without_the_frame(client, db):
    page = client.get("/nowhere")

    assert page.status_code == 404
    assert 'class="rail"' not in page.text


def test_an_address_is_not_reflected_as_markup(client, member):
    client.force_login(member)

    assert "<img" not in client.get("/<img src=x onerror=alert(1)>").text


@pytest.mark.parametrize("named", ["experiment", "run"])
def test_who_may_not_is_told_who_can_grant_it(client, member, stranger, named):
    experiment = make_experiment(by=stranger, is_private=True)
    grant(experiment, member, Level.VIEW)
    run = make_run(experiment, by=stranger)
    client.force_login(member)

    page = client.post(
        f"/experiments/{experiment.pk}/rename" if named == "experiment" else f"/runs/{run.run_id}/delete"
    )

    assert page.status_code == 403
    assert "Who can give you that level: <b>sid</b>" in page.text


def test_who_may_not_know_is_told_nobodys_name(client, member, stranger):
    experiment = make_experiment(by=stranger, is_private=True)
    client.force_login(member)

    page = client.post(f"/experiments/{experiment.pk}/rename")

    assert page.status_code == 404
    assert "sid" not in page.text


def test_a_form_that_lost_its_token_says_what_to_do(member):
    client = Client(enforce_csrf_checks=True)
    client.force_login(member)

    page = client.post("/account/appearance", {"theme": "dark"})

    assert page.status_code == 403
    assert "Go back, reload the page" in page.text


def test_a_form_s_address_opened_by_hand_is_a_page(client, member):
    client.force_login(member)

    page = client.get("/account/appearance")

    assert page.status_code == 405
    assert page.headers["Allow"] == "POST"
    assert "has no page of its own" in page.text


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example"])
def test_a_foreign_host_is_sent_to_the_right_address(client, db, settings, host):
    page = client.get("/sign-in", headers={"Host": host})

    assert page.status_code == 400
    assert f"This Assay is at {settings.ASSAY_URL}" in page.text
    assert "evil" not in page.text


def test_a_form_of_too_many_fields_is_refused(client, member):
    client.force_login(member)

    page = client.post("/account", {f"field{number}": "" for number in range(2001)})

    assert page.status_code == 413


def test_a_failure_is_a_page_that_needs_nothing(client, member, monkeypatch):
    client.force_login(member)
    client.raise_request_exception = False
    monkeypatch.setattr("pages.context.reverse", lambda name: 1 / 0)

    page = client.get("/account")

    assert page.status_code == 500
    assert "stands in its log at" in page.text
    assert "ZeroDivisionError" not in page.text


@pytest.fixture
def redis_away(settings):
    """Redis at a port where nobody listens: every use of the cache is refused."""
    with socket.socket() as taken:
        # bound and not listening, so that nobody else comes to listen there
        taken.bind(("127.0.0.1", 0))
        settings.REDIS_URL = f"redis://127.0.0.1:{taken.getsockname()[1]}/0"
        settings.CACHES = {
            "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": settings.REDIS_URL}
        }
        yield


def test_a_forgotten_password_without_redis_is_asked_for_later(client, db, settings, redis_away):
    settings.ASSAY_SENDS_MAIL = True

    page = client.post("/sign-in/forgotten", {"email": "rita@example.org"})

    assert page.status_code == 503
    assert page.headers["Retry-After"]
    assert "Redis does not answer" in page.text


def test_a_second_factor_without_redis_is_asked_for_later(client, member, redis_away):
    member.authenticator_set.create(type="totp", data={"secret": "x"})
    client.post("/sign-in", {"username": "mel", "password": PASSWORD})

    page = client.post("/sign-in/second-factor", {"code": "123456"})

    assert page.status_code == 503
    assert "Redis does not answer" in page.text


def test_confirming_without_redis_is_done_later(client, member, redis_away):
    client.force_login(member)

    page = client.post("/sign-in/confirm", {"password": PASSWORD})

    assert page.status_code == 503
