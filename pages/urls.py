"""Doors for people; one list per noun."""

from django.urls import path

from pages import (
    account,
    artifact_edits,
    artifact_files,
    artifacts,
    background,
    clean_ups,
    comments,
    compare,
    comparisons,
    datasets,
    deleted_models,
    experiment_activity,
    experiment_charts,
    experiment_settings,
    experiments,
    exports,
    home,
    imports,
    invitations,
    logged_models,
    model_pages,
    model_settings,
    model_sharing,
    models,
    notice_choices,
    notices,
    policies,
    quotas,
    registering,
    resets,
    retention,
    reviews,
    run_baseline,
    run_edits,
    run_groups,
    run_table,
    run_views,
    runs,
    search,
    security,
    selections,
    series,
    session,
    setup,
    sharing,
    single_sign_on,
    stars,
    storage,
    tokens,
    trash,
    version_edits,
    version_moves,
    versions,
)
from pages.experiment_webhooks import ExperimentWebhookPages
from pages.model_webhooks import ModelWebhookPages

# /
home_urls = [
    path("", home.home, name="home"),
    path("home/first-run", home.first_run, name="first-run"),
]

# /search
search_urls = [
    path("search", search.search, name="search"),
]

# /sign-in, /sign-out, /setup/…, /reset/…; names with an underscore are those by which django-allauth asks
session_urls = [
    path("sign-in", session.sign_in, name="sign-in"),
    path("sign-in", session.sign_in, name="account_login"),
    path("sign-in/second-factor", security.second_factor, name="mfa_authenticate"),
    path("sign-in/passkey", security.passkey_sign_in, name="mfa_login_webauthn"),
    path("sign-in/confirm", security.confirm, name="account_reauthenticate"),
    path("sign-in/confirm/code", security.confirm_by_code, name="mfa_reauthenticate"),
    path("sign-in/confirm/passkey", security.confirm_by_passkey, name="mfa_reauthenticate_webauthn"),
    path("sign-in/single-sign-on", single_sign_on.start, name="single-sign-on"),
    path("sign-in/single-sign-on/back", single_sign_on.back, name="single-sign-on-back"),
    path("sign-in/forgotten", resets.ask, name="password-forgotten"),
    path("sign-in/link/<str:token>", resets.sign_in_link, name="sign-in-link"),
    path("reset/<str:token>", resets.reset, name="password-reset"),
    path("sign-out", session.sign_out, name="sign-out"),
    path("setup/<str:token>", setup.first_admin, name="setup"),
]

# /invitations, /invitation/…
invitation_urls = [
    path("invitations", invitations.invitation_list, name="invitation-list"),
    path("invitations/<int:pk>/withdraw", invitations.withdraw, name="invitation-withdraw"),
    path("invitation/<str:token>", invitations.join, name="invitation"),
]

# /stars
stars_urls = [
    path("stars/<str:kind>/<str:object_id>", stars.star, name="star"),
]

# /account
account_urls = [
    path("account", account.account, name="account"),
    path("account/appearance", account.appearance, name="appearance"),
    path("account/security", security.security, name="mfa_index"),
    path("account/security", security.security, name="mfa_list_webauthn"),
    path("account/security/app", security.app_add, name="mfa_activate_totp"),
    path("account/security/app/remove", security.app_remove, name="mfa_deactivate_totp"),
    path("account/security/codes", security.codes, name="mfa_view_recovery_codes"),
    path("account/security/codes/new", security.codes_new, name="mfa_generate_recovery_codes"),
    path("account/security/passkeys/add", security.passkey_add, name="mfa_add_webauthn"),
    path("account/security/passkeys/<int:pk>/rename", security.passkey_rename, name="mfa_edit_webauthn"),
    path("account/security/passkeys/<int:pk>/remove", security.passkey_remove, name="mfa_remove_webauthn"),
    path("account/security/link", single_sign_on.link, name="identity-link"),
    path("account/security/unlink", single_sign_on.unlink, name="identity-unlink"),
    path("account/tokens", tokens.token_list, name="token-list"),
    path("account/tokens/<int:token_id>/revoke", tokens.token_revoke, name="token-revoke"),
    path("account/service/<str:username>/tokens", tokens.service_token_list, name="service-token-list"),
    path(
        "account/service/<str:username>/tokens/<int:token_id>/revoke",
        tokens.service_token_revoke,
        name="service-token-revoke",
    ),
]

