"""Who may call what: one row for every route of Assay, walked by test_access.py.

A new route needs its row here in the same commit. Rule(method, pattern, needs, data):
  pattern  as the URL resolver has it, e.g. "api/2.0/mlflow/runs/get" or "runs/<str:run_id>"; what stands in <> is filled
           from the names of World below, as is every "{name}" in `data`
           (a query may follow it: "upload?run=<run_id>")
  needs    VIEW, LOG, EDIT or MANAGE on the private experiment of World: who has less gets 403 if they can see it, 404 if not
           FOUND   lists and searches: everybody signed in gets an answer, which holds nothing private
           OWN     the caller's own account: everybody signed in
           OWNER   what one person had made, of World its manager: nobody else, site administrators included
           ADMIN   site administrators
           PUBLIC  nobody needs to be signed in
           KEY     who has a key of the site's own, which people and tokens are not: it does not exist without
           TICKET  nobody, but the address is signed (api/signed.py) and allows what its owner may
  data     JSON of an API call, query of a GET, form of a page
The rows of /api/2.0 hold for /ajax-api/2.0 too.
"""

from dataclasses import dataclass, field

VIEW, LOG, EDIT, MANAGE = "view", "log", "edit", "manage"
FOUND, OWN, OWNER, ADMIN, PUBLIC, KEY, TICKET = "found", "own", "owner", "admin", "public", "key", "ticket"


@dataclass(frozen=True)
class Rule:
    method: str
    pattern: str
    needs: str
    data: dict = field(default_factory=dict)

    @property
    def route(self):
        # names of World that stand in for others, as in <int:deleted_experiment_id>
        route = self.pattern.partition("?")[0].replace("<int:deleted_experiment_id>", "<int:pk>")
        for name in ("report_id", "export_id", "import_id", "invitation_id", "passkey_id"):
            route = route if self.is_api else route.replace(f"<int:{name}>", "<int:pk>")
        for link in ("sign_in_token", "reset_token", "invitation_token"):
            route = route.replace(f"<str:{link}>", "<str:token>")
        return (
            route.replace("<str:model_owner_id>", "<str:owner_id>")
            .replace("<str:policed_name>", "<str:name>")
            .replace("<int:model_grant_id>", "<int:grant_id>")
            .replace("<str:stop_ticket>", "<str:ticket>")
            .replace("<str:run_webhook_id>", "<str:webhook_id>")
            .replace("<str:run_delivery_id>", "<str:delivery_id>")
            .replace("comparisons/<int:comparison_id>", f"comparisons/<int:{'comparison_id' if self.is_api else 'pk'}>")
        )

    @property
    def is_api(self):
        """Whether it answers errors as JSON, in MLflow's shape."""
        return self.pattern.startswith(("api/", "ajax-api/", "get-artifact", "model-versions/get-artifact"))


def mlflow(method, path, needs, **data):
    return Rule(method, f"api/2.0/mlflow/{path}", needs, data)


def v1(method, path, needs, **data):
    return Rule(method, f"api/v1/{path}", needs, data)


def model_page(method, path, needs, **data):
    return Rule(method, f"models/<str:name>{path}", needs, data)


NO_METRICS = {"metrics-TOTAL_FORMS": "0", "metrics-INITIAL_FORMS": "0"}
EXPERIMENT = {"experiment_id": "{experiment_id}"}
RUN = {"run_id": "{run_id}"}
DATASET = {"name": "hushhush.csv", "digest": "abc"}
MODEL = {"name": "{registered_name}"}
VERSION = {**MODEL, "version": "1"}
IN_REVIEW = {**MODEL, "version": "2", "stage": "Production"}
CREATED = {"entity": "MODEL_VERSION", "action": "CREATED"}
HOOK = {"events": ["MODEL_VERSION_CREATED"], "http_url_spec": {"url": "https://8.8.8.8/"}}

