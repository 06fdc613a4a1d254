import pytest

from accounts.access import Level
from tests.factories import grant, make_experiment, make_run


@pytest.fixture
def experiment(admin):
    return make_experiment("weld", by=admin)


def ids(answer):
    assert answer.status_code == 200, answer.text
    return [run["info"]["run_id"] for run in answer.json().get("runs", [])]


def search(api, experiment, **arguments):
    return api.post("runs/search", experiment_ids=[str(experiment.pk)], **arguments)


def test_runs_come_whole_and_latest_first(api, admin, experiment):
    first, second = make_run(experiment, by=admin), make_run(experiment, by=admin)
    first.params.create(key="lr", value="0.1")

    runs = search(api, experiment).json()["runs"]

    assert [run["info"]["run_id"] for run in runs] == [second.run_id, first.run_id]
    assert runs[1]["data"]["params"] == [{"key": "lr", "value": "0.1"}]
    assert "model_inputs" not in runs[1]["inputs"]


def test_a_token_stands_only_where_more_rows_are(api, admin, experiment):
    for _ in range(4):
        make_run(experiment, by=admin)

    first = search(api, experiment, max_results=2).json()
    second = search(api, experiment, max_results=2, page_token=first["next_page_token"]).json()

    assert len(second["runs"]) == 2
    assert "next_page_token" not in second


@pytest.mark.parametrize("experiment_ids", [[], ["999999"], ["0"]])
def test_no_runs_are_an_empty_answer(api, experiment_ids):
    answer = api.post("runs/search", experiment_ids=experiment_ids)

    assert (answer.status_code, answer.json()) == (200, {})


@pytest.mark.parametrize(
    "arguments",
    [
        {"max_results": 0},
        {"max_results": -1},
        {"max_results": 50_001},
        {"run_view_type": "SOME"},
        {"filter": "foo.bar = 1"},
        {"filter": " "},
        {"order_by": ["foo"]},
        {"order_by": ["metrics.a", "metrics.a"]},
        {"page_token": "garbage"},
        {"experiment_ids": ["x"]},
        {"filter": "tags.a = '\0'"},
    ],
    ids=str,
)
def test_what_is_wrong_is_a_400(api, experiment, arguments):
    answer = api.post("runs/search", **{"experiment_ids": [str(experiment.pk)], **arguments})

    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


def test_view_types_choose_by_lifecycle(api, admin, experiment):
    kept, deleted = make_run(experiment, by=admin), make_run(experiment, by=admin)
    api.post("runs/delete", run_id=deleted.run_id)

    assert ids(search(api, experiment)) == [kept.run_id]
    assert ids(search(api, experiment, run_view_type="DELETED_ONLY")) == [deleted.run_id]
    assert ids(search(api, experiment, run_view_type="ALL")) == [deleted.run_id, kept.run_id]
    assert ids(search(api, experiment, run_view_type=3)) == [deleted.run_id, kept.run_id]


def test_300_000_ids_are_as_good_as_one(api, admin, experiment):
    run = make_run(experiment, by=admin)

    answer = api.post(
        "runs/search", experiment_ids=[str(experiment.pk), *(str(n) for n in range(10**6, 10**6 + 300_000))]
    )

    assert ids(answer) == [run.run_id]


# What one may not see ---------------------------------------------------------------------------------------


@pytest.fixture
def secret(admin):
    experiment = make_experiment("secret", by=admin, is_private=True)
    make_run(experiment, by=admin)
    return experiment


def test_a_hidden_experiment_is_searched_for_nobody_else(api_as, stranger, secret):
    api = api_as(stranger)

    assert search(api, secret).json() == {}
    found = [row["name"] for row in api.post("experiments/search", max_results=10).json()["experiments"]]
    assert "secret" not in found


def test_a_token_shows_nothing_after_the_grant_is_gone(api_as, admin, member, secret):
    make_run(secret, by=admin)
    given = grant(secret, member, Level.VIEW)
    api = api_as(member)
    token = search(api, secret, max_results=1).json()["next_page_token"]

    given.delete()

    assert search(api, secret, max_results=1, page_token=token).json() == {}