# /notices
notices_urls = [
    path("notices", notices.notice_list, name="notice-list"),
    path("notices/mark", notices.notice_mark, name="notice-mark"),
    path("notices/off/<str:ticket>", notice_choices.notices_off, name="notices-off"),
    path("account/notices", notice_choices.notice_choices, name="notice-choices"),
]

# /experiments
experiments_urls = [
    path("experiments", experiments.experiment_list, name="experiment-list"),
    path("experiments/new", experiments.experiment_create, name="experiment-create"),
    path("experiments/trash", trash.experiment_trash, name="experiment-trash"),
    path("experiments/<int:pk>", run_table.experiment_detail, name="experiment-detail"),
    path("experiments/<int:pk>/live", run_table.experiment_live, name="experiment-live"),
    path("experiments/<int:pk>/runs.csv", exports.runs_file, {"form": "csv"}, name="experiment-csv"),
    path("experiments/<int:pk>/runs.jsonl", exports.runs_file, {"form": "jsonl"}, name="experiment-jsonl"),
    path("experiments/<int:pk>/runs.parquet", exports.runs_file, {"form": "parquet"}, name="experiment-parquet"),
    path("experiments/<int:pk>/export", exports.runs_export, name="experiment-export"),
    path("experiments/<int:pk>/bundle", exports.experiment_bundle, name="experiment-bundle"),
    path("experiments/<int:pk>/group", run_groups.experiment_group, name="experiment-group"),
    path("experiments/<int:pk>/group/runs", run_groups.experiment_group_runs, name="experiment-group-runs"),
    path("experiments/<int:pk>/columns", run_table.experiment_columns, name="experiment-columns"),
    path("experiments/<int:pk>/columns/choose", run_table.experiment_columns_choose, name="experiment-columns-choose"),
    path("experiments/<int:pk>/views", run_views.run_view_save, name="run-view-save"),
    path("experiments/<int:pk>/views/<int:view_id>/delete", run_views.run_view_delete, name="run-view-delete"),
    path("experiments/<int:pk>/complete", run_table.experiment_complete, name="experiment-complete"),
    path("experiments/<int:pk>/charts", experiment_charts.experiment_charts, name="experiment-charts"),
    path("experiments/<int:pk>/datasets/<int:dataset_id>", datasets.dataset, name="dataset-detail"),
    path("experiments/<int:pk>/models", logged_models.experiment_models, name="experiment-models"),
    path("experiments/<int:pk>/activity", experiment_activity.experiment_activity, name="experiment-activity"),
    path("experiments/<int:pk>/notes", experiment_settings.experiment_notes, name="experiment-notes"),
    path("experiments/<int:pk>/settings", experiment_settings.experiment_settings, name="experiment-settings"),
    path("experiments/<int:pk>/rename", experiment_settings.experiment_rename, name="experiment-rename"),
    path("experiments/<int:pk>/primary", experiment_settings.experiment_primary, name="experiment-primary"),
    path("experiments/<int:pk>/tag", experiment_settings.experiment_tag, name="experiment-tag"),
    path("experiments/<int:pk>/untag", experiment_settings.experiment_untag, name="experiment-untag"),
    path("experiments/<int:pk>/delete", experiment_settings.experiment_delete, name="experiment-delete"),
    path("experiments/<int:pk>/restore", trash.experiment_restore, name="experiment-restore"),
    path("experiments/<int:pk>/free-name", trash.experiment_free_name, name="experiment-free-name"),
    path("experiments/<int:pk>/purge", trash.experiment_purge, name="experiment-purge"),
]

