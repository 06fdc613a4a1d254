"""A bundle of runs for another Assay: what comes back is what went in, and nothing of what is broken or made to harm."""

import io
import json
import math
import stat
import struct
import zipfile

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from core.errors import InvalidValue
from exports import bundles
from imports.actions import imports
from imports.models import Import, Origin
from imports.options import Options
from imports.sources.bundle import BundleSource
from tests.factories import make_experiment, make_logged_model, make_run, make_user
from tracker import blobs, history, ingest
from tracker.actions import artifacts, inputs, runs
from tracker.actions.inputs import DatasetUse
from tracker.models import (
    Artifact,
    Dataset,
    Experiment,
    ExperimentTag,
    LoggedModel,
    LoggedModelMetric,
    LoggedModelParam,
    LoggedModelTag,
    Metric,
    ModelInput,
    ModelOutput,
    Param,
    Run,
    RunTag,
)


@pytest.fixture
def experiment(member):
    """A private experiment with two runs that have something of everything, and a deleted one."""
    made = make_experiment("seams/welds", by=member, is_private=True)
    ExperimentTag.objects.create(experiment=made, key="mlflow.note.content", value="Ü\n| x |")
    first = make_run(
        made,
        by=member,
        name="first ☃",
        start_time_ms=1_000,
        end_time_ms=2_500,
        status="FAILED",
        claimed_user="somebody else",
        artifact_uri=f"{made.artifact_location}/x/artifacts",
    )
    Run.objects.filter(pk=first.pk).update(artifact_uri=f"{made.artifact_location}/{first.run_id}/artifacts")
    Param.objects.create(run=first, key="lr", value="1e-3\n=x")
    Param.objects.create(run=first, key="long", value="x" * 6000)
    RunTag.objects.create(run=first, key="mlflow.runName", value="first ☃")
    points = [("loss", ingest.point(1 / (step + 3), timestamp_ms=step * 10, step=step)) for step in range(50)]
    odd = (math.nan, math.inf, -math.inf, -0.0, 5e-324, 0.1 + 0.2)
    points += [("odd", ingest.point(value, timestamp_ms=7, step=-n)) for n, value in enumerate(odd)]
    with transaction.atomic():
        ingest.write(first.pk, points)
    used = DatasetUse("a.csv", "abc", "http", "http://x", "{}", "p", [("mlflow.data.context", "train"), ("k", "v")])
    inputs.log(first, datasets=[used], model_ids=["m-" + "0" * 32], by=member)
    artifacts.upload(first, "plots/roc curve 100%.txt", io.BytesIO(b"\0\xffroc"), by=member)
    artifacts.upload(first, "empty", io.BytesIO(b""), by=member)
    second = make_run(made, by=make_user("nina"), name="second", start_time_ms=900, end_time_ms=None)
    Run.objects.filter(pk=second.pk).update(artifact_uri=f"{made.artifact_location}/{second.run_id}/artifacts")
    artifacts.upload(second, "same.txt", io.BytesIO(b"\0\xffroc"), by=member)
    model = make_logged_model(made, by=member, name="net", model_type="torch")
    LoggedModel.objects.filter(pk=model.pk).update(source_run=first)
    LoggedModelParam.objects.create(model=model, key="depth", value="3")
    LoggedModelTag.objects.create(model=model, key="team", value="vision")
    LoggedModelMetric.objects.create(
        model=model, run=second, key="acc", value=0.0, is_nan=True, timestamp_ms=3, step=4, dataset_name="a.csv"
    )
    LoggedModelMetric.objects.create(model=model, run=None, key="acc", value=0.25, timestamp_ms=3, step=5)
    ModelOutput.objects.create(run=first, model_id=model.model_id, step=9)
    artifacts.upload(model, "MLmodel", io.BytesIO(b"flavors: {}"), by=member)
    runs.delete(make_run(made, by=member, name="gone"), by=member)
    Experiment.objects.filter(pk=made.pk).update(num_runs=2)
    return Experiment.objects.get(pk=made.pk)


