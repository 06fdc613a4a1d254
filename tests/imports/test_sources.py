"""A stock server and its database tell the same, and all of it arrives, once however often it is asked for."""

import shutil
import sqlite3

import pytest

from core.models import AuditEvent
from imports import records
from imports.files import Places
from imports.models import Import
from imports.report import Report
from imports.sources.opening import Address, open_source
from registry.actions import transitions
from registry.models import ModelVersion, RegisteredModel, StageEvent, StagePolicy
from tests.factories import make_user
from tracker import search
from tracker.models import Artifact, Experiment, LoggedModel, Metric, Run
from tracker.tasks import index_ended_runs

pytestmark = [pytest.mark.client, pytest.mark.each_database, pytest.mark.django_db]


def all_of(address: str) -> dict:
    """Return what a source tells, without what only one kind of source knows."""
    source = open_source(Address(address), Report())
    told = {"registered": list(source.registered_models()), "experiments": list(source.experiments())}
    told["registered"] = [
        model._replace(last_version=0, versions=[version._replace(location="") for version in model.versions])
        for model in sorted(told["registered"], key=lambda model: model.name)
    ]
    told["runs"], told["points"], told["models"] = {}, {}, {}
    for experiment in told["experiments"]:
        for run in source.runs(experiment):
            told["runs"][run.run_id] = run._replace(metric_keys=[], deleted_ms=None)
            for key, points in source.points(run):
                told["points"][run.run_id, key] = {tuple(point) for point in points}
        for model in source.logged_models(experiment):
            told["models"][model.model_id] = model._replace(metrics=sorted(model.metrics))
    source.close()
    return told


def counted(row: Import, what: str) -> dict[str, int]:
    return {kind: count[what] for kind, count in row.counts.items() if count[what]}


def test_server_and_database_tell_the_same(stock):
    by_wire, by_rows = all_of(stock.url), all_of(str(stock.database))

    for part, told in by_rows.items():
        assert by_wire[part] == told, part
    assert len(by_rows["runs"]) == 5
    assert len(by_rows["points"][stock.ids["first"], "loss"]) == 200
    assert {model.name for model in by_rows["registered"]} == {"fraud", "fraud-copy", "net", "greeting"}


def test_all_arrives_over_the_wire_and_a_second_time_nothing(stock, take):
    first, second = take(stock.url), take(stock.url)

    assert first.num_problems == 0, first.problems
    assert counted(second, "taken") == counted(second, "left") == {}
    there = counted(second, "there")
    assert there == {kind: number for kind, number in counted(first, "taken").items() if kind != "bytes"}
    assert there["runs"] == Run.objects.count() == 5
    assert there["files"] == Artifact.objects.count() == 20


def test_what_came_by_one_way_is_there_by_the_other(stock, take):
    take(stock.url)

    again = take(stock.database, artifacts=stock.artifacts)

    taken = counted(again, "taken")
    # the names of experiments were taken, so that their runs were found in them; those of models are refused
    assert taken == {"experiments": 3}
    assert counted(again, "left") == {"registered models": 4}
    assert Experiment.objects.count() == 3


def test_ids_times_users_and_lifecycle_stay(stock, take):
    take(stock.database, artifacts=stock.artifacts)

    churn = Experiment.objects.get(name="team/churn")
    assert str(churn.pk) == stock.ids["experiment"]
    assert churn.num_runs == 3
    assert Experiment.objects.get(name="gone").is_deleted
    first = Run.objects.get(run_id=stock.ids["first"])
    assert (first.status, first.end_time_ms - first.start_time_ms) == ("FINISHED", 65_000)
    assert first.claimed_user
    assert Run.objects.get(run_id=stock.ids["trashed"]).is_deleted
    assert Artifact.objects.filter(run__run_id=stock.ids["trashed"]).count() == 5
    assert first.environments.get(folder="model").packages == [["numpy", "==2.1.0"]]
    assert Metric.objects.get(run=first, key="nan").num_nan == 1


