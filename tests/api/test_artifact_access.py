"""Who may read and write the files of a run."""

import pytest

from accounts.access import Level, Scope
from tests.api.artifacts import PROXY, fetch, put, url
from tests.factories import grant, make_experiment, make_logged_model, make_run
from tracker.models import Artifact


@pytest.fixture
def secret_run(member, api_as):
    run = make_run(make_experiment("secret", by=member, is_private=True), by=member)
    put(api_as(member), url(run, "weights.bin"), b"ore")
    return run


@pytest.mark.parametrize(
    "call",
    [
        lambda api, run: put(api, url(run, "weights.bin")),
        lambda api, run: fetch(api, url(run, "weights.bin"))[0],
        lambda api, run: api.call("HEAD", url(run, "weights.bin")),
        lambda api, run: api.delete(url(run, "weights.bin")),
        lambda api, run: api.get(PROXY, path=f"{run.experiment_id}/{run.run_id}/artifacts"),
        lambda api, run: api.get("artifacts/list", run_id=run.run_id),
        lambda api, run: api.get("/get-artifact", run_id=run.run_id, path="weights.bin"),
    ],
)
@pytest.mark.parametrize("prefix", ["", "0"])
def test_a_stranger_meets_nothing_of_a_private_run(api_as, stranger, secret_run, call, prefix):
    if prefix:
        secret_run.experiment_id = 0  # another experiment in the path opens no door

    answer = call(api_as(stranger), secret_run)

    assert answer.status_code == 404
    assert b"weights" not in answer.content
    assert Artifact.objects.get().blob.size_bytes == 3


def test_who_may_see_does_not_write(api_as, stranger, secret_run):
    grant(secret_run.experiment, stranger, Level.VIEW)
    api = api_as(stranger)

    assert put(api, url(secret_run, "more")).status_code == 403
    assert api.delete(url(secret_run, "weights.bin")).status_code == 403
    assert fetch(api, url(secret_run, "weights.bin"))[1] == b"ore"


def test_who_may_log_does_not_delete_files_of_others(api_as, stranger, secret_run):
    grant(secret_run.experiment, stranger, Level.LOG)
    api = api_as(stranger)

    assert put(api, url(secret_run, "more")).status_code == 200
    assert api.delete(url(secret_run, "weights.bin")).status_code == 403


def test_scopes_hold(api_as, member, secret_run):
    assert put(api_as(member, scope=Scope.READ), url(secret_run, "x")).status_code == 403
    assert api_as(member, scope=Scope.LOG).delete(url(secret_run, "weights.bin")).status_code == 403
    assert fetch(api_as(member, scope=Scope.READ), url(secret_run, "weights.bin"))[1] == b"ore"


def test_a_path_of_no_run_is_404(api):
    for path in ("", "0", "0/models", "0/not-a-run/artifacts/x", "0/traces/tr-1/artifacts/traces.json"):
        assert put(api, f"{PROXY}/{path}").status_code == 404


def above(api, path):
    return [file["path"] for file in api.get(PROXY, path=path).json().get("files", [])]


def test_levels_above_show_what_one_may_see(api_as, member, secret_run):
    api = api_as(member)
    model = make_logged_model(secret_run.experiment, by=member)
    experiment = str(secret_run.experiment_id)

    assert above(api, "") == ["0", experiment]
    assert above(api, experiment) == [secret_run.run_id, "models"]
    assert above(api, f"{experiment}/models") == [model.model_id]
    assert above(api, f"{experiment}/{secret_run.run_id}") == ["artifacts"]
    assert above(api, f"{experiment}/models/{model.model_id}") == ["artifacts"]


def test_levels_above_show_nothing_private(api_as, stranger, secret_run):
    api = api_as(stranger)
    experiment = str(secret_run.experiment_id)

    assert above(api, "") == ["0"]
    for path in (experiment, f"{experiment}/models", f"{experiment}/{secret_run.run_id}", f"0/{secret_run.run_id}"):
        assert api.get(PROXY, path=path).status_code == 404


@pytest.mark.parametrize("path", ["x", "0/x", "0/models/x", "0/models/x/y", "a/b/c/d"])
def test_a_level_that_is_none_is_an_error(api, path):
    assert api.get(PROXY, path=path).status_code in (400, 404)
