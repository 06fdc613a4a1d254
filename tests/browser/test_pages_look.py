"""Opens every page in light and dark, wide and narrow, and looks at what no test of HTML sees.

Nothing is refused by the Content-Security-Policy, nothing is fetched from another host or missing, axe finds nothing
serious, and at 390 px nothing makes the page scroll sideways. A new page joins with a row in PAGES. With
ASSAY_TEST_SHOTS=FOLDER every page is kept there as a picture.
"""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser

SHOTS = os.environ.get("ASSAY_TEST_SHOTS", "")
THEMES = ("light", "dark")
SIDEWAYS = "document.scrollingElement.scrollWidth > document.documentElement.clientWidth"


@dataclass(frozen=True)
class Page:
    """An address, who looks at it, and the status that it answers with; {names} are those of Portal.ids."""

    name: str
    path: str
    user: str | None = "ada"
    status: int = 200


PAGES = [
    Page("sign-in", "/sign-in", user=None),
    Page("set-up-over", "/setup/made-up", user=None, status=404),
    Page("forgotten-off", "/sign-in/forgotten", user=None),
    Page("reset-over", "/reset/made-up", user=None, status=404),
    Page("invitation-over", "/invitation/made-up", user=None, status=404),
    Page("sign-in-link-over", "/sign-in/link/made-up", user=None, status=404),
    Page("first-steps", "/", user="new"),
    Page("home", "/"),
    # the team's long names are in this one's feed
    Page("home-of-member", "/", user="mel"),
    Page("search", "/search?q=s"),
    Page("search-nothing", "/search?q=nobody-called-it-that"),
    Page("account", "/account"),
    Page("security", "/account/security"),
    Page("confirm", "/account/security/app", user="mel"),
    Page("invitations", "/invitations"),
    Page("tokens", "/account/tokens"),
    Page("notices", "/notices"),
    Page("notices-none", "/notices?show=unread", user="new"),
    Page("notice-choices", "/account/notices"),
    Page("notices-off", "/notices/off/{stop_ticket}", user=None),
    Page("service-tokens", "/account/service/ci-bot/tokens"),
    Page("not-found", "/runs/unknown", status=404),
    Page("admin", "/admin/"),
    Page("admin-users", "/admin/accounts/user/"),
    Page("admin-user", "/admin/accounts/user/1/change/"),
    Page("admin-add-user", "/admin/accounts/user/add/"),
    Page("admin-password", "/admin/accounts/user/1/password/"),
    Page("admin-add-group", "/admin/auth/group/add/"),
    Page("admin-tokens", "/admin/accounts/apitoken/"),
    Page("admin-audit", "/admin/core/auditevent/"),
    Page("admin-audit-event", "/admin/core/auditevent/1/change/"),
    Page("admin-jobs", "/admin/core/job/"),
    Page("admin-webhooks", "/admin/core/webhook/"),
    Page("admin-webhook", "/admin/core/webhook/{webhook}/change/"),
    Page("admin-policies", "/admin/registry/stagepolicy/"),
    Page("admin-versions", "/admin/registry/modelversion/"),
    Page("admin-comments", "/admin/core/comment/"),
    Page("admin-deliveries", "/admin/core/delivery/"),
    Page("admin-delivery", "/admin/core/delivery/{delivery}/change/"),
    Page("admin-experiment", "/admin/tracker/experiment/{experiment}/change/"),
    Page("admin-models", "/admin/registry/registeredmodel/"),
    Page("admin-model", "/admin/registry/registeredmodel/{registered_model}/change/"),
    Page("admin-comment", "/admin/core/comment/{comment}/change/"),
    Page("admin-version", "/admin/registry/modelversion/{version}/change/"),
    Page("admin-stage-events", "/admin/registry/stageevent/"),
    Page("admin-requests", "/admin/registry/transitionrequest/"),
    Page("admin-request", "/admin/registry/transitionrequest/{request}/change/"),
    Page("admin-policy", "/admin/registry/stagepolicy/{policy}/change/"),
    Page("admin-add-policy", "/admin/registry/stagepolicy/add/"),
    Page("admin-add-retention", "/admin/tracker/retentionpolicy/add/"),
    Page("admin-add-storage-limit", "/admin/tracker/storagequota/add/"),
    Page("admin-add-hold", "/admin/tracker/hold/add/"),
    Page("admin-not-for-members", "/admin/", user="mel", status=403),
    Page("experiments", "/experiments"),
    Page("experiment", "/experiments/{experiment}"),
    Page("experiment-notes", "/experiments/{experiment}/notes"),
    Page("experiment-sharing", "/experiments/{experiment}/sharing"),
    Page("dataset", "/experiments/{experiment}/datasets/{dataset}"),
    Page("experiment-webhooks", "/experiments/{experiment}/webhooks"),
    Page("experiment-webhook", "/experiments/{experiment}/webhooks/{run_webhook}"),
    Page("experiment-webhook-new", "/experiments/{experiment}/webhooks/new"),
    Page("experiment-settings", "/experiments/{experiment}/settings"),
    Page("experiment-retention", "/experiments/{experiment}/retention"),
    Page("clean-up", "/clean-ups/{clean_up}?step=keep"),
    Page("clean-up-of-site", "/clean-ups/{site_clean_up}"),
    Page("storage", "/storage"),
    Page("exports", "/exports"),
    Page("exports-none", "/exports", user="new"),
    Page("export", "/exports/{export}"),
    Page("export-failed", "/exports/{failed_export}"),
    Page("background", "/background"),
    Page("import-bundle", "/imports/bundle"),
    Page("import", "/imports/{import}"),
    Page("experiment-delete", "/experiments/{experiment}/delete"),
    Page("runs-in-groups", "/experiments/{experiment}?group=params.lr&shade=last:val/accuracy"),
    Page("columns", "/experiments/{experiment}/columns"),
    Page("experiment-charts", "/experiments/{experiment}/charts"),
    Page("compare", "/compare?runs={compared}"),
    Page("compare-all", "/compare?runs={compared}&all=1&layout=runs&show=best&brush=0,0.4,p:lr"),
    Page("compare-runs", "/compare/runs?runs={run}"),
    Page("compare-empty", "/compare", user="mel"),
    Page("comparisons", "/comparisons"),
    Page("comparisons-none", "/comparisons?experiment=0", user="new"),
    Page("comparison-new", "/comparisons/new?experiment={experiment}&q=metrics.loss+<+2"),
    Page("comparison", "/comparisons/{comparison}"),
    Page("comparison-groups", "/comparisons/{comparison}?show=groups"),
    Page("comparison-params", "/comparisons/{comparison}?show=params"),
    Page("comparison-metrics", "/comparisons/{comparison}?show=metrics"),
    Page(
        "baseline", "/experiments/{experiment}?base={run}&sort=-max:val/accuracy&shade=last:val/accuracy&shade=param:lr"
    ),
    Page("filter-refused", "/experiments/{experiment}?q=metrics.loss+<+", status=400),
    Page("folder", "/experiments?folder=defects/"),
    Page("trash", "/experiments/trash"),
    Page("new-experiment", "/experiments/new"),
    Page("run", "/runs/{run}"),
    Page("live-run", "/runs/{live_run}"),
    Page("odd-run", "/runs/{odd_run}"),
    Page("run-charts", "/runs/{run}/charts"),
    Page("run-system", "/runs/{run}/system"),
    Page("run-files", "/runs/{run}/artifacts"),
    Page("run-files-live", "/runs/{live_run}/artifacts"),
    Page("run-files-none", "/runs/{odd_run}/artifacts"),
    Page("files-model", "/logged-models/{model}/artifacts"),
    Page("file-image", "/runs/{run}/artifacts?path=plots/roc.png"),
    Page("file-svg", "/runs/{run}/artifacts?path=plots/curve.svg"),
    Page("file-broken-image", "/runs/{run}/artifacts?path=broken/cut.png"),
    Page("file-csv", "/runs/{run}/artifacts?path=tables/predictions.csv"),
    Page("file-parquet", "/runs/{run}/artifacts?path=tables/areas.parquet"),
    Page("file-notebook", "/runs/{run}/artifacts?path=notebooks/scores.ipynb"),
    Page("files-delete", "/artifacts/{run}/delete?path=plots&path=README.md"),
    Page("file-json", "/runs/{run}/artifacts?path=config.json"),
    Page("file-broken-json", "/runs/{run}/artifacts?path=broken/wrong.json"),
    Page("file-markdown", "/runs/{run}/artifacts?path=README.md"),
    Page("file-text", "/runs/{run}/artifacts?path=logs/train.log"),
    Page("file-html", "/runs/{run}/artifacts?path=report.html"),
    Page("file-pdf", "/runs/{run}/artifacts?path=report.pdf"),
    Page("file-audio", "/runs/{run}/artifacts?path=audio/arc.wav"),
    Page("file-other", "/runs/{run}/artifacts?path=checkpoints/epoch-30.pt"),
    Page("models", "/models"),
    Page("models-found", "/models?q=team%3Dvision"),
    Page("models-none", "/models?q=nothing-is-called-so", user="new"),
    Page("new-model", "/new-model"),
    Page("model", "/models/defect-net"),
    Page("model-empty", "/models/wer-2026"),
    Page("model-history", "/models/defect-net/history?against=2026-01-01"),
    Page("model-history-of-stages", "/models/pores-segmentation/history"),
    Page("model-gone", "/models/weld-classes", status=410),
    Page("deleted-model", "/deleted-models/{deleted_model}"),
    Page("version-gone", "/models/pores-segmentation/versions/3", status=410),
    Page("request-gone", "/reviews?tab=done&open={lost_request}"),
    Page("model-policies", "/models/defect-net/policies"),
    Page("model-policy", "/models/defect-net/policies/edit?to=Production"),
    Page("model-stages", "/models/pores-segmentation"),
    Page("model-webhooks", "/models/defect-net/webhooks"),
    Page("model-webhook", "/models/defect-net/webhooks/{model_webhook}"),
    Page("model-webhook-new", "/models/defect-net/webhooks/new?vocabulary=databricks"),
    Page("model-sharing", "/models/defect-net/sharing"),
    Page("model-settings", "/models/defect-net/settings"),
    Page("model-delete", "/models/defect-net/delete"),
    Page("site-policies", "/policies"),
    Page("site-policy", "/policies/edit?to=Staging"),
    Page("version", "/models/defect-net/versions/5"),
    Page("version-served", "/models/defect-net/versions/3", user="new"),
    Page("version-archived", "/models/defect-net/versions/1"),
    Page("version-files", "/models/defect-net/versions/5/files?path=MLmodel"),
    Page("version-delete", "/models/defect-net/versions/3/delete"),
    Page("request", "/models/defect-net/versions/6/request?to=Production"),
    Page("request-free", "/models/defect-net/versions/6/request?to=Staging"),
    Page("reviews", "/reviews"),
    Page("reviews-done", "/reviews?tab=done"),
    Page("reviews-none", "/reviews", user="new"),
    Page("register", "/runs/{run}/register"),
    Page("run-code", "/runs/{run}/code"),
    Page("run-lineage", "/runs/{model_run}/lineage"),
    Page("run-packages", "/runs/{model_run}/code"),
    Page("logged-model", "/logged-models/{model}"),
    Page("logged-model-files", "/logged-models/{model}/artifacts?path=MLmodel"),
    Page("experiment-models", "/experiments/{experiment}/models"),
    Page("experiment-activity", "/experiments/{experiment}/activity"),
    Page("run-activity", "/runs/{run}/activity"),
]


