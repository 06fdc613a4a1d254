"""A running MLflow server, read over its protocol: 2.x and 3.x alike."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from core.batches import batches
from core.errors import InvalidValue
from imports import plain, records
from imports.files import Places
from imports.plain import integer, text
from imports.report import Report
from imports.sources.answers import logged_model, named, pairs, run_of, version_of
from imports.sources.wire import Refused, Wire
from tracker.rollup import Point

PAGE, HISTORY_PAGE = 500, 25_000
# histories asked for side by side: a server answers one in some milliseconds
AT_ONCE = 4
_PROMPTS = "tags.`mlflow.prompt.is_prompt` = 'true'"


class ServerSource:
    """Asks a server. Deleted logged models are not to be had over the wire, all else is."""

    adds_to_its_own_alone = False

    def __init__(self, wire: Wire, report: Report, places: Places):
        self.name, self._wire, self._report, self._places = wire.name, wire, report, places
        if places.wire is None:
            places.wire = wire
        try:
            wire.post("experiments/search", max_results=1)
        except Refused as refusal:
            if refusal.status == 404:
                raise InvalidValue(f"{wire.name} is not an MLflow server: {refusal.message}")
            raise
        self._has_models = self._can_have_models()
        self._pool = ThreadPoolExecutor(AT_ONCE)

    def _can_have_models(self) -> bool:
        try:
            self._wire.post("logged-models/search", experiment_ids=["0"], max_results=1)
        except Refused as refusal:
            return refusal.status not in (404, 405)
        return True

    def experiments(self) -> Iterator[records.Experiment]:
        found = self._wire.pages("POST", "experiments/search", "experiments", max_results=PAGE, view_type="ALL")
        for answer in sorted(filter(named, found), key=lambda answer: integer(answer.get("creation_time"), 0)):
            yield records.Experiment(
                text(answer.get("experiment_id")),
                text(answer.get("name")),
                text(answer.get("artifact_location")),
                answer.get("lifecycle_stage") == "deleted",
                integer(answer.get("creation_time")),
                integer(answer.get("last_update_time")),
                pairs(answer.get("tags")),
            )

    def num_runs(self, experiment: records.Experiment) -> int:
        # the protocol has no count; a page of ids costs as much as a page of runs
        return 0

    def runs(self, experiment: records.Experiment) -> Iterator[records.Run]:
        answers = self._wire.pages(
            "POST",
            "runs/search",
            "runs",
            experiment_ids=[experiment.id],
            run_view_type="ALL",
            max_results=PAGE,
            order_by=["attributes.start_time ASC"],
        )
        for batch in batches(answers, AT_ONCE * 4):
            if self._has_models:
                # a search leaves out which models a run used
                batch = self._pool.map(self._whole, batch)
            for answer in batch:
                run = run_of(answer)
                if run is None:
                    self._report.left("runs", experiment.name, "The server names a run without an id.")
                else:
                    yield run._replace(experiment_id=experiment.id)

    def _whole(self, answer: dict) -> dict:
        run = run_of(answer)
        if run is None:
            return answer
        try:
            return self._wire.get("runs/get", run_id=run.run_id).get("run", answer)
        except Refused as refusal:
            self._report.left("model inputs", run.run_id, refusal.message)
            return answer

    def num_points(self, run: records.Run) -> int | None:
        return None

    def points(self, run: records.Run) -> Iterator[tuple[str, set[Point]]]:
        for keys in batches(run.metric_keys, AT_ONCE):
            histories = self._pool.map(lambda key: self._page(run, key, ""), keys)
            for key, (points, token) in zip(keys, histories, strict=True):
                yield key, points
                while token:
                    points, token = self._page(run, key, token)
                    yield key, points

    def _page(self, run: records.Run, key: str, token: str) -> tuple[set[Point], str]:
        query = {"page_token": token} if token else {}
        try:
            answer = self._wire.get(
                "metrics/get-history", run_id=run.run_id, metric_key=key, max_results=HISTORY_PAGE, **query
            )
        except Refused as refusal:
            self._report.left("metric points", f"{run.run_id} {key}", refusal.message)
            return set(), ""
        found, metrics = set(), answer.get("metrics", [])
        for metric in metrics if isinstance(metrics, list) else []:
            try:
                found.add(plain.metric_point(metric["value"], metric.get("timestamp", 0), metric.get("step", 0)))
            except (KeyError, AttributeError, TypeError, ValueError, OverflowError):
                self._report.left("metric points", f"{run.run_id} {key}", "A step, a time or a value is no number.")
        after = text(answer.get("next_page_token"))
        return found, after if after != token else ""

    def logged_models(self, experiment: records.Experiment) -> Iterator[records.LoggedModel]:
        if not self._has_models:
            return
        found = self._wire.pages("POST", "logged-models/search", "models", experiment_ids=[experiment.id])
        models = filter(None, map(logged_model, found))
        yield from sorted(models, key=lambda model: (model.created_ms or 0, model.model_id))

    def registered_models(self) -> Iterator[records.RegisteredModel]:
        # prompts are left out of a search unless it asks for them
        for is_prompt in (False, True):
            asked = {"max_results": 100, **({"filter": _PROMPTS} if is_prompt else {})}
            for answer in self._wire.pages("GET", "registered-models/search", "registered_models", **asked):
                if named(answer):
                    yield self._with_versions(answer, is_prompt)

    def _with_versions(self, answer: dict, is_prompt: bool) -> records.RegisteredModel:
        name = text(answer.get("name"))
        found = filter(None, map(version_of, self._versions(name, is_prompt)))
        versions = [self._located(name, version) for version in found]
        aliases = answer.get("aliases") if isinstance(answer.get("aliases"), list) else []
        return records.RegisteredModel(
            name=name,
            description=text(answer.get("description")),
            user=text(answer.get("user_id")),
            created_ms=integer(answer.get("creation_timestamp")),
            updated_ms=integer(answer.get("last_updated_timestamp")),
            tags=pairs(answer.get("tags")),
            aliases={text(a.get("alias")): integer(a.get("version"), 0) for a in aliases if isinstance(a, dict)},
            versions=sorted(versions, key=lambda version: version.number),
            last_version=max((version.number for version in versions), default=0),
        )

    def _versions(self, name: str, is_prompt: bool) -> Iterator[dict]:
        # a name holds quotes of one kind at most, else no filter of the protocol could name it
        quoted = f'"{name}"' if "'" in name else f"'{name}'"
        query = {"filter": f"name = {quoted}{f' AND {_PROMPTS}' if is_prompt else ''}", "max_results": 1_000}
        yield from self._wire.pages("GET", "model-versions/search", "model_versions", **query)

    def _located(self, name: str, version: records.Version) -> records.Version:
        """Return a copy of another version with where its files are: its source is a name, which may be another here."""
        if not version.source.startswith("models:/") or version.source.startswith("models:/m-"):
            return version
        try:
            answer = self._wire.get("model-versions/get-download-uri", name=name, version=str(version.number))
        except Refused:
            # what it was a copy of is gone; whoever takes it says that it came without files
            return version
        return version._replace(location=text(answer.get("artifact_uri")))

    def left_out(self) -> dict[str, int]:
        return {}

    def files(self, owner):
        return self._places.files(owner)

    def close(self) -> None:
        self._pool.shutdown()
        self._wire.close()
        self._places.close()
