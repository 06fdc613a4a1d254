"""/api/v1 as a table; each row also becomes an operation of the OpenAPI description."""

from django.urls import path

from accounts.access import Scope
from api.endpoint import Nothing, Route
from api.v1 import (
    audit,
    comparisons,
    exports,
    grants,
    lineage,
    me,
    model_grants,
    models,
    policies,
    requests,
    runs,
    tokens,
    webhooks,
)
from api.v1.endpoint import urlpatterns as patterns_of
from api.v1.openapi import openapi

READ, LOG, FULL = Scope.READ, Scope.LOG, Scope.FULL

_MODEL, _VERSION = "models/<str:name>", "models/<str:name>/versions/<str:version>"
_REQUEST, _DETAIL = "requests/<int:request_id>", requests.TransitionRequestDetail

REGISTRY = [
    Route("GET", f"{_MODEL}/policies", policies.list_of_model, Nothing, READ, answer=policies.Policies),
    Route("PUT", f"{_MODEL}/policies", policies.set_of_model, policies.SetPolicy, FULL, answer=policies.Policy),
    Route("DELETE", f"{_MODEL}/policies", policies.remove_of_model, policies.OfTarget, FULL, answer=Nothing),
    Route("GET", f"{_MODEL}/grants", model_grants.list_, Nothing, READ, answer=grants.Grants),
    Route("PUT", f"{_MODEL}/grants", model_grants.grant, model_grants.SetModelGrant, FULL, answer=grants.Grant),
    Route("DELETE", f"{_MODEL}/grants/<int:grant_id>", model_grants.revoke, Nothing, FULL, answer=Nothing),
    Route("PUT", f"{_MODEL}/visibility", model_grants.set_visibility, grants.SetVisibility, FULL, answer=Nothing),
    Route("GET", f"{_MODEL}/standing", models.get_standing, models.AsOf, READ, answer=models.Standing),
    Route("GET", f"{_MODEL}/events", models.list_events, models.Before, READ, answer=models.Events),
    Route("GET", "deleted-models", models.list_deleted, models.Named, READ, answer=models.DeletedModels),
    Route(
        "GET",
        "deleted-models/<int:deleted_model_id>/standing",
        models.get_deleted_standing,
        models.OfDeleted,
        READ,
        answer=models.Standing,
    ),
    Route(
        "GET",
        "deleted-models/<int:deleted_model_id>/events",
        models.list_deleted_events,
        models.Before,
        READ,
        answer=models.Events,
    ),
    Route("GET", f"{_VERSION}/activities", models.list_activities, Nothing, READ, answer=models.Activities),
    Route("GET", f"{_VERSION}/checks", models.list_checks, models.OfTarget, READ, answer=models.Checks),
    Route("POST", f"{_VERSION}/checks", models.post_check, models.PostCheck, LOG, answer=models.PostedCheck),
    Route("GET", f"{_VERSION}/lineage", lineage.of_version, Nothing, READ, answer=lineage.Lineage),
    Route("POST", f"{_VERSION}/move", requests.move, requests.Move, FULL, answer=requests.Moved),
    Route("POST", f"{_VERSION}/requests", requests.open_, requests.Open, LOG, answer=_DETAIL),
    Route("GET", "requests", requests.list_, Nothing, READ, answer=requests.TransitionRequests),
    Route("GET", _REQUEST, requests.get, Nothing, READ, answer=_DETAIL),
    Route("POST", f"{_REQUEST}/approve", requests.approve, requests.Approve, FULL, answer=_DETAIL),
    Route("POST", f"{_REQUEST}/reject", requests.reject, requests.Close, FULL, answer=_DETAIL),
    Route("POST", f"{_REQUEST}/cancel", requests.cancel, requests.Close, FULL, answer=_DETAIL),
    Route("GET", "policies", policies.list_of_site, Nothing, READ, answer=policies.Policies),
    Route("PUT", "policies", policies.set_of_site, policies.SetPolicy, FULL, answer=policies.Policy),
    Route("DELETE", "policies", policies.remove_of_site, policies.OfTarget, FULL, answer=Nothing),
    Route("GET", "audit", audit.export, audit.Export, FULL, answer=Nothing),
]

