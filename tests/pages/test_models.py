import pytest

from accounts.access import Level
from registry.actions import model_versions, registered_models, requests, transitions
from registry.models import RegisteredModel
from tests.factories import grant_model, make_model, make_user
from tests.pages.registry import PRODUCTION, logged_version


@pytest.fixture
def rita(db):
    return make_user("rita")


@pytest.fixture
def model(member, rita):
    made = make_model("seams", by=member, description="# Tells **good** seams\nfrom bad ones")
    grant_model(made, rita, Level.MANAGE)
    return made


@pytest.fixture
def mel(client, member):
    client.force_login(member)
    return client


def serve(version, *, by):
    """Bring a version to Production, as a request that `by` approves."""
    asked = requests.open(version, *PRODUCTION, archives_incumbent=True, by=version.created_by)
    return requests.approve(asked, by=by)


def test_nobody_registered_anything_yet(mel, settings):
    page = mel.get("/models").text

    assert 'registered_model_name="weld-seams"' in page
    assert settings.ASSAY_URL in page


def test_a_row_shows_what_serves_and_what_waits(mel, member, rita, model):
    serve(logged_version(model, by=member, f1=0.91), by=rita)
    requests.open(logged_version(model, by=member), *PRODUCTION, by=member)

    page = mel.get("/models").text

    assert "Tells good seams" in page
    assert "/models/seams/versions/1" in page
    assert "0.91" in page
    assert "1 in review" in page
    assert ">v2<" in page


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("q=SEA", True),
        ("q=team=vision", True),
        ("q=pores", False),
        ("only=mine", True),
        ("only=starred", False),
        ("only=review", False),
        ("only=private", False),
    ],
)
def test_models_are_found_by_name_tag_and_facet(mel, member, model, query, is_found):
    registered_models.set_tag(model, "team", "vision", by=member)

    assert ("/models/seams" in mel.get(f"/models?{query}").text) == is_found


def test_a_private_model_is_nobodys_business(mel, rita):
    make_model("pricing", by=rita, is_private=True)

    assert "pricing" not in mel.get("/models").text
    assert mel.get("/models/pricing").status_code == 404


def test_prompts_are_no_models(mel, member):
    make_model("greeting", by=member, tags=[("mlflow.prompt.is_prompt", "true")])

    assert "greeting" not in mel.get("/models").text


def test_the_list_is_paged(mel, member, monkeypatch):
    monkeypatch.setattr("pages.models.SIZE", 2)
    for number in range(3):
        make_model(f"net-{number}", by=member)

    first = mel.get("/models?sort=name")
    second = mel.get(f"/models?{first.context['next_query']}")

    assert [row["model"].name for row in first.context["rows"]] == ["net-0", "net-1"]
    assert [row["model"].name for row in second.context["rows"]] == ["net-2"]
    assert mel.get("/models?after=nonsense").status_code == 400


def test_the_list_takes_as_many_queries_for_many_models_as_for_one(mel, member, rita, django_assert_num_queries):
    for number in range(4):
        model = make_model(f"net-{number}", by=member)
        grant_model(model, rita, Level.MANAGE)
        serve(logged_version(model, by=member), by=rita)
        logged_version(model, by=member)
    for num in (1, 4):
        RegisteredModel.objects.filter(name__gte=f"net-{num}").update(is_private=num == 1)
        # session, user, stars; models; tops and entries of stages; latest, pending; last versions; runs, metrics; what waits, notices
        with django_assert_num_queries(16):
            assert len(mel.get("/models?q=net").context["rows"]) == 4


def test_a_model_is_made(mel, member):
    answer = mel.post("/new-model", {"name": "pores", "description": "Outlines them.", "is_private": "on"})

    assert answer.url == "/models/pores"
    made = RegisteredModel.objects.get(name="pores")
    assert (made.description, made.is_private, made.created_by) == ("Outlines them.", True, member)


@pytest.mark.parametrize("name", ["seams", "a/b", "..", ""])
def test_a_name_that_will_not_do_is_refused_in_the_form(mel, model, name):
    answer = mel.post("/new-model", {"name": name})

    assert answer.status_code == 400
    assert "errorlist" in answer.text


def test_a_model_may_be_called_anything(mel, member):
    for name in ("new", "versions", "a b%?#&", "<b>"):
        made = make_model(name, by=member)
        page = mel.get(made.get_absolute_url())
        assert page.status_code == 200
        assert "<b></" not in page.text


