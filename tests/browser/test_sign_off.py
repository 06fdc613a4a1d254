"""From log_model to a rejected request, a stale approval, an approved Production and a rollback: two people and a script.

Mel trains and asks in her browser, Rita decides in hers, and the stock client does between them what scripts do.
"""

import json
import re
import subprocess
import sys

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Door
from tests.browser.test_pages_look import Observed, violations
from tests.client.conftest import MlflowClient
from tests.servers import Server, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.client]

PEOPLE = "from tests.factories import make_user\nmake_user('mel')\nmake_user('rita')"
SCRIPT = """
import json, os, sys
import mlflow, numpy, requests
from sklearn.linear_model import LinearRegression

client, x = mlflow.MlflowClient(), numpy.array([[1.0], [2.0], [3.0]])

def log(slope):
    with mlflow.start_run():
        model = LinearRegression().fit(x, float(slope) * x.ravel())
        done = mlflow.sklearn.log_model(model, name="model", registered_model_name="walk", input_example=x)
    return str(done.registered_model_version)

def move(version, stage):
    try:
        return client.transition_model_version_stage("walk", version, stage).current_stage
    except mlflow.MlflowException as error:
        return f"{error.error_code} {error.message}"

def metric(version, key, value):
    client.log_metric(client.get_model_version("walk", version).run_id, key, float(value))

def check(version, state):
    requests.post(
        f"{os.environ['MLFLOW_TRACKING_URI']}/api/v1/models/walk/versions/{version}/checks",
        json={"name": "load test", "state": state, "summary": "p95 is 20 ms"},
        headers={"Authorization": f"Bearer {os.environ['MLFLOW_TRACKING_TOKEN']}"},
    ).raise_for_status()

def predict(stage):
    return round(float(mlflow.pyfunc.load_model(f"models:/walk/{stage}").predict(numpy.array([[1.0]]))[0]), 3)

for line in sys.stdin:
    name, *words = json.loads(line)
    print("answer", json.dumps(globals()[name](*words)), flush=True)
"""


class Script:
    """A script with the stock client, which does its next step when it is told to."""

    def __init__(self, server: Server, folder):
        env = MlflowClient(sys.executable, folder).env(
            server,
            MLFLOW_TRACKING_TOKEN=server.manage("create_token", "--user", "mel", "--scope", "full").stdout.strip(),
        )
        self.log = (folder / "stderr").open("w")
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-c", SCRIPT],
            env=env,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )

    def do(self, *words):
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith("answer "):
                return json.loads(line.removeprefix("answer "))
        raise AssertionError(f"the script ended with {self.process.wait()}")

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(timeout=60)
        self.process.stdout.close()
        self.log.close()


@pytest.fixture(scope="module")
def team(tmp_path_factory, ready_site):
    """A server with mel and rita on it."""
    server = ready_site.server(tmp_path_factory.mktemp("sign-off"))
    try:
        server.start("--workers", "1")
        server.manage("shell", "--no-imports", "-c", PEOPLE)
        yield Door(server)
    finally:
        server.close()


@pytest.fixture(scope="module")
def script(team, tmp_path_factory):
    script = Script(team.server, tmp_path_factory.mktemp("script"))
    yield script
    script.close()


@pytest.fixture(scope="module")
def tabs(browser, team):
    """(mel's tab, rita's tab), each in a browser context of its own, with what went wrong in them."""
    mel, rita = team.context(browser, user="mel"), team.context(browser, user="rita")
    found = mel.new_page(), rita.new_page()
    seen = [Observed(tab, team.url) for tab in found]
    yield found
    mel.close()
    rita.close()
    assert not [complaint for one in seen for complaint in one.complaints]


def address_in(refusal: str) -> str:
    assert refusal.startswith("PERMISSION_DENIED"), refusal
    return re.search(r"http://\S+", refusal)[0]