_WEBHOOK = "webhooks/<str:webhook_id>"
WEBHOOKS = [
    Route("GET", "webhooks", webhooks.list_, webhooks.ListRunWebhooks, READ, answer=webhooks.RunWebhooks),
    Route("POST", "webhooks", webhooks.create, webhooks.CreateRunWebhook, FULL, answer=webhooks.RunWebhook),
    Route("GET", _WEBHOOK, webhooks.get, Nothing, READ, answer=webhooks.RunWebhook),
    Route("PATCH", _WEBHOOK, webhooks.update, webhooks.UpdateRunWebhook, FULL, answer=webhooks.RunWebhook),
    Route("DELETE", _WEBHOOK, webhooks.delete, Nothing, FULL, answer=Nothing),
    Route("POST", f"{_WEBHOOK}/test", webhooks.test, webhooks.TestRunWebhook, FULL, answer=webhooks.Tested),
]

LINEAGE = [
    Route("GET", "runs/<str:run_id>/lineage", lineage.of_run, Nothing, READ, answer=lineage.Lineage),
    Route(
        "GET", "logged-models/<str:model_id>/lineage", lineage.of_logged_model, Nothing, READ, answer=lineage.Lineage
    ),
    Route(
        "GET",
        "experiments/<int:experiment_id>/datasets/lineage",
        lineage.of_dataset,
        lineage.OfDataset,
        READ,
        answer=lineage.Lineage,
    ),
]

_COMPARISON = "comparisons/<int:comparison_id>"
COMPARISONS = [
    Route("GET", "comparisons", comparisons.list_, comparisons.ListComparisons, READ, answer=comparisons.Comparisons),
    Route("POST", "comparisons", comparisons.create, comparisons.CreateComparison, LOG, answer=comparisons.Comparison),
    Route("GET", _COMPARISON, comparisons.get, Nothing, READ, answer=comparisons.Comparison),
    Route("PATCH", _COMPARISON, comparisons.rename, comparisons.RenameComparison, FULL, answer=comparisons.Comparison),
    Route("DELETE", _COMPARISON, comparisons.delete, Nothing, FULL, answer=Nothing),
    Route("POST", f"{_COMPARISON}/refresh", comparisons.refresh, Nothing, LOG, answer=comparisons.Comparison),
    Route("POST", f"{_COMPARISON}/cancel", comparisons.cancel, Nothing, LOG, answer=comparisons.Comparison),
]

_EXPORT = "exports/<int:export_id>"
RUNS = [
    Route("GET", "runs", runs.list_, runs.RunsPage, READ, answer=runs.Runs),
    Route("GET", "runs.csv", runs.csv, runs.RunsTable, READ, answer=Nothing),
    Route("GET", "runs.parquet", runs.parquet, runs.RunsTable, READ, answer=Nothing),
    Route("GET", "runs.jsonl", runs.jsonl, runs.RunsTable, READ, answer=Nothing),
    Route("GET", "exports", exports.list_, Nothing, READ, answer=exports.RunsExports),
    Route("POST", "exports", exports.create, exports.CreateExport, LOG, answer=exports.RunsExport),
    Route("GET", _EXPORT, exports.get, Nothing, READ, answer=exports.RunsExport),
    Route("GET", f"{_EXPORT}/file", exports.file, Nothing, READ, answer=Nothing),
    Route("DELETE", _EXPORT, exports.delete, Nothing, FULL, answer=Nothing),
]

V1 = [
    Route("GET", "me", me.get, Nothing, READ, answer=me.Me),
    Route("GET", "tokens", tokens.list_, Nothing, READ, answer=tokens.Tokens),
    Route("POST", "tokens", tokens.create, tokens.CreateToken, FULL, answer=tokens.NewToken),
    Route("DELETE", "tokens/<int:token_id>", tokens.revoke, Nothing, FULL, answer=Nothing),
    Route("GET", "experiments/<int:experiment_id>/grants", grants.list_, Nothing, READ, answer=grants.Grants),
    Route("PUT", "experiments/<int:experiment_id>/grants", grants.grant, grants.SetGrant, FULL, answer=grants.Grant),
    Route(
        "DELETE", "experiments/<int:experiment_id>/grants/<int:grant_id>", grants.revoke, Nothing, FULL, answer=Nothing
    ),
    Route(
        "PUT",
        "experiments/<int:experiment_id>/visibility",
        grants.set_visibility,
        grants.SetVisibility,
        FULL,
        answer=Nothing,
    ),
    *WEBHOOKS,
    *REGISTRY,
    *LINEAGE,
    *COMPARISONS,
    *RUNS,
]

urlpatterns = [
    path("api/v1/openapi.json", openapi, name="openapi"),
    *patterns_of("api/v1/", V1),
]