def bundle_of(experiment, run_id="") -> bytes:
    return b"".join(bundles.written(experiment, run_id))


def take(content: bytes, by, **options) -> Import:
    row = imports.begin("bundle", Options(**options), owner=by, by=by)
    imports.carry_out_from(row, lambda report: BundleSource(io.BytesIO(content), report))
    return row


_OF_RUN = ("run_id", "name", "status", "start_time_ms", "end_time_ms", "claimed_user", "artifact_uri")
_OF_MODEL = (
    *("model_id", "name", "model_type", "status", "status_message", "artifact_uri", "creation_time_ms"),
    *("last_updated_time_ms", "source_run__run_id", "experiment__name"),
)
_OF_MODEL_METRIC = (
    *("model__model_id", "run__run_id", "key", "value", "is_nan", "timestamp_ms", "step", "dataset_name"),
    "dataset_digest",
)


def all_of(experiment) -> dict:
    """Return every field of everything that was logged in an experiment, by names and not by keys."""
    of = Run.objects.active().filter(experiment=experiment)
    points = {
        (run_id, key): [row[1:] for row in history.page(pk, limit=10_000, by_key=True)]
        for pk, run_id, key in Metric.objects.filter(run__in=of).values_list("pk", "run__run_id", "key")
    }
    rollups = Metric.objects.filter(run__in=of).order_by("run__run_id", "key")
    columns = [field.name for field in Metric._meta.fields if field.name not in ("id", "run")]
    files = Artifact.objects.filter(run__in=of) | Artifact.objects.filter(model__experiment=experiment)
    of_experiment = (
        "pk",
        "name",
        "artifact_location",
        "is_private",
        "creation_time_ms",
        "last_update_time_ms",
        "num_runs",
    )
    edges = ("run__run_id", "dataset__name", "dataset__digest", "context", "tags")
    return {
        "experiment": list(Experiment.objects.filter(pk=experiment.pk).values_list(*of_experiment)),
        "experiment tags": sorted(ExperimentTag.objects.filter(experiment=experiment).values_list("key", "value")),
        "runs": sorted(of.values_list(*_OF_RUN)),
        "params": sorted(Param.objects.filter(run__in=of).values_list("run__run_id", "key", "value")),
        "tags": sorted(RunTag.objects.filter(run__in=of).values_list("run__run_id", "key", "value")),
        "points": points,
        "rollups": list(rollups.values_list("run__run_id", *columns)),
        "datasets": sorted(
            Dataset.objects.filter(experiment=experiment).values_list(
                "name", "digest", "source_type", "source", "schema", "profile"
            )
        ),
        "dataset inputs": list(of.filter(dataset_inputs__isnull=False).values_list("run_id", *_prefixed(edges))),
        "model inputs": sorted(ModelInput.objects.filter(run__in=of).values_list("run__run_id", "model_id")),
        "model outputs": sorted(ModelOutput.objects.filter(run__in=of).values_list("run__run_id", "model_id", "step")),
        "models": sorted(LoggedModel.objects.filter(experiment=experiment).values_list(*_OF_MODEL)),
        "model params": sorted(LoggedModelParam.objects.values_list("model__model_id", "key", "value")),
        "model tags": sorted(LoggedModelTag.objects.values_list("model__model_id", "key", "value")),
        "model metrics": sorted(LoggedModelMetric.objects.values_list(*_OF_MODEL_METRIC), key=repr),
        "files": {
            (row.run.run_id if row.run else row.model.model_id, row.path): b"".join(blobs.chunks(row.blob))
            for row in files.select_related("run", "model", "blob")
        },
    }


def _prefixed(edges):
    return [f"dataset_inputs__{edge}" for edge in edges[1:]]


def forget(experiment) -> None:
    """Remove an experiment as if it had never been here."""
    Run.objects.filter(experiment=experiment).update(deleted_at="2026-01-01T00:00:00Z")
    LoggedModel.objects.filter(experiment=experiment).delete()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM tracker_metricpoint")
    Run.objects.filter(experiment=experiment).delete()
    Experiment.objects.filter(pk=experiment.pk).delete()


