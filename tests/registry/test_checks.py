"""Checks of a policy: passed, failed or pending, each with a reason that a person understands."""

import io
import json

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from core.errors import InvalidValue
from registry import checks
from registry.actions import checks as check_actions
from registry.actions import model_versions, policies, requests
from registry.models import StagePolicy
from tests.factories import make_run, make_version
from tracker.actions import artifacts, batches, runs, storage_checks
from tracker.actions.batches import Measurement
from tracker.models import Run

PRODUCTION = ("stage", "Production")


@pytest.fixture
def make(model, people):
    """make(f1=…, mlmodel=…): a version from a run with that metric and that file."""

    def made(*, f1=None, mlmodel=None, **fields):
        run = make_run(by=people.mel, status=Run.Status.FINISHED)
        if f1 is not None:
            batches.log_metric(run, Measurement("f1", f1, timestamp_ms=1), by=people.mel)
        if mlmodel is not None:
            artifacts.upload(run, "model/MLmodel", io.BytesIO(mlmodel.encode()), by=people.mel)
        return make_version(model, by=people.mel, run=run, **fields)

    return made


def put_in_production(version, people):
    requests.approve(requests.open(version, *PRODUCTION, by=people.ed), by=people.rita)


def result_of(version, **spec):
    (result,) = checks.results(StagePolicy(kind="stage", target="Production", checks=checks.validate([spec])), version)
    return result.state, result.reason


def mlmodel(inputs, outputs=({"type": "double"},)):
    return f"signature:\n  inputs: '{json.dumps(list(inputs))}'\n  outputs: '{json.dumps(list(outputs))}'\n"


VS = {"check": "metric_vs_incumbent", "metric": "f1", "is_large_good": True}


def test_a_metric_is_held_against_the_incumbents(make, people):
    assert result_of(make(f1=0.5), **VS) == ("passed", "f1 is 0.5, and there is no incumbent.")
    put_in_production(make(f1=0.9), people)

    assert result_of(make(f1=0.89), **VS) == ("failed", "f1 is 0.89, worse than the 0.9 of version 2.")
    assert result_of(make(f1=0.89), **VS, margin=0.02)[0] == "passed"
    assert result_of(make(f1=0.89), **{**VS, "is_large_good": False})[0] == "passed"
    assert result_of(make(f1=0.95), **{**VS, "is_large_good": False}, margin=0.01)[0] == "failed"
    assert result_of(make(), **VS) == ("failed", "The version has no number for the metric f1.")
    assert result_of(make(f1=float("nan")), **VS)[0] == "failed"


def test_a_metric_has_a_threshold(make):
    threshold = {"check": "metric_threshold", "metric": "f1", "is_large_good": True, "value": 0.8}

    assert result_of(make(f1=0.8), **threshold) == ("passed", "f1 is 0.8.")
    assert result_of(make(f1=0.79), **threshold)[0] == "failed"
    assert result_of(make(f1=0.79), **{**threshold, "is_large_good": False})[0] == "passed"


def test_tags_and_a_description_are_asked_for(make):
    tags = {"check": "required_tags", "tags": ["owner", "data"]}

    assert result_of(make(tags=[("owner", "mel"), ("data", "")]), **tags) == ("failed", "Missing: data.")
    assert result_of(make(tags=[("owner", "mel"), ("data", "v3")]), **tags)[0] == "passed"
    assert result_of(make(), check="description")[0] == "failed"
    assert result_of(make(description="what it is"), check="description")[0] == "passed"


@pytest.mark.parametrize(
    "content", [None, "flavors: {}", "signature: x", "signature: !!python/object:os.system {}", "\x00"]
)
def test_a_model_without_a_signature_that_can_be_read_has_none(make, content):
    assert result_of(make(mlmodel=content), check="signature")[0] == "failed"


LENGTH, WIDTH = {"name": "length", "type": "double"}, {"name": "width", "type": "double"}


@pytest.mark.parametrize(
    ("inputs", "state", "reason"),
    [
        ([LENGTH], "passed", "Callers need to change nothing."),
        ([], "passed", "Callers need to change nothing."),
        ([LENGTH, WIDTH], "failed", "It asks for the input width, which callers do not send."),
        ([LENGTH, {**WIDTH, "required": False}], "passed", "Callers need to change nothing."),
        ([{**LENGTH, "type": "string"}], "failed", "The input length was double and is string."),
    ],
)
def test_a_signature_is_held_against_the_incumbents(make, people, inputs, state, reason):
    put_in_production(make(mlmodel=mlmodel([LENGTH])), people)

    assert result_of(make(mlmodel=mlmodel(inputs)), check="signature_compatible") == (state, reason)


def test_what_callers_read_must_stay(make, people):
    put_in_production(make(mlmodel=mlmodel([LENGTH])), people)

    state, reason = result_of(make(mlmodel=mlmodel([LENGTH], [{"type": "string"}])), check="signature_compatible")

    assert (state, reason) == ("failed", "The output number 1 was double and is string.")


