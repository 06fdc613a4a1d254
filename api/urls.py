"""The doors for programs as a table: method, path, endpoint, request schema, token scope.

Whatever is unknown or out of scope answers ENDPOINT_NOT_FOUND, which is what makes the client fall back.
"""

from django.urls import include, path, re_path

from accounts.access import Scope
from api import artifacts, experiments, logged_models, metrics, run_data, runs, search, signed, uploads
from api.endpoint import Nothing, Route
from api.endpoint import urlpatterns as patterns_of
from api.fallback import endpoint_not_found
from api.registry_urls import GET_ARTIFACT as GET_MODEL_ARTIFACT
from api.registry_urls import REGISTRY

READ, LOG, FULL = Scope.READ, Scope.LOG, Scope.FULL

EXPERIMENTS = [
    Route("POST", "experiments/create", experiments.create, experiments.Create, LOG),
    Route("GET", "experiments/get", experiments.get, experiments.OfExperiment, READ),
    Route("GET", "experiments/get-by-name", experiments.get_by_name, experiments.GetByName, READ),
    Route("POST", "experiments/update", experiments.update, experiments.Update, FULL),
    Route("POST", "experiments/delete", experiments.delete, experiments.OfExperiment, FULL),
    Route("POST", "experiments/restore", experiments.restore, experiments.OfExperiment, FULL),
    Route("POST", "experiments/set-experiment-tag", experiments.set_tag, experiments.SetTag, LOG),
    Route("POST", "experiments/delete-experiment-tag", experiments.delete_tag, experiments.DeleteTag, LOG),
    Route("GET", "experiments/search", search.experiments, search.SearchExperiments, READ),
    Route("POST", "experiments/search", search.experiments, search.SearchExperiments, READ),
]

RUNS = [
    Route("POST", "runs/create", runs.create, runs.Create, LOG),
    Route("GET", "runs/get", runs.get, runs.OfRun, READ),
    Route("POST", "runs/update", runs.update, runs.Update, LOG),
    Route("POST", "runs/delete", runs.delete, runs.OfRun, FULL),
    Route("POST", "runs/restore", runs.restore, runs.OfRun, FULL),
    Route("POST", "runs/search", search.runs, search.SearchRuns, READ),
    Route("POST", "runs/log-metric", run_data.log_metric, run_data.LogMetric, LOG),
    Route("POST", "runs/log-parameter", run_data.log_parameter, run_data.LogParam, LOG),
    Route("POST", "runs/log-batch", run_data.log_batch, run_data.LogBatch, LOG),
    Route("POST", "runs/set-tag", run_data.set_tag, run_data.SetTag, LOG),
    Route("POST", "runs/delete-tag", run_data.delete_tag, run_data.DeleteTag, LOG),
    Route("POST", "runs/log-inputs", run_data.log_inputs, run_data.LogInputs, LOG, run_data.MAX_INPUTS_BYTES),
    Route("POST", "runs/outputs", run_data.log_outputs, run_data.LogOutputs, LOG),
    Route("POST", "runs/log-model", run_data.log_model, run_data.LogModel, LOG),
]

METRICS = [
    Route("GET", "metrics/get-history", metrics.get_history, metrics.GetHistory, READ),
    Route(
        "GET",
        "metrics/get-history-bulk-interval",
        metrics.get_history_bulk_interval,
        metrics.GetHistoryBulkInterval,
        READ,
    ),
]

# calls that MLflow has for its web interface alone
AJAX_EXPERIMENTS = [
    Route("POST", "experiments/search-datasets", experiments.search_datasets, experiments.SearchDatasets, READ),
]

AJAX_METRICS = [
    Route("GET", "metrics/get-history-bulk", metrics.get_history_bulk, metrics.GetHistoryBulk, READ),
]

_MODEL = "logged-models/<str:model_id>"