def test_all_that_was_logged_comes_back_field_by_field(experiment, admin):
    before, content = all_of(experiment), bundle_of(experiment)
    assert (len(before["files"]), len(before["points"])) == (4, 2)
    assert before["dataset inputs"]
    forget(experiment)
    assert not Run.objects.exists()

    row = take(content, admin, matches_users=True)

    assert row.num_problems == 0, row.problems
    arrived = Experiment.objects.get(name="seams/welds")
    after = all_of(arrived)
    for part, told in before.items():
        assert after[part] == told, part
    assert {run.name: run.created_by.username for run in Run.objects.all()} == {"first ☃": "mel", "second": "nina"}


def test_a_second_time_changes_nothing(experiment, admin):
    content = bundle_of(experiment)
    forget(experiment)
    take(content, admin)
    before = all_of(Experiment.objects.get(name="seams/welds"))

    row = take(content, admin)

    assert not [kind for kind, count in row.counts.items() if count["taken"] or count["left"]]
    assert all_of(Experiment.objects.get(name="seams/welds")) == before
    origins = Origin.objects.filter(kind=Origin.Kind.EXPERIMENT)
    assert Experiment.objects.filter(name="seams/welds").count() == origins.count() == 1


def test_a_private_experiment_does_not_join_one_that_all_may_see(experiment, admin):
    content = bundle_of(experiment)
    forget(experiment)
    make_experiment("seams/welds", by=admin)

    row = take(content, admin)

    assert not Run.objects.exists()
    assert row.counts["experiments"]["left"] == 1
    assert "--into" in row.problems[0][2]
    take(content, admin, into="theirs")
    assert Run.objects.filter(experiment__name="theirs/seams/welds", experiment__is_private=True).count() == 2


def test_runs_and_models_that_are_here_from_elsewhere_are_not_added_to(experiment, admin):
    """As a bundle that somebody wrote with ids of runs here would."""
    content = bundle_of(experiment)
    Param.objects.all().delete()
    LoggedModelTag.objects.all().delete()
    artifacts.delete(Run.objects.get(name="second"), "same.txt", by=admin)
    before = all_of(experiment)

    row = take(content, admin)

    assert all_of(experiment) == before
    assert (row.counts["runs"]["left"], row.counts["logged models"]["left"]) == (2, 1)
    assert "from elsewhere" in row.problems[-1][2]
    assert take(content, admin, is_dry_run=True).counts["runs"]["left"] == 2


def test_a_repeat_adds_to_what_came_before(experiment, admin):
    content = bundle_of(experiment)
    forget(experiment)
    take(content, admin)
    Param.objects.all().delete()
    LoggedModelTag.objects.all().delete()

    row = take(content, admin)

    assert (row.counts["params"]["taken"], LoggedModelTag.objects.count(), row.num_problems) == (2, 1, 0)


def test_what_was_cut_short_goes_on(experiment, admin, monkeypatch):
    content, before = bundle_of(experiment), all_of(experiment)
    forget(experiment)
    monkeypatch.setattr("imports.writing.runs.MAX_RUNS", 1)
    row = imports.begin("bundle", Options(), owner=admin, by=admin)

    class Killed(BaseException):
        pass

    def tell(fraction, doing):
        if "run 2" in doing:
            raise Killed

    with pytest.raises(Killed):
        imports.carry_out_from(row, lambda report: BundleSource(io.BytesIO(content), report), tell)
    take(content, admin)

    after = all_of(Experiment.objects.get(name="seams/welds"))
    assert {part: after[part] for part in ("runs", "points", "files")} == {
        part: before[part] for part in ("runs", "points", "files")
    }


