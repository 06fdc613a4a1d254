"""The administration as a part of the portal."""

import pytest

from tests.factories import PASSWORD


@pytest.fixture
def ada(client, admin):
    client.force_login(admin)
    return client


def test_nobody_is_sent_to_the_portal_s_sign_in(client, db):
    assert client.get("/admin/", follow=True).redirect_chain[-1][0] == "/sign-in?next=%2Fadmin%2F"
    assert client.get("/admin/login/?next=/admin/core/job/").url == "/sign-in?next=%2Fadmin%2Fcore%2Fjob%2F"


def test_who_signs_in_arrives_where_they_wanted_to_go(client, admin):
    sign_in = client.get("/admin/core/job/", follow=True).redirect_chain[-1][0]

    answer = client.post(sign_in, {"username": "ada", "password": PASSWORD, "next": "/admin/core/job/"})

    assert answer.url == "/admin/core/job/"
    assert client.get("/admin/login/").url == "/admin/"


def test_a_password_changes_on_the_account_page(ada):
    assert ada.get("/admin/password_change/").url == "/account"


def test_it_stands_in_the_frame_of_the_portal(ada):
    page = ada.get("/admin/").text

    assert 'class="rail"' in page
    assert "admin/css/login.css" not in page
    assert page.count("Recent actions") == 1


def test_groups_stand_beside_users(ada):
    page = ada.get("/admin/").text

    assert "Authentication and Authorization" not in page
    assert page.index("Users") < page.index("Groups")


@pytest.mark.parametrize(
    "path", ["/", "/sign-in", "/nowhere", "/admin/", "/account/tokens", "/setup/unknown", "/health"]
)
def test_every_answer_carries_the_headers_that_protect(ada, path):
    headers = ada.get(path).headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "camera=()" in headers["Permissions-Policy"]


@pytest.mark.parametrize(
    "path", ["/static/..%2fportal/settings.py", "/static/../manage.py", "/media/", "/.git/config", "/assay.db"]
)
def test_nothing_else_is_served_as_a_file(ada, path):
    answer = ada.get(path)

    assert answer.status_code == 404
    assert "INSTALLED_APPS" not in answer.text
