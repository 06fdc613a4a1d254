import io
import re

import pytest

from registry.actions import model_versions
from tests.factories import make_experiment, make_logged_model, make_model, make_run
from tests.pages.test_run_page import EVIL, text_of
from tests.tracker.test_model_description import MLMODEL
from tracker.actions import artifacts, inputs, logged_models
from tracker.models import Environment, LoggedModel, LoggedModelMetric, LoggedModelParam, LoggedModelTag


def measure(model, key, value, step=0, **fields):
    return LoggedModelMetric.objects.create(model=model, key=key, value=value, timestamp_ms=step, step=step, **fields)


@pytest.fixture
def experiment(member):
    return make_experiment("seams", by=member)


@pytest.fixture
def page(client, member):
    client.force_login(member)
    return lambda address, **query: client.get(address, query)


# the list -------------------------------------------------------------------------------------------------


def test_the_models_of_an_experiment_are_listed_with_their_runs_and_metrics(page, experiment, member):
    run = make_run(experiment, by=member, name="vivid-heron")
    model = make_logged_model(experiment, by=member, name="classifier", model_type="sklearn", source_run=run)
    measure(model, "acc", 0.5)
    measure(model, "acc", 0.75, step=1)
    make_logged_model(by=member, name="elsewhere")

    text = text_of(page(f"/experiments/{experiment.pk}/models"))

    assert re.search(r"classifier.* Pending .*sklearn.* acc 0\.75 .*vivid-heron", text)
    assert "elsewhere" not in text


def test_the_filter_is_that_of_the_search(page, experiment, member):
    for name, value in (("good", 0.9), ("poor", 0.1)):
        measure(make_logged_model(experiment, by=member, name=name), "acc", value)
    address = f"/experiments/{experiment.pk}/models"

    found, none, wrong = (page(address, q=q) for q in ("metrics.acc > 0.5", "name = 'x'", "metrics.acc >"))

    assert "good" in text_of(found)
    assert "poor" not in text_of(found)
    assert "No model matches" in text_of(none)
    assert wrong.status_code == 400
    assert 'role="alert"' in wrong.content.decode()


def test_pages_go_by_key(page, experiment, member, monkeypatch):
    monkeypatch.setattr("pages.logged_models.SIZE", 2)
    for n in range(3):
        LoggedModel.objects.filter(pk=make_logged_model(experiment, by=member, name=f"m{n}").pk).update(
            creation_time_ms=n
        )

    first = page(f"/experiments/{experiment.pk}/models")
    token = re.search(r'rel="next" href="\?page=([^"]+)"', first.content.decode())[1]
    second = page(f"/experiments/{experiment.pk}/models?page={token}")

    assert "m0" not in text_of(first)
    assert "m0" in text_of(second)
    assert 'rel="prev"' in second.content.decode()


def test_a_list_of_models_has_a_budget(page, experiment, member, django_assert_num_queries):
    address = f"/experiments/{experiment.pk}/models"
    for num in (1, 10):
        for _ in range(num):
            measure(make_logged_model(experiment, by=member, source_run=make_run(experiment, by=member)), "acc", 1)
        # session, user, experiment; level, tags, star and counts above; what may be seen, ids, models, runs, metrics
        with django_assert_num_queries(15):
            page(address)


def test_a_run_elsewhere_that_is_hidden_is_not_named(page, experiment, member, admin):
    hidden = make_run(make_experiment(by=admin, is_private=True), by=admin, name="hushhush")
    model = make_logged_model(experiment, by=member, source_run=hidden)
    measure(model, "acc", 1, run=hidden)

    for address in (f"/experiments/{experiment.pk}/models", model.get_absolute_url()):
        answer = page(address)
        assert answer.status_code == 200
        assert "hushhush" not in answer.content.decode()
        assert hidden.run_id not in answer.content.decode()


# one model ------------------------------------------------------------------------------------------------