def test_the_source_run_must_have_finished(make, model, people):
    running = make_run(by=people.mel)
    version = make_version(model, by=people.mel, run=running)
    assert result_of(version, check="run_finished")[0] == "pending"

    for status, state in ((Run.Status.FAILED, "failed"), (Run.Status.FINISHED, "passed")):
        runs.update(running, status=status, by=people.mel)
        version.source_run.refresh_from_db()
        assert result_of(version, check="run_finished")[0] == state
    elsewhere = model_versions.create(model, source="s3://b/c", by=people.mel)
    assert result_of(elsewhere, check="run_finished")[0] == "failed"


def test_files_must_be_there_with_their_checksums(make, model, people):
    version = make(mlmodel="flavors: {}")
    assert result_of(version, check="artifacts") == (
        "passed",
        "1 files are there, their bytes have the checksums they came with.",
    )
    version.source_run.artifacts.get().blob.__class__.objects.update(sha256=None)
    assert result_of(version, check="artifacts")[0] == "pending"
    assert result_of(make(), check="artifacts")[0] == "failed"
    elsewhere = model_versions.create(model, source="s3://b/c", by=people.mel)
    assert result_of(elsewhere, check="artifacts")[0] == "failed"


@pytest.mark.parametrize("limit", [checks.MAX_BYTES_READ, 0])
@pytest.mark.parametrize("content", [None, b"cut"])
def test_files_that_storage_lost_or_changed_are_named(make, monkeypatch, limit, content):
    monkeypatch.setattr(checks, "MAX_BYTES_READ", limit)
    version = make(mlmodel="flavors: {}")
    key = version.source_run.artifacts.get().blob.key
    default_storage.delete(key)
    if content is not None:
        default_storage.save(key, ContentFile(content))

    assert result_of(version, check="artifacts") == (
        "failed",
        "The bytes of model/MLmodel are not those that were uploaded.",
    )


def test_what_the_nightly_reading_found_damaged_is_named(make, monkeypatch):
    monkeypatch.setattr(checks, "MAX_BYTES_READ", 0)
    version = make(mlmodel="flavors: {}")
    key = version.source_run.artifacts.get().blob.key
    default_storage.delete(key)
    # of the same size, which is all that is looked at of large models
    default_storage.save(key, ContentFile(b"flavors: []"))
    state, reason = result_of(version, check="artifacts")
    assert (state, "sizes" in reason) == ("passed", True)

    storage_checks.check_now()

    assert result_of(version, check="artifacts") == (
        "failed",
        "model/MLmodel was found missing or damaged when stored files were read.",
    )


def test_what_was_reported_of_other_files_does_not_hold(make, people):
    version = make(mlmodel="flavors: {}")
    check_actions.post(version, "load", "passed", by=people.ed)
    assert result_of(version, check="external", name="load")[0] == "passed"

    artifacts.upload(version.source_run, "model/python_env.yaml", io.BytesIO(b"python: 3.11"), by=people.mel)

    assert result_of(version, check="external", name="load") == (
        "pending",
        "What was reported is of other files than those of now.",
    )
    check_actions.post(version, "load", "passed", by=people.ed)
    assert result_of(version, check="external", name="load")[0] == "passed"


def test_something_outside_may_have_the_last_word(make, people):
    version = make()
    assert result_of(version, check="external", name="load") == ("pending", "Nobody has reported it yet.")

    check_actions.post(version, "load", "failed", summary="p95 is 3 s", link="https://ci.example.org/1", by=people.ed)
    assert result_of(version, check="external", name="load") == ("failed", "p95 is 3 s (ed)")
    check_actions.post(version, "load", "passed", by=people.ed)
    assert result_of(version, check="external", name="load")[0] == "passed"


@pytest.mark.parametrize("link", ["javascript:alert(1)", "https:", "ftp://a/b", "//host/x", "https://["])
def test_a_link_is_one_of_the_web(make, people, link):
    with pytest.raises(InvalidValue, match="link"):
        check_actions.post(make(), "load", "passed", link=link, by=people.ed)


@pytest.mark.parametrize(
    "specs",
    [
        "x", [1], [{}], [{"check": "none"}], [{"check": ["a"]}], [{"check": "description", "more": 1}], [{"check": "external"}],
        [{"check": "external", "name": ""}], [{"check": "external", "name": 5}], [{"check": "required_tags", "tags": "a"}],
        [{"check": "metric_threshold", "metric": "a", "is_large_good": 1, "value": 1}],
        [{"check": "metric_threshold", "metric": "a", "is_large_good": True, "value": True}],
        [{"check": "metric_threshold", "metric": "a", "is_large_good": True, "value": float("nan")}],
        [{"check": "metric_vs_incumbent", "metric": "a", "is_large_good": True, "margin": -1}], [{"check": "description"}] * 31,
    ],
)  # fmt: skip
def test_what_is_no_check_is_no_policy(model, people, specs):
    with pytest.raises(InvalidValue):
        policies.set(model, *PRODUCTION, checks=specs, by=people.mel)
