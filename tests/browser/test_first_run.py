"""From the line that `serve` prints to a first run that arrives on the page: what somebody new does, in a browser."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.test_pages_look import Observed, violations
from tests.servers import Server

pytestmark = pytest.mark.browser


@pytest.fixture
def fresh(tmp_path):
    """A server that nobody has set up."""
    server = Server(tmp_path)
    try:
        yield server.start("--workers", "1")
    finally:
        server.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_somebody_new_gets_from_the_link_to_a_first_run(browser, fresh, theme):
    link = re.search(r"http://\S+/setup/\S+", fresh.output)[0]
    with browser.new_context(base_url=fresh.url, color_scheme=theme) as context:
        tab = context.new_page()
        seen = Observed(tab, fresh.url)

        tab.goto("/")
        expect(tab.get_by_text("This Assay has no administrator yet")).to_be_visible()
        assert not violations(tab)
        tab.goto(link)
        assert not violations(tab)
        tab.get_by_label("User name").fill("ada")
        tab.get_by_label("E-mail").fill("ada@example.org")
        tab.get_by_label("Password", exact=True).fill("of what is it made")
        tab.get_by_label("Password again").fill("of what is it made")
        tab.get_by_role("button", name="Make the administrator").click()

        tab.get_by_role("button", name="Make a token").click()
        lines = dict(re.findall(r"export (\w+)=(\S+)", tab.locator("#new-token").text_content()))
        assert lines["MLFLOW_TRACKING_URI"] == fresh.url
        assert not violations(tab)
        tab.get_by_role("link", name="go on to step 3").click()

        expect(tab.get_by_text("Waiting for your first run")).to_be_visible()
        fresh.token = lines["MLFLOW_TRACKING_TOKEN"]
        run = fresh.post("runs/create", experiment_id="0", run_name="lucid-marten-1", start_time=1)["run"]

        tab.get_by_role("link", name="Open lucid-marten-1").click()
        expect(tab.get_by_role("heading", level=1)).to_have_text("lucid-marten-1")
        assert tab.url.endswith(run["info"]["run_id"])
        assert not seen.complaints


def test_home_follows_runs_that_begin_and_end(browser, portal):
    server = portal.server
    with portal.context(browser) as context:
        tab = context.new_page()
        tab.goto("/")

        run = server.post("runs/create", experiment_id="0", run_name="just-begun", start_time=2_000_000_000_000)["run"]
        row = tab.get_by_role("row", name=re.compile("just-begun"))
        expect(row).to_contain_text("Running", timeout=15_000)
        for step in range(5):
            server.post(
                "runs/log-metric",
                run_id=run["info"]["run_id"],
                key="loss",
                value=1 / (step + 1),
                timestamp=step,
                step=step,
            )
        expect(row.locator("svg polyline")).to_have_count(1, timeout=15_000)
        server.post("runs/update", run_id=run["info"]["run_id"], status="FINISHED", end_time=2_000_000_060_000)

        expect(row).to_contain_text("Finished", timeout=15_000)
