"""What became of models and versions that are gone: where old links lead, who may read it, and that others learn nothing."""

import pytest

from accounts.access import Level
from registry.actions import model_versions, registered_models, requests, transitions
from tests.factories import grant_model, make_experiment, make_model, make_run, make_user, make_version
from tests.pages.registry import as_, logged_version, serve


@pytest.fixture
def secret(member, rita):
    """A private model that rita may see, with one version that was in Production and one that nobody moved."""
    made = make_model("secret", by=member, is_private=True, description="what it was for")
    grant_model(made, rita, Level.MANAGE)
    serve(logged_version(made, by=member), by=rita)
    logged_version(made, by=member)
    return made


@pytest.fixture
def deleted(secret, member):
    transitions.move(secret.versions.get(version=1), "stage", "Archived", by=member)
    registered_models.delete(secret, by=member)
    secret.refresh_from_db()
    return secret


def test_the_address_of_a_deleted_version_says_what_became_of_it(mel, model, version, member, rita):
    asked = requests.open(version, "stage", "Staging", comment="please", by=member)
    requests.reject(asked, comment="not yet", by=rita)
    model_versions.delete(version, by=member)

    page = mel.get("/models/seams/versions/1")

    assert page.status_code == 410
    assert "<b>mel</b> deleted it" in page.text
    assert f'href="/runs/{version.run_id}"' in page.text
    assert f'href="/reviews?tab=done&amp;open={asked.pk}"' in page.text
    assert "not yet" in page.text
    assert mel.get("/models/seams/versions/1/files").status_code == 410
    assert mel.get("/models/seams/versions/9").status_code == 404


def test_history_leads_to_it(mel, version, member):
    model_versions.delete(version, by=member)

    page = mel.get("/models/seams/history")

    assert 'href="/models/seams/versions/1"' in page.text


def test_a_request_of_a_deleted_version_stays_readable(mel, version, member, rita):
    asked = requests.open(version, "stage", "Staging", comment="for the night shift", by=member)
    model_versions.delete(version, by=member)

    page = mel.get(f"/reviews?tab=done&open={asked.pk}")

    assert "for the night shift" in page.text
    assert "The version was deleted." in page.text
    assert "What became of it" in page.text
    assert mel.post(f"/reviews/{asked.pk}/approve").status_code == 404


def test_the_name_of_a_deleted_model_leads_to_its_history(mel, deleted):
    page = mel.get("/models/secret")

    assert page.status_code == 410
    assert f'href="/deleted-models/{deleted.pk}"' in page.text
    assert mel.get("/models/secret/versions/1").status_code == 410


def test_the_history_of_a_deleted_model_stays_readable(mel, deleted):
    page = mel.get(f"/deleted-models/{deleted.pk}")

    assert page.status_code == 200
    assert "deleted by <b>mel</b>" in page.text
    assert "what it was for" in page.text
    assert [(past.version.version, past.end.from_stage) for past in page.context["versions"]] == [
        (2, "None"),
        (1, "Archived"),
    ]
    assert "asked for Production" in page.text
    assert "approved Production" in page.text


def test_a_model_that_is_there_has_no_page_of_the_deleted(mel, model):
    assert mel.get(f"/deleted-models/{model.pk}").url == "/models/seams"


def test_who_could_not_see_a_model_learns_nothing_of_its_end(client, deleted, member):
    stranger = as_(client, make_user("vic"))

    said = [stranger.get(url) for url in ("/models/secret", "/models/never", "/models/secret/versions/1")]

    assert [page.status_code for page in said] == [404, 404, 404]
    assert said[0].context["message"].replace("secret", "never") == said[1].context["message"]
    assert said[0].context["advice"] == said[1].context["advice"]
    assert stranger.get(f"/deleted-models/{deleted.pk}").status_code == 404


def test_a_grant_that_ends_takes_the_history_along(client, deleted, rita):
    assert as_(client, rita).get(f"/deleted-models/{deleted.pk}").status_code == 200

    deleted.grants.filter(user=rita).delete()

    assert client.get(f"/deleted-models/{deleted.pk}").status_code == 404


def test_site_admins_read_it(client, deleted, admin):
    assert as_(client, admin).get(f"/deleted-models/{deleted.pk}").status_code == 200


def test_a_new_model_of_the_name_hides_neither_itself_nor_the_old(client, mel, deleted, member):
    new = make_model("secret", by=make_user("nora"), is_private=True)
    make_version(new, by=new.created_by)

    assert mel.get("/models/secret").status_code == 410
    grant_model(new, member, Level.VIEW)
    assert mel.get("/models/secret").status_code == 200
    history = mel.get("/models/secret/history")
    assert f'href="/deleted-models/{deleted.pk}"' in history.text
    missing = mel.get("/models/secret/versions/2")
    assert missing.status_code == 410
    assert "never had a version 2" in missing.text
    as_(client, new.created_by)
    assert "deleted-models" not in client.get("/models/secret/history").text


def test_links_of_the_old_history_stay_with_the_old_model(mel, deleted, member):
    make_version(make_model("secret", by=member), by=member)

    page = mel.get(f"/deleted-models/{deleted.pk}")

    assert f'href="/deleted-models/{deleted.pk}#v1"' in page.text
    assert 'href="/models/secret/versions/1"' not in page.text


def test_a_run_that_the_reader_may_not_see_is_not_named(client, model, member):
    run = make_run(make_experiment("own", by=member, is_private=True), by=member, name="hush-run")
    version = make_version(model, by=member, run=run)
    model_versions.delete(version, by=member)

    page = as_(client, make_user("vic")).get("/models/seams/versions/1")

    assert page.status_code == 410
    assert "hush-run" not in page.text
    assert run.run_id not in page.text


def test_the_page_takes_as_many_statements_for_many_versions(mel, member, rita, django_assert_max_num_queries, deleted):
    many = make_model("many", by=member)
    for _ in range(12):
        transitions.move(make_version(many, by=member), "stage", "Staging", by=member)
    registered_models.delete(many, by=member)

    with django_assert_max_num_queries(28):
        mel.get(f"/deleted-models/{many.pk}")
