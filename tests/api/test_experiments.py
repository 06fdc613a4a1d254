import pytest

from accounts.access import Level
from core.models import AuditEvent
from tests.factories import grant, make_experiment, make_run
from tracker.locations import MAX_LOCATION
from tracker.models import Experiment


def error_of(answer):
    return answer.status_code, answer.json()["error_code"]


def get(api, experiment):
    return api.get("experiments/get", experiment_id=str(experiment.pk)).json()["experiment"]


def test_create_answers_the_id_as_text(api):
    answer = api.post("experiments/create", name="defects/weld-seams")

    assert answer.status_code == 200
    experiment_id = answer.json()["experiment_id"]
    assert api.get("experiments/get", experiment_id=experiment_id).json()["experiment"]["name"] == "defects/weld-seams"


def test_an_experiment_as_the_client_reads_it(api):
    created = api.post("experiments/create", name="seams", tags=[{"key": "team", "value": "ndt"}]).json()

    experiment = api.get("experiments/get-by-name", experiment_name="seams").json()["experiment"]

    now = experiment.pop("creation_time")
    assert experiment == {
        "experiment_id": created["experiment_id"],
        "name": "seams",
        "artifact_location": f"mlflow-artifacts:/{created['experiment_id']}",
        "lifecycle_stage": "active",
        "last_update_time": now,
        "tags": [{"key": "team", "value": "ndt"}],
    }


@pytest.mark.parametrize("name", [" padded ", "a/b", 'quo"te', "x" * 500, "é ☃", "%2e%2e", "$HOME {{settings}} %(x)s"])
def test_a_name_is_kept_to_the_letter(api, name):
    created = api.post("experiments/create", name=name).json()

    found = api.get("experiments/get-by-name", experiment_name=name).json()["experiment"]

    assert (found["experiment_id"], found["name"]) == (created["experiment_id"], name)


@pytest.mark.parametrize("name", ["", " ", "\t\n", "x" * 501, 5, ["a"], None])
def test_a_name_that_is_none_is_refused(api, name):
    answer = api.post("experiments/create", name=name)

    assert error_of(answer) == (400, "INVALID_PARAMETER_VALUE")


def test_a_name_is_taken_once(api, admin):
    make_experiment("taken", by=admin)

    answer = api.post("experiments/create", name="taken")

    assert error_of(answer) == (400, "RESOURCE_ALREADY_EXISTS")


def test_a_deleted_experiment_keeps_its_name(api, admin):
    experiment = make_experiment("taken", by=admin)
    api.post("experiments/delete", experiment_id=str(experiment.pk))

    answer = api.post("experiments/create", name="taken")

    assert error_of(answer) == (400, "RESOURCE_ALREADY_EXISTS")


def test_names_differ_by_case(api, admin):
    make_experiment("Seams", by=admin)

    assert api.post("experiments/create", name="seams").status_code == 200


def test_a_tag_given_twice_is_refused_as_mlflow_does(api):
    tags = [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]

    answer = api.post("experiments/create", name="seams", tags=tags)

    assert error_of(answer) == (400, "RESOURCE_ALREADY_EXISTS")
    assert not Experiment.objects.filter(name="seams").exists()


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc", "file:etc", "FILE:///etc", " file:///etc", "file://host/x", "http:///#/../../etc/", ":/etc",
        "dbfs:/x", "ftp://host/x", "s3://bucket/x", "/etc", "./x", "C:\\x", "\\\\srv\\x", "runs:/abc/x", "//host/x",
        "mlflow-artifacts:/a#b", "mlflow-artifacts:/a;b", "mlflow-artifacts:/a?b", "mlflow-artifacts://host/a",
        "mlflow-artifacts:a", "mlflow-artifacts:/a/../b", "mlflow-artifacts:/a/%2e%2e/b", "mlflow-artifacts:/..",
        "mlflow-artifacts:/a/%252e%252e%252fb", "mlflow-artifacts:/a%00", "mlflow-artifacts:/a\r\nb",
        "mlflow-artifacts:/a\u202eb", "mlflow-artifacts:/a b", "mlflow-artifacts://[", "mlflow-artifacts:/" + "x" * 256, "mlflow-artifacts:/" + "x/" * 1015 + "x",
    ],
)  # fmt: skip
def test_a_location_that_leads_elsewhere_is_refused(api, location):
    answer = api.post("experiments/create", name="seams", artifact_location=location)

    assert error_of(answer) == (400, "INVALID_PARAMETER_VALUE")
    assert not Experiment.objects.filter(name="seams").exists()


