import pytest

from accounts.access import Level, Scope
from core.models import AuditEvent
from tests.factories import grant, make_experiment, make_run
from tracker.models import Experiment, Run


def create(api, **data):
    return api.post("runs/create", **{"experiment_id": "0", **data}).json()["run"]


def new_run(api, **data):
    return create(api, **data)["info"]["run_id"]


def get(api, run_id):
    return api.get("runs/get", run_id=run_id).json()["run"]


def tags_of(run):
    return {tag["key"]: tag["value"] for tag in run["data"]["tags"]}


def error_of(answer):
    return answer.status_code, answer.json()["error_code"]


BAD = (400, "INVALID_PARAMETER_VALUE")


def test_create_answers_the_run_as_the_client_expects_it(api):
    run = create(api, user_id="ada", start_time=1_700_000_000_000, run_name="first", tags=[{"key": "a", "value": "b"}])

    run_id = run["info"]["run_id"]
    assert len(run_id) == 32
    assert run == {
        "info": {
            "run_id": run_id,
            "run_uuid": run_id,
            "run_name": "first",
            "experiment_id": "0",
            "user_id": "ada",
            "status": "RUNNING",
            "start_time": 1_700_000_000_000,
            "artifact_uri": f"mlflow-artifacts:/0/{run_id}/artifacts",
            "lifecycle_stage": "active",
        },
        "data": {
            "metrics": [],
            "params": [],
            "tags": [{"key": "a", "value": "b"}, {"key": "mlflow.runName", "value": "first"}],
        },
        "inputs": {"dataset_inputs": []},
    }


def test_who_calls_is_recorded_beside_who_the_client_says_it_is(api, admin):
    run_id = new_run(api, user_id="somebody-else")

    row = Run.objects.get(run_id=run_id)
    assert (row.created_by, row.token_id, row.claimed_user) == (admin, api.token.pk, "somebody-else")


def test_a_run_without_a_name_gets_one_and_its_tag(api):
    run = create(api)

    assert run["info"]["run_name"].count("-") == 2
    assert tags_of(run)["mlflow.runName"] == run["info"]["run_name"]


def test_the_name_may_come_by_the_tag_alone(api):
    run = create(api, tags=[{"key": "mlflow.runName", "value": "by tag"}])

    assert run["info"]["run_name"] == "by tag"


def test_two_names_that_differ_are_refused(api):
    answer = api.post("runs/create", experiment_id="0", run_name="a", tags=[{"key": "mlflow.runName", "value": "b"}])

    assert error_of(answer) == BAD


def test_create_is_never_deduplicated(api):
    data = {"start_time": 5, "tags": [{"key": "mlflow.parentRunId", "value": "x"}]}

    assert new_run(api, **data) != new_run(api, **data)


def test_tags_of_create_are_stored_whole_and_the_last_of_a_key_counts(api):
    run = create(api, tags=[{"key": "a@b", "value": "1"}, {"key": "a@b", "value": "2" * 9000}])

    assert tags_of(run)["a@b"] == "2" * 9000


def test_without_an_experiment_a_run_goes_to_default_and_starts_now(api):
    run = api.post("runs/create").json()["run"]["info"]

    assert run["experiment_id"] == "0"
    assert run["start_time"] > 1_700_000_000_000


@pytest.mark.parametrize("start_time", [0, 1, 253_402_300_799_999])
def test_a_start_time_is_kept_as_given(api, start_time):
    assert create(api, start_time=start_time)["info"]["start_time"] == start_time


@pytest.mark.parametrize("start_time", [-1, 253_402_300_800_000, 2**62, 2**63, "soon", 1.5, "2026-11-24T00:00:00Z"])
def test_a_start_time_that_no_calendar_has_is_refused(api, start_time):
    assert error_of(api.post("runs/create", experiment_id="0", start_time=start_time)) == BAD