def test_a_model_shows_what_it_is_and_how_to_load_it(page, experiment, member):
    run, user = make_run(experiment, by=member, name="maker"), make_run(by=member, name="evaluator")
    model = make_logged_model(experiment, by=member, name="classifier", source_run=run, params=[("depth", "50")])
    LoggedModelTag.objects.create(model=model, key="team", value="vision")
    measure(model, "acc", 0.75, dataset_name="holdout", dataset_digest="3f", run=user)
    inputs.log(user, model_ids=[model.model_id], by=member)
    artifacts.upload(model, "MLmodel", io.BytesIO(MLMODEL.encode()), by=member)
    artifacts.upload(model, "requirements.txt", io.BytesIO(b"numpy==2.1.0"), by=member)
    logged_models.finalize(model, LoggedModel.Status.READY, by=member)

    text = text_of(page(model.get_absolute_url()))

    for shown in ("Ready", "maker", "depth 50", "team vision", "acc 0.75", "holdout 3f", "evaluator", "numpy ==2.1.0"):
        assert shown in text
    assert "sklearn 1.5.2" in text
    assert "input width double" in text
    assert f'mlflow.sklearn.load_model("models:/{model.model_id}")' in text.replace("&quot;", '"')


def test_versions_that_were_registered_from_it_are_named_as_far_as_one_may_see_them(page, experiment, member, admin):
    model = make_logged_model(experiment, by=member, source_run=make_run(experiment, by=member))
    for registered in (
        make_model("seam-finder", by=member),
        make_model("hushhush", by=admin, is_private=True),
    ):
        model_versions.create(registered, source=f"models:/{model.model_id}", model_id=model.model_id, by=admin)

    text = text_of(page(model.get_absolute_url()))

    assert "seam-finder v1" in text
    assert "hushhush" not in text


def test_a_model_page_has_a_budget(page, experiment, member, django_assert_max_num_queries):
    model = make_logged_model(experiment, by=member, source_run=make_run(experiment, by=member))
    for n in range(20):
        measure(model, f"m{n}", n, run=make_run(experiment, by=member))

    with django_assert_max_num_queries(16):
        page(model.get_absolute_url())


def test_whatever_was_logged_is_text(page, member):
    model = make_logged_model(by=member, model_type=EVIL)
    LoggedModelParam.objects.create(model=model, key=EVIL, value=EVIL)
    LoggedModelTag.objects.create(model=model, key=EVIL, value=EVIL)
    measure(model, EVIL, 1, dataset_name=EVIL)
    Environment.objects.create(model=model, python=EVIL[:40], packages=[[EVIL, EVIL]])
    artifacts.upload(model, "MLmodel", io.BytesIO(b"flavors: {'<img src=x onerror=alert(1)>': {}}"), by=member)

    html = page(model.get_absolute_url()).content.decode()

    assert "<img src=x" not in html
    assert html.count("</script>") == html.count("<script")


def test_a_deleted_model_says_so(page, member):
    model = make_logged_model(by=member)
    logged_models.delete(model, by=member)

    assert "This model was deleted" in text_of(page(model.get_absolute_url()))


@pytest.mark.parametrize("model_id", ["m-" + "0" * 32, "x", "%00", "m-" + "a" * 300])
def test_a_model_that_is_not_there_is_not_found(page, model_id):
    assert page(f"/logged-models/{model_id}").status_code in (400, 404)


def test_its_files_are_a_tree_with_a_viewer(page, member):
    model = make_logged_model(by=member, source_run=make_run(by=member))
    artifacts.upload(model, "MLmodel", io.BytesIO(MLMODEL.encode()), by=member)
    artifacts.upload(model, "data/x.txt", io.BytesIO(b"deep"), by=member)
    address = f"{model.get_absolute_url()}/artifacts"

    whole, file, folder = page(address), page(address, path="MLmodel"), page(address, path="data", part="folder")

    assert "MLmodel" in text_of(whole)
    assert "loader_module" in text_of(file)
    assert "x.txt" in text_of(folder)
    assert "<html" not in folder.content.decode()
    assert page(address, path="nowhere").status_code == 404