RULES = [
    # health
    Rule("GET", "health", PUBLIC),
    Rule("GET", "ready", PUBLIC),
    Rule("GET", "metrics", KEY),
    Rule("GET", "version", PUBLIC),
    Rule("GET", "api/3.0/mlflow/server-info", PUBLIC),
    Rule("GET", "ajax-api/3.0/mlflow/server-info", PUBLIC),
    # experiments
    mlflow("POST", "experiments/create", OWN, name="one of one's own"),
    mlflow("GET", "experiments/get", VIEW, **EXPERIMENT),
    mlflow("GET", "experiments/get-by-name", VIEW, experiment_name="{experiment_name}"),
    mlflow("POST", "experiments/update", MANAGE, **EXPERIMENT, new_name="hushhush renamed"),
    mlflow("POST", "experiments/delete", MANAGE, **EXPERIMENT),
    mlflow("POST", "experiments/restore", MANAGE, experiment_id="{deleted_experiment_id}"),
    mlflow("POST", "experiments/set-experiment-tag", EDIT, **EXPERIMENT, key="k", value="v"),
    mlflow("POST", "experiments/delete-experiment-tag", EDIT, **EXPERIMENT, key="hushhush-tag"),
    # search
    mlflow("GET", "experiments/search", FOUND, max_results="1000"),
    mlflow("POST", "experiments/search", FOUND, max_results=1000),
    mlflow("POST", "runs/search", FOUND, experiment_ids=["{experiment_id}"]),
    mlflow("POST", "logged-models/search", FOUND, experiment_ids=["{experiment_id}"]),
    Rule(
        "POST",
        "ajax-api/2.0/mlflow/experiments/search-datasets",
        FOUND,
        {"experiment_ids": ["{experiment_id}"]},
    ),
    # runs
    mlflow("POST", "runs/create", LOG, **EXPERIMENT, start_time=1),
    mlflow("GET", "runs/get", VIEW, **RUN),
    mlflow("POST", "runs/update", LOG, **RUN, status="FINISHED"),
    mlflow("POST", "runs/delete", EDIT, **RUN),
    mlflow("POST", "runs/restore", EDIT, **RUN),
    mlflow("POST", "runs/log-metric", LOG, **RUN, key="m", value=1, timestamp=1),
    mlflow("POST", "runs/log-parameter", LOG, **RUN, key="p", value="1"),
    mlflow("POST", "runs/log-batch", LOG, **RUN),
    mlflow("POST", "runs/set-tag", LOG, **RUN, key="k", value="v"),
    mlflow("POST", "runs/delete-tag", LOG, **RUN, key="hushhush-tag"),
    mlflow("POST", "runs/log-inputs", LOG, **RUN, datasets=[]),
    mlflow("POST", "runs/outputs", LOG, **RUN, models=[{"model_id": "m-1"}]),
    mlflow("POST", "runs/log-model", LOG, **RUN, model_json="{model_json}"),
    # metrics
    mlflow("GET", "metrics/get-history", FOUND, **RUN, metric_key="hushhush-metric"),
    mlflow("GET", "metrics/get-history-bulk-interval", FOUND, run_ids=["{run_id}"], metric_key="hushhush-metric"),
    Rule(
        "GET",
        "ajax-api/2.0/mlflow/metrics/get-history-bulk",
        FOUND,
        {"run_id": ["{run_id}"], "metric_key": "hushhush-metric"},
    ),
    # logged models
    mlflow("POST", "logged-models", LOG, **EXPERIMENT, name="m"),
    mlflow("GET", "logged-models/<str:model_id>", VIEW),
    mlflow("PATCH", "logged-models/<str:model_id>", LOG, model_id="{model_id}", status="LOGGED_MODEL_READY"),
    mlflow("DELETE", "logged-models/<str:model_id>", EDIT),
    mlflow("POST", "logged-models/<str:model_id>/params", LOG, model_id="{model_id}", params=[]),
    mlflow("PATCH", "logged-models/<str:model_id>/tags", LOG, tags=[{"key": "k", "value": "v"}]),
    mlflow("DELETE", "logged-models/<str:model_id>/tags/<anypath:key>", LOG),
    mlflow("GET", "logged-models/<str:model_id>/artifacts/directories", VIEW),
    Rule(
        "GET",
        "ajax-api/2.0/mlflow/logged-models/<str:model_id>/artifacts/files",
        VIEW,
        {"artifact_file_path": "hushhush.txt"},
    ),
    # artifacts
    mlflow("GET", "artifacts/list", VIEW, **RUN),
    Rule("POST", "api/2.0/mlflow/artifacts/presigned-download-url", VIEW, {**RUN, "path": "hushhush.txt"}),
    Rule("POST", "api/2.0/mlflow/artifacts/presigned-upload-url", LOG, {"model_id": "{model_id}", "path": "new.txt"}),
    Rule("GET", "get-artifact", VIEW, {"run_id": "{run_id}", "path": "hushhush.txt"}),
    Rule("POST", "ajax-api/2.0/mlflow/upload-artifact?run_uuid=<run_id>&path=new.txt", LOG),
    Rule("GET", "api/2.0/mlflow-artifacts/artifacts", VIEW, {"path": "{artifact_root}"}),
    Rule("PUT", "api/2.0/mlflow-artifacts/artifacts/<anypath:path>", LOG),
    Rule("GET", "api/2.0/mlflow-artifacts/artifacts/<anypath:path>", VIEW),
    Rule("HEAD", "api/2.0/mlflow-artifacts/artifacts/<anypath:path>", VIEW),
    Rule("DELETE", "api/2.0/mlflow-artifacts/artifacts/<anypath:path>", EDIT),
    Rule("POST", "api/2.0/mlflow-artifacts/mpu/create/<anypath:folder>", LOG, {"path": "b", "num_parts": 1}),
    Rule(
        "POST",
        "api/2.0/mlflow-artifacts/mpu/complete/<anypath:folder>",
        LOG,
        {"path": "a", "upload_id": "{upload_id}", "parts": [{"part_number": 1}]},
    ),
    Rule("POST", "api/2.0/mlflow-artifacts/mpu/abort/<anypath:folder>", LOG, {"path": "a", "upload_id": "{upload_id}"}),
    Rule("PUT", "api/2.0/mlflow-artifacts/mpu/part/<str:ticket>", TICKET),
    Rule("GET", "api/2.0/mlflow-artifacts/presigned/<anypath:path>", VIEW),
    Rule("GET", "api/2.0/mlflow-artifacts/signed/<str:ticket>", TICKET),
    Rule("PUT", "api/2.0/mlflow-artifacts/signed/<str:ticket>", TICKET),
    # registered models, which have no level log: what that allows by the site's default, edit allows here
    mlflow("POST", "registered-models/create", OWN, name="one of one's own"),
    mlflow("GET", "registered-models/get", VIEW, **MODEL),
    mlflow("PATCH", "registered-models/update", EDIT, **MODEL, description="new"),
    mlflow("POST", "registered-models/rename", MANAGE, **MODEL, new_name="sealed and renamed"),
    mlflow("DELETE", "registered-models/delete", MANAGE, **MODEL),
    mlflow("GET", "registered-models/search", FOUND),
    mlflow("GET", "registered-models/list", FOUND),
    mlflow("POST", "registered-models/get-latest-versions", VIEW, **MODEL),
    mlflow("GET", "registered-models/get-latest-versions", VIEW, **MODEL),
    mlflow("POST", "registered-models/set-tag", EDIT, **MODEL, key="k", value="v"),
    mlflow("DELETE", "registered-models/delete-tag", EDIT, **MODEL, key="hushhush-tag"),
    mlflow("POST", "registered-models/alias", EDIT, **VERSION, alias="new"),
    mlflow("DELETE", "registered-models/alias", EDIT, **MODEL, alias="champion"),
    mlflow("GET", "registered-models/alias", VIEW, **MODEL, alias="champion"),
    mlflow("POST", "model-versions/create", EDIT, **MODEL, source="s3://bucket/model"),
    mlflow("GET", "model-versions/get", VIEW, **VERSION),
    mlflow("PATCH", "model-versions/update", EDIT, **VERSION, description="new"),
    mlflow("DELETE", "model-versions/delete", EDIT, **VERSION),
    mlflow("GET", "model-versions/search", FOUND),
    mlflow("GET", "model-versions/get-download-uri", VIEW, **VERSION),
    mlflow("POST", "model-versions/transition-stage", EDIT, **VERSION, stage="Staging"),
    mlflow("POST", "model-versions/set-tag", EDIT, **VERSION, key="k", value="v"),
    mlflow("DELETE", "model-versions/delete-tag", EDIT, **VERSION, key="hushhush-tag"),
    Rule("GET", "model-versions/get-artifact", VIEW, {**VERSION, "path": "hushhush.txt"}),
    # approvals
    mlflow("POST", "transition-requests/create", EDIT, **VERSION, stage="Production"),
    mlflow("GET", "transition-requests/list", VIEW, **MODEL, version="2"),
    mlflow("POST", "transition-requests/approve", MANAGE, **IN_REVIEW, archive_existing_versions=False),
    mlflow("POST", "transition-requests/reject", MANAGE, **IN_REVIEW),
    mlflow("DELETE", "transition-requests/delete", MANAGE, **IN_REVIEW),
    mlflow("POST", "databricks/model-versions/transition-stage", EDIT, **VERSION, stage="Staging"),
    mlflow("GET", "databricks/registered-models/get", VIEW, **MODEL),
    mlflow("POST", "comments/create", VIEW, **VERSION, comment="hm"),
    mlflow("PATCH", "comments/update", MANAGE, id="{comment_id}", comment="hm"),
    mlflow("DELETE", "comments/delete", MANAGE, id="{comment_id}"),
    # webhooks; of the whole site they are for site admins
    mlflow(
        "POST", "webhooks", MANAGE, name="w", url="https://8.8.8.8/", events=[CREATED], model_name="{registered_name}"
    ),
    mlflow("POST", "webhooks", ADMIN, name="w", url="https://8.8.8.8/", events=[CREATED]),
    mlflow("GET", "webhooks", FOUND),
    mlflow("GET", "webhooks/<str:webhook_id>", MANAGE),
    mlflow("PATCH", "webhooks/<str:webhook_id>", MANAGE, description="new"),
    mlflow("DELETE", "webhooks/<str:webhook_id>", MANAGE),
    mlflow("POST", "webhooks/<str:webhook_id>/test", MANAGE),
    mlflow("POST", "registry-webhooks/create", MANAGE, **HOOK, model_name="{registered_name}"),
    mlflow("POST", "registry-webhooks/create", ADMIN, **HOOK),
    mlflow("GET", "registry-webhooks/list", FOUND),
    mlflow("PATCH", "registry-webhooks/update", MANAGE, id="{registry_webhook_id}", description="new"),
    mlflow("DELETE", "registry-webhooks/delete", MANAGE, id="{registry_webhook_id}"),
    mlflow("POST", "registry-webhooks/test", MANAGE, id="{registry_webhook_id}"),
    # /api/v1
    Rule("GET", "api/v1/openapi.json", PUBLIC),
    v1("GET", "me", OWN),
    v1("GET", "tokens", OWN),
    v1("POST", "tokens", OWN, name="another"),
    v1("DELETE", "tokens/<int:token_id>", OWN),
    v1("GET", "experiments/<int:experiment_id>/grants", VIEW),
    v1("PUT", "experiments/<int:experiment_id>/grants", MANAGE, user="{colleague}", level="view"),
    v1("DELETE", "experiments/<int:experiment_id>/grants/<int:grant_id>", MANAGE),
    v1("PUT", "experiments/<int:experiment_id>/visibility", MANAGE, is_private=True),
    v1("POST", "webhooks", MANAGE, url="https://8.8.8.8/", events=["run.failed"], experiment_id="{experiment_id}"),
    v1("POST", "webhooks", ADMIN, url="https://8.8.8.8/", events=["run.failed"]),
    v1("GET", "webhooks", FOUND),
    v1("GET", "webhooks/<str:run_webhook_id>", MANAGE),
    v1("PATCH", "webhooks/<str:run_webhook_id>", MANAGE, description="new"),
    v1("DELETE", "webhooks/<str:run_webhook_id>", MANAGE),
    v1("POST", "webhooks/<str:run_webhook_id>/test", MANAGE),
    v1("GET", "models/<str:name>/policies", VIEW),
    v1("PUT", "models/<str:name>/policies", MANAGE, target="Production", num_approvals=2),
    v1("DELETE", "models/<str:policed_name>/policies", MANAGE, target="Staging"),
    v1("GET", "models/<str:name>/grants", VIEW),
    v1("PUT", "models/<str:name>/grants", MANAGE, user="{colleague}", level="view"),
    v1("DELETE", "models/<str:name>/grants/<int:model_grant_id>", MANAGE),
    v1("PUT", "models/<str:name>/visibility", MANAGE, is_private=True),
    v1("GET", "models/<str:name>/standing", VIEW),
    v1("GET", "models/<str:name>/events", VIEW),
    v1("GET", "deleted-models", FOUND),
    v1("GET", "deleted-models/<int:deleted_model_id>/standing", VIEW, as_of="2026-05-03T12:00:00Z"),
    v1("GET", "deleted-models/<int:deleted_model_id>/events", VIEW),
    v1("GET", "models/<str:name>/versions/<str:version>/activities", VIEW),
    v1("GET", "models/<str:name>/versions/<str:version>/checks", VIEW, to="Production"),
    v1("POST", "models/<str:name>/versions/<str:version>/checks", EDIT, name="ci", state="passed"),
    v1("GET", "models/<str:name>/versions/<str:version>/lineage", VIEW),
    v1("GET", "runs/<str:run_id>/lineage", VIEW),
    v1("GET", "logged-models/<str:model_id>/lineage", VIEW),
    v1("GET", "experiments/<int:experiment_id>/datasets/lineage", VIEW, **DATASET),
    v1("POST", "models/<str:name>/versions/<str:version>/move", EDIT, target="Archived"),
    v1("POST", "models/<str:name>/versions/<str:version>/requests", EDIT, target="Production"),
    v1("GET", "requests", FOUND),
    v1("GET", "requests/<int:request_id>", VIEW),
    v1("POST", "requests/<int:request_id>/approve", MANAGE),
    v1("POST", "requests/<int:request_id>/reject", MANAGE),
    v1("POST", "requests/<int:request_id>/cancel", MANAGE),
    v1("GET", "comparisons", FOUND),
    v1("POST", "comparisons", VIEW, name="new", run_ids=["{run_id}", "{other_run_id}"]),
    v1("GET", "comparisons/<int:comparison_id>", VIEW),
    v1("PATCH", "comparisons/<int:comparison_id>", MANAGE, name="hushhush renamed"),
    v1("DELETE", "comparisons/<int:comparison_id>", MANAGE),
    v1("POST", "comparisons/<int:comparison_id>/refresh", VIEW),
    v1("POST", "comparisons/<int:comparison_id>/cancel", MANAGE),
    v1("GET", "runs", VIEW, experiment_id=["{experiment_id}"]),
    v1("GET", "runs.csv", VIEW, experiment_id=["{experiment_id}", "{deleted_experiment_id}"]),
    v1("GET", "runs.parquet", VIEW, experiment_id=["{experiment_id}"]),
    v1("GET", "runs.jsonl", VIEW, experiment_id=["{experiment_id}"]),
    v1("GET", "exports", FOUND),
    v1("POST", "exports", VIEW, experiment_id="{experiment_id}", form="csv"),
    v1("GET", "exports/<int:export_id>", OWNER),
    v1("GET", "exports/<int:export_id>/file", OWNER),
    v1("DELETE", "exports/<int:export_id>", OWNER),
    v1("GET", "policies", FOUND),
    v1("PUT", "policies", ADMIN, target="Production"),
    v1("DELETE", "policies", ADMIN, target="Production"),
    v1("GET", "audit", ADMIN),
    # pages
    Rule("GET", "", OWN),
    Rule("GET", "search", FOUND, {"q": "hush"}),
    Rule("GET", "sign-in", PUBLIC),
    Rule("POST", "sign-out", PUBLIC),
    Rule("GET", "setup/<str:token>", PUBLIC),
    Rule("GET", "sign-in/second-factor", PUBLIC),
    Rule("GET", "sign-in/passkey", PUBLIC),
    Rule("GET", "sign-in/single-sign-on", PUBLIC),
    Rule("GET", "sign-in/single-sign-on/back", PUBLIC, {"code": "x", "state": "x"}),
    Rule("GET", "sign-in/forgotten", PUBLIC),
    Rule("GET", "sign-in/link/<str:sign_in_token>", PUBLIC),
    Rule("GET", "reset/<str:reset_token>", PUBLIC),
    Rule("GET", "invitation/<str:invitation_token>", PUBLIC),
    Rule("GET", "invitations", ADMIN),
    Rule("POST", "invitations", ADMIN, {"email": "new@example.org"}),
    Rule("POST", "invitations/<int:invitation_id>/withdraw", ADMIN),
    Rule("GET", "sign-in/confirm", OWN),
    Rule("GET", "sign-in/confirm/code", OWN),
    Rule("GET", "sign-in/confirm/passkey", OWN),
    Rule("POST", "stars/<str:kind>/<str:object_id>", VIEW, {"starred": "1"}),
    Rule("GET", "home/first-run", OWN),
    Rule("GET", "account", OWN),
    Rule("GET", "account/security", OWN),
    Rule("GET", "account/security/app", OWN),
    Rule("GET", "account/security/app/remove", OWN),
    Rule("GET", "account/security/codes", OWN),
    Rule("GET", "account/security/codes/new", OWN),
    Rule("GET", "account/security/passkeys/add", OWN),
    Rule("GET", "account/security/passkeys/<int:passkey_id>/rename", OWN),
    Rule("POST", "account/security/passkeys/<int:passkey_id>/remove", OWN),
    Rule("POST", "account/security/link", OWN),
    Rule("POST", "account/security/unlink", OWN),
    Rule("POST", "account/appearance", OWN, {"theme": "dark"}),
    Rule("GET", "account/tokens", OWN),
    Rule("POST", "account/tokens/<int:token_id>/revoke", OWN),
    Rule("GET", "account/service/<str:username>/tokens", ADMIN),
    Rule("POST", "account/service/<str:username>/tokens/<int:token_id>/revoke", ADMIN),
    Rule("GET", "notices", FOUND),
    Rule("POST", "notices/mark", OWN, {"all": "1"}),
    Rule("GET", "notices/off/<str:stop_ticket>", PUBLIC),
    Rule("POST", "notices/off/<str:stop_ticket>", PUBLIC),
    Rule("GET", "account/notices", OWN),
    Rule("GET", "experiments", FOUND),
    Rule("GET", "experiments/new", OWN),
    Rule("GET", "experiments/trash", FOUND),
    Rule("GET", "experiments/<int:pk>", VIEW),
    Rule("GET", "experiments/<int:pk>/live", VIEW),
    Rule("GET", "experiments/<int:pk>/runs.csv", VIEW),
    Rule("GET", "experiments/<int:pk>/group", VIEW, {"group": "params.hushhush", "of": "{run_id}"}),
    Rule("GET", "experiments/<int:pk>/group/runs", VIEW, {"group": "params.hushhush", "of": "{run_id}"}),
    Rule("GET", "experiments/<int:pk>/columns", VIEW),
    Rule("POST", "experiments/<int:pk>/columns/choose", VIEW, {"col": "last:loss"}),
    Rule("GET", "experiments/<int:pk>/complete", VIEW, {"find": "hush"}),
    Rule("GET", "experiments/<int:pk>/charts", VIEW),
    Rule("GET", "experiments/<int:pk>/models", VIEW),
    Rule("GET", "experiments/<int:pk>/activity", VIEW),
    Rule("GET", "deleted-models/<int:deleted_model_id>", VIEW),
    Rule("GET", "logged-models/<str:model_id>", VIEW),
    Rule("GET", "logged-models/<str:model_id>/artifacts", VIEW),
    Rule("GET", "experiments/<int:pk>/notes", VIEW),
    Rule("POST", "experiments/<int:pk>/notes", EDIT, {"note": "new"}),
    Rule("GET", "experiments/<int:pk>/settings", VIEW),
    Rule("POST", "experiments/<int:pk>/rename", MANAGE, {"name": "hushhush renamed"}),
    Rule("POST", "experiments/<int:pk>/primary", EDIT, {"metric": "loss", "is_large_good": "false"}),
    Rule("POST", "experiments/<int:pk>/tag", EDIT, {"key": "k", "value": "v"}),
    Rule("POST", "experiments/<int:pk>/untag", EDIT, {"key": "hushhush-tag"}),
    Rule("GET", "experiments/<int:pk>/delete", MANAGE),
    Rule("POST", "experiments/<int:pk>/delete", MANAGE),
    Rule("POST", "experiments/<int:pk>/restore", MANAGE),
    Rule("POST", "experiments/<int:deleted_experiment_id>/free-name", MANAGE),
    Rule("GET", "experiments/<int:deleted_experiment_id>/purge", MANAGE),
    Rule("POST", "experiments/<int:deleted_experiment_id>/purge", MANAGE, {"name": "hushhush and deleted"}),
    # retention, clean-ups and holds
    Rule("GET", "experiments/<int:pk>/retention", MANAGE),
    Rule("POST", "experiments/<int:pk>/retention", MANAGE, {"purge_after_days": "30"}),
    Rule("POST", "experiments/<int:pk>/retention/look", MANAGE),
    Rule("POST", "experiments/<int:pk>/retention/remove", MANAGE),
    Rule("POST", "experiments/<int:pk>/hold", MANAGE, {"reason": "case 7"}),
    Rule("POST", "experiments/<int:pk>/lift", MANAGE),
    Rule("GET", "clean-ups/<int:report_id>", MANAGE),
    Rule("POST", "clean-ups/<int:report_id>/carry-out", MANAGE),
    Rule("POST", "clean-ups/<int:report_id>/cancel", MANAGE),
    Rule("POST", "clean-ups/<int:report_id>/retry", MANAGE),
    # exports and imports
    Rule("GET", "experiments/<int:pk>/runs.jsonl", VIEW),
    Rule("GET", "experiments/<int:pk>/runs.parquet", VIEW),
    Rule("POST", "experiments/<int:pk>/export", VIEW, {"form": "csv"}),
    Rule("POST", "experiments/<int:pk>/bundle", VIEW),
    Rule("POST", "runs/<str:run_id>/bundle", VIEW),
    Rule("GET", "exports", FOUND),
    Rule("GET", "exports/<int:export_id>", OWNER),
    Rule("GET", "exports/<int:export_id>/file", OWNER),
    Rule("POST", "exports/<int:export_id>/cancel", OWNER),
    Rule("POST", "exports/<int:export_id>/retry", OWNER),
    Rule("POST", "exports/<int:export_id>/delete", OWNER),
    Rule("GET", "imports/bundle", ADMIN),
    Rule("POST", "imports/bundle", ADMIN),
    Rule("GET", "imports/<int:import_id>", ADMIN),
    Rule("POST", "imports/<int:import_id>/cancel", ADMIN),
    Rule("POST", "imports/<int:import_id>/retry", ADMIN),
    Rule("GET", "background", ADMIN),
    Rule("POST", "background/cancel", ADMIN, {"job": "{job_id}"}),
    Rule("POST", "background/dismiss", ADMIN, {"job": "{job_id}"}),
    Rule("POST", "background/retry", ADMIN, {"job": "{job_id}"}),
    Rule("GET", "storage", ADMIN),
    Rule("POST", "storage/check", ADMIN),
    Rule("POST", "storage/count", ADMIN),
    Rule("POST", "storage/limit", ADMIN, {"limit": "200 GB"}),
    Rule("POST", "experiments/<int:pk>/storage-limit", ADMIN, {"limit": "200 GB"}),
    # comparing
    Rule("GET", "compare", FOUND, {"runs": "{run_id}"}),
    Rule("GET", "compare/table.csv", FOUND, {"runs": "{run_id}"}),
    Rule("GET", "compare/runs", FOUND, {"runs": "{run_id}", "find": "hush"}),
    Rule("POST", "compare/choose", OWN, {"run": ["{run_id}"]}),
    Rule("GET", "comparisons", FOUND),
    Rule("GET", "comparisons/new", VIEW, {"experiment": "{experiment_id}"}),
    Rule(
        "POST", "comparisons/new", VIEW, {"run": ["{run_id}", "{other_run_id}"], "confirmed": "1", "name": "hushhush 2"}
    ),
    Rule("GET", "comparisons/<int:comparison_id>", VIEW),
    Rule("POST", "comparisons/<int:comparison_id>/base", MANAGE, {"base": "{run_id}"}),
    Rule("POST", "comparisons/<int:comparison_id>/rename", MANAGE, {"name": "hushhush renamed"}),
    Rule("POST", "comparisons/<int:comparison_id>/refresh", VIEW),
    Rule("POST", "comparisons/<int:comparison_id>/cancel", MANAGE),
    Rule("POST", "comparisons/<int:comparison_id>/delete", MANAGE),
    # sharing
    Rule("GET", "experiments/<int:pk>/sharing", VIEW),
    Rule("POST", "experiments/<int:pk>/sharing/grant", MANAGE, {"kind": "user", "name": "{colleague}", "level": "10"}),
    Rule("POST", "experiments/<int:pk>/sharing/visibility", MANAGE, {"is_private": "1"}),
    Rule("POST", "experiments/<int:pk>/sharing/<int:grant_id>/revoke", MANAGE),
    Rule("GET", "experiments/<int:pk>/datasets/<int:dataset_id>", VIEW),
    # webhooks of its runs
    Rule("GET", "experiments/<int:pk>/webhooks", MANAGE),
    Rule("GET", "experiments/<int:pk>/webhooks/new", MANAGE),
    Rule("POST", "experiments/<int:pk>/webhooks/new", MANAGE, {"url": "https://8.8.8.8/", "events": ["run.failed"]}),
    Rule("GET", "experiments/<int:pk>/webhooks/<str:run_webhook_id>", MANAGE),
    Rule(
        "POST",
        "experiments/<int:pk>/webhooks/<str:run_webhook_id>",
        MANAGE,
        {"url": "https://8.8.8.8/", "events": ["run.failed"]},
    ),
    Rule("POST", "experiments/<int:pk>/webhooks/<str:run_webhook_id>/status", MANAGE, {"status": "DISABLED"}),
    Rule("POST", "experiments/<int:pk>/webhooks/<str:run_webhook_id>/test", MANAGE),
    Rule("POST", "experiments/<int:pk>/webhooks/<str:run_webhook_id>/delete", MANAGE),
    Rule("POST", "experiments/<int:pk>/webhooks/<str:run_webhook_id>/deliveries/<str:run_delivery_id>/replay", MANAGE),
    # saved views of its runs
    Rule("POST", "experiments/<int:pk>/views", VIEW, {"name": "hushhush", "query": "q=a"}),
    Rule("POST", "experiments/<int:pk>/views", EDIT, {"name": "hushhush", "query": "q=a", "shared": "1"}),
    Rule("POST", "experiments/<int:pk>/views/<int:view_id>/delete", MANAGE),
    # selections of runs
    Rule("POST", "experiments/<int:pk>/selection/baseline", VIEW, {"run": ["{run_id}"]}),
    Rule("POST", "experiments/<int:pk>/selection/export", VIEW, {"run": ["{run_id}"]}),
    Rule("POST", "experiments/<int:pk>/selection/tag", LOG, {"run": ["{run_id}"], "confirmed": "1", "key": "k"}),
    Rule(
        "POST", "experiments/<int:pk>/selection/move", EDIT, {"run": ["{run_id}"], "confirmed": "1", "to": "{target}"}
    ),
    Rule("POST", "experiments/<int:pk>/selection/delete", EDIT, {"run": ["{run_id}"], "confirmed": "1"}),
    Rule("POST", "experiments/<int:pk>/selection/restore", EDIT, {"run": ["{run_id}"]}),
    Rule("POST", "experiments/<int:pk>/selection/purge", MANAGE, {"run": ["{trashed_run_id}"], "confirmed": "1"}),
    Rule("GET", "runs/<str:run_id>", VIEW),
    Rule("GET", "runs/<str:run_id>/charts", VIEW),
    Rule("GET", "runs/<str:run_id>/system", VIEW),
    Rule("GET", "runs/<str:run_id>/artifacts", VIEW, {"path": "seam.txt"}),
    Rule("GET", "runs/<str:run_id>/code", VIEW),
    Rule("GET", "runs/<str:run_id>/lineage", VIEW),
    Rule("GET", "runs/<str:run_id>/activity", VIEW),
    Rule("POST", "runs/<str:run_id>/rename", LOG, {"name": "hushhush renamed"}),
    Rule("POST", "runs/<str:run_id>/note", LOG, {"note": "hushhush"}),
    Rule("POST", "runs/<str:run_id>/tag", LOG, {"key": "k", "value": "v"}),
    Rule("POST", "runs/<str:run_id>/untag", LOG, {"key": "hushhush-tag"}),
    Rule("POST", "runs/<str:run_id>/delete", EDIT),
    Rule("POST", "runs/<str:run_id>/restore", EDIT),
    Rule("POST", "runs/<str:run_id>/hold", EDIT, {"kind": "pin"}),
    Rule("POST", "runs/<str:run_id>/lift", EDIT, {"kind": "pin"}),
    # registered models, their versions and what waits on them
    Rule("GET", "models", FOUND),
    Rule("GET", "new-model", OWN),
    model_page("GET", "", VIEW),
    model_page("GET", "/history", VIEW, at="2026-01-01"),
    model_page("POST", "/comment", VIEW, text="hm"),
    model_page("GET", "/settings", VIEW),
    model_page("POST", "/describe", EDIT, description="new"),
    model_page("POST", "/tag", EDIT, key="k", value="v"),
    model_page("POST", "/untag", EDIT, key="hushhush-tag"),
    model_page("POST", "/rename", MANAGE, name="sealed and renamed"),
    model_page("GET", "/delete", MANAGE),
    model_page("POST", "/delete", MANAGE),
    model_page("GET", "/sharing", VIEW),
    model_page("POST", "/sharing/grant", MANAGE, kind="user", name="{colleague}", level="10"),
    model_page("POST", "/sharing/visibility", MANAGE, is_private="1"),
    model_page("POST", "/sharing/<int:model_grant_id>/revoke", MANAGE),
    model_page("GET", "/policies", VIEW),
    model_page("GET", "/policies/edit", MANAGE, to="Staging"),
    model_page("POST", "/policies/edit", MANAGE, to="Staging", num_approvals="1", **NO_METRICS),
    model_page("POST", "/policies/remove", MANAGE, to="Staging"),
    model_page("GET", "/webhooks", MANAGE),
    model_page("GET", "/webhooks/new", MANAGE),
    model_page("POST", "/webhooks/new", MANAGE, name="w", url="https://8.8.8.8/", events=["model_version.created"]),
    model_page("GET", "/webhooks/<str:webhook_id>", MANAGE),
    model_page(
        "POST", "/webhooks/<str:webhook_id>", MANAGE, name="w", url="https://8.8.8.8/", events=["model_version.created"]
    ),
    model_page("POST", "/webhooks/<str:webhook_id>/status", MANAGE, status="DISABLED"),
    model_page("POST", "/webhooks/<str:webhook_id>/test", MANAGE),
    model_page("POST", "/webhooks/<str:webhook_id>/delete", MANAGE),
    model_page("POST", "/webhooks/<str:webhook_id>/deliveries/<str:delivery_id>/replay", MANAGE),
    model_page("GET", "/versions/<int:number>", VIEW),
    model_page("GET", "/versions/<int:number>/files", VIEW),
    model_page("POST", "/versions/<int:number>/comment", VIEW, text="hm"),
    model_page("GET", "/versions/<int:number>/request", EDIT, to="Production"),
    model_page("POST", "/versions/<int:number>/request", EDIT, to="Production"),
    model_page("POST", "/versions/<int:number>/move", EDIT, to="Staging"),
    model_page("POST", "/versions/<int:number>/unalias", EDIT, to="champion"),
    model_page("POST", "/versions/<int:number>/describe", EDIT, description="new"),
    model_page("POST", "/versions/<int:number>/tag", EDIT, key="k", value="v"),
    model_page("POST", "/versions/<int:number>/untag", EDIT, key="hushhush-tag"),
    model_page("GET", "/versions/<int:number>/delete", EDIT),
    model_page("POST", "/versions/<int:number>/delete", EDIT),
    Rule("GET", "runs/<str:run_id>/register", VIEW),
    Rule("POST", "runs/<str:run_id>/register", VIEW, {"source": "{model_source}", "name": "one of one's own"}),
    Rule("GET", "policies", ADMIN),
    Rule("GET", "policies/edit", ADMIN),
    Rule("POST", "policies/edit", ADMIN, {"num_approvals": "1"}),
    Rule("POST", "policies/remove", ADMIN, {"to": "Staging"}),
    Rule("GET", "reviews", FOUND),
    Rule("GET", "reviews/<int:request_id>/checks", VIEW),
    Rule("POST", "reviews/<int:request_id>/approve", MANAGE),
    Rule("POST", "reviews/<int:request_id>/reject", MANAGE, {"comment": "no"}),
    Rule("POST", "reviews/<int:request_id>/cancel", MANAGE),
    Rule("POST", "reviews/<int:request_id>/apply", EDIT),
    Rule("POST", "comments/<int:comment_id>/edit", MANAGE, {"text": "hm"}),
    Rule("POST", "comments/<int:comment_id>/delete", MANAGE),
    # artifacts, of a run or of a logged model
    Rule("GET", "artifacts/<str:owner_id>/raw", VIEW, {"path": "seam.png"}),
    Rule("GET", "artifacts/<str:owner_id>/download", VIEW, {"path": "seam.txt"}),
    Rule("GET", "artifacts/<str:model_owner_id>/download", VIEW, {"path": "seam.txt"}),
    Rule("GET", "artifacts/<str:owner_id>/zip", VIEW),
    Rule("GET", "artifacts/<str:owner_id>/delete", EDIT, {"path": "seam.txt"}),
    Rule("POST", "artifacts/<str:owner_id>/delete", EDIT, {"path": ["seam.txt", "seam.png"]}),
    Rule("GET", "series", VIEW, {"runs": "{run_id}", "key": "hushhush-metric"}),
]