def test_a_stage_that_arrives_is_a_fact_and_the_policy_holds_from_then_on(stock, take, admin):
    # with a second person a transition to Production takes an approval
    make_user("bob", is_superuser=True)

    take(stock.database, artifacts=stock.artifacts)

    fraud = RegisteredModel.objects.get(name="fraud")
    stages = dict(fraud.versions.order_by("version").values_list("version", "stage"))
    assert stages == {1: "Archived", 2: "Production", 3: "Staging"}
    assert fraud.last_version == 4
    event = StageEvent.objects.get(version__model=fraud, to_stage="Production")
    assert event.comment.startswith("Imported")
    assert not event.is_unreviewed
    assert {alias.name: alias.version.version for alias in fraud.aliases.all()} == {"champion": 2, "challenger": 3}
    assert AuditEvent.objects.filter(action="modelversion.import").count() == 6
    version = fraud.versions.get(version=3)
    with pytest.raises(transitions.NotAllowed, match="approval"):
        transitions.move(version, "stage", "Production", by=admin)


def test_versions_stand_on_what_came_with_them(stock, take):
    take(stock.database, artifacts=stock.artifacts)

    fraud = ModelVersion.objects.get(model__name="fraud", version=2)
    assert fraud.storage_location == f"{fraud.source_run.artifact_uri}/model"
    net = ModelVersion.objects.get(model__name="net")
    assert net.source_model == LoggedModel.objects.get(model_id=stock.ids["models"][0])
    assert net.storage_location == net.source_model.artifact_uri


@pytest.mark.parametrize("kind", ["url", "database"])
def test_a_copy_of_a_version_stands_on_the_same_files(stock, take, kind):
    take(getattr(stock, kind), artifacts="" if kind == "url" else stock.artifacts)

    original, copy = (
        ModelVersion.objects.get(model__name=name, version=number) for name, number in (("fraud", 2), ("fraud-copy", 1))
    )
    assert copy.source == "models:/fraud/2"
    assert copy.source_run == original.source_run
    assert copy.storage_location == original.storage_location


def test_a_dry_run_writes_nothing_and_counts_what_would_come(stock, take):
    dry = take(stock.database, artifacts=stock.artifacts, is_dry_run=True)

    assert not Run.objects.exists()
    assert not RegisteredModel.objects.exists()
    real = take(stock.database, artifacts=stock.artifacts)
    assert {**counted(real, "taken"), "logged model metrics": 0} == {**counted(dry, "taken"), "logged model metrics": 0}


class Stop(BaseException):
    pass


@pytest.mark.parametrize("steps", [1, 5, 9, 13])
def test_an_import_that_is_stopped_anywhere_goes_on(stock, take, steps):
    told = []

    def stop(fraction, doing):
        told.append(fraction)
        if len(told) > steps:
            raise Stop

    with pytest.raises(Stop):
        take(stock.database, artifacts=stock.artifacts, tell=stop)
    assert Import.objects.get().state == Import.State.STOPPED
    take(stock.database, artifacts=stock.artifacts)

    assert told == sorted(told)
    assert Run.objects.count() == 5
    assert Artifact.objects.count() == 20
    assert sum(Metric.objects.values_list("count", flat=True)) == 214
    assert ModelVersion.objects.count() == 6


def test_a_source_that_grew_brings_what_is_new(stock, take, tmp_path):
    copy = tmp_path / "mlflow.db"
    shutil.copy(stock.database, copy)
    take(copy, artifacts=stock.artifacts)
    running = stock.ids["running"]
    with sqlite3.connect(copy) as database:
        database.execute("INSERT INTO metrics VALUES ('loss', 0.125, 1, ?, 9, 0)", [running])
        database.execute("INSERT INTO params VALUES ('late', '1', ?)", [running])
        database.execute("UPDATE params SET value = 'changed' WHERE key = 'lr'")
        database.execute(
            "UPDATE runs SET status = 'KILLED', end_time = 5, name = 'renamed' WHERE run_uuid = ?", [running]
        )
        database.execute("UPDATE experiments SET name = 'other' WHERE name = 'team/churn'")
        database.execute("UPDATE model_versions SET current_stage = 'Archived' WHERE version = 2")

    again = take(copy, artifacts=stock.artifacts)

    assert counted(again, "taken") == {"params": 1, "metric points": 1}
    run = Run.objects.get(run_id=running)
    assert (run.status, run.end_time_ms, run.name) == ("KILLED", 5, "running")
    assert run.metrics.get(key="loss").last_value == 0.125
    assert not Experiment.objects.filter(name="other").exists()
    assert ModelVersion.objects.get(model__name="fraud", version=2).stage == "Production"
    assert "stays in Production" in str(again.problems)


