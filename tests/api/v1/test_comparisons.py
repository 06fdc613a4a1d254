"""Comparisons over the API: from the call that asks for one to its result."""

import pytest

from accounts.access import Level, Scope
from core import jobs
from core.models import AuditEvent, Job
from tests.factories import grant, make_experiment
from tests.tracker.comparing.build import logged
from tests.tracker.test_comparison import log

PATH = "/api/v1/comparisons"


@pytest.fixture
def private(member):
    return make_experiment("sealed", by=member, is_private=True)


@pytest.fixture
def runs(member, private):
    return [
        logged(member, {"lr": str(n)}, {"loss": n}, experiment=private, name=f"run-{n}", status="FINISHED")
        for n in range(4)
    ]


@pytest.fixture
def mel(api_as, member):
    return api_as(member)


def make(api, runs, **fields):
    return api.post(PATH, name="sweep", run_ids=[run.run_id for run in runs], **fields).json()


def work():
    while jobs.run_next():
        pass


def test_a_comparison_is_asked_for_computed_and_read(mel, runs):
    asked = make(mel, runs, base_id=runs[1].run_id)
    assert (asked["state"], asked["result"], asked["num_hidden"]) == ("queued", None, 0)

    work()

    found = mel.get(f"{PATH}/{asked['id']}").json()
    assert (found["state"], found["num_runs"], found["is_behind"]) == ("done", 4, False)
    assert found["run_ids"] == [run.run_id for run in runs]
    assert found["result"]["base"] == found["base_id"] == runs[1].run_id
    assert found["result"]["importance"]["loss"][0]["key"] == "lr"
    assert AuditEvent.objects.get(action="comparison.create").token_id == mel.token.pk


def test_a_search_is_compared(mel, runs, private):
    asked = mel.post(PATH, name="good", experiment_ids=[str(private.pk)], filter="metrics.loss < 2").json()
    work()

    found = mel.get(f"{PATH}/{asked['id']}").json()
    assert (found["num_runs"], found["experiment_ids"]) == (2, [str(private.pk)])


def test_it_says_when_it_is_behind_and_is_refreshed(mel, runs):
    asked = make(mel, runs)
    work()
    log(runs[0], loss=[5])

    assert mel.get(f"{PATH}/{asked['id']}").json()["is_behind"]
    assert mel.post(f"{PATH}/{asked['id']}/refresh").json()["state"] == "queued"
    work()
    assert not mel.get(f"{PATH}/{asked['id']}").json()["is_behind"]


def test_it_is_cancelled_and_asked_for_again(mel, runs):
    path = f"{PATH}/{make(mel, runs)['id']}"

    assert mel.post(f"{path}/cancel").json()["state"] == "cancelled"
    assert mel.post(f"{path}/cancel").status_code == 400
    mel.post(f"{path}/refresh")
    work()

    assert mel.get(path).json()["state"] == "done"


def test_it_is_renamed_and_deleted_by_its_owner(mel, runs, api_as, stranger, private):
    path = f"{PATH}/{make(mel, runs)['id']}"
    grant(private, stranger, Level.MANAGE)
    sid = api_as(stranger)

    assert sid.patch(path, name="sid's").status_code == sid.delete(path).status_code == 403
    assert mel.patch(path, name="better").json()["name"] == "better"
    assert mel.delete(path).json() == {}
    assert mel.get(path).status_code == 404
    assert Job.objects.get().state == Job.State.CANCELLED


def test_its_address_opens_nothing_for_who_may_not_see_its_runs(mel, runs, api_as, stranger, private):
    path = f"{PATH}/{make(mel, runs)['id']}"
    sid = api_as(stranger)

    assert sid.get(path).status_code == sid.post(f"{path}/refresh").status_code == 404
    assert sid.get(PATH).json() == {"comparisons": []}

    grant(private, stranger, Level.VIEW)
    work()
    assert sid.get(path).json()["result"]["num_runs"] == 4


def test_its_owner_who_lost_a_run_sees_no_figures_of_it(mel, member, runs, private, admin, api_as, stranger):
    team = make_experiment("team", by=member)
    grant(private, stranger, Level.VIEW)
    sid = api_as(stranger)
    path = f"{PATH}/{make(sid, [runs[0], logged(member, experiment=team)])['id']}"
    work()

    private.grants.filter(user=stranger).delete()

    found = sid.get(path).json()
    assert (found["num_hidden"], found["result"]) == (1, None)
    assert runs[0].run_id not in str(found)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"run_ids": []}, 400),
        ({"run_ids": ["one"]}, 400),
        ({"run_ids": ["f" * 32, "e" * 32]}, 404),
        ({"run_ids": ["a"] * 1001}, 400),
        ({"experiment_ids": ["0"], "run_ids": ["a", "b"]}, 400),
        ({"experiment_ids": ["x"]}, 400),
        ({"experiment_ids": ["4711"]}, 404),
        ({"experiment_ids": ["0"], "filter": "metrics.loss <"}, 400),
    ],
    ids=str,
)
def test_what_cannot_be_compared_is_refused(mel, fields, status):
    answer = mel.post(PATH, name="odd", **fields)

    assert answer.status_code == status, answer.content
    assert answer.json()["message"]


def test_the_list_is_of_what_one_may_see_by_experiment(mel, runs, private, member):
    team = make_experiment("team", by=member)
    first = make(mel, runs)
    make(mel, [logged(member, experiment=team) for _ in range(2)])

    (found,) = mel.get(PATH, experiment_id=str(private.pk)).json()["comparisons"]

    assert (found["id"], found["name"]) == (first["id"], "sweep")
    assert len(mel.get(PATH).json()["comparisons"]) == 2
    assert mel.get(PATH, before=first["id"]).json()["comparisons"] == []


def test_the_list_takes_one_statement(mel, runs, django_assert_max_num_queries):
    for _ in range(5):
        make(mel, runs)

    # the token's, and the list's
    with django_assert_max_num_queries(3):
        mel.get(PATH)


def test_a_token_that_reads_asks_for_none(api_as, member, runs):
    answer = api_as(member, scope=Scope.READ).post(PATH, name="sweep", run_ids=[run.run_id for run in runs])

    assert answer.status_code == 403
