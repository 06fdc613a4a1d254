"""A member without a grant learns nothing of a private experiment: not whether it is there, not through a list, a count or a name.

test_access.py walks the routes one by one; here stand what it cannot see from a single answer.
"""

import re
from types import SimpleNamespace
from urllib.parse import urlencode

import pytest

from accounts.access import Level
from core.actions import stars
from tests.access_rules import FOUND, RULES, Rule
from tests.factories import grant, make_experiment, make_model, make_run, make_token
from tests.test_access import ON_EXPERIMENT, SECRET, as_person, call, filled, name
from tracker.actions import selections
from tracker.models import Experiment, Run, RunTag

pytestmark = pytest.mark.django_db


_ID = re.compile(r"[0-9a-f]{32}")


def nothing_like(world) -> SimpleNamespace:
    """Return the names of the world, of things that were never made."""
    return SimpleNamespace(**{name: _unmade(value) for name, value in vars(world).items()})


def _unmade(value):
    if isinstance(value, int):
        return 987_000 + value
    if not isinstance(value, str):
        return value
    value = re.sub(r"^[0-9]+(?=/)", lambda found: str(987_000 + int(found[0])), value)
    return _ID.sub(lambda found: found[0][::-1], value).replace("hushhush", "nosuchone")


@pytest.fixture
def sid(world):
    return world.people["stranger"]


@pytest.fixture
def page_of(client, sid):
    """page_of(path): what the stranger's browser gets, as text."""
    client.force_login(sid)
    return lambda path, **query: client.get(path + (f"?{urlencode(query, doseq=True)}" if query else "")).text


def said(answer) -> tuple[int, str]:
    """Return status and text, without the names that were asked for; of a page what stands in its frame."""
    text = _ID.sub("ID", stable(answer.body.decode(errors="replace"))).replace("hushhush", "nosuchone")
    return answer.status_code, re.sub(r"[0-9]+", "N", text)


def stable(text: str) -> str:
    """Return a page's own part, without the tokens of its forms."""
    main = re.search(r"<main.*</main>", text, re.DOTALL)
    return re.sub(r'(name="csrfmiddlewaretoken" value=)"\w+"', "", main[0] if main else text)


@pytest.mark.parametrize("rule", [*ON_EXPERIMENT, *(rule for rule in RULES if rule.needs == FOUND)], ids=name)
def test_what_is_hidden_and_what_never_was_are_answered_alike(client, world, sid, rule):
    hidden = as_person(client, rule, world, sid)
    missing = as_person(client, rule, nothing_like(world), sid)

    assert said(hidden) == said(missing)


WAYS = [
    *(("/experiments", {"only": only}) for only in ("", "starred", "mine", "running", "private")),
    *(("/experiments", {"sort": sort, "q": "hush"}) for sort in ("activity", "name", "runs", "created")),
    ("/experiments", {"q": "hush=hush"}),
    ("/experiments", {"folder": "hush"}),
    ("/experiments/trash", {"q": "hush"}),
    ("/", {}),
    ("/", {"part": "runs"}),
]


@pytest.mark.parametrize(("path", "query"), WAYS)
def test_no_list_shows_it(world, sid, page_of, path, query):
    make_run(by=sid)
    # as if it had been shared once
    for kind, key in (("experiment", world.pk), ("experiment", world.deleted_experiment_id), ("run", 1)):
        stars.set_star(sid, kind, key, True)

    assert not SECRET.search(page_of(path, **query).encode())


def test_a_folder_neither_counts_nor_appears_for_what_is_hidden_in_it(world, sid, page_of):
    manager = world.people["manager"]
    make_experiment("open/one", by=manager)
    make_experiment("open/two", by=manager, is_private=True)
    make_experiment("shut/three", by=manager, is_private=True)

    page = page_of("/experiments")

    assert "1 experiment<" in page
    assert "shut" not in page


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("experiments/search", {"filter": "name LIKE '%hush%'"}),
        ("experiments/search", {"filter": "tags.`hushhush-tag` = 'hushhush'"}),
        ("experiments/search", {"view_type": "ALL", "order_by": ["name"]}),
        ("runs/search", {"filter": "metrics.`hushhush-metric` > 0"}),
        ("runs/search", {"order_by": ["params.`hushhush-param`"], "run_view_type": "ALL"}),
        ("logged-models/search", {}),
    ],
)
def test_no_search_finds_it_among_others(world, sid, api_as, path, data):
    shown = make_experiment(by=world.people["manager"])
    if path != "experiments/search":
        data = {**data, "experiment_ids": [str(shown.pk), str(world.pk), str(world.deleted_experiment_id)]}

    answer = api_as(sid).post(path, **({"max_results": 100} | data))

    assert answer.status_code == 200
    assert not SECRET.search(answer.content)


@pytest.mark.parametrize("path", ["experiments/search", "runs/search"])
def test_a_place_in_somebody_elses_list_opens_nothing(world, sid, api_as, path):
    manager = world.people["manager"]
    data = {"max_results": 1}
    if path == "runs/search":
        data["experiment_ids"] = [str(world.pk)]
    token = api_as(manager).post(path, **data).json()["next_page_token"]

    answer = api_as(sid).post(path, **data, page_token=token)

    assert answer.status_code in (200, 400)
    assert not SECRET.search(answer.content)