# /experiments/ID/retention, /clean-ups
retention_urls = [
    path("experiments/<int:pk>/retention", retention.experiment_retention, name="experiment-retention"),
    path("experiments/<int:pk>/retention/look", retention.experiment_retention_look, name="experiment-retention-look"),
    path(
        "experiments/<int:pk>/retention/remove",
        retention.experiment_retention_remove,
        name="experiment-retention-remove",
    ),
    path("experiments/<int:pk>/hold", retention.experiment_hold, name="experiment-hold"),
    path("experiments/<int:pk>/lift", retention.experiment_lift, name="experiment-lift"),
    path("clean-ups/<int:pk>", clean_ups.clean_up_report, name="clean-up"),
    path("clean-ups/<int:pk>/carry-out", clean_ups.clean_up_carry_out, name="clean-up-carry-out"),
    path("clean-ups/<int:pk>/cancel", clean_ups.clean_up_cancel, name="clean-up-cancel"),
    path("clean-ups/<int:pk>/retry", clean_ups.clean_up_retry, name="clean-up-retry"),
]

# /compare
compare_urls = [
    path("compare", compare.compare, name="compare"),
    path("compare/table.csv", compare.compare_csv, name="compare-csv"),
    path("compare/runs", compare.compare_runs, name="compare-runs"),
    path("compare/choose", compare.compare_choose, name="compare-choose"),
]

# /comparisons
comparisons_urls = [
    path("comparisons", comparisons.comparison_list, name="comparison-list"),
    path("comparisons/new", comparisons.comparison_new, name="comparison-new"),
    path("comparisons/<int:pk>", comparisons.comparison_detail, name="comparison-detail"),
    path("comparisons/<int:pk>/base", comparisons.comparison_base, name="comparison-base"),
    path("comparisons/<int:pk>/rename", comparisons.comparison_rename, name="comparison-rename"),
    path("comparisons/<int:pk>/refresh", comparisons.comparison_refresh, name="comparison-refresh"),
    path("comparisons/<int:pk>/cancel", comparisons.comparison_cancel, name="comparison-cancel"),
    path("comparisons/<int:pk>/delete", comparisons.comparison_delete, name="comparison-delete"),
]

# /experiments/ID/sharing
sharing_urls = [
    path("experiments/<int:pk>/sharing", sharing.experiment_sharing, name="experiment-sharing"),
    path("experiments/<int:pk>/sharing/grant", sharing.experiment_grant, name="experiment-grant"),
    path("experiments/<int:pk>/sharing/visibility", sharing.experiment_visibility, name="experiment-visibility"),
    path("experiments/<int:pk>/sharing/<int:grant_id>/revoke", sharing.experiment_revoke, name="experiment-revoke"),
]

# /experiments/ID/selection
selection_urls = [
    path("experiments/<int:pk>/selection/baseline", run_baseline.selection_baseline, name="selection-baseline"),
    path("experiments/<int:pk>/selection/export", exports.selection_export, name="selection-export"),
    path("experiments/<int:pk>/selection/tag", selections.selection_tag, name="selection-tag"),
    path("experiments/<int:pk>/selection/move", selections.selection_move, name="selection-move"),
    path("experiments/<int:pk>/selection/delete", selections.selection_delete, name="selection-delete"),
    path("experiments/<int:pk>/selection/restore", selections.selection_restore, name="selection-restore"),
    path("experiments/<int:pk>/selection/purge", trash.selection_purge, name="selection-purge"),
]

# /logged-models
logged_models_urls = [
    path("logged-models/<str:model_id>", logged_models.logged_model_detail, name="logged-model-detail"),
    path("logged-models/<str:model_id>/artifacts", logged_models.logged_model_artifacts, name="logged-model-artifacts"),
]