def test_one_run_comes_alone_with_the_models_that_came_of_it(experiment, admin):
    run = Run.objects.get(name="second")
    content = bundle_of(experiment, run.run_id)
    forget(experiment)

    take(content, admin)

    assert list(Run.objects.values_list("run_id", flat=True)) == [run.run_id]
    assert not LoggedModel.objects.exists()


def test_without_matching_users_all_is_the_owners(experiment, admin):
    content = bundle_of(experiment)
    forget(experiment)

    take(content, admin)

    assert {run.created_by for run in Run.objects.all()} == {admin}
    assert "somebody else" in {run.claimed_user for run in Run.objects.all()}


def test_it_is_a_plain_zip_that_says_what_is_in_it(experiment):
    with zipfile.ZipFile(io.BytesIO(bundle_of(experiment))) as archive:
        assert archive.testzip() is None
        manifest = json.loads(archive.read("manifest.json"))
        names = set(archive.namelist())

    assert (manifest["format"], manifest["version"], manifest["runs"]) == ("assay-bundle", 1, 2)
    assert names == {*manifest["files"], "manifest.json"}
    assert not [name for name in names if "gone" in name]


def test_what_is_made_while_it_is_written_is_left_out_and_the_rest_can_be_imported(experiment, member, admin):
    def tell(fraction, doing):
        # after the lines of the runs were written
        if "run 1:" in doing and not Run.objects.filter(name="late").exists():
            late = make_run(experiment, by=member, name="late")
            artifacts.upload(late, "late.txt", io.BytesIO(b"late"), by=member)
            with transaction.atomic():
                ingest.write(late.pk, [("loss", ingest.point(1.0, timestamp_ms=1, step=1))])
            model = make_logged_model(experiment, by=member, name="late")
            artifacts.upload(model, "MLmodel", io.BytesIO(b"late"), by=member)

    content = b"".join(bundles.written(experiment, "", tell))
    assert Run.objects.active().count() == 3
    forget(experiment)

    row = take(content, admin)

    assert row.num_problems == 0, row.problems
    assert set(Run.objects.values_list("name", flat=True)) == {"first ☃", "second"}
    assert LoggedModel.objects.get().name == "net"


def test_it_can_be_stopped_within_a_large_file(experiment, member):
    large = io.BytesIO(bytes(3 * blobs.READ_BYTES))
    artifacts.upload(Run.objects.get(name="first ☃"), "large.bin", large, by=member)
    told = []

    class Stop(BaseException):
        pass

    def tell(fraction, doing):
        told.append(doing)
        if sum("large.bin" in each for each in told) == 2:
            raise Stop

    with pytest.raises(Stop):
        for _ in bundles.written(experiment, "", tell):
            pass
    assert told[-1] == "run 1: first ☃: large.bin"


def test_statements_do_not_grow_with_points(experiment, django_assert_max_num_queries):
    with django_assert_max_num_queries(60):
        bundle_of(experiment)


# what is refused ------------------------------------------------------------------------------------------