def test_its_page_shows_the_pipeline_and_the_versions(mel, member, rita, model):
    first, second = (logged_version(model, by=member) for _ in range(2))
    serve(first, by=rita)
    serve(second, by=rita)
    transitions.move(second, "alias", "champion", by=member)
    asked = logged_version(model, by=member)
    requests.open(asked, *PRODUCTION, by=member)

    page = mel.get("/models/seams")

    boxes = {box.stage: box for box in page.context["strip"]}
    assert {stage: box.occupant and box.occupant.version.version for stage, box in boxes.items()} == {
        "None": 3,
        "Staging": None,
        "Production": 2,
        "Archived": 1,
    }
    assert boxes["Production"].occupant.by == "rita"
    assert boxes["Production"].is_protected
    assert [row.version.version for row in page.context["rows"]] == [3, 2, 1]
    assert "@champion" in page.text
    assert "Asked for on" in page.text
    assert "Version 2 took its place." in page.text


def test_a_page_of_thirty_versions_takes_no_more_queries(mel, member, model, django_assert_max_num_queries):
    logged_version(model, by=member)
    with django_assert_max_num_queries(31):
        mel.get("/models/seams")
    for _ in range(6):
        logged_version(model, by=member)

    with django_assert_max_num_queries(31):
        assert len(mel.get("/models/seams").context["rows"]) == 7


def test_description_and_tags_are_edited(mel, model):
    mel.post("/models/seams/describe", {"description": "one\r\ntwo"})
    mel.post("/models/seams/tag", {"key": "team", "value": "vision"})
    model.refresh_from_db()
    assert model.description == "one\ntwo"
    assert dict(model.tags.values_list("key", "value")) == {"team": "vision"}

    mel.post("/models/seams/untag", {"key": "team"})
    assert not model.tags.exists()
    assert mel.post("/models/seams/tag", {"key": "mlflow.x"}).status_code == 400


def test_a_model_is_renamed_and_deleted(mel, model):
    assert mel.post("/models/seams/rename", {"name": "welds"}).url == "/models/welds/settings"
    assert mel.post("/models/welds/rename", {"name": "a/b"}).status_code == 400

    assert "has no version" in mel.get("/models/welds/delete").text
    assert mel.post("/models/welds/delete").url == "/models"
    assert mel.get("/models/welds").status_code == 410


def test_what_serves_keeps_its_model(mel, member, rita, model):
    serve(logged_version(model, by=member), by=rita)

    assert "cannot go while" in mel.get("/models/seams/delete").text
    assert mel.post("/models/seams/delete").status_code == 400
    assert mel.post("/models/seams/rename", {"name": "welds"}).status_code == 400


def test_who_only_views_is_offered_nothing(client, model):
    model.is_private = True
    model.save()
    vic = make_user("vic")
    grant_model(model, vic, Level.VIEW)
    client.force_login(vic)

    page = client.get("/models/seams").text

    assert "Edit the description" not in page
    assert "Key of the tag" not in page
    assert "Delete this model" not in client.get("/models/seams/settings").text
    assert "Set a policy" not in client.get("/models/seams/policies").text


def test_it_is_shared_from_its_page(mel, model):
    make_user("vic")

    mel.post("/models/seams/sharing/grant", {"kind": "user", "name": "vic", "level": Level.VIEW})
    assert model.grants.get(user__username="vic").level == Level.VIEW
    refused = mel.post("/models/seams/sharing/grant", {"kind": "user", "name": "vic", "level": Level.LOG})
    assert refused.status_code == 400

    mel.post(f"/models/seams/sharing/{model.grants.get(user__username='vic').pk}/revoke")
    assert not model.grants.filter(user__username="vic").exists()
    mel.post("/models/seams/sharing/visibility", {"is_private": "1"})
    model.refresh_from_db()
    assert model.is_private


def test_how_it_stood_on_a_day_and_what_changed_since(mel, member, rita, model):
    serve(logged_version(model, by=member), by=rita)
    model_versions.delete(logged_version(model, by=member), by=member)

    page = mel.get("/models/seams/history?against=2020-01-01")

    assert page.context["changed"] == ["v1 was registered and is Production"]
    assert mel.get("/models/seams/history?at=2020-01-01").context["now"].standing.stages == {}
    assert mel.get("/models/seams/history?at=yesterday").status_code == 400


def test_what_is_said_of_a_model_can_be_changed_by_who_said_it(mel, client, model, rita):
    mel.post("/models/seams/comment", {"text": "ask @rita <img src=x>"})
    page = mel.get("/models/seams")
    comment = page.context["timeline"].entries[0].comment
    assert '<b class="mention">@rita</b>' in page.text
    assert "<img src=x>" not in page.text

    mel.post(f"/comments/{comment.pk}/edit", {"text": "never mind"})
    comment.refresh_from_db()
    assert comment.text == "never mind"

    client.force_login(rita)
    assert client.post(f"/comments/{comment.pk}/delete").status_code == 403
    client.force_login(comment.author)
    client.post(f"/comments/{comment.pk}/delete")
    assert "never mind" not in client.get("/models/seams").text
