"""The registry's part of the table in urls.py: MLflow's calls, then Databricks'."""

from accounts.access import Scope
from api import comments, model_versions, registered_models, registry_webhooks, transition_requests, webhooks
from api.endpoint import Nothing, Route

READ, LOG, FULL = Scope.READ, Scope.LOG, Scope.FULL

_M, _V, _T = registered_models, model_versions, transition_requests

REGISTERED_MODELS = [
    Route("POST", "registered-models/create", _M.create, _M.Create, LOG),
    Route("GET", "registered-models/get", _M.get, _M.OfModel, READ),
    Route("PATCH", "registered-models/update", _M.update, _M.Update, LOG),
    Route("POST", "registered-models/rename", _M.rename, _M.Rename, FULL),
    Route("DELETE", "registered-models/delete", _M.delete, _M.OfModel, FULL),
    Route("GET", "registered-models/search", _M.search_models, _M.Search, READ),
    Route("POST", "registered-models/get-latest-versions", _M.get_latest_versions, _M.GetLatestVersions, READ),
    Route("GET", "registered-models/get-latest-versions", _M.get_latest_versions, _M.GetLatestVersions, READ),
    Route("POST", "registered-models/set-tag", _M.set_tag, _M.SetTag, LOG),
    Route("DELETE", "registered-models/delete-tag", _M.delete_tag, _M.DeleteTag, LOG),
    # where an alias leads decides what serves, so that moving it is a transition
    Route("POST", "registered-models/alias", _M.set_alias, _M.SetAlias, FULL, instead=_M.ask_for_alias),
    Route("DELETE", "registered-models/alias", _M.delete_alias, _M.OfAlias, FULL),
    Route("GET", "registered-models/alias", _M.get_by_alias, _M.OfAlias, READ),
]

MODEL_VERSIONS = [
    Route("POST", "model-versions/create", _V.create, _V.Create, LOG),
    Route("GET", "model-versions/get", _V.get, _V.OfVersion, READ),
    Route("PATCH", "model-versions/update", _V.update, _V.Update, LOG),
    Route("DELETE", "model-versions/delete", _V.delete, _V.OfVersion, FULL),
    Route("GET", "model-versions/search", _V.search_versions, _V.Search, READ),
    Route("GET", "model-versions/get-download-uri", _V.get_download_uri, _V.OfVersion, READ),
    Route(
        "POST",
        "model-versions/transition-stage",
        _V.transition_stage,
        _V.TransitionStage,
        FULL,
        instead=_V.ask_for_stage,
    ),
    Route("POST", "model-versions/set-tag", _V.set_tag, _V.SetTag, LOG),
    Route("DELETE", "model-versions/delete-tag", _V.delete_tag, _V.DeleteTag, LOG),
]

APPROVALS = [
    Route("POST", "transition-requests/create", _T.create, _T.Create, LOG),
    Route("GET", "transition-requests/list", _T.list_, _V.OfVersion, READ),
    Route("POST", "transition-requests/approve", _T.approve, _T.Approve, FULL),
    Route("POST", "transition-requests/reject", _T.reject, _T.Decide, FULL),
    Route("DELETE", "transition-requests/delete", _T.cancel, _T.Cancel, FULL),
    Route(
        "POST",
        "databricks/model-versions/transition-stage",
        _T.transition_stage,
        _V.TransitionStage,
        FULL,
        instead=_V.ask_for_stage,
    ),
    Route("GET", "databricks/registered-models/get", _T.get_model, _M.OfModel, READ),
    Route("GET", "registered-models/list", _M.search_models, _M.Search, READ),
    Route("POST", "comments/create", comments.create, comments.Create, LOG),
    Route("PATCH", "comments/update", comments.update, comments.Update, FULL),
    Route("DELETE", "comments/delete", comments.delete, comments.Delete, FULL),
]

_W, _D = webhooks, registry_webhooks
_WEBHOOK = "webhooks/<str:webhook_id>"

WEBHOOKS = [
    Route("POST", "webhooks", _W.create, _W.Create, FULL),
    Route("GET", "webhooks", _W.list_, _W.List, READ),
    Route("GET", _WEBHOOK, _W.get, Nothing, READ),
    Route("PATCH", _WEBHOOK, _W.update, _W.Update, FULL),
    Route("DELETE", _WEBHOOK, _W.delete, Nothing, FULL),
    Route("POST", f"{_WEBHOOK}/test", _W.test, _W.Test, FULL),
    Route("POST", "registry-webhooks/create", _D.create, _D.Create, FULL),
    Route("GET", "registry-webhooks/list", _D.list_, _D.List, READ),
    Route("PATCH", "registry-webhooks/update", _D.update, _D.Update, FULL),
    Route("DELETE", "registry-webhooks/delete", _D.delete, _D.OfWebhook, FULL),
    Route("POST", "registry-webhooks/test", _D.test, _D.Test, FULL),
]

REGISTRY = [*REGISTERED_MODELS, *MODEL_VERSIONS, *APPROVALS, *WEBHOOKS]

# MLflow's web interface has this one beside the protocol
GET_ARTIFACT = [Route("GET", "model-versions/get-artifact", _V.get_artifact, _V.GetArtifact, READ)]
