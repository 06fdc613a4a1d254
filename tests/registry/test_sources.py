"""Where a version may come from: every form of the protocol, and the ways to somebody else's files that are refused."""

import io

import pytest

from core.errors import InvalidValue, NotFound
from registry.actions import model_versions
from tests.factories import make_experiment, make_logged_model, make_model, make_run, make_user, make_version
from tracker.actions import artifacts

PROMPT = [("mlflow.prompt.is_prompt", "true")]


@pytest.fixture
def mel(db):
    return make_user("mel")


@pytest.fixture
def model(mel):
    return make_model("seams", by=mel)


@pytest.fixture
def run(mel):
    return make_run(make_experiment(by=mel, is_private=True), by=mel)


def register(model, source, **fields):
    return model_versions.create(model, source=source, **{"by": model.created_by, **fields})


def test_files_of_a_run(model, run):
    version = register(model, f"{run.artifact_uri}/model/", run_id=run.run_id)

    assert (version.source_run, version.storage_location) == (run, f"{run.artifact_uri}/model/")


def test_a_path_of_a_run_is_resolved_when_it_is_registered(model, run, mel):
    artifacts.upload(run, "model/MLmodel", io.BytesIO(b"flavors: {}"), by=mel)

    version = register(model, f"runs:/{run.run_id}/model", run_id=run.run_id)

    assert version.source == f"runs:/{run.run_id}/model"
    assert version.storage_location == f"{run.artifact_uri}/model"


def test_a_path_of_a_run_may_be_the_name_of_a_logged_model(model, run, mel):
    logged = make_logged_model(run.experiment, name="model", source_run=run, by=mel)

    version = register(model, f"runs:/{run.run_id}/model", run_id=run.run_id)

    assert (version.storage_location, version.logged_model_id) == (logged.artifact_uri, logged.model_id)


def test_a_logged_model_brings_its_run(model, run, mel):
    logged = make_logged_model(run.experiment, source_run=run, by=mel)

    version = register(model, f"models:/{logged.model_id}", model_id=logged.model_id)

    assert (version.run_id, version.storage_location) == (run.run_id, logged.artifact_uri)
    assert version.source == f"models:/{logged.model_id}"


@pytest.mark.parametrize("form", ["seams/1", "seams/None", "seams/latest", "seams@champion"])
def test_another_version(model, run, mel, form):
    from registry.actions import transitions

    first = make_version(model, by=mel, run=run)
    transitions.move(first, "alias", "champion", by=mel)

    version = register(make_model(by=mel), f"models:/{form}", by=mel)

    assert (version.source, version.run_id) == ("models:/seams/1", run.run_id)
    assert version.storage_location == first.storage_location


@pytest.mark.parametrize("source", ["s3://bucket/models/a", "gs://b/c", "abfss://c@a.dfs.core.windows.net/x?y=1"])
def test_object_stores_are_the_clients_own_business(model, source):
    assert register(model, source).storage_location == source


@pytest.mark.parametrize("source", ["mlflow-artifacts:/{root}/....//x", "mlflow-artifacts:/{root}///a", "{uri}/a/"])
def test_odd_paths_within_the_root_are_paths(model, run, source):
    root = run.artifact_uri.partition(":/")[2]

    assert register(model, source.format(root=root, uri=run.artifact_uri), run_id=run.run_id).version == 1


REFUSED = [
    "file:///etc", "file:etc", "FILE:///etc", " file:///etc", "file://host/x", "/etc/passwd", "etc", "C:\\x", "\\\\srv\\x", "..",
    "http:///#/../../etc/", "http://host/api/2.0/mlflow-artifacts/artifacts/x", "https://host/x", ":/etc", "dbfs:/x", "ftp://h/x",
    "mlflow-artifacts:/0", "mlflow-artifacts:/", "mlflow-artifacts:", "mlflow-artifacts://h/models/..%2f..%2fx", "dummy-source",
    "mlflow-artifacts:/9/00000000000000000000000000000000/artifacts", "s3://b/../c", "s3://b/%2e%2e/c", "s3://b/%252e%252e/c",
    "s3://b/c%00", "s3://b/c#d", "s3://b/c;d", "dbfs:/RUN/artifacts/a%3f/../../../", "s3://b/" + "a" * 2049, "data:,x", "javascript:x",
    "models:/", "models:/m-1", "models:/seams", "models://host/seams/1", "runs:/", "runs://host/x", "models:/seams/9/x", "s3://[",
]  # fmt: skip


@pytest.mark.parametrize("tags", [(), PROMPT], ids=["model", "prompt"])
@pytest.mark.parametrize("source", REFUSED)
def test_what_is_no_source_is_refused_whatever_the_tags(model, run, source, tags):
    if source == "dummy-source" and tags:
        return
    with pytest.raises((InvalidValue, NotFound)):
        register(model, source, run_id=run.run_id, tags=tags)


@pytest.mark.parametrize("path", ["..", "../x", "%2e%2e/x", "%252e%252e/x", "a/../../x", "a%00", "a\\..\\..\\x"])
def test_no_path_leads_out_of_the_run(model, run, path):
    with pytest.raises(InvalidValue):
        register(model, f"{run.artifact_uri}/{path}", run_id=run.run_id)


def test_the_run_is_the_one_of_the_source(model, run, mel):
    other = make_run(run.experiment, by=mel)

    for source in (run.artifact_uri, f"runs:/{run.run_id}/model", f"{other.artifact_uri}x"):
        with pytest.raises(InvalidValue, match="run_id"):
            register(model, source, run_id=other.run_id)
    with pytest.raises(InvalidValue, match="run_id"):
        register(model, f"runs:/{run.run_id}/model")


def test_a_prompt_has_a_placeholder_for_a_source(model):
    assert register(model, "dummy-source", tags=PROMPT).storage_location == "dummy-source"
    with pytest.raises(InvalidValue):
        register(model, "dummy-source", tags=[*PROMPT, ("mlflow.prompt.is_prompt", "false")])


def test_somebody_elses_run_is_no_source(model, run, mel):
    thief = make_user("thief")
    own = make_model("own", by=thief)
    hidden = make_logged_model(run.experiment, source_run=run, by=mel)
    make_version(model, by=mel, run=run)

    for source, ids in (
        (f"{run.artifact_uri}/model", {"run_id": run.run_id}),
        (f"runs:/{run.run_id}/model", {"run_id": run.run_id}),
        (f"models:/{hidden.model_id}", {"model_id": hidden.model_id}),
        (hidden.artifact_uri, {"model_id": hidden.model_id}),
        ("s3://bucket/x", {"run_id": run.run_id}),
        ("s3://bucket/x", {"model_id": hidden.model_id}),
        ("models:/seams/1", {}),
    ):
        with pytest.raises(NotFound):
            register(own, source, by=thief, **ids)
    assert not own.versions.exists()


def test_a_logged_model_in_sight_does_not_bring_a_run_that_is_not(mel, run):
    thief = make_user("thief")
    logged = make_logged_model(make_experiment(by=mel), source_run=run, by=mel)

    version = register(make_model(by=thief), f"models:/{logged.model_id}", model_id=logged.model_id, by=thief)

    assert (version.run_id, version.source_run) == ("", None)


def test_a_deleted_logged_model_is_no_source(model, mel):
    from tracker.actions import logged_models

    logged = make_logged_model(by=mel)
    logged_models.delete(logged, by=mel)

    with pytest.raises(InvalidValue, match="deleted"):
        register(model, f"models:/{logged.model_id}", model_id=logged.model_id)
