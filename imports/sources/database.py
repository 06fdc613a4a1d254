"""MLflow's own database, read with plain SQL: no mlflow package, no server, nothing written there."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from core.batches import batches
from core.errors import InvalidValue
from imports import records
from imports.files import Places
from imports.plain import integer, text
from imports.report import Report
from imports.sources import registry_tables, schema
from imports.sources.connections import PostgresDatabase, SqliteFile
from tracker.rollup import MAX_DOUBLE, Point

# runs read at once; also how many parameters a statement gets
BATCH = 200
POINTS = 20_000
_MODEL_STATUS = {1: "LOGGED_MODEL_PENDING", 2: "LOGGED_MODEL_READY", 3: "LOGGED_MODEL_UPLOAD_FAILED"}
_LARGEST = repr(MAX_DOUBLE)
# casts, because SQLite lets anything be in a column; a key as bytes is decoded once and not with each of its points
_POINTS = f"""
SELECT {{key}}, CAST(step AS bigint), CAST(timestamp AS bigint), CASE WHEN is_nan THEN 0.0 WHEN value > {_LARGEST} THEN {_LARGEST}
    WHEN value < -{_LARGEST} THEN -{_LARGEST} ELSE coalesce(value, 0.0) + 0.0 END, CASE WHEN is_nan THEN 1 ELSE 0 END