class Observed:
    """What a tab complained about, and what it fetched that it should not have."""

    def __init__(self, tab, portal_url: str):
        self.complaints = []
        tab.on("console", lambda message: self._on_message(message))
        tab.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        tab.on("response", lambda response: self._on_response(response, portal_url))

    def _on_message(self, message):
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.complaints.append(f"{message.type}: {message.text}")

    def _on_response(self, response, portal_url):
        if not response.url.startswith((portal_url, "data:", "blob:")):
            self.complaints.append(f"another host: {response.url}")
        elif response.status >= 400 and response.request.resource_type != "document":
            self.complaints.append(f"{response.status}: {response.url}")


def violations(tab) -> list[str]:
    """Return what axe finds serious or critical: rule, and where."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(tab).response["violations"]
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in found
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


def shoot(tab, name: str) -> None:
    if SHOTS:
        Path(SHOTS).mkdir(parents=True, exist_ok=True)
        tab.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


@pytest.fixture(scope="module")
def tab_of(browser, portal):
    """Open a tab of somebody's in a theme; those of one person share what the browser keeps, as at home."""
    contexts = {}

    def open_tab(user, theme):
        if (user, theme) not in contexts:
            contexts[user, theme] = portal.context(browser, user=user, theme=theme)
        return contexts[user, theme].new_page()

    yield open_tab
    for context in contexts.values():
        context.close()


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_is_sound(portal, tab_of, page, theme):
    with contextlib.closing(tab_of(page.user, theme)) as tab:
        seen = Observed(tab, portal.url)

        answer = tab.goto(portal.address(page.path))
        tab.wait_for_timeout(400)

        shoot(tab, f"{page.name}-{theme}")
        assert answer.status == page.status
        assert not seen.complaints
        assert not violations(tab)

        # where things stand does not depend on colours
        if theme == THEMES[0] or SHOTS:
            tab.set_viewport_size({"width": 390, "height": 844})
            tab.wait_for_timeout(100)
            shoot(tab, f"{page.name}-{theme}-390")
            assert not tab.evaluate(SIDEWAYS), "the page scrolls sideways at 390 px"
