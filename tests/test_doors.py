"""The same decision by whatever credentials one comes, under whatever name of an address, and for whom else a browser asks."""

import base64

import pytest
from django.test import Client

from accounts.access import Scope
from tests.access_rules import Rule
from tests.factories import PASSWORD, make_token
from tests.test_access import GUARDED, ON_EXPERIMENT, SECRET, call, name
from tracker.models import Run

pytestmark = pytest.mark.django_db


def bearer(user) -> dict:
    return {"Authorization": f"Bearer {make_token(user)[1]}"}


def basic(user, password: str) -> dict:
    return {"Authorization": "Basic " + base64.b64encode(f"{user.username}:{password}".encode()).decode()}


def by_session(user) -> tuple[Client, dict]:
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    client.get("/account")
    return client, {"X-CSRFToken": client.cookies["assay_csrf"].value}


CREDENTIALS = {
    "a token over Basic": lambda user: (Client(), basic(user, make_token(user)[1])),
    "the password over Basic": lambda user: (Client(), basic(user, PASSWORD)),
    "a session": by_session,
}
API_ON_EXPERIMENT = [rule for rule in ON_EXPERIMENT if rule.is_api]


@pytest.mark.parametrize("way", CREDENTIALS)
def test_for_a_stranger_nothing_exists_by_any_credentials(world, way):
    client, headers = CREDENTIALS[way](world.people["stranger"])

    answers = {name(rule): call(client, rule, world, headers).status_code for rule in API_ON_EXPERIMENT}

    assert answers == dict.fromkeys(answers, 404)


@pytest.mark.parametrize("way", CREDENTIALS)
def test_who_may_look_changes_nothing_by_any_credentials(world, way):
    client, headers = CREDENTIALS[way](world.people["viewer"])
    writes = [rule for rule in API_ON_EXPERIMENT if rule.needs != "view"]

    answers = {name(rule): call(client, rule, world, headers).status_code for rule in writes}

    assert answers == dict.fromkeys(answers, 403)


def test_a_token_opens_no_page(client, world):
    pages = [rule for rule in GUARDED if not rule.is_api]
    world.token_id = 1

    for headers in (bearer(world.people["manager"]), basic(world.people["manager"], PASSWORD)):
        answers = {name(rule): call(client, rule, world, headers) for rule in pages}

        assert {page: answer.status_code for page, answer in answers.items()} == dict.fromkeys(answers, 302)
        assert not [page for page, answer in answers.items() if not answer.url.startswith("/sign-in")]


# Other names of an address

GET_RUN = Rule("GET", "api/2.0/mlflow/runs/get", "view", {"run_id": "{run_id}"})
ALIASES = ["/{}", "//{}", "///{}", "/{}/", "/{}//", "/{};x", "/{};/../x", "/./{}", "/x/../{}", "/%2e/{}", "/{}%2f", "/{}%20", "/{}.json", "/{}%0a"]  # fmt: skip
NAMES = [
    *(alias.format(GET_RUN.pattern) for alias in ALIASES),
    *(f"/{prefix}/mlflow/runs/get" for prefix in ("api/3.0", "ajax-api/3.0", "api/1.0", "API/2.0", "api//2.0", "api/2.0/preview")),
    "/ajax-api/2.0/mlflow/runs/get",
    "/lab/api/2.0/mlflow/runs/get",
]  # fmt: skip


@pytest.mark.parametrize("who", ["stranger", "nobody", "a short token"])
def test_no_name_of_an_address_opens_more(client, world, who):
    headers = {"nobody": {}, "a short token": {"Authorization": "Bearer assay_x"}}.get(who)
    headers = bearer(world.people["stranger"]) if headers is None else headers

    for url in NAMES:
        answer = client.get(url, {"run_id": world.run_id}, headers=headers)

        assert answer.status_code in (301, 302, 400, 401, 404), url
        assert not SECRET.search(answer.content), url