FROM metrics WHERE run_uuid = %s ORDER BY key
"""


class DatabaseSource:
    """Reads a database whose schema is known; columns that an older one lacks are read as nothing."""

    adds_to_its_own_alone = False

    def __init__(self, database: SqliteFile | PostgresDatabase, report: Report, places: Places):
        self.name, self._db, self._report, self._places = database.name, database, report, places
        self._points_sql = _POINTS.format(key=database.BYTES.format("key"))
        self._columns = database.columns()
        if not {"alembic_version", "experiments", "runs", "metrics"} <= self._columns.keys():
            database.close()
            raise InvalidValue(f"{self.name} is not a database of MLflow's: it lacks the tables of one.")
        try:
            schema.check([text(row[0]) for row in database.rows("SELECT version_num FROM alembic_version")])
        except InvalidValue:
            database.close()
            raise

    # experiments ----------------------------------------------------------------------------------------

    def experiments(self) -> Iterator[records.Experiment]:
        tags = self._pairs("experiment_tags", "experiment_id")
        workspace = self._column("experiments", "workspace", "'default'")
        sql = (
            "SELECT experiment_id, name, artifact_location, lifecycle_stage, creation_time, last_update_time, "
            f"{workspace} FROM experiments ORDER BY experiment_id"
        )
        for pk, name, location, stage, created, updated, home in self._db.rows(sql):
            # names are unique in a workspace only
            name = text(name) if home == "default" else f"{text(home)}/{text(name)}"
            yield records.Experiment(
                str(pk), name, text(location), stage == "deleted", integer(created), integer(updated), tags[pk]
            )

    # runs -----------------------------------------------------------------------------------------------

    def num_runs(self, experiment: records.Experiment) -> int:
        return next(self._db.rows("SELECT count(*) FROM runs WHERE experiment_id = %s", [int(experiment.id)]))[0]

    def runs(self, experiment: records.Experiment) -> Iterator[records.Run]:
        """Yield the runs in the order in which they were started."""
        sql = "SELECT run_uuid FROM runs WHERE experiment_id = %s ORDER BY start_time, run_uuid"
        for ids in batches([row[0] for row in self._db.rows(sql, [int(experiment.id)])], BATCH):
            yield from self._batch_of_runs(ids)

    def _batch_of_runs(self, ids: list[str]) -> Iterator[records.Run]:
        among = ", ".join(["%s"] * len(ids))
        sql = (
            "SELECT run_uuid, experiment_id, name, status, start_time, end_time, user_id, lifecycle_stage, artifact_uri, "
            f"{self._column('runs', 'deleted_time')} FROM runs WHERE run_uuid IN ({among})"
        )
        found = {row[0]: row for row in self._db.rows(sql, ids)}
        params, tags = self._pairs("params", "run_uuid", ids), self._pairs("tags", "run_uuid", ids)
        datasets = self._datasets(ids)
        inputs, outputs = self._edges("RUN_INPUT", ids), self._edges("RUN_OUTPUT", ids)
        for run_id in ids:
            _, experiment, name, status, start, end, user, stage, location, deleted = found[run_id]
            yield records.Run(
                run_id=text(run_id),
                experiment_id=str(experiment),
                name=text(name),
                status=text(status),
                start_ms=integer(start),
                end_ms=integer(end),
                user=text(user),
                is_deleted=stage == "deleted",
                deleted_ms=integer(deleted),
                location=text(location),
                params=params[run_id],
                tags=tags[run_id],
                datasets=datasets[run_id],
                model_inputs=[model_id for model_id, _ in inputs[run_id]],
                model_outputs=outputs[run_id],
            )

    def _datasets(self, ids: list[str]) -> dict[str, list[records.DatasetUse]]:
        found: dict[str, list] = defaultdict(list)
        if "inputs" not in self._columns:
            return found
        among = ", ".join(["%s"] * len(ids))
        uses = list(
            self._db.rows(
                "SELECT i.destination_id, i.input_uuid, d.name, d.digest, d.dataset_source_type, d.dataset_source, "
                "d.dataset_schema, d.dataset_profile FROM inputs i JOIN datasets d ON d.dataset_uuid = i.source_id "
                f"WHERE i.source_type = 'DATASET' AND i.destination_type = 'RUN' AND i.destination_id IN ({among}) "
                "ORDER BY i.destination_id, d.name, d.digest",
                ids,
            )
        )
        tags: dict[str, list] = defaultdict(list)
        for inputs in batches([use[1] for use in uses], BATCH):
            among = ", ".join(["%s"] * len(inputs))
            sql = f"SELECT input_uuid, name, value FROM input_tags WHERE input_uuid IN ({among}) ORDER BY input_uuid, name"
            for pk, key, value in self._db.rows(sql, inputs):
                tags[pk].append((text(key), text(value)))
        for run_id, pk, *dataset in uses:
            found[run_id].append(records.DatasetUse(*map(text, dataset), tags[pk]))
        return found

    def _edges(self, kind: str, ids: list[str]) -> dict[str, list[tuple[str, int]]]:
        found: dict[str, list] = defaultdict(list)
        if "inputs" not in self._columns:
            return found
        among, step = ", ".join(["%s"] * len(ids)), self._column("inputs", "step", "0")
        sql = (
            f"SELECT source_id, destination_id, {step} FROM inputs "
            f"WHERE source_type = '{kind}' AND source_id IN ({among}) ORDER BY source_id, destination_id"
        )
        for run_id, model_id, at in self._db.rows(sql, ids):
            found[run_id].append((text(model_id), integer(at, 0)))
        return found

    # points ---------------------------------------------------------------------------------------------

    def num_points(self, run: records.Run) -> int | None:
        return next(self._db.rows("SELECT count(*) FROM metrics WHERE run_uuid = %s", [run.run_id]))[0]

    def points(self, run: records.Run) -> Iterator[tuple[str, set[Point]]]:
        for rows in self._db.pages(self._points_sql, [run.run_id], POINTS):
            for key, group in groupby(rows, itemgetter(0)):
                # plain tuples in the order of a Point: naming ten million of them takes as long as storing them
                yield text(key.decode(errors="replace")), set(map(itemgetter(slice(1, None)), group))

    # logged models and the registry ----------------------------------------------------------------------

    def logged_models(self, experiment: records.Experiment) -> Iterator[records.LoggedModel]:
        if "logged_models" not in self._columns:
            return
        of = [int(experiment.id)]
        params = self._pairs_of_models("logged_model_params", "param_key", "param_value", of)
        tags = self._pairs_of_models("logged_model_tags", "tag_key", "tag_value", of)
        metrics = self._model_metrics(of)
        sql = (
            "SELECT model_id, name, model_type, source_run_id, status, status_message, artifact_location, "
            "creation_timestamp_ms, last_updated_timestamp_ms, lifecycle_stage FROM logged_models "
            "WHERE experiment_id = %s ORDER BY creation_timestamp_ms, model_id"
        )
        for pk, name, kind, run_id, status, message, location, created, updated, stage in self._db.rows(sql, of):
            yield records.LoggedModel(
                model_id=text(pk),
                experiment_id=experiment.id,
                name=text(name),
                model_type=text(kind),
                run_id=text(run_id),
                status=_MODEL_STATUS.get(status, "LOGGED_MODEL_PENDING"),
                status_message=text(message),
                location=text(location),
                created_ms=integer(created),
                updated_ms=integer(updated),
                is_deleted=stage == "deleted",
                params=params[pk],
                tags=tags[pk],
                metrics=metrics[pk],
            )

    def _pairs_of_models(self, table: str, key: str, value: str, of: list) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = defaultdict(dict)
        for pk, k, v in self._db.rows(f"SELECT model_id, {key}, {value} FROM {table} WHERE experiment_id = %s", of):
            found[pk][text(k)] = text(v)
        return found

    def _model_metrics(self, of: list) -> dict[str, list[records.ModelPoint]]:
        found: dict[str, list] = defaultdict(list)
        sql = (
            "SELECT model_id, metric_name, metric_value, metric_timestamp_ms, metric_step, run_id, dataset_name, "
            "dataset_digest FROM logged_model_metrics WHERE experiment_id = %s"
        )
        for pk, key, value, at, step, *rest in self._db.rows(sql, of):
            try:
                value = float("nan") if value is None else float(value)
                found[pk].append(records.ModelPoint(text(key), value, int(at), int(step), *map(text, rest)))
            except (TypeError, ValueError, OverflowError):
                self._report.left("logged model metrics", text(pk), "A step, a time or a value is no number.")
        return found

    def registered_models(self) -> Iterator[records.RegisteredModel]:
        return registry_tables.read(self._db, self._columns)

    def left_out(self) -> dict[str, int]:
        there = [table for table in schema.NOT_TAKEN if table in self._columns]
        numbers = {schema.NOT_TAKEN[table]: next(self._db.rows(f"SELECT count(*) FROM {table}"))[0] for table in there}
        return {what: number for what, number in numbers.items() if number}

    def files(self, owner):
        return self._places.files(owner, beside=self._db.folder)

    def close(self) -> None:
        self._db.close()
        self._places.close()

    # what the statements have in common ------------------------------------------------------------------

    def _column(self, table: str, column: str, otherwise: str = "NULL") -> str:
        return column if column in self._columns[table] else otherwise

    def _pairs(self, table: str, owner: str, ids: Iterable | None = None) -> dict[object, dict[str, str]]:
        """Return {owner: {key: value}} of a table of keys and values; None: of all owners."""
        found: dict[object, dict[str, str]] = defaultdict(dict)
        if table in self._columns:
            among = "" if ids is None else f"WHERE {owner} IN ({', '.join(['%s'] * len(ids))})"
            for pk, key, value in self._db.rows(f"SELECT {owner}, key, value FROM {table} {among}", ids or ()):
                found[pk][text(key)] = text(value)
        return found


def open_sqlite(path: Path, report: Report, places: Places) -> DatabaseSource:
    return DatabaseSource(SqliteFile(path), report, places)


def open_postgres(address: str, report: Report, places: Places) -> DatabaseSource:
    return DatabaseSource(PostgresDatabase(address), report, places)