def test_a_run_needs_an_experiment_that_is_there(api, admin):
    deleted = make_experiment(by=admin)
    api.post("experiments/delete", experiment_id=str(deleted.pk))

    assert error_of(api.post("runs/create", experiment_id="4711")) == (404, "RESOURCE_DOES_NOT_EXIST")
    assert error_of(api.post("runs/create", experiment_id=str(deleted.pk))) == BAD
    assert error_of(api.post("runs/create", experiment_id="x")) == BAD
    assert not Run.objects.exists()


def test_the_experiment_knows_its_runs_and_the_newest(api, admin):
    experiment = make_experiment(by=admin)
    ids = [new_run(api, experiment_id=str(experiment.pk), start_time=start) for start in (5, 9, 7)]

    def counts():
        experiment.refresh_from_db()
        return experiment.num_runs, experiment.last_activity_ms

    assert counts() == (3, 9)
    api.post("runs/delete", run_id=ids[1])
    assert counts() == (2, 7)
    api.post("runs/delete", run_id=ids[1])
    assert counts() == (2, 7)
    api.post("runs/restore", run_id=ids[1])
    assert counts() == (3, 9)


@pytest.mark.parametrize("name", ["run_id", "run_uuid"])
def test_a_run_is_found_by_either_name_of_its_id(api, name):
    run_id = new_run(api)

    assert api.get("runs/get", **{name: run_id}).json()["run"]["info"]["run_id"] == run_id
    assert api.post("runs/set-tag", **{name: run_id}, key="k", value="v").status_code == 200
    assert api.get("runs/get", run_id=run_id, run_uuid=run_id).status_code == 200


def test_a_call_without_a_run_says_so(api):
    answer = api.get("runs/get")

    assert error_of(answer) == BAD
    assert "Missing value for required parameter 'run_id'" in answer.json()["message"]


@pytest.mark.parametrize("run_id", ["0" * 32, "../x", "a/b", ".", "x" * 300, "☃", "%2f", "' OR 1=1 --"])
def test_a_run_that_is_not_there_is_not_found(api, run_id):
    assert error_of(api.get("runs/get", run_id=run_id)) == (404, "RESOURCE_DOES_NOT_EXIST")
    assert error_of(api.post("runs/log-metric", run_id=run_id, key="m", value=1, timestamp=1)) == (
        404,
        "RESOURCE_DOES_NOT_EXIST",
    )


def test_update_changes_what_is_given_and_leaves_the_rest(api):
    run_id = new_run(api, run_name="n")

    first = api.post("runs/update", run_id=run_id, status="FINISHED", end_time=77).json()["run_info"]
    again = api.post("runs/update", run_id=run_id, status="RUNNING").json()["run_info"]

    assert (first["status"], first["end_time"], first["run_name"]) == ("FINISHED", 77, "n")
    assert (again["status"], again["end_time"]) == ("RUNNING", 77)
    assert get(api, run_id)["info"] == again


def test_a_running_run_has_no_end_time_on_the_wire(api):
    assert "end_time" not in get(api, new_run(api))["info"]


@pytest.mark.parametrize(
    ("sent", "stored"),
    [("FAILED", "FAILED"), ("killed", "KILLED"), (3, "FINISHED"), ("3", "FINISHED"), ("NEW", "RUNNING"), ("", "RUNNING"),
     (99, "RUNNING"), (None, "RUNNING")],
)  # fmt: skip
def test_a_status_comes_by_name_or_number_and_an_unknown_one_is_passed_over(api, sent, stored):
    run_id = new_run(api)

    answer = api.post("runs/update", run_id=run_id, status=sent)

    assert (answer.status_code, answer.json()["run_info"]["status"]) == (200, stored)


def test_a_new_name_is_mirrored_in_the_tag_and_an_empty_one_is_passed_over(api):
    run_id = new_run(api)

    api.post("runs/update", run_id=run_id, run_name="second")
    api.post("runs/update", run_id=run_id, run_name="")

    run = get(api, run_id)
    assert (run["info"]["run_name"], tags_of(run)["mlflow.runName"]) == ("second", "second")