def rewritten(content: bytes, change) -> bytes:
    """Return the bundle after `change(parts)` of {name: bytes}, its manifest as it was unless that is changed, too."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, part in parts.items():
            if isinstance(name, str):
                name = zipfile.ZipInfo(name)
            archive.writestr(name, part)
    return target.getvalue()


def with_manifest(change):
    """Return a change that also tells the manifest of it, as somebody would who means harm."""
    import hashlib

    def apply(parts):
        change(parts)
        manifest = json.loads(parts.pop("manifest.json"))
        manifest["files"] = {
            (name if isinstance(name, str) else name.filename): [len(part), hashlib.sha256(part).hexdigest()]
            for name, part in parts.items()
        }
        parts["manifest.json"] = json.dumps(manifest).encode()

    return apply


@pytest.fixture
def refused(experiment, admin):
    """refused(content): the sentence of the refusal, after which nothing is there."""
    content = bundle_of(experiment)
    run_id = Run.objects.get(name="second").run_id
    forget(experiment)

    def check(made) -> str:
        row = imports.begin("bundle", Options(), owner=admin, by=admin)
        with pytest.raises(InvalidValue) as caught:
            imports.carry_out_from(row, lambda report: BundleSource(io.BytesIO(made), report))
        assert not Run.objects.exists()
        assert not Artifact.objects.exists()
        assert not Experiment.objects.exclude(pk=Experiment.DEFAULT_ID).exists()
        row.refresh_from_db()
        assert (row.state, row.error) == (Import.State.FAILED, caught.value.message)
        return caught.value.message

    check.content, check.run_id = content, run_id
    return check


@pytest.mark.parametrize("part", [0, 0.1, 0.5, 0.9, 0.99])
def test_a_cut_bundle_is_refused(refused, part):
    assert "cut" in refused(refused.content[: int(len(refused.content) * part)])


def test_every_changed_byte_of_a_file_is_found(refused):
    for name in (f"runs/{refused.run_id}/artifacts/same.txt", "runs.jsonl", "experiments.jsonl"):
        # behind the name stand the 20 bytes of zip64
        place = refused.content.index(name.encode()) + len(name) + 22
        changed = bytearray(refused.content)
        changed[place] ^= 1
        assert refused(bytes(changed))


@pytest.mark.parametrize(
    "change",
    [
        lambda parts: parts.update({"runs.jsonl": parts["runs.jsonl"].replace(b"second", b"seconD")}),
        lambda parts: parts.pop("models.jsonl"),
        lambda parts: parts.update({"more.txt": b"x"}),
        lambda parts: parts.update({"manifest.json": b"{}"}),
        lambda parts: parts.update({"manifest.json": b"[" * 100_000}),
        lambda parts: parts.pop("manifest.json"),
        lambda parts: parts.update({"manifest.json": parts["manifest.json"].replace(b'"version": 1', b'"version": 2')}),
    ],
)
def test_what_the_manifest_does_not_say_is_refused(refused, change):
    assert refused(rewritten(refused.content, change))


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "/etc/evil",
        "runs/../../evil",
        "runs/{id}/artifacts/../../../evil",
        "runs/{id}/artifacts//etc/evil",
        "runs/{id}/artifacts/a\\..\\..\\evil",
        "runs/{id}/artifacts/%2e%2e/evil",
        "runs/{id}/artifacts/folder/",
        "runs/{id}/evil",
        "runs/" + "f" * 32 + "/artifacts/of-nobody",
        "C:\\evil",
    ],
)
def test_a_path_that_leaves_its_place_is_refused(refused, name):
    name = name.format(id=refused.run_id)

    assert refused(rewritten(refused.content, with_manifest(lambda parts: parts.update({name: b"x"}))))


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFDIR, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices_are_refused(refused, kind):
    info = zipfile.ZipInfo(f"runs/{refused.run_id}/artifacts/link")
    info.external_attr = (kind | 0o777) << 16

    assert "link" in refused(rewritten(refused.content, with_manifest(lambda parts: parts.update({info: b"/etc"}))))


def test_a_bomb_is_refused(refused):
    info = zipfile.ZipInfo(f"runs/{refused.run_id}/artifacts/bomb")
    info.compress_type = zipfile.ZIP_DEFLATED

    made = rewritten(refused.content, with_manifest(lambda parts: parts.update({info: bytes(50_000_000)})))

    assert len(made) < 1_000_000
    assert "compressed" in refused(made)


def test_a_bomb_of_overlapping_files_is_refused(refused):
    """Many entries that name the same bytes, as in https://www.bamsoftware.com/hacks/zipbomb/."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("experiments.jsonl", b"x" * 100_000)
        first = archive.infolist()[0]
        for number in range(100):
            info = zipfile.ZipInfo(f"runs/{refused.run_id}/artifacts/{number}")
            info.header_offset, info.file_size, info.compress_size = 0, first.file_size, first.file_size
            info.CRC, info.create_system, info.external_attr = first.CRC, 3, 0
            archive.filelist.append(info)
            archive.NameToInfo[info.filename] = info

    assert "overlap" in refused(target.getvalue())


