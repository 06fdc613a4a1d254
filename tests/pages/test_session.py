import pytest

from tests.factories import PASSWORD, make_user


def sign_in(client, username="mel", password=PASSWORD, **fields):
    return client.post("/sign-in", {"username": username, "password": password, **fields})


def test_a_member_signs_in_and_out(client, member):
    assert sign_in(client).url == "/"

    assert client.get("/account").status_code == 200
    assert client.post("/sign-out").url == "/sign-in"
    assert client.get("/account").status_code == 302


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example/", "https:evil.example", "javascript:alert(1)", "\\\\evil.example"],
)
def test_next_stays_on_this_host(client, member, target):
    assert sign_in(client, next=target).url == "/"


def test_next_leads_back(client, member):
    assert client.get("/account/tokens").url == "/sign-in?next=/account/tokens"
    assert sign_in(client, next="/account/tokens").url == "/account/tokens"


def test_a_wrong_password_and_an_unknown_name_look_the_same(client, member):
    pages = [sign_in(client, password="wrong").text, sign_in(client, username="nobody", password="wrong").text]

    assert all("do not fit" in page for page in pages)


def test_guessing_is_stopped_and_the_person_gets_in_from_elsewhere(client, member):
    answers = [sign_in(client, password=f"wrong {n}").status_code for n in range(12)]

    assert answers[-1] == 429
    assert sign_in(client).status_code == 429
    assert client.post("/sign-in", {"username": "mel", "password": PASSWORD}, REMOTE_ADDR="10.1.2.3").status_code == 302


def test_a_made_up_forwarding_header_does_not_get_around_the_lock(client, member):
    for n in range(12):
        answer = client.post("/sign-in", {"username": "mel", "password": "wrong"}, HTTP_X_FORWARDED_FOR=f"10.0.0.{n}")

    assert answer.status_code == 429


def test_guessing_over_basic_counts_too(client, member):
    import base64

    def whoami(password):
        header = "Basic " + base64.b64encode(f"mel:{password}".encode()).decode()
        return client.get("/api/v1/me", HTTP_AUTHORIZATION=header).status_code

    assert whoami(PASSWORD) == 200
    assert {whoami(f"wrong {n}") for n in range(12)} == {401}
    assert sign_in(client).status_code == 429


def test_a_service_account_has_no_sign_in(client, db):
    make_user("ci", is_service=True, password=None)

    assert "do not fit" in sign_in(client, username="ci", password="").text


def test_without_an_administrator_the_page_tells_where_to_begin(client, db):
    assert "set-up link" in client.get("/sign-in").text


def test_a_form_without_its_csrf_token_is_refused(member):
    from django.test import Client

    assert sign_in(Client(enforce_csrf_checks=True)).status_code == 403


def test_a_part_of_a_page_sends_the_whole_page_to_the_sign_in(client, db):
    headers = {"HX-Request": "true", "HX-Current-URL": "https://evil.example/experiments?only=mine"}

    answer = client.post("/stars/experiment/1", {"starred": "1"}, headers=headers)

    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/sign-in?next=%2Fexperiments%3Fonly%3Dmine"