LOGGED_MODELS = [
    Route("POST", "logged-models/search", search.logged_models, search.SearchLoggedModels, READ),
    Route("POST", "logged-models", logged_models.create, logged_models.Create, LOG),
    Route("GET", _MODEL, logged_models.get, logged_models.Get, READ),
    Route("PATCH", _MODEL, logged_models.finalize, logged_models.Finalize, LOG),
    Route("DELETE", _MODEL, logged_models.delete, Nothing, FULL),
    Route("POST", f"{_MODEL}/params", logged_models.log_params, logged_models.LogParams, LOG),
    Route("PATCH", f"{_MODEL}/tags", logged_models.set_tags, logged_models.SetTags, LOG),
    Route("DELETE", f"{_MODEL}/tags/<anypath:key>", logged_models.delete_tag, Nothing, LOG),
    Route("GET", f"{_MODEL}/artifacts/directories", logged_models.list_artifacts, logged_models.ListArtifacts, READ),
]

ARTIFACTS = [
    Route("GET", "artifacts/list", artifacts.list_of_run, artifacts.ListOfRun, READ),
    Route("POST", "artifacts/presigned-download-url", uploads.presign_download, uploads.PresignDownload, READ),
    Route("POST", "artifacts/presigned-upload-url", uploads.presign_upload, uploads.PresignUpload, LOG),
]

AJAX_ARTIFACTS = [
    Route("POST", "upload-artifact", artifacts.upload_small, None, LOG),
    Route("GET", f"{_MODEL}/artifacts/files", logged_models.get_file, logged_models.GetFile, READ),
]

GET_ARTIFACT = [Route("GET", "get-artifact", artifacts.get_artifact, artifacts.GetArtifact, READ)]

PROXY = [
    Route("GET", "artifacts", artifacts.list_all, artifacts.ListAll, READ),
    Route("PUT", "artifacts/<anypath:path>", artifacts.upload, None, LOG),
    Route("GET", "artifacts/<anypath:path>", artifacts.download, None, READ),
    Route("HEAD", "artifacts/<anypath:path>", artifacts.download, None, READ),
    Route("DELETE", "artifacts/<anypath:path>", artifacts.delete, Nothing, FULL),
    Route("POST", "mpu/create/<anypath:folder>", uploads.create, uploads.Create, LOG),
    Route("POST", "mpu/complete/<anypath:folder>", uploads.complete, uploads.Complete, LOG),
    Route("POST", "mpu/abort/<anypath:folder>", uploads.abort, uploads.Abort, LOG),
    Route("GET", "presigned/<anypath:path>", uploads.presign, None, READ),
]

# what the client calls without its credentials
SIGNED_PARTS = [Route("PUT", f"{uploads.PART_PATH}/<str:ticket>", uploads.put_part, None, LOG)]
SIGNED_FILES = [
    Route("GET", f"{uploads.FILE_PATH}/<str:ticket>", uploads.download, None, READ),
    Route("PUT", f"{uploads.FILE_PATH}/<str:ticket>", uploads.upload, None, LOG),
]

MLFLOW = [*EXPERIMENTS, *RUNS, *METRICS, *LOGGED_MODELS, *ARTIFACTS, *REGISTRY]

urlpatterns = [
    *patterns_of("api/2.0/mlflow/", MLFLOW),
    *patterns_of("ajax-api/2.0/mlflow/", [*MLFLOW, *AJAX_EXPERIMENTS, *AJAX_METRICS, *AJAX_ARTIFACTS]),
    *patterns_of("api/2.0/mlflow-artifacts/", PROXY),
    *patterns_of("ajax-api/2.0/mlflow-artifacts/", PROXY),
    *patterns_of("", [*GET_ARTIFACT, *GET_MODEL_ARTIFACT]),
    *patterns_of("", SIGNED_PARTS, signed.view_of(uploads.PART_PATH)),
    *patterns_of("ajax-", SIGNED_PARTS, signed.view_of(uploads.PART_PATH)),
    *patterns_of("", SIGNED_FILES, signed.view_of(uploads.FILE_PATH)),
    *patterns_of("ajax-", SIGNED_FILES, signed.view_of(uploads.FILE_PATH)),
    path("", include("api.v1.urls")),
    # under v1/traces clients of 3.x send their traces
    re_path(r"^((ajax-)?api/|v1/traces$)", endpoint_not_found),
]