def test_a_location_at_the_limit_takes_runs_and_their_files(api):
    location = "mlflow-artifacts:" + ("/" + "x" * 195) * 10
    location += "/" + "x" * (MAX_LOCATION - len(location) - 1)
    assert len(location) == MAX_LOCATION

    experiment_id = api.post("experiments/create", name="deep", artifact_location=location).json()["experiment_id"]
    uri = api.post("runs/create", experiment_id=experiment_id).json()["run"]["info"]["artifact_uri"]
    put = api.put(f"/api/2.0/mlflow-artifacts/artifacts{uri.partition(':')[2]}/{'y' * 255}", any="body")

    model = api.post("logged-models", experiment_id=experiment_id, name="m")

    assert (put.status_code, model.status_code) == (200, 200)
    assert len(model.json()["model"]["info"]["artifact_uri"]) == 2048


def test_a_foreign_scheme_is_for_the_administrator_to_allow(api, settings):
    settings.ASSAY_ARTIFACT_SCHEMES = ["s3"]

    refused = api.post("experiments/create", name="a", artifact_location="s3://bucket/x?y=../z")
    allowed = api.post("experiments/create", name="b", artifact_location="s3://bucket/x/")

    assert error_of(refused) == (400, "INVALID_PARAMETER_VALUE")
    run = api.post("runs/create", experiment_id=allowed.json()["experiment_id"]).json()["run"]["info"]
    assert run["artifact_uri"] == f"s3://bucket/x/{run['run_id']}/artifacts"


def test_default_is_there_from_the_start(api):
    experiment = api.get("experiments/get", experiment_id="0").json()["experiment"]

    assert (experiment["name"], experiment["experiment_id"]) == ("Default", "0")


@pytest.mark.parametrize("experiment_id", ["x", "1.0", "../x", "a/b", "--1", "-", "9" * 30, "%2f", "☃", "²", "1e3"])
def test_an_id_that_is_no_number_is_refused(api, experiment_id):
    answer = api.get("experiments/get", experiment_id=experiment_id)

    assert error_of(answer) == (400, "INVALID_PARAMETER_VALUE")


def test_what_is_missing_is_not_found_with_the_code_that_the_client_maps_to_none(api):
    assert error_of(api.get("experiments/get", experiment_id="4711")) == (404, "RESOURCE_DOES_NOT_EXIST")
    assert error_of(api.get("experiments/get", experiment_id="-1")) == (404, "RESOURCE_DOES_NOT_EXIST")
    assert error_of(api.get("experiments/get-by-name", experiment_name="no")) == (404, "RESOURCE_DOES_NOT_EXIST")


def test_rename(api, admin):
    experiment = make_experiment("before", by=admin)

    answer = api.post("experiments/update", experiment_id=str(experiment.pk), new_name="after")

    assert (answer.status_code, answer.json()) == (200, {})
    assert get(api, experiment)["name"] == "after"
    assert get(api, experiment)["last_update_time"] >= experiment.last_update_time_ms
    assert AuditEvent.objects.get(action="experiment.rename").details == {"before": "before"}


def test_rename_to_its_own_name_is_fine(api, admin):
    experiment = make_experiment("same", by=admin)

    assert api.post("experiments/update", experiment_id=str(experiment.pk), new_name="same").status_code == 200


def test_rename_to_a_taken_name_is_refused(api, admin):
    make_experiment("taken", by=admin)
    experiment = make_experiment("free", by=admin)

    answer = api.post("experiments/update", experiment_id=str(experiment.pk), new_name="taken")

    assert error_of(answer) == (400, "RESOURCE_ALREADY_EXISTS")


def test_rename_of_a_deleted_one_is_a_clear_refusal(api, admin):
    experiment = make_experiment(by=admin)
    api.post("experiments/delete", experiment_id=str(experiment.pk))

    answer = api.post("experiments/update", experiment_id=str(experiment.pk), new_name="after")

    assert error_of(answer) == (400, "INVALID_PARAMETER_VALUE")


def test_delete_takes_its_runs_along_and_counts_them(api, admin):
    experiment = make_experiment(by=admin)
    run_id = api.post("runs/create", experiment_id=str(experiment.pk)).json()["run"]["info"]["run_id"]

    api.post("experiments/delete", experiment_id=str(experiment.pk))

    assert get(api, experiment)["lifecycle_stage"] == "deleted"
    run = api.get("runs/get", run_id=run_id).json()["run"]
    assert run["info"]["lifecycle_stage"] == "deleted"
    experiment.refresh_from_db()
    assert (experiment.num_runs, experiment.last_activity_ms) == (0, 0)


