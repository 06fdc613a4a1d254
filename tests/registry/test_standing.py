"""What a version stands on: its files are neither deleted nor replaced, and nothing is deleted for good under it."""

import io
from types import SimpleNamespace

import pytest

from core.errors import InvalidValue
from registry import holds, lineage
from registry.actions import model_versions, transitions
from registry.models import ModelVersion
from tests.factories import make_logged_model, make_model, make_run, make_version
from tracker.actions import artifacts, experiments, purge, runs, uploads
from tracker.actions.uploads import Part
from tracker.models import Run

ARCHIVED = ("stage", "Archived")


def put(owner, path, content, *, by):
    return artifacts.upload(owner, path, io.BytesIO(content), by=by)


@pytest.fixture
def run(people):
    made = make_run(experiments.create("seams", by=people.mel), by=people.mel)
    put(made, "model/MLmodel", b"flavors: {}", by=people.mel)
    return made


@pytest.fixture
def version(model, people, run):
    return make_version(model, by=people.mel, run=run)


def changes(run, people):
    """Return what would take the files of a version at model/ away from it."""
    return (
        lambda: put(run, "model/MLmodel", b"evil", by=people.mel),
        lambda: artifacts.delete(run, "model/MLmodel", by=people.mel),
        lambda: artifacts.delete(run, "model", by=people.mel),
        lambda: artifacts.delete(run, "", by=people.mel),
    )


def content_of(run, path="model/MLmodel"):
    return run.artifacts.get(path=path).blob.sha256


def test_files_of_a_version_in_no_stage_are_neither_replaced_nor_deleted(version, run, people):
    before = content_of(run)

    for change in changes(run, people):
        with pytest.raises(InvalidValue, match="These files are those of seams version 1: they are neither deleted"):
            change()

    assert content_of(run) == before


def test_what_changes_nothing_of_a_version_is_let_through(version, run, people):
    put(run, "plots/loss.png", b"first", by=people.mel)

    put(run, "model/MLmodel", b"flavors: {}", by=people.mel)
    put(run, "model/more.txt", b"later", by=people.mel)
    put(run, "plots/loss.png", b"second", by=people.mel)
    assert artifacts.delete(run, "model/nothing", by=people.mel) == 0
    assert artifacts.delete(run, "plots", by=people.mel) == 1


def test_all_versions_are_named_and_of_many_some(model, version, run, people):
    make_version(model, by=people.mel, run=run)
    with pytest.raises(InvalidValue, match=r"seams version 1, seams version 2: .* while those versions stand on them"):
        artifacts.delete(run, "model", by=people.mel)

    for _ in range(6):
        make_version(model, by=people.mel, run=run)

    with pytest.raises(InvalidValue, match=r"version 1, .*version 5 and 3 more: they"):
        artifacts.delete(run, "model", by=people.mel)
    with pytest.raises(InvalidValue, match=r"registered as seams version 1, .*version 5 and 3 more"):
        runs.delete(run, by=people.mel)


def test_a_deleted_version_lets_its_files_go(version, run, people):
    model_versions.delete(version, by=people.mel)

    put(run, "model/MLmodel", b"other", by=people.mel)
    assert artifacts.delete(run, "model", by=people.mel) == 1


def test_files_of_a_logged_model_stay_under_its_version(people):
    logged = make_logged_model(by=people.mel)
    put(logged, "MLmodel", b"flavors: {}", by=people.mel)
    address = f"models:/{logged.model_id}"
    model_versions.create(make_model("welds", by=people.mel), source=address, model_id=logged.model_id, by=people.mel)

    with pytest.raises(InvalidValue, match="welds version 1"):
        put(logged, "MLmodel", b"evil", by=people.mel)
    with pytest.raises(InvalidValue, match="welds version 1"):
        artifacts.delete(logged, "", by=people.mel)
    put(logged, "metric_info.json", b"{}", by=people.mel)