def test_more_files_than_a_bundle_has_are_refused_before_they_are_read(refused, monkeypatch):
    monkeypatch.setattr("imports.sources.bundle_file.MAX_MEMBERS", 5)

    assert "at most 5 files" in refused(refused.content)


def test_a_list_of_files_that_says_it_is_huge_is_refused(refused):
    place = refused.content.rindex(b"PK\5\6") + 12
    made = refused.content[:place] + struct.pack("<I", 2**32 - 2) + refused.content[place + 4 :]

    assert refused(made)


@pytest.mark.parametrize(
    "line", [b"{", b"[1]", b'{"run_id": 5}', b"[" * 50_000, b'{"run_id": "x", "experiment_id": "9"}']
)
def test_lines_that_are_none_are_refused(refused, line):
    change = with_manifest(lambda parts: parts.update({"runs.jsonl": parts["runs.jsonl"] + line + b"\n"}))

    assert refused(rewritten(refused.content, change))


@pytest.mark.parametrize("line", [b'["loss", [[1, 2]]]', b'["loss", [["x", 1, 1]]]', b'["loss"]', b"7"])
def test_points_that_are_none_are_refused(refused, line):
    change = with_manifest(lambda parts: parts.update({f"runs/{refused.run_id}/points.jsonl": line + b"\n"}))

    assert refused(rewritten(refused.content, change))


def test_other_files_are_no_bundle(refused):
    for content in (b"", b"x", b"PK\3\4", bytes(100_000), b"PK\5\6" + bytes(18)):
        assert refused(content)


# commands -------------------------------------------------------------------------------------------------


def test_commands_write_it_and_take_it_over(experiment, admin, tmp_path, capsys):
    before, target = all_of(experiment), tmp_path / "seams.zip"
    call_command("export_bundle", str(target), experiment="seams/welds")
    with pytest.raises(CommandError, match="there already"):
        call_command("export_bundle", str(target), experiment="seams/welds")
    forget(experiment)

    call_command("import_bundle", str(target), dry_run=True)
    assert "Nothing was written" in capsys.readouterr().out
    assert not Run.objects.exists()
    call_command("import_bundle", str(target), match_users=True)
    assert all_of(Experiment.objects.get(name="seams/welds"))["points"] == before["points"]
    call_command("import_bundle", str(target), into="copy")

    assert sorted(path.name for path in tmp_path.iterdir()) == ["seams.zip"]


def test_a_command_says_what_is_wrong(admin, tmp_path):
    (tmp_path / "x.zip").write_bytes(b"PK\3\4 and no more")

    with pytest.raises(CommandError, match="cut"):
        call_command("import_bundle", str(tmp_path / "x.zip"))
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_bundle", str(tmp_path / "none.zip"))
    with pytest.raises(CommandError, match="no run"):
        call_command("export_bundle", str(tmp_path / "y.zip"), run="f" * 32)


def test_import_mlflow_knows_a_bundle_by_its_beginning(experiment, admin, tmp_path):
    (tmp_path / "b").write_bytes(bundle_of(experiment))
    forget(experiment)

    call_command("import_mlflow", str(tmp_path / "b"))

    assert Run.objects.count() == 2


# exports and what goes -------------------------------------------------------------------------------------


def test_of_an_experiment_that_was_deleted_for_good_nothing_is_exported(
    experiment,
    member,
):
    from core.models import Job
    from exports.actions import exports
    from exports.models import Export
    from tests.core.test_webhooks import work
    from tracker.actions import experiments, purge

    export = exports.request_bundle(experiment, by=member)
    LoggedModel.objects.filter(experiment=experiment).delete()
    experiments.delete(experiment, by=member)
    purge.experiment(Experiment.objects.get(pk=experiment.pk), by=member)

    work()

    export.refresh_from_db()
    assert (export.experiment, export.key) == (None, "")
    assert Job.objects.get(kind=exports.JOB).state == Job.State.FAILED
    assert not Export.objects.of(member).exists()