def test_delete_a_second_time_is_not_found(api, admin):
    experiment = make_experiment(by=admin)
    api.post("experiments/delete", experiment_id=str(experiment.pk))

    answer = api.post("experiments/delete", experiment_id=str(experiment.pk))

    assert error_of(answer) == (404, "RESOURCE_DOES_NOT_EXIST")


def test_restore_brings_all_runs_back_those_deleted_one_by_one_too(api, admin):
    experiment = make_experiment(by=admin)
    ids = [
        api.post("runs/create", experiment_id=str(experiment.pk), start_time=n).json()["run"]["info"]["run_id"]
        for n in (5, 7)
    ]
    api.post("runs/delete", run_id=ids[0])
    api.post("experiments/delete", experiment_id=str(experiment.pk))

    answer = api.post("experiments/restore", experiment_id=str(experiment.pk))

    assert answer.status_code == 200
    stages = {api.get("runs/get", run_id=run_id).json()["run"]["info"]["lifecycle_stage"] for run_id in ids}
    assert stages == {"active"}
    experiment.refresh_from_db()
    assert (experiment.num_runs, experiment.last_activity_ms) == (2, 7)


def test_restore_of_an_active_one_is_not_found(api, admin):
    experiment = make_experiment(by=admin)

    answer = api.post("experiments/restore", experiment_id=str(experiment.pk))

    assert error_of(answer) == (404, "RESOURCE_DOES_NOT_EXIST")


def test_default_may_be_deleted_and_restored(api):
    assert api.post("experiments/delete", experiment_id="0").status_code == 200
    assert error_of(api.post("runs/create", experiment_id="0")) == (400, "INVALID_PARAMETER_VALUE")
    assert api.post("experiments/restore", experiment_id="0").status_code == 200


def test_a_tag_is_set_changed_and_deleted_without_touching_the_update_time(api, admin):
    experiment = make_experiment(by=admin)
    before = get(api, experiment)["last_update_time"]

    api.post("experiments/set-experiment-tag", experiment_id=str(experiment.pk), key="a/b", value="1")
    api.post("experiments/set-experiment-tag", experiment_id=str(experiment.pk), key="a/b", value="2")
    tags = get(api, experiment)["tags"]
    deleted = api.post("experiments/delete-experiment-tag", experiment_id=str(experiment.pk), key="a/b")

    assert tags == [{"key": "a/b", "value": "2"}]
    assert (deleted.status_code, get(api, experiment)["tags"]) == (200, [])
    assert get(api, experiment)["last_update_time"] == before


def test_a_missing_tag_is_not_found(api):
    answer = api.post("experiments/delete-experiment-tag", experiment_id="0", key="no")

    assert error_of(answer) == (404, "RESOURCE_DOES_NOT_EXIST")


@pytest.mark.parametrize(
    ("key", "value"),
    [("", "v"), ("/a", "v"), ("a//b", "v"), ("a/../b", "v"), ("a@b", "v"), ("k" * 251, "v"), ("k", "v" * 20_001)],
)
def test_a_tag_outside_of_the_limits_is_refused(api, key, value):
    answer = api.post("experiments/set-experiment-tag", experiment_id="0", key=key, value=value)

    assert error_of(answer) == (400, "INVALID_PARAMETER_VALUE")


def test_a_tag_at_the_limit_is_kept(api):
    api.post("experiments/set-experiment-tag", experiment_id="0", key="k" * 250, value="v" * 20_000)

    tags = api.get("experiments/get", experiment_id="0").json()["experiment"]["tags"]

    assert tags == [{"key": "k" * 250, "value": "v" * 20_000}]


def test_tags_of_a_deleted_experiment_stay_as_they_are(api, admin):
    experiment = make_experiment(by=admin)
    api.post("experiments/delete", experiment_id=str(experiment.pk))

    answer = api.post("experiments/set-experiment-tag", experiment_id=str(experiment.pk), key="k", value="v")

    assert error_of(answer) == (400, "INVALID_PARAMETER_VALUE")


def test_a_private_experiment_does_not_exist_for_a_stranger(api_as, member, stranger):
    experiment = make_experiment("secret", by=member, is_private=True)

    answer = api_as(stranger).get("experiments/get", experiment_id=str(experiment.pk))

    assert error_of(answer) == (404, "RESOURCE_DOES_NOT_EXIST")
    assert "secret" not in answer.text


