"""A portal full of runs, and tabs in which somebody is signed in."""

import json

import pytest

from tests.factories import PASSWORD
from tests.servers import Server

SEED = """
import json
from accounts.models import User
from core import deliveries, letters
from core.models import Job
from exports.actions import exports
from imports.models import Import
from core.actions import comments
from core.models import Topic
from tests.factories import make_user, make_webhook
from tests import seed_registry
from tests.seed import seed
from registry.models import RegisteredModel, StagePolicy, TransitionRequest
from tracker.actions import clean_up, comparisons, quotas, retention, run_holds, storage_checks, storage_figures
from tracker.models import Run
from tracker.retention import Rules

mel, sid = make_user("mel", first_name="Mel", last_name="Okafor"), make_user("sid")
make_user("new")
make_user("ci-bot", is_service=True, password=None)
ada = User.objects.get(username="ada")
# nothing in these tests makes prompts, so that nothing is sent there
hook = make_webhook(by=ada, name="ci-pipeline", url="https://ci.example.org/hooks/assay", secret="s", events=["prompt.created", "prompt_alias.created"], description="Starts the tests of a new prompt.")
make_webhook(None, "databricks", by=mel, name="", url="https://chat.example.org/" + "a1b2c3" * 20, status="DISABLED")
for tries in ([(200, "")], [(503, "The answer was 503."), (None, "ci.example.org did not answer within 5 seconds."), (404, "The answer was 404.")]):
    delivery = deliveries.write(hook, "prompt.created", {"name": "<b>greeting</b>", "tags": {}, "description": None}, kind="registeredmodel", object_id=1)
    for status, error in tries:
        delivery.note_try(state="failed" if error else "delivered", status_code=status, error=error)
seams = seed(by=User.objects.get(username="ada"), others=(mel, sid))
runs = Run.objects.filter(experiment=seams)
model = seed_registry.seed(seams, by=ada, others=(mel, sid))
asked = TransitionRequest.objects.open().get(version__model=model)
comments.create(model, "@ada which plates does it still miss?", by=mel)
own_comment = comments.edit(comments.create(model, "The dark ones.", by=ada), "The *dark* ones, and those with rust.", by=ada)
own = make_webhook(model, by=ada, name="tell-the-line", url="https://line.example.org/hooks", secret="s", status="DISABLED")
for state, code, error in (("delivered", 200, ""), ("failed", 503, "The answer was 503.")):
    deliveries.write(own, "model_version.created", {"name": "defect-net", "version": "6", "source": "models:/m-1"}, kind="registeredmodel", object_id=model.pk).note_try(state=state, status_code=code, error=error)
of_runs = make_webhook(seams, "assay", by=ada, name="night-shift", url="https://chat.example.org/night", secret="s", events=["run.failed", "run.stalled"], status="DISABLED")
deliveries.write(of_runs, "run.failed", {"run_name": "resnet", "status": "FAILED"}, kind="experiment", object_id=seams.pk).note_try(state="delivered", status_code=200, error="")
compared = comparisons.create("Which backbone, and does the rate matter?", experiment_ids=[seams.pk], by=ada)
comparisons.compute(compared.pk, compared.job_id, lambda progress, doing: None)
large = exports.request_bundle(seams, by=ada)
odd = exports.request_bundle(seams, Run.objects.get(name__startswith="<img"), by=ada)
Job.objects.filter(pk=odd.job_id).update(state="failed", attempts=5, error="OSError: 3f/" + "0a1b2c" * 12 + " ends 12 bytes too early", finished_at=odd.created_at)
Job.objects.create(kind="artifact.verify", state="running", progress=0.4, doing="hashing", attempts=2, started_at=odd.created_at, lease_until="2100-01-01T00:00:00Z", created_by=mel)
Job.objects.create(kind="webhook.deliver", run_after="2100-01-01T00:00:00Z", attempts=3, error="ci.example.org did not answer within 5 seconds.")
taken = Import.objects.create(source="https://other.example.org (0a1b2c3d4e5f)", state="done", owner=ada, created_by=ada, finished_at=odd.created_at, num_problems=1, counts={"runs": {"taken": 1200, "there": 3, "left": 1}, "metric points": {"taken": 4200000, "there": 0, "left": 0}}, problems=[["experiments", "seams/" + "x" * 150, "One of this name was here already; the runs join its own."]])
storage_checks.check_now()
storage_figures.count()
quotas.set(seams, 1_500_000, by=ada)
retained = retention.set(seams, Rules(180, ["FAILED", "KILLED"], 30, 5, "val/accuracy", True, ["paper"]), is_daily=True, by=ada)
run_holds.place(runs.filter(status=Run.Status.FINISHED).latest("start_time_ms"), "pin", reason="In the report of May.", by=ada)
print(json.dumps({
    "experiment": seams.pk,
    "comparison": compared.pk,
    "clean_up": clean_up.look_now(retained).pk,
    "site_clean_up": clean_up.look_now(retention.set(None, Rules(purge_after_days=0), by=ada)).pk,
    "export": large.pk,
    "failed_export": odd.pk,
    "import": taken.pk,
    "stop_ticket": letters.ticket(ada, Topic.MENTION),
    "webhook": hook.pk,
    "request": asked.pk,
    "registered_model": model.pk,
    "comment": own_comment.pk,
    "version": asked.version_id,
    "policy": StagePolicy.objects.get(model=model).pk,
    "delivery": delivery.pk,
    "model_webhook": own.webhook_id,
    "run_webhook": of_runs.webhook_id,
    "lost_request": TransitionRequest.objects.filter(state="cancelled").latest("pk").pk,
    "deleted_model": RegisteredModel.objects.deleted().get().pk,
    "dataset": seams.datasets.order_by("pk").first().pk,
    "live_run": runs.filter(status=Run.Status.RUNNING).latest("start_time_ms").run_id,
    "run": runs.filter(status=Run.Status.FINISHED).latest("start_time_ms").run_id,
    "compared": ",".join(runs.exclude(name="nothing-logged").order_by("-start_time_ms").values_list("run_id", flat=True)[1:6]),
    "model": seams.logged_models.order_by("pk")[1].model_id,
    "model_run": seams.logged_models.order_by("pk")[1].source_run.run_id,
    "odd_run": runs.get(name__startswith="<img").run_id,
}))
"""