# /runs
runs_urls = [
    path("runs/<str:run_id>", runs.run_detail, name="run-detail"),
    path("runs/<str:run_id>/charts", runs.run_charts, name="run-charts"),
    path("runs/<str:run_id>/system", runs.run_system, name="run-system"),
    path("runs/<str:run_id>/artifacts", artifacts.run_artifacts, name="run-artifacts"),
    path("runs/<str:run_id>/code", runs.run_code, name="run-code"),
    path("runs/<str:run_id>/lineage", runs.run_lineage, name="run-lineage"),
    path("runs/<str:run_id>/activity", runs.run_activity, name="run-activity"),
    path("runs/<str:run_id>/rename", run_edits.run_rename, name="run-rename"),
    path("runs/<str:run_id>/note", run_edits.run_note, name="run-note"),
    path("runs/<str:run_id>/tag", run_edits.run_tag, name="run-tag"),
    path("runs/<str:run_id>/untag", run_edits.run_untag, name="run-untag"),
    path("runs/<str:run_id>/delete", run_edits.run_delete, name="run-delete"),
    path("runs/<str:run_id>/restore", run_edits.run_restore, name="run-restore"),
    path("runs/<str:run_id>/hold", run_edits.run_hold, name="run-hold"),
    path("runs/<str:run_id>/lift", run_edits.run_lift, name="run-lift"),
]

# /models
models_urls = [
    path("models", models.model_list, name="model-list"),
    path("new-model", models.model_create, name="model-create"),
    path("models/<str:name>", model_pages.model_detail, name="model-detail"),
    path("models/<str:name>/history", model_pages.model_history, name="model-history"),
    path("deleted-models/<int:deleted_model_id>", deleted_models.deleted_model, name="deleted-model"),
    path("models/<str:name>/comment", comments.model_comment, name="model-comment"),
    path("models/<str:name>/settings", model_settings.model_settings, name="model-settings"),
    path("models/<str:name>/describe", model_settings.model_describe, name="model-describe"),
    path("models/<str:name>/tag", model_settings.model_tag, name="model-tag"),
    path("models/<str:name>/untag", model_settings.model_untag, name="model-untag"),
    path("models/<str:name>/rename", model_settings.model_rename, name="model-rename"),
    path("models/<str:name>/delete", model_settings.model_delete, name="model-delete"),
    path("models/<str:name>/sharing", model_sharing.model_sharing, name="model-sharing"),
    path("models/<str:name>/sharing/grant", model_sharing.model_grant, name="model-grant"),
    path("models/<str:name>/sharing/visibility", model_sharing.model_visibility, name="model-visibility"),
    path("models/<str:name>/sharing/<int:grant_id>/revoke", model_sharing.model_revoke, name="model-revoke"),
]

# /models/NAME/webhooks, /experiments/ID/webhooks
webhooks_urls = [*ModelWebhookPages().urlpatterns, *ExperimentWebhookPages().urlpatterns]

# /models/NAME/versions
versions_urls = [
    path("models/<str:name>/versions/<int:number>", versions.version_detail, name="version-detail"),
    path("models/<str:name>/versions/<int:number>/files", versions.version_files, name="version-files"),
    path("models/<str:name>/versions/<int:number>/request", version_moves.version_request, name="version-request"),
    path("models/<str:name>/versions/<int:number>/move", version_moves.version_move, name="version-move"),
    path("models/<str:name>/versions/<int:number>/unalias", version_moves.version_unalias, name="version-unalias"),
    path("models/<str:name>/versions/<int:number>/comment", comments.version_comment, name="version-comment"),
    path("models/<str:name>/versions/<int:number>/describe", version_edits.version_describe, name="version-describe"),
    path("models/<str:name>/versions/<int:number>/tag", version_edits.version_tag, name="version-tag"),
    path("models/<str:name>/versions/<int:number>/untag", version_edits.version_untag, name="version-untag"),
    path("models/<str:name>/versions/<int:number>/delete", version_edits.version_delete, name="version-delete"),
    path("runs/<str:run_id>/register", registering.run_register, name="run-register"),
]