def ask(tab, address: str, why: str) -> None:
    """Open the request that an address names."""
    tab.goto(address)
    tab.get_by_label(re.compile("Why")).fill(why)
    tab.get_by_role("button", name="Request it").click()
    expect(tab.get_by_text("You asked for Production")).to_be_visible()


def decide(tab, verb: str, comment: str) -> None:
    """Approve or reject the request that waits longest, from the inbox."""
    tab.goto("/reviews")
    assert not violations(tab)
    tab.get_by_role("button", name=re.compile(f"^{verb}")).first.click()
    dialog = tab.get_by_role("dialog", name=f"{verb} it?")
    dialog.get_by_label("Comment").fill(comment)
    dialog.get_by_role("button", name=verb).click()


def set_up(mel) -> None:
    """Mel asks for a check before Production, has the incumbent archived, and makes Rita a manager of the model."""
    mel.goto("/models/walk/policies/edit?to=Production")
    mel.get_by_label("Reported from outside").fill("load test")
    mel.get_by_label("What was there is archived in the same moment").check()
    mel.get_by_role("button", name="Save the policy").click()
    expect(mel.get_by_text("load test").first).to_be_visible()
    mel.goto("/models/walk/sharing")
    form = mel.locator("form", has=mel.get_by_role("button", name="Share"))
    form.locator("[name=name]").fill("rita")
    form.locator("[name=level]").select_option(label="Manage")
    form.get_by_role("button", name="Share").click()
    expect(mel.get_by_role("row", name=re.compile("rita")).first).to_contain_text("manage")


def test_a_version_is_walked_from_log_model_to_production_and_back(team, script, tabs):
    mel, rita = tabs
    assert script.do("log", 2) == "1"
    set_up(mel)

    # refused to the script, asked for by Mel, rejected by Rita
    ask(mel, address_in(script.do("move", "1", "Production")), "First of its kind")
    decide(rita, "Reject", "Say how fast it is")
    expect(rita.get_by_text("You rejected it")).to_be_visible()
    mel.goto("/models/walk/versions/1")
    expect(mel.locator("#timeline")).to_contain_text("rejected the request for Production")
    expect(mel.locator("#timeline")).to_contain_text("Say how fast it is")

    # approved, which waits for a check and goes stale meanwhile
    mel.get_by_text("Move to…").click()
    address = mel.get_by_role("link", name=re.compile("Production.*ask")).get_attribute("href")
    ask(mel, address, "20 ms at p95")
    decide(rita, "Approve", "Fine if the load test says so")
    expect(rita.get_by_text("You approved it").first).to_be_visible()
    script.do("metric", "1", "rmse", 0.5)
    script.do("check", "1", "passed")
    assert address_in(script.do("move", "1", "Production"))
    rita.goto("/models/walk/versions/1")
    banner = rita.locator(".banner.request")
    expect(banner).to_contain_text("The metric rmse was absent and is 0.5.")
    expect(banner).to_contain_text("counts no more: what it was given on has changed since")

    # approved as it is now, for which it comes back to her inbox
    wait_until(lambda: rita.goto("/reviews") and rita.locator(".banner.request").count(), within_s=120, every_s=2)
    decide(rita, "Approve", "The new number is fine, too")
    expect(rita.get_by_text("walk version 1 is Production now")).to_be_visible()
    assert script.do("predict", "Production") == 2.0

    # the next one takes its place
    assert script.do("log", 3) == "2"
    ask(mel, address_in(script.do("move", "2", "Production")), "Steeper")
    script.do("check", "2", "passed")
    decide(rita, "Approve", "Go")
    expect(rita.get_by_text("walk version 2 is Production now")).to_be_visible()
    assert (script.do("predict", "Production"), script.do("predict", "Archived")) == (3.0, 2.0)

    # and back
    mel.goto("/models/walk/versions/1")
    mel.get_by_role("link", name=re.compile("Make this Production again")).click()
    expect(mel.get_by_label(re.compile("Why"))).to_have_value("Back to this version: ")
    ask(mel, mel.url, "Back to this version: too steep")
    decide(rita, "Approve", "Back")
    expect(rita.get_by_text("walk version 1 is Production now")).to_be_visible()
    assert script.do("predict", "Production") == 2.0

    every_step_is_in_the_history(team, mel)