def test_a_token_of_somebody_else_or_of_another_search_is_refused(api, api_as, admin, member, experiment):
    for _ in range(3):
        make_run(experiment, by=admin)
    token = search(api, experiment, max_results=1).json()["next_page_token"]

    answers = [
        search(api_as(member), experiment, max_results=1, page_token=token),
        search(api, experiment, max_results=1, page_token=token, filter="metrics.a > 1"),
        search(api, experiment, max_results=1, page_token=token, order_by=["run_id"]),
        search(api, experiment, max_results=1, page_token=token, run_view_type="ALL"),
        api.post("experiments/search", max_results=1, page_token=token),
        search(api, experiment, max_results=1, page_token=token[:-2] + "AA"),
        search(api, experiment, max_results=1, page_token="." + token[3:]),
    ]

    assert [answer.status_code for answer in answers] == [400] * len(answers)


def test_the_page_size_may_change_on_the_way(api, admin, experiment):
    runs = [make_run(experiment, by=admin) for _ in range(5)]
    token = search(api, experiment, max_results=1).json()["next_page_token"]

    assert len(ids(search(api, experiment, max_results=100, page_token=token))) == len(runs) - 1


@pytest.mark.parametrize(
    "text",
    [
        "user__password__startswith = 'a'",
        "attributes.created_by__password LIKE 'a%'",
        "attributes.`t.id) OR 1=1 --` = 'a'",
        "tags.a__b = 'x'",
        "metrics.`x' OR '1'='1` > 1",
        "params.a LIKE '" + "%a" * 4000 + "'",
        "params.a ILIKE '" + "%_" * 4000 + "'",
        "tags.`%s` = '%s'",
        "tags.a RLIKE '(a+)+$'",
        "run_name = '''; DROP TABLE tracker_run; --'",
    ],
    ids=range(10),
)
def test_whatever_is_written_is_data(api, admin, experiment, text):
    run = make_run(experiment, by=admin, name="a" * 300)
    run.params.create(key="a", value="a" * 6000)

    answer = search(api, experiment, filter=text)

    assert answer.status_code in (200, 400)
    assert ids(search(api, experiment)) == [run.run_id]


# Experiments ------------------------------------------------------------------------------------------------


def names(answer):
    assert answer.status_code == 200, answer.text
    return [row["name"] for row in answer.json().get("experiments", [])]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_experiments_are_searched_either_way(api, admin, method):
    make_experiment("seams/a", by=admin, tags=[("team", "blue")])
    make_experiment("seams/b", by=admin)

    answer = api.call(
        method, "experiments/search", {"max_results": 5, "filter": "tags.team = 'blue'", "order_by": ["name DESC"]}
    )

    assert names(answer) == ["seams/a"]
    assert answer.json()["experiments"][0]["tags"] == [{"key": "team", "value": "blue"}]


def test_experiments_need_max_results(api):
    assert api.post("experiments/search").status_code == 400


def test_experiments_by_name_over_pages(api, admin):
    for name in ("c", "a", "B"):
        make_experiment(name, by=admin)
    query = {"max_results": 2, "order_by": ["name"]}

    first = api.post("experiments/search", **query)
    second = api.post("experiments/search", **query, page_token=first.json()["next_page_token"])

    assert names(first) + names(second) == ["B", "Default", "a", "c"]
    assert "next_page_token" not in second.json()


# Cost -------------------------------------------------------------------------------------------------------


def test_a_page_costs_the_same_statements_for_any_number_of_rows(api, admin, experiment, django_assert_max_num_queries):
    for _ in range(20):
        make_run(experiment, by=admin)
    search(api, experiment)

    with django_assert_max_num_queries(9):
        search(api, experiment, filter="run_name LIKE 'p%'")
    # the runs of each rank, with and without entries in the index by value
    with django_assert_max_num_queries(13):
        search(api, experiment, order_by=["metrics.a DESC"])
    with django_assert_max_num_queries(3):
        api.post("experiments/search", max_results=100)