def test_below_a_prefix_the_same_is_decided(client, world, settings):
    """A proxy that strips no prefix: the server is told of it, and the path after it is what is routed."""
    for who, status in (("stranger", 404), ("viewer", 200)):
        headers = bearer(world.people[who])
        answer = client.get("/api/2.0/mlflow/runs/get", {"run_id": world.run_id}, headers=headers, SCRIPT_NAME="/lab")

        assert answer.status_code == status


# What a browser sends for somebody else

FOREIGN = ["https://evil.example", "null", "http://testserver.evil.example", "http://evil.example:80", "http://testserver:81"]  # fmt: skip


@pytest.mark.parametrize("prefix", ["api", "ajax-api"])
@pytest.mark.parametrize("origin", [*FOREIGN, ""])
def test_a_call_from_another_site_is_refused_even_with_the_token(world, prefix, origin):
    client, headers = by_session(world.people["manager"])
    url, body = f"/{prefix}/2.0/mlflow/runs/set-tag", {"run_id": world.run_id, "key": "k", "value": "v"}

    answer = client.post(
        url, body, content_type="application/json", headers={**headers, "Origin": origin} if origin else headers
    )

    assert answer.status_code == (403 if origin else 200)
    assert Run.objects.get(run_id=world.run_id).tags.filter(key="k").exists() is (not origin)


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
@pytest.mark.parametrize("prefix", ["api", "ajax-api"])
def test_what_a_form_can_send_changes_nothing(world, prefix, content_type):
    client, headers = by_session(world.people["manager"])
    url = f"/{prefix}/2.0/mlflow/runs/set-tag"
    body = f'{{"run_id": "{world.run_id}", "key": "k", "value": "v"}}'

    without = client.generic("POST", url, body, content_type=content_type)
    with_token = client.generic("POST", url, body, content_type=content_type, headers=headers)

    assert (without.status_code, without.json()["error_code"]) == (403, "PERMISSION_DENIED")
    assert (with_token.status_code, with_token.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert not Run.objects.get(run_id=world.run_id).tags.filter(key="k").exists()


def test_what_a_session_sends_is_left_to_the_endpoint(world):
    client, headers = by_session(world.people["manager"])
    url = f"/ajax-api/2.0/mlflow/upload-artifact?run_uuid={world.run_id}&path=new.txt"

    answer = client.generic("POST", url, b"a=b", content_type="application/x-www-form-urlencoded", headers=headers)

    assert answer.status_code == 200
    assert Run.objects.get(run_id=world.run_id).artifacts.get(path="new.txt").blob.size_bytes == 3


def test_a_narrow_token_over_basic_is_as_narrow(client, world):
    manager = world.people["manager"]
    _, secret = make_token(manager, scope=Scope.READ)

    answer = client.post(
        "/api/2.0/mlflow/runs/set-tag",
        {"run_id": world.run_id, "key": "k", "value": "v"},
        content_type="application/json",
        headers=basic(manager, secret),
    )

    assert (answer.status_code, answer.json()["error_code"]) == (403, "PERMISSION_DENIED")


# Hosts

HOSTS = ["evil.example", "10.evil.example", "testserver.evil.example", "evil.example:80", "testserver@evil.example", "[::1", "a b", "evil.example/testserver"]  # fmt: skip


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_that_is_not_ours_gets_nothing(client, world, host):
    for path, headers in (
        ("/api/2.0/mlflow/runs/get", bearer(world.people["manager"])),
        ("/api/2.0/mlflow/runs/get", {}),
        ("/experiments", {}),
        ("/sign-in", {}),
    ):
        answer = client.get(path, {"run_id": world.run_id}, headers={**headers, "Host": host})

        assert answer.status_code in (301, 302, 400, 404), (path, answer.status_code)
        assert not SECRET.search(answer.content)
        assert "evil.example" not in answer.text + answer.headers.get("Location", "")