# /models/NAME/policies, and those of the site
policies_urls = [
    path("models/<str:name>/policies", policies.model_policies, name="model-policies"),
    path("models/<str:name>/policies/edit", policies.model_policy, name="model-policy"),
    path("models/<str:name>/policies/remove", policies.model_policy_remove, name="model-policy-remove"),
    path("policies", policies.site_policies, name="site-policies"),
    path("policies/edit", policies.site_policy, name="site-policy"),
    path("policies/remove", policies.site_policy_remove, name="site-policy-remove"),
]

# /reviews
reviews_urls = [
    path("reviews", reviews.review_list, name="review-list"),
    path("reviews/<int:request_id>/checks", reviews.review_checks, name="review-checks"),
    path("reviews/<int:request_id>/approve", reviews.review_approve, name="review-approve"),
    path("reviews/<int:request_id>/reject", reviews.review_reject, name="review-reject"),
    path("reviews/<int:request_id>/cancel", reviews.review_cancel, name="review-cancel"),
    path("reviews/<int:request_id>/apply", reviews.review_apply, name="review-apply"),
]

# /comments
comments_urls = [
    path("comments/<int:comment_id>/edit", comments.comment_edit, name="comment-edit"),
    path("comments/<int:comment_id>/delete", comments.comment_delete, name="comment-delete"),
]

# /artifacts/ID, of a run or of a logged model
artifacts_urls = [
    path("artifacts/<str:owner_id>/raw", artifact_files.artifact_raw, name="artifact-raw"),
    path("artifacts/<str:owner_id>/zip", artifact_files.artifact_zip, name="artifact-zip"),
    path("artifacts/<str:owner_id>/delete", artifact_edits.artifact_delete, name="artifact-delete"),
    path("artifacts/<str:owner_id>/download", artifact_files.artifact_download, name="artifact-download"),
]

# /exports
exports_urls = [
    path("exports", exports.export_list, name="export-list"),
    path("runs/<str:run_id>/bundle", exports.run_bundle, name="run-bundle"),
    path("exports/<int:pk>", exports.export_detail, name="export-detail"),
    path("exports/<int:pk>/file", exports.export_file, name="export-file"),
    path("exports/<int:pk>/cancel", exports.export_cancel, name="export-cancel"),
    path("exports/<int:pk>/retry", exports.export_retry, name="export-retry"),
    path("exports/<int:pk>/delete", exports.export_delete, name="export-delete"),
]

# /background
background_urls = [
    path("background", background.background, name="background"),
    path("background/cancel", background.background_cancel, name="background-cancel"),
    path("background/dismiss", background.background_dismiss, name="background-dismiss"),
    path("background/retry", background.background_retry, name="background-retry"),
]

# /imports
imports_urls = [
    path("imports/bundle", imports.import_bundle, name="import-bundle"),
    path("imports/<int:pk>", imports.import_detail, name="import-detail"),
    path("imports/<int:pk>/cancel", imports.import_cancel, name="import-cancel"),
    path("imports/<int:pk>/retry", imports.import_retry, name="import-retry"),
]

# /storage
storage_urls = [
    path("storage", storage.storage, name="storage"),
    path("storage/check", storage.storage_check, name="storage-check"),
    path("storage/limit", quotas.storage_limit, name="storage-limit"),
    path("experiments/<int:pk>/storage-limit", quotas.experiment_limit, name="experiment-storage-limit"),
    path("storage/count", storage.storage_count, name="storage-count"),
]

# /series
series_urls = [
    path("series", series.series_points, name="series"),
]

urlpatterns = [
    *home_urls,
    *search_urls,
    *session_urls,
    *invitation_urls,
    *stars_urls,
    *account_urls,
    *notices_urls,
    *experiments_urls,
    *retention_urls,
    *compare_urls,
    *comparisons_urls,
    *sharing_urls,
    *selection_urls,
    *logged_models_urls,
    *runs_urls,
    *models_urls,
    *webhooks_urls,
    *versions_urls,
    *policies_urls,
    *reviews_urls,
    *comments_urls,
    *artifacts_urls,
    *exports_urls,
    *imports_urls,
    *background_urls,
    *storage_urls,
    *series_urls,
]