# oldest first: the version, who, what, and what was said
STEPS = [
    ("v1", "mel", "asked for Production", "First of its kind"),
    ("v1", "rita", "rejected the request for Production", "Say how fast it is"),
    ("v1", "mel", "asked for Production", "20 ms at p95"),
    ("v1", "rita", "the evidence changed after it", "Fine if the load test says so"),
    ("v1", "system", "found other evidence below the request", "The metric rmse was absent and is 0.5."),
    ("v1", "rita", "approved Production", "The new number is fine, too"),
    ("v1", "rita", "moved it from None to Production", "The new number is fine, too"),
    ("v2", "mel", "asked for Production", "Steeper"),
    ("v2", "rita", "approved Production", "Go"),
    ("v1", "rita", "moved it from Production to Archived", "Version 2 took its place."),
    ("v2", "rita", "moved it from None to Production", "Go"),
    ("v1", "mel", "asked for Production", "Back to this version: too steep"),
    ("v1", "rita", "approved Production", "Back"),
    ("v2", "rita", "moved it from Production to Archived", "Version 1 took its place."),
    ("v1", "rita", "moved it from Archived to Production", "Back"),
]


def every_step_is_in_the_history(team, tab) -> None:
    tab.goto("/models/walk/history")
    assert not violations(tab)
    lines = tab.locator("#steps .timeline > li")
    expect(lines).to_have_count(len(STEPS))
    for line, words in zip(reversed(lines.all()), STEPS, strict=True):
        # two of one moment may stand in either order
        text = " ".join(line.inner_text().split())
        assert all(word in text for word in words[1:3]), (text, words)
    told = " ".join(tab.locator("#steps").inner_text().split())
    assert all(said in told for *_, said in STEPS)
    expect(tab.locator(".standing")).to_contain_text("v1")

    events = team.server.get("/api/v1/models/walk/events")["events"]
    assert [(event["version"], event["from_stage"], event["to_stage"], event["actor"]) for event in events[::-1]] == [
        ("1", "None", "Production", "rita"),
        ("1", "Production", "Archived", "rita"),
        ("2", "None", "Production", "rita"),
        ("2", "Production", "Archived", "rita"),
        ("1", "Archived", "Production", "rita"),
    ]
    activities = team.server.get("/api/v1/models/walk/versions/1/activities")["activities"]
    assert [
        (one["type"], one["user"], one["comment"]) for one in activities if not one["type"].startswith("SYSTEM")
    ] == [
        ("REQUESTED_TRANSITION", "mel", "First of its kind"),
        ("REJECTED_REQUEST", "rita", "Say how fast it is"),
        ("REQUESTED_TRANSITION", "mel", "20 ms at p95"),
        ("APPROVED_REQUEST", "rita", "Fine if the load test says so"),
        ("APPROVED_REQUEST", "rita", "The new number is fine, too"),
        ("APPLIED_TRANSITION", "rita", "The new number is fine, too"),
        ("REQUESTED_TRANSITION", "mel", "Back to this version: too steep"),
        ("APPROVED_REQUEST", "rita", "Back"),
        ("APPLIED_TRANSITION", "rita", "Back"),
    ]
    assert ["changed" in one["system_comment"] for one in activities if one["type"] == "APPROVED_REQUEST"] == [
        True, False, False,
    ]  # fmt: skip
    standing = team.server.get("/api/v1/models/walk/standing")
    assert standing["stages"] == {"1": "Production", "2": "Archived"}
    early = team.server.get(f"/api/v1/models/walk/standing?as_of={events[-2]['at']}")
    assert early["stages"]["1"] == "Archived"