def test_the_tag_renames_the_run_and_an_empty_one_is_passed_over(api):
    run_id = new_run(api)

    api.post("runs/set-tag", run_id=run_id, key="mlflow.runName", value="third")
    api.post("runs/set-tag", run_id=run_id, key="mlflow.runName", value="")

    run = get(api, run_id)
    assert (run["info"]["run_name"], tags_of(run)["mlflow.runName"]) == ("third", "third")


def test_the_tag_renames_the_run_through_a_batch_too(api):
    run_id = new_run(api)

    api.post("runs/log-batch", run_id=run_id, tags=[{"key": "mlflow.runName", "value": "fourth"}])

    run = get(api, run_id)
    assert (run["info"]["run_name"], tags_of(run)["mlflow.runName"]) == ("fourth", "fourth")


def test_without_its_tag_a_run_keeps_its_name(api):
    run_id = new_run(api, run_name="kept")

    api.post("runs/delete-tag", run_id=run_id, key="mlflow.runName")

    run = get(api, run_id)
    assert (run["info"]["run_name"], tags_of(run)) == ("kept", {})


@pytest.mark.parametrize("end_time", [-1, 2**63, "x", 253_402_300_800_000])
def test_an_end_time_that_no_calendar_has_is_refused(api, end_time):
    assert error_of(api.post("runs/update", run_id=new_run(api), end_time=end_time)) == BAD


def test_an_end_before_the_start_is_kept_as_given(api):
    run_id = new_run(api, start_time=100)

    api.post("runs/update", run_id=run_id, end_time=50)

    assert get(api, run_id)["info"]["end_time"] == 50


def test_delete_and_restore_may_be_repeated_and_leave_one_event_each(api):
    run_id = new_run(api)

    deleted = [api.post("runs/delete", run_id=run_id) for _ in range(2)]
    stage = get(api, run_id)["info"]["lifecycle_stage"]
    restored = [api.post("runs/restore", run_id=run_id) for _ in range(2)]

    assert [answer.status_code for answer in deleted + restored] == [200] * 4
    assert (stage, get(api, run_id)["info"]["lifecycle_stage"]) == ("deleted", "active")
    events = AuditEvent.objects.filter(object_id=run_id).order_by("pk").values_list("action", "token_id")
    assert list(events) == [("run.delete", api.token.pk), ("run.restore", api.token.pk)]


def test_restore_works_inside_a_deleted_experiment(api, admin):
    experiment = make_experiment(by=admin)
    run_id = new_run(api, experiment_id=str(experiment.pk))
    api.post("experiments/delete", experiment_id=str(experiment.pk))

    api.post("runs/restore", run_id=run_id)

    assert get(api, run_id)["info"]["lifecycle_stage"] == "active"
    assert api.post("runs/set-tag", run_id=run_id, key="k", value="v").status_code == 200


WRITES = [
    ("update", {"status": "FINISHED"}),
    ("log-metric", {"key": "m", "value": 1, "timestamp": 1}),
    ("log-parameter", {"key": "p", "value": "1"}),
    ("set-tag", {"key": "k", "value": "v"}),
    ("delete-tag", {"key": "mlflow.runName"}),
    ("log-batch", {"metrics": [{"key": "m", "value": 1, "timestamp": 1}]}),
    ("log-batch", {}),
    ("log-inputs", {"datasets": [{"dataset": {"name": "d", "digest": "1"}}]}),
    ("outputs", {"models": [{"model_id": "m-1"}]}),
    (
        "log-model",
        {"model_json": '{"artifact_path": "m", "flavors": {}, "utc_time_created": "2026-05-03", "run_id": "x"}'},
    ),
]


@pytest.mark.parametrize(("call", "data"), WRITES)
def test_a_deleted_run_takes_no_writes(api, call, data):
    run_id = new_run(api)
    api.post("runs/delete", run_id=run_id)

    answer = api.post(f"runs/{call}", run_id=run_id, **data)

    assert error_of(answer) == BAD
    assert "must be in the 'active' state" in answer.json()["message"]


