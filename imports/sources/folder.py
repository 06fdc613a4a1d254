"""A folder `mlruns` of MLflow's file store: YAML and text files, read as they lie, whoever wrote them.

Links are not followed, so that nothing outside of the folder is read; YAML is read without types and aliases.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from core.batches import batches
from core.errors import InvalidValue
from imports import plain, records
from imports.files import NoFiles, Places
from imports.plain import integer, text
from imports.report import Report
from imports.sources import registry_files
from imports.sources.file_tree import Tree
from tracker.rollup import Point

TRASH, MODELS = ".trash", "models"
POINTS = 20_000
# of a run in its meta.yaml, by number in the protocol's enum
_STATUS = {1: "RUNNING", 2: "SCHEDULED", 3: "FINISHED", 4: "FAILED", 5: "KILLED"}
_MODEL_STATUS = {
    1: "LOGGED_MODEL_PENDING", 2: "LOGGED_MODEL_READY", 3: "LOGGED_MODEL_UPLOAD_FAILED",
    "PENDING": "LOGGED_MODEL_PENDING", "READY": "LOGGED_MODEL_READY", "FAILED": "LOGGED_MODEL_UPLOAD_FAILED",
}  # fmt: skip


class FolderSource:
    """Reads mlruns. An experiment is a folder named by its number, a run one named by its id."""

    adds_to_its_own_alone = False

    def __init__(self, root: Path, report: Report, places: Places):
        self._root = root.resolve()
        self.name, self._report, self._places = str(self._root), report, places
        self._tree = Tree(self._root, report)
        if not any(True for _ in self._experiment_folders()) and not (self._root / MODELS).is_dir():
            raise InvalidValue(f"{root} is not a folder of MLflow's file store: no experiment is in it.")
        # {folder of an experiment, of a run}, as they were found
        self._folders: dict[str, str] = {}

    # experiments ----------------------------------------------------------------------------------------

    def _experiment_folders(self) -> Iterator[str]:
        for parent in ("", TRASH):
            for name in self._tree.folders(parent):
                if name.isascii() and name.isdigit():
                    yield f"{parent}/{name}" if parent else name

    def experiments(self) -> Iterator[records.Experiment]:
        for folder in self._experiment_folders():
            meta = self._tree.yaml(f"{folder}/meta.yaml", "experiments")
            if meta is None:
                continue
            pk = folder.rpartition("/")[2]
            self._folders[pk] = folder
            yield records.Experiment(
                pk,
                text(meta.get("name")),
                text(meta.get("artifact_location")),
                meta.get("lifecycle_stage") == "deleted" or folder.startswith(TRASH),
                integer(meta.get("creation_time")),
                integer(meta.get("last_update_time")),
                self._tree.values(f"{folder}/tags", "experiments"),
            )

    # runs -----------------------------------------------------------------------------------------------

    def num_runs(self, experiment: records.Experiment) -> int:
        return sum(1 for _ in self._run_folders(self._folders[experiment.id]))

    def _run_folders(self, folder: str) -> Iterator[str]:
        for name in self._tree.folders(folder):
            if name not in ("tags", "datasets", "traces", MODELS):
                yield f"{folder}/{name}"

    def runs(self, experiment: records.Experiment) -> Iterator[records.Run]:
        """Yield the runs in the order in which they were started."""
        folders = self._run_folders(self._folders[experiment.id])
        found = [(self._tree.yaml(f"{folder}/meta.yaml", "runs"), folder) for folder in folders]
        found = [(meta, folder) for meta, folder in found if meta is not None]
        for meta, folder in sorted(found, key=lambda item: (integer(item[0].get("start_time"), 0), item[1])):
            yield self._run(experiment, meta, folder)

    def _run(self, experiment: records.Experiment, meta: dict, folder: str) -> records.Run:
        run_id = text(meta.get("run_id") or meta.get("run_uuid"))
        if run_id != folder.rpartition("/")[2]:
            self._report.note("runs", folder, f"Its meta.yaml calls it {run_id[:64]!r}; the name of its folder counts.")
            run_id = folder.rpartition("/")[2]
        self._folders[run_id] = folder
        status = meta.get("status")
        datasets, inputs = self._inputs(folder)
        return records.Run(
            run_id=run_id,
            experiment_id=experiment.id,
            name=text(meta.get("run_name")),
            status=_STATUS.get(status, text(status)) if isinstance(status, int | str) else "",
            start_ms=integer(meta.get("start_time")),
            end_ms=integer(meta.get("end_time")),
            user=text(meta.get("user_id")),
            is_deleted=meta.get("lifecycle_stage") == "deleted",
            deleted_ms=integer(meta.get("deleted_time")),
            location=text(meta.get("artifact_uri")),
            params=self._tree.values(f"{folder}/params", "params"),
            tags=self._tree.values(f"{folder}/tags", "run tags"),
            datasets=datasets,
            model_inputs=inputs,
            model_outputs=self._outputs(folder),
        )

    def _inputs(self, folder: str) -> tuple[list[records.DatasetUse], list[str]]:
        datasets, models = [], []
        for name in self._tree.folders(f"{folder}/inputs"):
            meta = self._tree.yaml(f"{folder}/inputs/{name}/meta.yaml", "dataset inputs")
            if meta is None:
                continue
            if meta.get("source_type") == "MODEL":
                models.append(text(meta.get("source_id")))
            elif (dataset := self._dataset(folder, text(meta.get("source_id")))) is not None:
                tags = meta.get("tags") if isinstance(meta.get("tags"), dict) else {}
                datasets.append(dataset._replace(tags=[(text(key), text(value)) for key, value in tags.items()]))
        return datasets, sorted(models)

    def _dataset(self, run_folder: str, name: str) -> records.DatasetUse | None:
        if not name or "/" in name or name.startswith("."):
            self._report.left(
                "dataset inputs", run_folder, f"It names a dataset {name[:64]!r}, which is no folder's name."
            )
            return None
        folder = run_folder.rpartition("/")[0]
        meta = self._tree.yaml(f"{folder}/datasets/{name}/meta.yaml", "dataset inputs")
        fields = ("name", "digest", "source_type", "source", "schema", "profile")
        return None if meta is None else records.DatasetUse(*(text(meta.get(field)) for field in fields))

    def _outputs(self, folder: str) -> list[tuple[str, int]]:
        found = []
        for model_id in self._tree.folders(f"{folder}/outputs"):
            meta = self._tree.yaml(f"{folder}/outputs/{model_id}/meta.yaml", "model outputs")
            if meta is not None:
                found.append((text(model_id), integer(meta.get("step"), 0)))
        return found

    # points ---------------------------------------------------------------------------------------------

    def num_points(self, run: records.Run) -> int | None:
        return None

    def points(self, run: records.Run) -> Iterator[tuple[str, set[Point]]]:
        for key, path in self._tree.files(f"{self._folders[run.run_id]}/metrics"):
            for lines in batches(self._tree.lines(path, "metric points"), POINTS):
                yield text(key), set(self._points_of(path, lines))

    def _points_of(self, path: str, lines: list[str]) -> Iterator[Point]:
        for line in lines:
            fields = line.split()
            try:
                # time, value, step, which the oldest lack; then the dataset of a logged model's
                yield plain.metric_point(fields[1], fields[0], fields[2] if len(fields) > 2 else 0)
            except (IndexError, ValueError, OverflowError):
                if fields:
                    self._report.left(
                        "metric points", path, f"A line is not a time, a value and a step: {line[:80]!r}."
                    )

    # logged models and the registry ----------------------------------------------------------------------

    def logged_models(self, experiment: records.Experiment) -> Iterator[records.LoggedModel]:
        folder = f"{self._folders[experiment.id]}/{MODELS}"
        found = [
            (name, self._tree.yaml(f"{folder}/{name}/meta.yaml", "logged models"))
            for name in self._tree.folders(folder)
        ]
        found = [(name, meta) for name, meta in found if meta is not None]
        for name, meta in sorted(found, key=lambda item: (integer(item[1].get("creation_timestamp"), 0), item[0])):
            self._folders[name] = own = f"{folder}/{name}"
            status = meta.get("status")
            yield records.LoggedModel(
                model_id=name,
                experiment_id=experiment.id,
                name=text(meta.get("name")),
                model_type=text(meta.get("model_type")),
                run_id=text(meta.get("source_run_id")),
                status=_MODEL_STATUS.get(status, text(status)) if isinstance(status, int | str) else "",
                status_message=text(meta.get("status_message")),
                location=text(meta.get("artifact_location") or meta.get("artifact_uri")),
                created_ms=integer(meta.get("creation_timestamp")),
                updated_ms=integer(meta.get("last_updated_timestamp")),
                is_deleted=meta.get("lifecycle_stage") == "deleted",
                params=self._tree.values(f"{own}/params", "logged models"),
                tags=self._tree.values(f"{own}/tags", "logged models"),
                metrics=list(self._model_points(own)),
            )

    def _model_points(self, folder: str) -> Iterator[records.ModelPoint]:
        for key, path in self._tree.files(f"{folder}/metrics"):
            for line in self._tree.lines(path, "logged model metrics"):
                fields = line.split()
                try:
                    # time, value, step, run, and where there is one the dataset's name and digest
                    at, value, step, run_id, *dataset = fields
                    name, digest = dataset or ("", "")
                    point = records.ModelPoint(text(key), float(value), int(at), int(step), run_id, name, digest)
                except ValueError:
                    if fields:
                        self._report.left("logged model metrics", path, f"A line cannot be read: {line[:80]!r}.")
                else:
                    yield point

    def registered_models(self) -> Iterator[records.RegisteredModel]:
        return registry_files.read(self._tree)

    def left_out(self) -> dict[str, int]:
        folders = [f"{folder}/traces" for folder in self._experiment_folders()]
        traces = sum(1 for folder in folders for _ in self._tree.folders(folder))
        return {"traces": traces} if traces else {}

    def files(self, owner):
        """Return the files beside meta.yaml, where a folder that was moved has them; else those at their address."""
        pk = owner.run_id if isinstance(owner, records.Run) else owner.model_id
        own = self._root / self._folders[pk] / "artifacts"
        if own.is_dir() and not os.path.islink(own):
            return self._places.below(own, owner)
        inside = owner.location.endswith(f"{self._folders[pk]}/artifacts")
        return NoFiles() if inside or not owner.location else self._places.files(owner, beside=self._root.parent)

    def close(self) -> None:
        self._places.close()