def test_a_file_in_parts_replaces_none_of_a_version_but_by_the_same_parts(model, run, people):
    def send(*contents):
        upload = uploads.begin(run, "model/weights", num_parts=len(contents), by=people.mel)
        for number, content in enumerate(contents, 1):
            uploads.put_part(upload, number, io.BytesIO(content), by=people.mel)
        uploads.complete(upload, [Part(number) for number in range(1, len(contents) + 1)], by=people.mel)

    send(b"a", b"b")
    make_version(model, by=people.mel, run=run)

    send(b"a", b"b")
    for other in ((b"a", b"c"), (b"b", b"a"), (b"a",)):
        with pytest.raises(InvalidValue, match="seams version 1"):
            send(*other)


def test_who_may_not_see_a_model_does_not_learn_its_name(version, run, people):
    stranger = people.vic
    version.model.grants.filter(user=stranger).delete()

    said = [holds.purge_of_runs([run.pk], stranger)[run.pk], holds.purge_of_runs([run.pk], None)[run.pk]]
    said.append(holds.files(run, "model", stranger, lambda blob: False))

    assert all("a version that is not shared with you" in text and "seams" not in text for text in said)
    assert "seams version 1" in holds.purge_of_runs([run.pk], people.mel)[run.pk]


@pytest.fixture
def archived(people, version, run):
    """An archived version and its run."""
    transitions.move(version, *ARCHIVED, by=people.mel)
    return SimpleNamespace(version=version, run=run)


def test_archived_versions_keep_what_they_stand_on_until_the_site_lets_it_go(archived, people):
    for change in changes(archived.run, people):
        with pytest.raises(InvalidValue, match="seams version 1"):
            change()
    runs.delete(archived.run, by=people.mel)

    with pytest.raises(InvalidValue, match="registered as seams version 1"):
        purge.runs([archived.run.run_id], by=people.mel)


def test_archived_versions_let_go_where_the_site_says_so_and_stay_themselves(archived, people, settings):
    settings.ASSAY_ARCHIVED_LET_GO = True
    put(archived.run, "model/MLmodel", b"other", by=people.mel)
    runs.delete(archived.run, by=people.mel)

    assert purge.runs([archived.run.run_id], by=people.mel) == 1

    found = ModelVersion.objects.active().get(pk=archived.version.pk)
    assert (found.source_run, found.run_id) == (None, archived.run.run_id)


def test_a_version_in_use_keeps_what_an_archived_one_would_let_go(model, archived, people, settings):
    settings.ASSAY_ARCHIVED_LET_GO = True
    make_version(model, by=people.mel, run=archived.run)

    with pytest.raises(InvalidValue, match="seams version 2: they"):
        artifacts.delete(archived.run, "model", by=people.mel)
    with pytest.raises(InvalidValue, match="registered as seams version 2"):
        runs.delete(archived.run, by=people.mel)
    Run.objects.filter(pk=archived.run.pk).update(deleted_at="2026-01-01T00:00Z")
    with pytest.raises(InvalidValue, match="registered as seams version 2"):
        purge.runs([archived.run.run_id], by=people.mel)


def test_a_purged_experiment_takes_logged_models_that_archived_versions_stood_on(model, people, settings):
    settings.ASSAY_ARCHIVED_LET_GO = True
    experiment = experiments.create("stands", by=people.mel)
    logged = make_logged_model(experiment, by=people.mel)
    version = model_versions.create(model, source=f"models:/{logged.model_id}", model_id=logged.model_id, by=people.mel)
    transitions.move(version, *ARCHIVED, by=people.mel)
    experiments.delete(experiment, by=people.mel)
    experiment.refresh_from_db()

    assert purge.experiment(experiment, by=people.mel)

    version.refresh_from_db()
    assert (version.source_model, version.logged_model_id) == (None, logged.model_id)


def test_lineage_says_of_a_purged_run_that_it_is_gone(archived, people, settings):
    settings.ASSAY_ARCHIVED_LET_GO = True
    runs.delete(archived.run, by=people.mel)
    purge.runs([archived.run.run_id], by=people.mel)
    archived.version.refresh_from_db()

    found = lineage.of_version(archived.version, user=people.mel)

    assert (found.run, found.hides_run, found.lost_run) == (None, False, archived.run.run_id)