class Door:
    """A running `serve`, and tabs in which somebody is signed in there."""

    def __init__(self, server: Server):
        self.server = server
        self.url = server.url
        self.sessions = {}

    def context(self, browser, *, user: str | None = "ada", theme: str = "light", width: int = 1440, **options):
        """Return a new browser context in which `user` is signed in, through the page where people do."""
        if user and user not in self.sessions:
            self.sessions[user] = self._sign_in(browser, user)
        return browser.new_context(
            base_url=self.url,
            color_scheme=theme,
            viewport={"width": width, "height": 900},
            storage_state=self.sessions.get(user),
            **options,
        )

    def _sign_in(self, browser, user: str):
        with browser.new_context(base_url=self.url) as context:
            page = context.new_page()
            page.goto("/sign-in")
            page.get_by_label("User name").fill(user)
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Sign in", exact=True).click()
            page.wait_for_url(self.url + "/")
            return context.storage_state()


class Portal(Door):
    """A `serve` that was filled by tests/seed.py; `ids` names what it is worth looking at."""

    def __init__(self, server: Server):
        super().__init__(server)
        self.ids = json.loads(server.manage("shell", "--no-imports", "-c", SEED).stdout)

    def address(self, path: str) -> str:
        return self.url + path.format(**self.ids)


@pytest.fixture(scope="session")
def door(server):
    """The server that tests share, as the admin's browser meets it."""
    return Door(server)


@pytest.fixture(scope="module")
def portal(tmp_path_factory, ready_site):
    server = ready_site.server(tmp_path_factory.mktemp("portal"))
    try:
        yield Portal(server.start("--workers", "1"))
    finally:
        server.close()
