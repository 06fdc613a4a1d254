"""The runs table and its charts, and from ticked rows to these runs side by side, with scripts and without."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def chips(tab) -> list[str]:
    return tab.locator(".run-chips li > a").all_text_contents()


def tick(tab, num: int) -> list[str]:
    """Tick the first rows of the runs table; return the names of their runs."""
    rows = tab.locator("table.run-table tbody tr")
    for place in range(num):
        rows.nth(place).locator('input[name="run"]').check()
    return [rows.nth(place).locator(".run-name").inner_text() for place in range(num)]


def test_those_that_are_ticked_are_compared_and_no_others(browser, portal):
    with portal.context(browser) as context:
        tab = context.new_page()
        tab.goto(portal.address("/experiments/{experiment}"))
        names = tick(tab, 3)
        # the dialog gives the focus back to its button, and the keys of the table go on all the same
        tab.get_by_role("link", name="Columns").click()
        expect(tab.get_by_role("dialog", name="Columns")).to_be_visible()
        tab.keyboard.press("Escape")
        for key in "jjjjx":
            tab.keyboard.press(key)
        names.append(tab.locator("table.run-table tbody tr").nth(3).locator(".run-name").inner_text())

        tab.keyboard.press("c")

        tab.wait_for_url("**/compare?runs=**")
        expect(tab.get_by_role("heading", level=1)).to_have_text("4 runs side by side")
        assert len(chips(tab)) == len(names) == 4
        assert [re.sub(r"\s", "", name) for name in chips(tab)] == [re.sub(r"\s", "", name) for name in names]
        expect(tab.locator("nav.rail a", has_text="Compare").locator(".count")).to_have_text("4")

        chart = tab.locator("figure.chart[data-metric='val/loss']")
        chart.scroll_into_view_if_needed()
        expect(chart.locator(".legend button")).to_have_count(4)
        expect(chart.locator("canvas")).to_have_attribute("aria-label", re.compile(r"val/loss: [34] runs"))

        # what is dragged over on an axis leaves the runs out that lie elsewhere, in the tables, too
        plot = tab.locator("#coordinates")
        expect(plot.locator("polyline")).to_have_count(4)
        axis = plot.locator(".of-metric .reach")
        axis.scroll_into_view_if_needed()
        box = axis.bounding_box()
        tab.mouse.move(box["x"] + 16, box["y"] + 2)
        tab.mouse.down()
        tab.mouse.move(box["x"] + 16, box["y"] + 40, steps=3)
        tab.mouse.up()
        left = int(plot.get_by_role("status").inner_text().split()[0])
        assert 1 <= left < 4
        expect(tab.locator("#metrics thead th:visible")).to_have_count(left)
        tab.reload()
        expect(plot.get_by_role("status")).to_contain_text(f"{left} of 4 runs")
        plot.get_by_role("button", name="Show all").click()
        expect(tab.locator("#metrics thead th:visible")).to_have_count(4)
        axis.focus()
        tab.keyboard.press("ArrowUp")
        expect(plot.get_by_role("status")).to_contain_text("of 4 runs")
        tab.keyboard.press("Delete")
        expect(plot.get_by_role("status")).to_be_hidden()

        tab.get_by_role("button", name=f"Take out {chips(tab)[0]}", exact=True).click()

        expect(tab.get_by_role("heading", level=1)).to_have_text("3 runs side by side")


def test_runs_are_compared_without_scripts(browser, portal):
    with portal.context(browser, user="sid", java_script_enabled=False) as context:
        tab = context.new_page()
        tab.goto(portal.address("/experiments/{experiment}"))
        tick(tab, 2)
        tab.get_by_role("button", name="Compare").click()

        expect(tab.get_by_role("heading", level=1)).to_have_text("2 runs side by side")
        tab.get_by_role("link", name="Add runs").click()
        tab.get_by_role("checkbox").first.check()
        tab.get_by_role("button", name="Compare").click()

        expect(tab.get_by_role("heading", level=1)).to_have_text("3 runs side by side")


def test_ticked_runs_are_saved_under_a_name_and_computed_while_one_waits(browser, portal):
    with portal.context(browser) as context:
        tab = context.new_page()
        tab.goto(portal.address("/experiments/{experiment}"))
        tick(tab, 5)
        tab.get_by_role("button", name="Save a comparison…").click()
        tab.get_by_label("Name").fill("five of them")
        tab.get_by_role("button", name="Compare").click()

        tab.wait_for_url(re.compile(r"/comparisons/\d+$"))
        # the worker may be quicker than the page
        shown = tab.get_by_role("link", name="Show it").or_(tab.get_by_role("link", name="Repeated runs"))
        expect(shown.first).to_be_visible()
        tab.goto(tab.url + "?show=groups")

        expect(tab.get_by_role("heading", level=1)).to_have_text("five of them")
        expect(tab.get_by_text("Only 5 runs")).to_be_visible()
        tab.get_by_role("link", name="Side by side").click()
        expect(tab.get_by_role("heading", level=1)).to_have_text("5 runs side by side")


def test_a_column_is_changed_at_its_heading(browser, portal):
    with portal.context(browser, user="mel") as context:
        tab = context.new_page()
        tab.goto(portal.address("/experiments/{experiment}"))
        heads = tab.locator("th[data-column]")
        accuracy = tab.locator("th[data-column$='val/accuracy']")

        def choose(item):
            accuracy.hover()
            accuracy.get_by_role("button", name="Column val/accuracy").click()
            tab.get_by_role("button", name=item, exact=True).click()

        choose("best")
        expect(accuracy).to_contain_text("best ↑")
        choose("Move to the front")
        expect(heads.first).to_have_attribute("data-column", "best:val/accuracy")
        choose("Shade by value")
        expect(tab.locator("td.shade-5").first).to_be_visible()
        # runs are grouped by a param, and one group is unfolded and selected
        tab.get_by_label("Group by a parameter or a tag").click()
        tab.get_by_role("option").first.click()
        tab.get_by_label("Group by a parameter or a tag").press("Enter")
        first = tab.locator("tr.group-row").first
        expect(first).to_contain_text("±")
        tab.locator("body").press("j")
        tab.locator("body").press("Enter")
        expect(tab.locator("tr.child .run-name").first).to_be_visible()
        assert "open=" in tab.url
        first.get_by_role("checkbox").check()
        expect(tab.locator("#num-selected")).to_contain_text("selected")
        expect(tab.locator("tr.child input[name=run]").first).to_be_checked()
        first.get_by_role("link", name="Runs of").click()
        expect(tab.locator("tr.child .run-name").first).to_be_hidden()
        first.get_by_role("checkbox").uncheck()
        tab.get_by_title("Group no longer").click()
        expect(tab.locator("tr.group-row")).to_have_count(0)
        # another column is dropped before it
        tab.locator("th[data-column='user']").drag_to(accuracy, target_position={"x": 4, "y": 10})
        expect(heads.first).to_have_attribute("data-column", "user")
        expect(tab.locator("td.shade-5").first).to_be_visible()
        # the team gets a tab for it
        tab.get_by_role("button", name="Save as a view…").click()
        tab.get_by_label("Name", exact=True).fill("by accuracy")
        tab.get_by_role("button", name="Save", exact=True).click()
        views = tab.get_by_role("navigation", name="Saved views")
        expect(views.locator("[aria-current]")).to_have_text("by accuracy")
        # the next visit finds the columns as they were left
        tab.goto(portal.address("/experiments/{experiment}"))
        expect(heads.first).to_have_attribute("data-column", "user")
        choose("Hide")
        expect(accuracy).to_have_count(0)


def test_a_tooltip_tells_only_of_lines_that_are_there(browser, portal):
    """The run that is under way has twelve points, the others thirty."""
    with portal.context(browser) as context:
        tab = context.new_page()
        tab.goto(portal.address("/experiments/{experiment}/charts"))
        chart = tab.locator("figure[data-metric='val/accuracy']")
        live = tab.locator(".run-lines li").first.inner_text()
        expect(chart.locator("canvas")).to_have_attribute("aria-label", re.compile("10 runs"))

        tooltip = tab.locator(".chart-tooltip")

        chart.locator("canvas").hover(position={"x": 100, "y": 80})
        expect(tooltip).to_contain_text(live)
        chart.locator("canvas").hover(position={"x": 300, "y": 80})
        expect(tooltip).to_contain_text("step 2")
        expect(tooltip).not_to_contain_text(live)

        # a run is taken out of every chart, and whoever gets the address sees the same
        tab.get_by_role("button", name=f"Draw {live}").click()
        expect(chart.locator("canvas")).to_have_attribute("aria-label", re.compile("9 runs"))
        tab.goto(tab.url)
        expect(chart.locator("canvas")).to_have_attribute("aria-label", re.compile("9 runs"))
        expect(tab.get_by_role("button", name=f"Draw {live}")).to_have_attribute("aria-pressed", "false")