@pytest.mark.parametrize(("call", "data"), WRITES)
def test_a_finished_run_takes_writes(api, call, data):
    run_id = new_run(api)
    api.post("runs/update", run_id=run_id, status="FINISHED", end_time=5)

    assert api.post(f"runs/{call}", run_id=run_id, **data).status_code == 200


@pytest.mark.parametrize(("call", "data"), WRITES)
def test_a_colleagues_run_takes_no_writes_without_a_grant(api_as, admin, member, call, data):
    run = make_run(by=admin)

    assert error_of(api_as(member).post(f"runs/{call}", run_id=run.run_id, **data)) == (403, "PERMISSION_DENIED")


@pytest.mark.parametrize(("call", "data"), WRITES)
def test_a_run_of_a_private_experiment_does_not_exist_for_a_stranger(api_as, admin, stranger, call, data):
    run = make_run(make_experiment(by=admin, is_private=True), by=admin)

    answer = api_as(stranger).post(f"runs/{call}", run_id=run.run_id, **data)

    assert error_of(answer) == (404, "RESOURCE_DOES_NOT_EXIST")


@pytest.mark.parametrize(("call", "data"), WRITES)
def test_a_token_that_may_only_read_writes_nothing(api_as, member, call, data):
    run = make_run(by=member)

    answer = api_as(member, Scope.READ).post(f"runs/{call}", run_id=run.run_id, **data)

    assert error_of(answer) == (403, "PERMISSION_DENIED")


def test_a_grant_to_log_opens_the_runs_of_others(api_as, admin, member):
    experiment = make_experiment(by=admin, is_private=True)
    run = make_run(experiment, by=admin)
    grant(experiment, member, Level.LOG)

    answer = api_as(member, Scope.LOG).post("runs/set-tag", run_id=run.run_id, key="k", value="v")

    assert answer.status_code == 200


def test_a_member_logs_where_it_is_not_private_and_deletes_only_own_runs(api_as, admin, member):
    other = make_run(by=admin)
    api = api_as(member)

    own = new_run(api)

    assert api.post("runs/delete", run_id=own).status_code == 200
    assert error_of(api.post("runs/delete", run_id=other.run_id)) == (403, "PERMISSION_DENIED")


def test_a_run_is_read_with_the_same_statements_however_much_was_logged(api, admin, django_assert_num_queries):
    run_id = new_run(api)
    api.post(
        "runs/log-batch",
        run_id=run_id,
        metrics=[{"key": f"m{n}", "value": n, "timestamp": n} for n in range(800)],
        params=[{"key": f"p{n}", "value": "v"} for n in range(100)],
        tags=[{"key": f"t{n}", "value": "v"} for n in range(100)],
    )
    for n in range(3):
        api.post("runs/log-inputs", run_id=run_id, datasets=[{"dataset": {"name": f"d{n}", "digest": "1"}}])

    with django_assert_num_queries(7):
        run = get(api, run_id)

    assert (len(run["data"]["metrics"]), len(run["data"]["params"]), len(run["data"]["tags"])) == (800, 100, 101)
    assert len(run["inputs"]["dataset_inputs"]) == 3


@pytest.mark.parametrize(
    ("call", "data", "most"),
    [
        # beginning and end of the transaction included, and on PostgreSQL the lock of the run
        ("create", {"experiment_id": "0"}, 6),
        ("log-metric", {"key": "m", "value": 1, "timestamp": 1}, 8),
        ("log-parameter", {"key": "p", "value": "1"}, 5),
        ("set-tag", {"key": "k", "value": "v"}, 5),
        # with the look whether a webhook is to be told of the end
        ("update", {"status": "FINISHED", "end_time": 5}, 6),
    ],
)
def test_a_call_that_is_made_in_a_loop_keeps_to_its_budget(api, django_assert_max_num_queries, call, data, most):
    run_id = new_run(api)

    with django_assert_max_num_queries(most):
        api.post(f"runs/{call}", run_id=run_id, **data)


def test_default_counts_as_any_other(api):
    new_run(api)

    assert Experiment.objects.get(pk=0).num_runs == 1
