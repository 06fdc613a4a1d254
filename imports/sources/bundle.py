"""A bundle of another Assay as a source: checked as a whole before its first run is told."""

import math
from collections.abc import Iterator

from core.errors import InvalidValue
from imports import records
from imports.bundles import EXPERIMENTS, MODELS, RUNS, folder_of, member, points_of
from imports.files import Found, id_of
from imports.plain import integer, metric_point, text
from imports.report import Report
from imports.sources.bundle_file import BundleFile, Tell
from tracker.rollup import Point

CHECKED = "This bundle is broken: "


class BundleFiles:
    """The files of one run or logged model."""

    def __init__(self, bundle: BundleFile, owner_id: str, names: list[str]):
        self._bundle, self._folder, self._names = bundle, folder_of(owner_id), names

    def walk(self) -> Iterator[Found]:
        for name in self._names:
            yield Found(name.removeprefix(self._folder), self._bundle.infos[name].file_size)

    def open(self, path: str):
        return self._bundle.open(self._folder + path)


class BundleSource:
    """Reads a file that can seek, and closes it. Raises InvalidValue where that is no bundle, was cut, changed or made to harm."""

    adds_to_its_own_alone = True

    def __init__(self, file, report: Report, tell: Tell = lambda fraction, doing: None):
        self._report = report
        try:
            self._bundle = BundleFile(file)
            self.name = self._bundle.manifest["source"]
            self._bundle.check(tell)
            self._check_contents()
        except BaseException:
            file.close()
            raise

    def _check_contents(self) -> None:
        """Read every line once before anything is written."""
        experiments = {record.id for record in self.experiments()}
        self._num_runs = dict.fromkeys(experiments, 0)
        owners = set()
        for run in self._runs():
            if run.experiment_id not in experiments:
                raise InvalidValue(f"{CHECKED}a run is of an experiment that is not in it.")
            self._num_runs[run.experiment_id] += 1
            owners.add(run.run_id)
        for model in self._models():
            if model.experiment_id not in experiments:
                raise InvalidValue(f"{CHECKED}a logged model is of an experiment that is not in it.")
            owners.add(model.model_id)
        self._files: dict[str, list[str]] = {}
        for name in self._bundle.infos:
            found = member(name)
            if found is None:
                continue
            if found.owner_id not in owners:
                raise InvalidValue(f"{CHECKED}it has files of a run that is not in it.")
            if found.path:
                self._files.setdefault(found.owner_id, []).append(name)
            else:
                for _ in self._points(name):
                    pass

    def experiments(self) -> Iterator[records.Experiment]:
        for line in self._objects(EXPERIMENTS):
            yield records.Experiment(
                id=_needed(line, "id"),
                name=_needed(line, "name"),
                created_ms=integer(line.get("created_ms")),
                updated_ms=integer(line.get("updated_ms")),
                tags=_texts(line.get("tags")),
                is_private=line.get("is_private") is True,
            )

    def num_runs(self, experiment: records.Experiment) -> int:
        return self._num_runs[experiment.id]

    def runs(self, experiment: records.Experiment) -> Iterator[records.Run]:
        return (run for run in self._runs() if run.experiment_id == experiment.id)

    def _runs(self) -> Iterator[records.Run]:
        for line in self._objects(RUNS):
            yield records.Run(
                run_id=_needed(line, "run_id"),
                experiment_id=_needed(line, "experiment_id"),
                name=text(line.get("name")),
                status=text(line.get("status")),
                start_ms=integer(line.get("start_ms")),
                end_ms=integer(line.get("end_ms")),
                user=text(line.get("user")),
                author=text(line.get("author")),
                params=_texts(line.get("params")),
                tags=_texts(line.get("tags")),
                datasets=[_dataset(one) for one in _list(line, "datasets")],
                model_inputs=[text(one) for one in _list(line, "model_inputs")],
                model_outputs=[_output(one) for one in _list(line, "model_outputs")],
            )

    def num_points(self, run: records.Run) -> int | None:
        return None

    def points(self, run: records.Run) -> Iterator[tuple[str, set[Point]]]:
        return self._points(points_of(run.run_id))

    def _points(self, name: str) -> Iterator[tuple[str, set[Point]]]:
        for line in self._bundle.lines(name):
            try:
                key, points = line
                yield text(key), {metric_point(*point) for point in points}
            except (TypeError, ValueError, OverflowError):
                raise InvalidValue(f"{CHECKED}a line of points is none.")

    def logged_models(self, experiment: records.Experiment) -> Iterator[records.LoggedModel]:
        return (model for model in self._models() if model.experiment_id == experiment.id)

    def _models(self) -> Iterator[records.LoggedModel]:
        for line in self._objects(MODELS):
            yield records.LoggedModel(
                model_id=_needed(line, "model_id"),
                experiment_id=_needed(line, "experiment_id"),
                name=text(line.get("name")),
                model_type=text(line.get("model_type")),
                run_id=text(line.get("run_id")),
                status=text(line.get("status")),
                status_message=text(line.get("status_message")),
                created_ms=integer(line.get("created_ms")),
                updated_ms=integer(line.get("updated_ms")),
                params=_texts(line.get("params")),
                tags=_texts(line.get("tags")),
                metrics=[_model_point(one) for one in _list(line, "metrics")],
            )

    def registered_models(self) -> Iterator[records.RegisteredModel]:
        return iter(())

    def left_out(self) -> dict[str, int]:
        return {}

    def files(self, owner: records.Run | records.LoggedModel) -> BundleFiles:
        return BundleFiles(self._bundle, id_of(owner), self._files.get(id_of(owner), []))

    def close(self) -> None:
        self._bundle.close()

    def _objects(self, name: str) -> Iterator[dict]:
        for line in self._bundle.lines(name):
            if not isinstance(line, dict):
                raise InvalidValue(f"{CHECKED}a line of {name} is none.")
            yield line


def _needed(line: dict, name: str) -> str:
    value = line.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidValue(f"{CHECKED}something in it has no {name}.")
    return text(value)


def _texts(value) -> dict[str, str]:
    return {text(key): text(one) for key, one in value.items()} if isinstance(value, dict) else {}


def _list(line: dict, name: str) -> list:
    value = line.get(name)
    return value if isinstance(value, list) else []


def _part(value) -> dict:
    if not isinstance(value, dict):
        raise InvalidValue(f"{CHECKED}a part of a run is none.")
    return value


def _dataset(value) -> records.DatasetUse:
    row = _part(value)
    fields = ("name", "digest", "source_type", "source", "schema", "profile")
    tags = [(text(pair[0]), text(pair[1])) for pair in _list(row, "tags") if isinstance(pair, list) and len(pair) == 2]
    return records.DatasetUse(*(text(row.get(field)) for field in fields), tags)


def _output(value) -> tuple[str, int]:
    if not isinstance(value, list) or len(value) != 2:
        raise InvalidValue(f"{CHECKED}a part of a run is none.")
    return text(value[0]), integer(value[1], 0)


def _model_point(value) -> records.ModelPoint:
    row = _part(value)
    try:
        number = float(row.get("value", math.nan))
    except (TypeError, ValueError, OverflowError):
        raise InvalidValue(f"{CHECKED}a metric of a logged model is no number.")
    return records.ModelPoint(
        text(row.get("key")),
        number,
        integer(row.get("timestamp_ms"), 0),
        integer(row.get("step"), 0),
        text(row.get("run_id")),
        text(row.get("dataset_name")),
        text(row.get("dataset_digest")),
    )