def test_a_later_import_passes_no_policy_of_a_model_that_was_here(stock, take, tmp_path):
    copy = tmp_path / "mlflow.db"
    shutil.copy(stock.database, copy)
    take(copy, artifacts=stock.artifacts)
    fraud = RegisteredModel.objects.get(name="fraud")
    StagePolicy.objects.create(model=None, kind="alias", target="approved")
    with sqlite3.connect(copy) as database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(model_versions)")]
        told = ", ".join({"version": "7", "current_stage": "'Production'"}.get(name, name) for name in columns)
        names = ", ".join(columns)
        database.execute(
            f"INSERT INTO model_versions ({names}) SELECT {told} FROM model_versions WHERE name = 'fraud' AND version = 2"
        )
        for alias in ("approved", "fresh"):
            aliases = "INSERT INTO registered_model_aliases (name, alias, version) VALUES ('fraud', ?, 7)"
            database.execute(aliases, [alias])

    dry = take(copy, artifacts=stock.artifacts, is_dry_run=True)
    again = take(copy, artifacts=stock.artifacts)

    assert counted(again, "taken") == counted(dry, "taken") == {"model versions": 1, "aliases": 1}
    assert fraud.versions.get(version=7).stage == "None"
    assert {alias.name for alias in fraud.aliases.all()} == {"champion", "challenger", "fresh"}
    assert not StageEvent.objects.filter(version__version=7, kind="stage").exists()
    said = {(kind, name): why for kind, name, why in again.problems}
    assert "begins in None" in said["model versions", "fraud 7"]
    assert "a policy protects it" in said["aliases", "fraud approved"]


def test_what_arrives_for_a_run_that_is_indexed_is_found(stock, take, tmp_path, admin):
    copy = tmp_path / "mlflow.db"
    shutil.copy(stock.database, copy)
    take(copy, artifacts=stock.artifacts)
    index_ended_runs()
    first = Run.objects.get(run_id=stock.ids["first"])
    assert first.is_indexed
    with sqlite3.connect(copy) as database:
        database.execute("INSERT INTO metrics VALUES ('loss', 0.0625, 1, ?, 999, 0)", [first.run_id])
        database.execute("INSERT INTO params VALUES ('late', '1', ?)", [first.run_id])

    take(copy, artifacts=stock.artifacts)

    query = search.Query("metrics.loss = 0.0625 AND params.late = '1'")
    asked = {"user": admin, "experiments": [first.experiment_id], "query": query, "limit": 9}
    assert search.runs(**asked).rows == [first]
    index_ended_runs()
    first.refresh_from_db()
    assert first.is_indexed
    assert search.runs(**asked).rows == [first]


def test_one_experiment_under_a_prefix(stock, take):
    row = take(stock.database, artifacts=stock.artifacts, experiments=("team/churn",), into="old")

    assert list(Experiment.objects.exclude(pk=0).values_list("name", flat=True)) == ["old/team/churn"]
    assert Run.objects.count() == 4
    # a prompt stands on no run
    assert set(RegisteredModel.objects.values_list("name", flat=True)) == {"old-fraud", "old-fraud-copy", "old-net"}
    assert "another experiment" in str(row.problems)


def test_runs_go_to_the_account_of_their_user(stock, take):
    zoe = make_user("zoe")

    take(stock.database, takes_files=False, matches_users=True)

    assert [run.run_id for run in Run.objects.filter(created_by=zoe)] == [stock.ids["first"]]


def test_files_of_a_database_are_had_from_its_server(stock, take):
    row = take(stock.database, artifacts=stock.url)

    assert counted(row, "taken")["files"] == Artifact.objects.count() == 20


def test_places_that_are_not_named_are_said(stock, take):
    row = take(stock.database)

    assert counted(row, "left")["files"] == 7
    assert "--artifacts" in row.problems[0][2]


def test_a_foreign_scheme_stays_where_the_settings_let_it(settings):
    run = records.Run("0" * 32, "1", location=f"s3://bucket/{'0' * 32}/artifacts")
    places = Places(Report())
    with pytest.raises(Exception, match="ASSAY_ARTIFACT_SCHEMES=s3"):
        places.files(run)

    settings.ASSAY_ARTIFACT_SCHEMES = ["s3"]

    assert places.files(run) is None
