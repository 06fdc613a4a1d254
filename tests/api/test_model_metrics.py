import pytest

from accounts.access import Level
from tests.api.run_data import BAD, GONE, error_of, history, log, metrics_of
from tests.factories import grant, make_experiment, make_run
from tracker.models import LoggedModel, LoggedModelMetric


@pytest.fixture
def model(admin):
    return make_model(by=admin)


def make_model(experiment=None, *, by, **fields):
    experiment_id = experiment.pk if experiment else 0
    number = LoggedModel.objects.count()
    return LoggedModel.objects.create(
        model_id=f"m-{number:032x}",
        experiment_id=experiment_id,
        name="model",
        artifact_uri="mlflow-artifacts:/0/models/x/artifacts",
        creation_time_ms=1,
        last_updated_time_ms=1,
        created_by=by,
        **fields,
    )


def test_a_repeat_with_a_model_is_new_for_the_model_and_a_duplicate_for_the_run(api, run_id, model):
    log(api, run_id, value="NaN")

    for _ in range(2):
        answer = api.post(
            "runs/log-batch",
            run_id=run_id,
            metrics=[
                {"key": "m", "value": "NaN", "timestamp": 1, "model_id": model.model_id, "dataset_name": "d",
                 "dataset_digest": "1"}
            ],
        )  # fmt: skip
        assert answer.status_code == 200

    assert len(history(api, run_id, "m")) == 1
    row = LoggedModelMetric.objects.get()
    assert (row.model, row.run.run_id, row.key, row.is_nan, row.dataset_name) == (model, run_id, "m", True, "d")


def test_a_single_metric_is_recorded_on_its_model_too(api, run_id, model):
    log(api, run_id, value=0.5, model_id=model.model_id)

    assert LoggedModelMetric.objects.get(model=model).value == 0.5
    assert metrics_of(api, run_id)["m"]["value"] == 0.5


@pytest.mark.parametrize("model_id", ["m-nope", "../x", "x" * 300])
def test_a_model_that_is_not_there_is_not_found_and_nothing_is_kept(api, run_id, model_id):
    assert error_of(log(api, run_id, model_id=model_id)) == GONE
    assert metrics_of(api, run_id) == {}


def test_a_dataset_name_beyond_its_limit_is_refused(api, run_id, model):
    assert error_of(log(api, run_id, model_id=model.model_id, dataset_name="d" * 501)) == BAD
    assert error_of(log(api, run_id, model_id=model.model_id, dataset_digest="d" * 37)) == BAD


def test_a_colleagues_model_may_be_evaluated_where_one_may_log(api_as, admin, member, model):
    run = make_run(by=member)

    assert log(api_as(member), run.run_id, model_id=model.model_id).status_code == 200


def test_a_model_takes_no_metrics_from_who_may_only_view_it(api_as, admin, member):
    experiment = make_experiment(by=admin, is_private=True)
    model = make_model(experiment, by=admin)
    grant(experiment, member, Level.VIEW)

    answer = log(api_as(member), make_run(by=member).run_id, model_id=model.model_id)

    assert error_of(answer) == (403, "PERMISSION_DENIED")
    assert not LoggedModelMetric.objects.exists()


def test_a_model_of_a_private_experiment_does_not_exist_for_a_stranger(api_as, admin, stranger):
    model = make_model(make_experiment(by=admin, is_private=True), by=admin)

    assert error_of(log(api_as(stranger), make_run(by=stranger).run_id, model_id=model.model_id)) == GONE
