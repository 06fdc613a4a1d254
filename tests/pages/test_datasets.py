"""The page of a dataset: what came of it, as far as its reader may see."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from registry.actions import transitions
from tests.factories import make_experiment, make_logged_model, make_model, make_run, make_version
from tests.pages.registry import as_
from tracker.models import Dataset, DatasetInput


def used_by(run, dataset):
    DatasetInput.objects.create(run=run, dataset=dataset)
    return run


def test_all_that_came_of_it_is_drawn(mel, member):
    experiment = make_experiment("seams", by=member)
    data = Dataset.objects.create(
        experiment=experiment, name="seams.csv", digest="abc", source_type="local", source="<b>x"
    )
    run = used_by(make_run(experiment, by=member, name="training"), data)
    logged = make_logged_model(experiment, by=member, name="forest", source_run=run)
    model = make_model("defect-net", by=member)
    version = make_version(model, by=member, run=run)
    transitions.move(version, "stage", "Staging", by=member)

    page = mel.get(data.get_absolute_url())

    assert page.status_code == 200
    for address in (run.get_absolute_url(), logged.get_absolute_url(), version.get_absolute_url()):
        assert f'href="{address}"' in page.text
    assert "Staging" in page.text
    assert "<b>x" not in page.text
    assert f'href="{data.get_absolute_url()}"' in mel.get(f"/runs/{run.run_id}").text


def test_what_is_hidden_does_not_count(client, mel, member, rita):
    experiment = make_experiment("seams", by=member)
    data = Dataset.objects.create(experiment=experiment, name="seams.csv", digest="abc")
    run = used_by(make_run(experiment, by=member), data)
    make_version(make_model("secret-net", by=member, is_private=True), by=member, run=run)

    assert "secret-net" in mel.get(data.get_absolute_url()).text
    assert "secret-net" not in as_(client, rita).get(data.get_absolute_url()).text


def test_one_of_another_experiment_is_not_there(mel, member):
    data = Dataset.objects.create(experiment=make_experiment("a", by=member), name="x", digest="y")
    other = make_experiment("b", by=member)

    assert mel.get(f"/experiments/{other.pk}/datasets/{data.pk}").status_code == 404


def test_it_takes_as_many_statements_for_many_as_for_few(mel, member):
    experiment = make_experiment("seams", by=member)
    data = Dataset.objects.create(experiment=experiment, name="seams.csv", digest="abc")
    model = make_model("defect-net", by=member)
    counts = []
    for _ in range(2):
        for _ in range(4):
            make_version(model, by=member, run=used_by(make_run(experiment, by=member), data))
        mel.get(data.get_absolute_url())
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert mel.get(data.get_absolute_url()).status_code == 200
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 25
