"""A run that the real client logs, step by step, moves on the pages by itself: nobody reloads anything here."""

import re
import subprocess
import sys

import pytest
from playwright.sync_api import expect

from tests.client.conftest import MlflowClient

pytestmark = [pytest.mark.browser, pytest.mark.client, pytest.mark.each_database]

# pages ask every 1.5 to 4 s, and this machine may be busy
SOON_MS = 20_000
SCRIPT = """
import sys
import mlflow

experiment = mlflow.set_experiment("live/by the real client")
print(experiment.experiment_id, flush=True)
for line in sys.stdin:
    match line.split():
        case ["start", name]:
            print(mlflow.start_run(run_name=name).info.run_id, flush=True)
        case ["log", key, value, step]:
            mlflow.log_metric(key, float(value), step=int(step))
            print("logged", flush=True)
        case ["param", key, value]:
            mlflow.log_param(key, value)
            print("logged", flush=True)
        case ["tag", key, value]:
            mlflow.set_tag(key, value)
            print("logged", flush=True)
        case ["end"]:
            mlflow.end_run()
            print("ended", flush=True)
"""


class Script:
    """A training script that does its next step when it is told to."""

    def __init__(self, portal, folder):
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-c", SCRIPT],
            env=MlflowClient(sys.executable, folder).env(portal.server),
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.experiment_id = self._answer()

    def do(self, *words) -> str:
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self) -> str:
        """Return the last word that the client or the script said; the client's own lines begin with an emoji."""
        for line in self.process.stdout:
            if re.fullmatch(r"\w+", line.strip()):
                return line.strip()
        raise AssertionError(f"the script ended with {self.process.wait()}")


@pytest.fixture(scope="module")
def script(portal, tmp_path_factory):
    script = Script(portal, tmp_path_factory.mktemp("script"))
    yield script
    script.process.stdin.close()
    script.process.wait(timeout=60)
    script.process.stdout.close()


@pytest.fixture
def run_id(script, request):
    run_id = script.do("start", request.node.name.removeprefix("test_")[:30])
    yield run_id
    script.do("end")


@pytest.fixture
def tab(browser, portal):
    with portal.context(browser) as context:
        yield context.new_page()


def test_params_metrics_tags_and_status_arrive_on_the_run_page(tab, script, run_id):
    tab.goto(f"/runs/{run_id}")
    expect(tab.get_by_text("No metric yet")).to_be_visible()

    script.do("param", "alpha", "0.1")
    script.do("log", "loss", 0.75, 0)
    row = tab.get_by_role("row").filter(has=tab.get_by_role("rowheader", name="loss"))
    expect(row).to_contain_text("0.75", timeout=SOON_MS)
    expect(tab.locator("#run-params")).to_contain_text("alpha", timeout=SOON_MS)

    script.do("tag", "team", "vision")
    expect(tab.locator("#run-tags")).to_contain_text("vision", timeout=SOON_MS)

    script.do("log", "loss", 0.25, 1)
    expect(row.get_by_role("cell").nth(1)).to_have_text("0.25", timeout=SOON_MS)
    expect(row.locator("svg polyline")).to_have_count(1, timeout=SOON_MS)

    script.do("end")
    expect(tab.locator("#run-status")).to_contain_text("Finished", timeout=SOON_MS)


def test_a_chart_appears_and_grows(tab, script, run_id):
    tab.goto(f"/runs/{run_id}/charts")
    expect(tab.get_by_role("heading", name="No metrics yet")).to_be_visible()

    script.do("log", "loss", 0.75, 0)
    chart = tab.locator("figure[data-metric=loss]")
    chart.get_by_text("Points as a table").click(timeout=SOON_MS)
    points = chart.locator("tr:has(td)")
    expect(points).to_have_count(1, timeout=SOON_MS)

    script.do("log", "loss", 0.25, 1)
    expect(points).to_have_count(2, timeout=SOON_MS)
    expect(points.last).to_contain_text("0.25")


def test_the_runs_table_moves_and_tells_of_new_runs(tab, script, run_id):
    script.do("log", "loss", 0.75, 0)
    tab.goto(f"/experiments/{script.experiment_id}")
    row = tab.locator(f"#run-{run_id}")
    expect(row).to_contain_text("0.75")

    script.do("log", "loss", 0.125, 1)
    expect(row).to_contain_text("0.125", timeout=SOON_MS)

    script.do("end")
    expect(row).to_contain_text("Finished", timeout=SOON_MS)
    script.do("start", "one-more")
    tab.get_by_role("link", name="1 new run · show").click(timeout=SOON_MS)

    expect(tab.get_by_role("row").filter(has_text="one-more")).to_contain_text("Running")
