"""The first site admin, made through the one-time link."""

import threading

import pytest
from django.db import connection

from accounts.actions import setup
from accounts.models import SetupToken, User
from core.errors import InvalidValue, NotFound
from core.models import AuditEvent
from tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db

ADA = {"username": "ada", "email": "ada@example.org", "password": PASSWORD}


def test_the_link_makes_a_site_admin():
    token = setup.new_token()

    user = setup.create_first_admin(token, **ADA)

    assert (user.is_superuser, user.is_staff, user.check_password(PASSWORD)) == (True, True, True)
    assert AuditEvent.objects.get().action == "user.create_first_admin"


def test_the_link_works_once():
    token = setup.new_token()
    setup.create_first_admin(token, **ADA)

    assert not setup.is_valid(token)
    with pytest.raises(NotFound):
        setup.create_first_admin(token, **{**ADA, "username": "eve"})

    assert User.objects.count() == 1


def test_all_links_are_dead_once_there_is_an_admin():
    token = setup.new_token()
    make_user(is_superuser=True)

    assert not setup.is_valid(token)
    with pytest.raises(NotFound):
        setup.create_first_admin(token, **ADA)


def test_no_link_is_made_while_there_is_an_admin():
    make_user(is_superuser=True)

    assert setup.new_token() is None


def test_a_link_comes_to_no_second_life():
    token = setup.new_token()
    setup.create_first_admin(token, **ADA)
    User.objects.update(is_superuser=False)

    assert setup.is_needed()
    assert not setup.is_valid(token)


def test_the_link_of_the_start_before_works_too():
    before = setup.new_token()
    setup.new_token()

    assert setup.is_valid(before)


def test_links_of_long_ago_are_dead():
    first = setup.new_token()
    for _ in range(setup.NUM_KEPT):
        setup.new_token()

    assert not setup.is_valid(first)
    assert SetupToken.objects.count() == setup.NUM_KEPT


@pytest.mark.parametrize("token", ["", "x", "ä" * 40, "\0"])
def test_a_guessed_link_makes_nobody(token):
    setup.new_token()

    assert not setup.is_valid(token)
    with pytest.raises(NotFound):
        setup.create_first_admin(token, **ADA)

    assert User.objects.count() == 0


def test_only_a_hash_is_stored():
    token = setup.new_token()

    assert token not in str(list(SetupToken.objects.values()))


@pytest.mark.parametrize(
    "password", ["", "password", "password1234", "elevenchars", "123456789012345", "ada@example.org"]
)
def test_weak_passwords_are_refused_and_the_link_stays_good(password):
    token = setup.new_token()

    with pytest.raises(InvalidValue):
        setup.create_first_admin(token, **{**ADA, "password": password})

    assert setup.is_valid(token)


@pytest.mark.parametrize("username", ["", "a b", "x" * 151, "<b>", "a\0"])
def test_names_that_will_not_do_are_refused(username):
    with pytest.raises(InvalidValue):
        setup.create_first_admin(setup.new_token(), **{**ADA, "username": username})


def test_a_name_that_is_taken_is_refused():
    make_user("ada")

    with pytest.raises(InvalidValue):
        setup.create_first_admin(setup.new_token(), **ADA)


@pytest.mark.django_db(transaction=True)
def test_of_many_submissions_at_once_one_makes_an_admin():
    tokens = [setup.new_token() for _ in range(4)]
    start, made, refused = threading.Barrier(len(tokens)), [], []

    def submit(number):
        start.wait()
        try:
            made.append(setup.create_first_admin(tokens[number], **{**ADA, "username": f"ada-{number}"}))
        except NotFound:
            refused.append(number)
        finally:
            connection.close()

    threads = [threading.Thread(target=submit, args=(number,)) for number in range(len(tokens))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(made), len(refused), User.objects.filter(is_superuser=True).count()) == (1, 3, 1)
