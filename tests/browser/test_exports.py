"""A bundle from the page of an experiment to the page of an import, made and taken over by real workers."""

import zipfile

import pytest
from playwright.sync_api import expect

from tests.browser.test_pages_look import Observed

pytestmark = pytest.mark.browser


def test_a_bundle_is_made_fetched_and_imported(browser, portal, tmp_path):
    with portal.context(browser) as context:
        tab = context.new_page()
        seen = Observed(tab, portal.url)
        tab.goto(portal.address("/experiments/{experiment}"))
        tab.get_by_label("More about this table").click()
        tab.get_by_role("button", name="Bundle for another Assay").click()

        # the page turns by itself when the worker is done
        link = tab.get_by_role("link", name="Download")
        expect(link).to_be_visible(timeout=60_000)
        with tab.expect_download() as download:
            link.click()
        download.value.save_as(tmp_path / "bundle.zip")
        assert zipfile.ZipFile(tmp_path / "bundle.zip").testzip() is None

        tab.goto(portal.address("/imports/bundle"))
        tab.get_by_label("Bundle", exact=True).set_input_files(tmp_path / "bundle.zip")
        tab.get_by_role("button", name="Import").click()
        # of this very site, whose runs no bundle may change
        expect(tab.get_by_text("It is here from elsewhere, and stays as it is.").first).to_be_visible(timeout=60_000)
        assert not seen.complaints


def test_a_table_is_a_download(browser, portal, tmp_path):
    with portal.context(browser) as context:
        tab = context.new_page()
        tab.goto(portal.address("/experiments/{experiment}"))
        for name, form in (("CSV", "csv"), ("Parquet", "parquet"), ("JSON lines", "jsonl")):
            tab.get_by_label("More about this table").click()
            with tab.expect_download() as download:
                tab.get_by_role("link", name=name, exact=True).click()
            assert download.value.suggested_filename.endswith(f"runs.{form}")
            tab.reload()


def test_the_page_of_background_work_sees_worker_and_beat(browser, portal):
    with portal.context(browser) as context:
        tab = context.new_page()
        tab.goto(portal.address("/background"))

        expect(tab.get_by_text("last tick")).to_be_visible(timeout=60_000)
        expect(tab.get_by_text("answers, ")).to_be_visible()
        expect(tab.get_by_text("No worker was seen lately")).not_to_be_visible()
        tab.get_by_role("button", name="Cancel webhook.deliver").click()
        expect(tab.get_by_text("The job is cancelled")).to_be_visible()
