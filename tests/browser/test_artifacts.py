"""Files of a run in a browser: unfolding and looking with a mouse, with keys, without scripts, while they arrive."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.test_pages_look import Observed

pytestmark = pytest.mark.browser


@pytest.fixture
def tab(browser, portal):
    with portal.context(browser) as context:
        yield context.new_page()


def line(tab, name):
    return tab.locator("#artifact-tree a.line", has_text=name)


def test_folders_unfold_and_files_show_without_leaving_the_page(tab, portal):
    seen = Observed(tab, portal.url)
    tab.goto(portal.address("/runs/{run}/artifacts"))
    tab.evaluate("window.stayed = true")

    line(tab, "plots").click()
    line(tab, "roc.png").click()

    expect(tab.locator("#artifact-viewer h2")).to_have_text("roc.png")
    picture = tab.get_by_role("img", name="roc.png")
    expect(picture).to_be_visible()
    assert picture.evaluate("(image) => image.complete && image.naturalWidth") == 480
    assert tab.url.endswith("/artifacts?path=plots%2Froc.png")
    expect(line(tab, "roc.png")).to_have_attribute("aria-current", "true")
    line(tab, "train.log").wait_for(state="detached")
    line(tab, "logs").click()
    line(tab, "train.log").click()
    expect(tab.locator("#L240")).to_contain_text("epoch=239")
    assert tab.evaluate("window.stayed")
    assert not seen.complaints

    tab.go_back()
    expect(tab.locator("#artifact-viewer h2")).to_have_text("logs")
    tab.reload()
    expect(tab.locator("#artifact-viewer h2")).to_have_text("logs")


def test_arrows_walk_through_the_tree(tab, portal):
    tab.goto(portal.address("/runs/{run}/artifacts"))
    line(tab, "plots").focus()

    tab.keyboard.press("ArrowRight")
    expect(line(tab, "roc.png")).to_be_visible()
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("ArrowDown")
    expect(line(tab, "curve.svg")).to_be_focused()
    tab.keyboard.press("Enter")
    expect(tab.locator("#artifact-viewer h2")).to_have_text("curve.svg")
    tab.keyboard.press("ArrowLeft")
    expect(line(tab, "plots")).to_be_focused()
    tab.keyboard.press("ArrowLeft")

    expect(line(tab, "curve.svg")).to_be_hidden()


def test_an_image_shows_at_its_original_size_when_it_is_clicked(tab, portal):
    tab.set_viewport_size({"width": 390, "height": 844})
    tab.goto(portal.address("/runs/{run}/artifacts?path=plots/roc.png"))
    picture = tab.get_by_role("img", name="roc.png")
    assert picture.bounding_box()["width"] < 400

    picture.click()

    assert picture.bounding_box()["width"] == 480


def test_a_line_of_a_text_has_an_address(tab, portal):
    tab.goto(portal.address("/runs/{run}/artifacts?path=logs/train.log#L120"))

    expect(tab.locator("#L120")).to_be_in_viewport()
    assert tab.evaluate("document.querySelector('.lines :target').id") == "L120"


def test_html_draws_in_its_box(tab, portal):
    tab.goto(portal.address("/runs/{run}/artifacts?path=report.html"))

    expect(tab.frame_locator("iframe").locator("#said")).to_have_text("drawn by the script of the file")


def test_a_pdf_is_drawn_and_a_broken_one_called_so(tab, portal):
    tab.goto(portal.address("/runs/{run}/artifacts?path=report.pdf"))
    canvas = tab.get_by_role("img", name="Page 1 of 1")
    is_inked = """(canvas) => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
        .data.some((value, at) => at % 4 < 3 && value < 100 && value > 0) || null"""
    expect(canvas).to_be_visible()
    tab.wait_for_function(f"() => ({is_inked})(document.querySelector('.pdf canvas'))")

    line(tab, "broken").click()
    line(tab, "cut.pdf").click()

    expect(tab.locator("#artifact-viewer")).to_contain_text("not a PDF that can be read")


def test_it_all_works_without_scripts(browser, portal):
    with portal.context(browser, java_script_enabled=False) as context:
        tab = context.new_page()
        tab.goto(portal.address("/runs/{run}/artifacts"))
        line(tab, "seam-classifier").click()
        line(tab, "MLmodel").click()
        expect(tab.locator("#artifact-viewer")).to_contain_text("mlflow.sklearn")

        line(tab, "tables").click()
        tab.locator(".files").get_by_role("link", name="predictions.csv").click()

        expect(tab.locator("#artifact-viewer")).to_contain_text("The first 100 of 400 rows")
        with tab.expect_download() as download:
            tab.get_by_role("link", name="Download").click()
        assert download.value.suggested_filename == "predictions.csv"


def test_files_of_a_live_run_arrive_by_themselves(tab, portal):
    server = portal.server
    run_id = server.post("runs/create", experiment_id="0", run_name="with-files", start_time=1)["run"]["info"]["run_id"]
    tab.goto(f"/runs/{run_id}/artifacts")
    expect(tab.get_by_text("No files yet")).to_be_visible()

    put(server, run_id, "plots/first.txt", b"one")
    expect(line(tab, "plots")).to_be_visible(timeout=15_000)
    line(tab, "plots").click()
    line(tab, "first.txt").click()
    put(server, run_id, "plots/second.txt", b"two")

    expect(line(tab, "second.txt")).to_be_visible(timeout=15_000)
    expect(tab.locator("#artifact-viewer h2")).to_have_text("first.txt")
    expect(line(tab, re.compile("first"))).to_have_attribute("aria-current", "true")


def put(server, run_id, path, content):
    address = f"/api/2.0/mlflow-artifacts/artifacts/0/{run_id}/artifacts/{path}"
    assert server.request("PUT", address, content=content)[0] == 200


def test_the_last_choice_stays_when_an_older_answer_comes_late(tab, portal):
    held = []
    tab.goto(portal.address("/runs/{run}/artifacts"))
    tab.route(re.compile("part=viewer"), lambda route: held.append(route), times=1)
    line(tab, "plots").click()
    line(tab, "roc.png").click()
    while not held:
        tab.wait_for_timeout(20)

    held[0].continue_()

    expect(tab.locator("#artifact-viewer h2")).to_have_text("roc.png")
    expect(line(tab, "roc.png")).to_have_attribute("aria-current", "true")