def test_a_chart_of_several_runs_leaves_out_the_hidden_one(world, sid, page_of):
    own = make_run(by=sid)

    page = page_of("/series", runs=f"{own.run_id},{world.run_id}", key="hushhush-metric")

    assert world.run_id not in page
    assert "0.271828" not in page


def test_a_run_does_not_name_its_hidden_relatives(world, sid, page_of):
    """Anybody may write any run's id into the tag that makes it a parent."""
    own = make_run(by=sid)
    RunTag.objects.create(run=own, key="mlflow.parentRunId", value=world.run_id)
    child = make_run(Experiment.objects.get(pk=world.pk), by=world.people["manager"], name="hushhush child")
    RunTag.objects.create(run=child, key="mlflow.parentRunId", value=own.run_id)

    assert not SECRET.search(page_of(f"/runs/{own.run_id}").encode())
    table = page_of("/experiments/0", open=own.run_id)
    assert not SECRET.search(table.encode())
    assert own.run_id in table


def test_where_a_run_came_from_is_not_told_to_who_may_not_see_it(world, sid, client, page_of):
    default = Experiment.objects.get(pk=0)
    grant(default, world.people["manager"], Level.EDIT)
    selections.move([world.other_run_id], default, by=world.people["manager"])

    page = page_of(f"/runs/{world.other_run_id}/activity")

    assert "run.move" not in page
    assert "moved the run" in page
    assert "hushhush seams" not in page


def test_a_selection_with_one_hidden_run_says_no_more_than_with_one_that_never_was(client, world, sid):
    own = make_run(by=sid)
    client.force_login(sid)

    pages = [
        client.post("/experiments/0/selection/tag", {"run": [own.run_id, other]}).text.replace(other, "ID")
        for other in (world.run_id, "f" * 32)
    ]

    assert "1 of the 2 selected runs do not exist" in pages[0]
    assert stable(pages[0]) == stable(pages[1])


def test_runs_cannot_be_moved_to_where_one_may_not_look(client, world, sid):
    own = make_run(make_experiment("own", by=sid), by=sid)
    client.force_login(sid)

    pages = [
        client.post(
            f"/experiments/{own.experiment_id}/selection/move", {"run": own.run_id, "confirmed": "1", "to": to}
        ).text.replace(f'"{to}"', "NAME")
        for to in (world.experiment_name, "no such experiment")
    ]

    assert stable(pages[0]) == stable(pages[1])


@pytest.mark.parametrize("path", ["experiments/create", "registered-models/create"])
def test_of_a_taken_name_is_told_that_it_is_taken_and_no_more(world, sid, api_as, path):
    """Names are unique in a site, which is the one thing that cannot be hidden (SECURITY.md)."""
    is_model = path.startswith("registered")
    shown = make_model("shown", by=sid) if is_model else make_experiment("shown", by=sid)
    hidden = [world.registered_name] if is_model else [world.experiment_name, "hushhush and deleted"]

    answers = {api_as(sid).post(path, name=name).text.replace(name, "NAME") for name in (shown.name, *hidden)}

    assert len(answers) == 1
    assert "RESOURCE_ALREADY_EXISTS" in answers.pop()


# The same decision by whatever way one comes

BEHIND = [
    Rule("GET", "api/2.0/mlflow/runs/get", "view", {"run_id": "{run_id}"}),
    Rule("GET", "api/2.0/mlflow/artifacts/list", "view", {"run_id": "{run_id}"}),
    Rule("GET", "get-artifact", "view", {"run_id": "{run_id}", "path": "hushhush.txt"}),
    Rule("GET", "api/v1/experiments/<int:experiment_id>/grants", "view"),
    Rule("GET", "runs/<str:run_id>", "view"),
    Rule("GET", "experiments/<int:pk>", "view"),
    Rule("GET", "experiments/<int:pk>/runs.csv", "view"),
    Rule("GET", "api/v1/runs.csv", "view", {"experiment_id": "{experiment_id}"}),
]


@pytest.mark.parametrize("bent", ["{}/", "{};x", "{}%2f", "./{}", "x/../{}", "{}%00"])
@pytest.mark.parametrize("rule", BEHIND, ids=name)
def test_a_bent_address_opens_nothing(client, world, sid, rule, bent):
    answer = as_person(client, Rule(rule.method, bent.format(rule.pattern), rule.needs, rule.data), world, sid)

    assert answer.status_code in (302, 400, 401, 404)
    asked_for = str(filled(rule.data, world).get("path", "-")).encode()
    assert not SECRET.search(answer.body.replace(asked_for, b""))


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "POST", "TRACE"])
@pytest.mark.parametrize("rule", BEHIND, ids=name)
def test_another_method_opens_nothing(client, world, sid, rule, method):
    client.force_login(sid)
    _, secret = make_token(sid)
    url = "/" + filled(rule.pattern, world)

    answer = client.generic(
        method, f"{url}?{urlencode(filled(rule.data, world))}", headers={"Authorization": f"Bearer {secret}"}
    )

    assert 400 <= answer.status_code < 500
    assert not SECRET.search(answer.content)


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_a_header_turns_no_reading_into_writing(client, world, header):
    rule = Rule("GET", "api/2.0/mlflow/runs/delete", "edit", {"run_id": "{run_id}"})
    _, secret = make_token(world.people["manager"])

    answer = call(client, rule, world, {"Authorization": f"Bearer {secret}", header: "POST"})

    assert answer.status_code == 404
    assert Run.objects.get(run_id=world.run_id).deleted_at is None