def test_the_name_of_a_private_experiment_is_taken_for_a_stranger_too(api_as, member, stranger):
    make_experiment("secret", by=member, is_private=True)

    answer = api_as(stranger).post("experiments/create", name="secret")

    assert error_of(answer) == (400, "RESOURCE_ALREADY_EXISTS")


def test_to_edit_is_not_to_delete(api_as, admin, member):
    experiment = make_experiment(by=admin)
    grant(experiment, member, Level.EDIT)

    answer = api_as(member).post("experiments/delete", experiment_id=str(experiment.pk))

    assert error_of(answer) == (403, "PERMISSION_DENIED")


def test_get_costs_the_same_however_many_tags_and_runs(api, admin, django_assert_num_queries):
    experiment = make_experiment(by=admin, tags=[(f"k{n}", "v") for n in range(50)])
    for _ in range(5):
        make_run(experiment, by=admin)
    get(api, experiment)

    with django_assert_num_queries(2):
        get(api, experiment)


def search_datasets(api, *experiments):
    ids = [str(experiment.pk) for experiment in experiments]
    return api.post("/ajax-api/2.0/mlflow/experiments/search-datasets", experiment_ids=ids)


def use_dataset(api, experiment, name, **tags):
    run_id = api.post("runs/create", experiment_id=str(experiment.pk)).json()["run"]["info"]["run_id"]
    dataset = {"name": name, "digest": "d1", "source_type": "local", "source": "s"}
    tags = [{"key": f"mlflow.data.{key}", "value": value} for key, value in tags.items()]
    api.post("runs/log-inputs", run_id=run_id, datasets=[{"dataset": dataset, "tags": tags}])


def test_datasets_are_summed_up_by_context(api, admin):
    experiment = make_experiment(by=admin)
    for context in ("train", "train", "eval"):
        use_dataset(api, experiment, "seams", context=context)
    use_dataset(api, experiment, "plain")

    summaries = search_datasets(api, experiment).json()["dataset_summaries"]

    own = {"experiment_id": str(experiment.pk), "digest": "d1"}
    assert summaries == [
        {**own, "name": "seams", "context": "eval"},
        {**own, "name": "seams", "context": "train"},
        {**own, "name": "plain"},
    ]


def test_datasets_of_what_one_may_not_see_are_not_there(api, api_as, admin, stranger):
    experiment = make_experiment(by=admin, is_private=True)
    use_dataset(api, experiment, "seams")

    assert search_datasets(api_as(stranger), experiment).json() == {"dataset_summaries": []}


@pytest.mark.parametrize("ids", [[], ["1"] * 21, ["x"], "1", None])
def test_datasets_of_none_or_too_many_experiments_are_refused(api, ids):
    answer = api.post("/ajax-api/2.0/mlflow/experiments/search-datasets", experiment_ids=ids)

    assert error_of(answer) == (400, "INVALID_PARAMETER_VALUE")


def test_datasets_are_for_the_web_interface_alone(api):
    assert error_of(api.post("experiments/search-datasets", experiment_ids=["0"])) == (404, "ENDPOINT_NOT_FOUND")


def test_custom_views_are_limited_to_fifty_and_may_be_changed_at_the_limit(api):
    def save(number, value="v"):
        key = f"mlflow.customView.view{number}"
        return api.post("experiments/set-experiment-tag", experiment_id="0", key=key, value=value)

    statuses = [save(number).status_code for number in range(51)]

    assert statuses == [200] * 50 + [400]
    assert save(7, "changed").status_code == 200


def test_an_experiment_with_too_many_custom_views_is_not_made(api):
    tags = [{"key": f"mlflow.customView.view{number}", "value": "v"} for number in range(51)]

    assert error_of(api.post("experiments/create", name="seams", tags=tags)) == (400, "INVALID_PARAMETER_VALUE")


def test_a_refusal_says_what_to_do_instead(api):
    def said(path: str, **data) -> str:
        return api.post(path, **data).json()["message"]

    experiment_id = api.post("experiments/create", name="seams").json()["experiment_id"]

    assert "Leave artifact_location out" in said("experiments/create", name="a", artifact_location="s3://bucket/x")
    assert said("experiments/restore", experiment_id=experiment_id).endswith("exists in the trash: it is active")
    api.post("experiments/delete", experiment_id=experiment_id)
    assert said("experiments/delete", experiment_id=experiment_id).endswith("it was deleted already")
    missing = api.get("experiments/get", experiment_id="4711").json()["message"]
    assert missing == "No Experiment with id=4711 exists, or it is not shared with you"
