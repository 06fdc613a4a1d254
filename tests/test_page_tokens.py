"""A place in a list is nobody's key: one that was forged, bent, or made for another call or person opens nothing."""

import base64
import io

import pytest
from django.db import transaction

from api import artifacts as listing
from pages import experiment_activity, experiments, logged_models, trash
from tests.factories import make_experiment, make_logged_model
from tests.test_access import SECRET, World, filled
from tracker import ingest
from tracker.actions import artifacts
from tracker.actions.experiments import delete
from tracker.models import Run

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db, monkeypatch):
    """The world of the walk through all routes, with two of everything, and lists of one a page."""
    monkeypatch.setattr(listing, "PAGE_ENTRIES", 1)
    for page in (experiment_activity, experiments, logged_models, trash):
        monkeypatch.setattr(page, "SIZE", 1)
    world = World()
    manager, run = world.people["manager"], Run.objects.get(run_id=world.run_id)
    with transaction.atomic():
        ingest.write(run.pk, [("hushhush-metric", ingest.point(0.271828, timestamp_ms=2, step=2))])
    make_logged_model(run.experiment, by=manager, name="hushhush-second", source_run=run)
    artifacts.upload(run, "hushhush-2.txt", io.BytesIO(b"hushhush"), by=manager)
    for name in ("hushhush one", "hushhush two"):
        make_experiment(f"{name} more", by=manager, is_private=True)
        delete(make_experiment(name, by=manager, is_private=True), by=manager)
    return world


CALLS = {
    "experiments": ("POST", "experiments/search", {"max_results": 1}),
    "runs": ("POST", "runs/search", {"max_results": 1, "experiment_ids": ["{pk}"]}),
    "logged models": ("POST", "logged-models/search", {"max_results": 1, "experiment_ids": ["{pk}"]}),
    "history": (
        "GET",
        "metrics/get-history",
        {"max_results": 1, "run_id": "{run_id}", "metric_key": "hushhush-metric"},
    ),
    "files": ("GET", "artifacts/list", {"run_id": "{run_id}"}),
    "registered models": ("GET", "registered-models/search", {"max_results": 1}),
    "versions": ("GET", "model-versions/search", {"max_results": 1}),
    "a table of runs": ("GET", "/api/v1/runs", {"max_results": 1, "experiment_id": "{pk}"}),
    "a sorted table": (
        "GET",
        "/api/v1/runs",
        {"max_results": 1, "experiment_id": "{pk}", "sort": "last:hushhush-metric"},
    ),
}


def ask(api, world, call, **more):
    method, path, data = CALLS[call]
    return api.call(method, path, {**filled(data, world), **more})


@pytest.fixture
def tokens(world, api_as):
    """The token of every call's second page, as the manager gets it."""
    api = api_as(world.people["manager"])
    return {call: ask(api, world, call).json()["next_page_token"] for call in CALLS}


@pytest.mark.parametrize("call", CALLS)
def test_a_token_leads_its_owner_on(world, api_as, tokens, call):
    answer = ask(api_as(world.people["manager"]), world, call, page_token=tokens[call])

    assert answer.status_code == 200
    assert SECRET.search(answer.content)


@pytest.mark.parametrize("call", CALLS)
def test_a_token_of_somebody_else_shows_nothing(world, api_as, tokens, call):
    answer = ask(api_as(world.people["stranger"]), world, call, page_token=tokens[call])

    assert answer.status_code in (200, 400, 404)
    assert not SECRET.search(answer.content)


@pytest.mark.parametrize("call", CALLS)
def test_a_token_of_another_call_is_refused(world, api_as, tokens, call):
    api = api_as(world.people["manager"])

    others = {other: ask(api, world, call, page_token=tokens[other]) for other in CALLS if other != call}

    assert {other: answer.status_code for other, answer in others.items()} == dict.fromkeys(others, 400)


BENT = {
    "cut": lambda token: token[:-3],
    "longer": lambda token: token + "A",
    "turned round": lambda token: token[::-1],
    "unsigned": lambda token: token.rpartition(":")[0] or "!" + token,
    "signed by nobody": lambda token: token.rpartition(":")[0] + ":" + "A" * 43,
    "a word": lambda token: "x",
    "an emoji": lambda token: "💎",
    "NUL": lambda token: "\0",
    "NUL within": lambda token: base64.b64encode(b"\0").decode(),
    "half a character": lambda token: base64.b64encode(b"\xed\xa0\x80").decode(),
    "JSON": lambda token: '{"place": [[0, 1]]}',
    "another's": lambda token: base64.b64encode(b"[[0,1]]").decode(),
    "SQL": lambda token: "' OR 1=1 --",
    "a path": lambda token: "../../etc/passwd",
    "huge": lambda token: "A" * 200_001,
}


@pytest.mark.parametrize("call", CALLS)
def test_a_bent_token_is_refused(world, api_as, tokens, call):
    api = api_as(world.people["manager"])

    answers = {name: ask(api, world, call, page_token=bend(tokens[call])) for name, bend in BENT.items()}

    # what is base64 of a text is a name that files of this run come after; whoever may list them chooses it freely
    names = {"cut", "NUL within", "another's"} if call == "files" else set()
    assert {name: answer.status_code for name, answer in answers.items() if name not in names} == {
        name: 400 for name in BENT if name not in names
    }
    assert all(answers[name].status_code in (200, 400) for name in names)


PAGES = {
    "experiments": "/experiments?sort=name&{way}={place}",
    "trash": "/experiments/trash?{way}={place}",
    "runs": "/experiments/{pk}?{way}={place}",
    "activity": "/experiments/{pk}/activity?{way}={place}",
    "models": "/experiments/{pk}/models?page={place}",
}
PLACES = [
    *("[1]", '["hushhush seams", 1]', "[0, 0]", "[null]", "[[]]", "[{}]", "{}", "[true]", "[1e999]", "[99999999999999999999]"),
    *('["\\u0000", 1]', '["\\ud800", 1]', '[-9223372036854775809, "x"]', "[" * 5_000, "", "1", "\0", "\xff"),
]  # fmt: skip


@pytest.mark.parametrize("way", ["after", "before"])
@pytest.mark.parametrize("page", PAGES)
def test_a_forged_place_on_a_page_is_a_place_among_what_one_sees(world, client, page, way):
    for role, allowed in {"manager": (200, 400), "stranger": (200, 400, 404)}.items():
        client.force_login(world.people[role])
        for place in PLACES:
            written = base64.urlsafe_b64encode(place.encode("latin-1")).decode().rstrip("=")

            answer = client.get(PAGES[page].format(pk=world.pk, way=way, place=written))

            assert answer.status_code in allowed, place
            assert role == "manager" or not SECRET.search(answer.content), place
