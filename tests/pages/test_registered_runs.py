"""What pages of runs say of the versions that came of them."""

from tests.factories import make_model, make_version
from tests.pages.registry import logged_run


def test_a_column_of_the_runs_table_names_the_versions_that_one_may_see(mel, model, member, rita):
    run = logged_run(by=member)
    make_version(model, by=member, run=run)
    make_version(make_model("pricing", by=rita, is_private=True), by=rita, run=run)

    table = mel.get("/experiments/0?col=status&col=versions").context["table"]
    exported = b"".join(mel.get("/experiments/0/runs.csv?col=versions")).decode()

    assert [cell.text for row in table.rows for cell in row.cells][1] == "seams v1"
    assert "seams v1" in exported
    assert "pricing" not in exported


def test_the_lineage_of_a_run_leads_on_to_versions_and_stages(mel, model, member):
    version = make_version(model, by=member, run=logged_run(by=member))

    page = mel.get(f"/runs/{version.run_id}/lineage").text

    assert f'href="{version.get_absolute_url()}"' in page
    assert "seams" in page
