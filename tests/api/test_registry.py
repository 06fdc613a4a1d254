"""The registry's calls: shapes, codes and counts of statements; what they do is tested with the actions."""

import pytest

from accounts.access import Level, Scope
from tests.factories import grant_model, make_experiment, make_model, make_policy, make_run, make_user, make_version
from tracker.models import Experiment

PROMPT = [("mlflow.prompt.is_prompt", "true")]
CLAUSE = "tag.`mlflow.prompt.is_prompt` != 'true'"


@pytest.fixture
def model(admin):
    return make_model("seams", by=admin, description="of steel", tags=[("team", "ndt")])


@pytest.fixture
def version(model, admin):
    return make_version(model, by=admin, tags=[("k", "v")])


def error_of(answer):
    return answer.status_code, answer.json()["error_code"]


def test_a_model_has_this_shape(api, model, version):
    api.post("registered-models/alias", name="seams", alias="champion", version="1")

    found = api.get("registered-models/get", name="seams").json()["registered_model"]

    latest = found.pop("latest_versions")
    assert found == {
        "name": "seams",
        "creation_timestamp": model.creation_time_ms,
        "last_updated_timestamp": found["last_updated_timestamp"],
        "user_id": "ada",
        "description": "of steel",
        "tags": [{"key": "team", "value": "ndt"}],
        "aliases": [{"alias": "champion", "version": "1"}],
    }
    assert [(row["version"], row["aliases"]) for row in latest] == [("1", [])]


def test_a_version_has_this_shape(api, version):
    api.post("registered-models/alias", name="seams", alias="champion", version="1")

    found = api.get("model-versions/get", name="seams", version="1").json()["model_version"]

    assert found == {
        "name": "seams",
        "version": "1",
        "creation_timestamp": version.creation_time_ms,
        "last_updated_timestamp": found["last_updated_timestamp"],
        "user_id": "ada",
        "current_stage": "None",
        "description": "",
        "source": version.source,
        "run_id": version.run_id,
        "status": "READY",
        "status_message": "",
        "tags": [{"key": "k", "value": "v"}],
        "run_link": "",
        "aliases": ["champion"],
    }


def test_a_version_registered_from_a_logged_model_keeps_its_source_and_gives_the_place(api, admin):
    from tests.factories import make_logged_model

    logged = make_logged_model(Experiment.objects.get(pk=0), source_run=make_run(by=admin), by=admin)
    make_model("m", by=admin)

    made = api.post("model-versions/create", name="m", source=f"models:/{logged.model_id}", model_id=logged.model_id)

    assert made.json()["model_version"]["source"] == f"models:/{logged.model_id}"
    assert made.json()["model_version"]["run_id"] == logged.source_run.run_id
    uri = api.get("model-versions/get-download-uri", name="m", version="1").json()
    assert uri == {"artifact_uri": logged.artifact_uri}


BAD = [
    ("POST", "registered-models/create", {"name": " "}, 400),
    ("POST", "registered-models/create", {"name": "a/b"}, 400),
    ("POST", "registered-models/create", {"name": "a:b"}, 400),
    ("POST", "registered-models/create", {"name": ".."}, 400),
    ("POST", "registered-models/create", {"name": "a" * 257}, 400),
    ("POST", "registered-models/create", {"name": 3}, 400),
    ("POST", "registered-models/create", {"name": "a\nb"}, 400),
    ("POST", "registered-models/create", {"name": "t", "tags": [{"key": "a" * 251, "value": "b"}]}, 400),
    ("POST", "registered-models/create", {"name": "t", "tags": [{"key": "a", "value": "b" * 100_001}]}, 400),
    ("GET", "registered-models/get", {"name": "none"}, 404),
    ("GET", "registered-models/get", {}, 400),
    ("GET", "registered-models/search", {"max_results": 1001}, 400),
    ("GET", "registered-models/search", {"filter": "attributes.name = 'a'"}, 400),
    ("GET", "registered-models/search", {"filter": "last_updated_timestamp > 1"}, 400),
    ("GET", "registered-models/search", {"filter": "name = 'a' OR name = 'b'"}, 400),
    ("GET", "registered-models/search", {"order_by": "tags.a"}, 400),
    ("GET", "registered-models/search", {"page_token": "x"}, 400),
    ("GET", "model-versions/search", {"max_results": 200_001}, 400),
    ("GET", "model-versions/search", {"max_results": 0}, 400),
    ("GET", "model-versions/search", {"filter": "version = 1"}, 400),
    ("GET", "model-versions/search", {"filter": "stage = 'Production'"}, 400),
    ("GET", "model-versions/search", {"filter": "version_number = 'x'"}, 400),
    ("GET", "model-versions/get", {"name": "seams", "version": "x"}, 400),
    ("GET", "model-versions/get", {"name": "seams", "version": "9" * 30}, 404),
    ("GET", "model-versions/get", {"name": "seams", "version": "0"}, 404),
    ("GET", "registered-models/alias", {"name": "seams", "alias": "nobody"}, 400),
    ("GET", "registered-models/alias", {"name": "seams", "alias": "a b"}, 400),
    ("POST", "registered-models/alias", {"name": "seams", "alias": "latest", "version": "1"}, 400),
    ("POST", "registered-models/alias", {"name": "seams", "alias": "V12", "version": "1"}, 400),
    ("POST", "registered-models/alias", {"name": "seams", "alias": "a", "version": "7"}, 404),
    ("POST", "registered-models/get-latest-versions", {"name": "seams", "stages": ["Nowhere"]}, 400),
    ("POST", "model-versions/transition-stage", {"name": "seams", "version": "1", "stage": "x"}, 400),
    ("POST", "model-versions/create", {"name": "seams", "source": ""}, 400),
    ("POST", "model-versions/create", {"name": "none", "source": "s3://b/c"}, 404),
    ("POST", "transition-requests/approve", {"name": "seams", "version": "1", "stage": "Production"}, 400),
    ("POST", "transition-requests/reject", {"name": "seams", "version": "1", "stage": "Production"}, 404),
    ("PATCH", "comments/update", {"id": "x", "comment": "y"}, 404),
    ("PATCH", "comments/update", {"id": "9" * 40, "comment": "y"}, 404),
    ("POST", "comments/create", {"name": "seams", "version": "1", "comment": "  "}, 400),
]


@pytest.mark.parametrize(("method", "path", "data", "status"), BAD)
def test_bad_input_is_the_callers_fault(api, version, method, path, data, status):
    answer = api.call(method, path, data)

    assert answer.status_code == status, answer.content


@pytest.mark.parametrize("value", ["false", "true", 0, 1, None, []])
def test_what_archives_is_a_boolean_and_nothing_like_it(api, version, value):
    data = {"name": "seams", "version": "1", "stage": "Staging", "archive_existing_versions": value}

    answer = api.call("POST", "model-versions/transition-stage", data)

    assert answer.status_code == (200 if value is None else 400)


@pytest.mark.parametrize("stage", ["production", "STAGING", "Archived", "none"])
def test_stages_come_in_any_case(api, version, stage):
    answer = api.post("model-versions/transition-stage", name="seams", version="1", stage=stage)

    assert answer.json()["model_version"]["current_stage"] == stage.capitalize()


def test_who_needs_approval_is_told_where_to_ask(api_as, model, version):
    ed = make_user("ed")
    grant_model(model, ed, Level.EDIT)

    answer = api_as(ed).post("model-versions/transition-stage", name="seams", version="1", stage="Production")

    assert error_of(answer) == (403, "PERMISSION_DENIED")
    assert "/models/seams/versions/1/request?to=Production" in answer.json()["message"]


def test_a_training_token_registers_and_moves_nothing(api_as, admin, version):
    training = api_as(admin, Scope.LOG)

    assert training.post("model-versions/create", name="seams", source="s3://b/c").status_code == 200
    for call, data in (
        ("model-versions/transition-stage", {"stage": "Staging"}),
        ("registered-models/alias", {"alias": "champion"}),
        ("transition-requests/approve", {"stage": "Staging", "archive_existing_versions": False}),
    ):
        assert error_of(training.post(call, name="seams", version="1", **data)) == (403, "PERMISSION_DENIED")


def test_a_member_registers_into_an_open_model_and_edits_only_what_is_theirs(api_as, model, version):
    member = api_as(make_user("mo"))
    made = member.post("model-versions/create", name="seams", source="s3://b/c").json()["model_version"]

    own = member.patch("model-versions/update", name="seams", version=made["version"], description="mine")
    others = member.patch("model-versions/update", name="seams", version="1", description="mine")

    assert own.status_code == 200
    assert error_of(others) == (403, "PERMISSION_DENIED")
    assert member.post("model-versions/transition-stage", name="seams", version="2", stage="Staging").status_code == 403


def test_with_delete_the_arguments_come_in_the_body_or_the_query(api, version):
    assert api.delete("registered-models/alias", name="seams", alias="none").json() == {}
    query = api.client.delete(
        "/api/2.0/mlflow/model-versions/delete?name=seams&version=1", headers={"Authorization": f"Bearer {api.secret}"}
    )

    assert query.status_code == 200
    assert api.get("model-versions/get", name="seams", version="1").status_code == 404


def test_a_deleted_model_frees_its_name_and_begins_at_one(api, version):
    api.post("model-versions/create", name="seams", source="s3://b/c")
    assert api.delete("registered-models/delete", name="seams").status_code == 200
    assert error_of(api.delete("registered-models/delete", name="seams")) == (404, "RESOURCE_DOES_NOT_EXIST")

    api.post("registered-models/create", name="seams")

    again = api.post("model-versions/create", name="seams", source="s3://b/c").json()["model_version"]
    assert again["version"] == "1"


# Searching --------------------------------------------------------------------------------------------------


@pytest.fixture
def shelf(admin):
    """Three models and a prompt; the second model has three versions."""
    for name, tags in (("a", [("team", "x")]), ("b", [("team", "y")]), ("Bc", []), ("p", PROMPT)):
        made = make_model(name, by=admin, tags=tags)
        for number in range(3 if name == "b" else 1):
            run = make_run(by=admin)
            source = "dummy-source" if tags == PROMPT else f"{run.artifact_uri}/{number}"
            make_version(made, by=admin, run=run, source=source, tags=tags)


def names_of(api, **query):
    return [row["name"] for row in api.get("registered-models/search", **query).json().get("registered_models", [])]


@pytest.mark.parametrize(
    ("filter_", "names"),
    [
        ("", ["Bc", "a", "b"]),
        (CLAUSE, ["Bc", "a", "b"]),
        ("tag.`mlflow.prompt.is_prompt` = 'false'", ["Bc", "a", "b"]),
        ("tag.`mlflow.prompt.is_prompt` = 'true'", ["p"]),
        (f"name LIKE 'b%' AND {CLAUSE}", ["b"]),
        ("name ILIKE 'b%'", ["Bc", "b"]),
        ("name IN ('a', 'b', 'p')", ["a", "b"]),
        ("attribute.name NOT IN ('a')", ["Bc", "b"]),
        ("tags.team = 'x'", ["a"]),
        ("tag.team != 'x'", ["b"]),
        ("name = 'a' name = 'b'", []),
    ],
)
def test_models_are_filtered(api, shelf, filter_, names):
    assert names_of(api, filter=filter_) == names


def test_models_are_sorted_and_paged(api, shelf):
    first = api.get("registered-models/search", order_by="name DESC", max_results=2).json()
    second = api.get(
        "registered-models/search", order_by="name DESC", max_results=2, page_token=first["next_page_token"]
    ).json()

    assert [row["name"] for row in first["registered_models"] + second["registered_models"]] == ["b", "a", "Bc"]
    assert "next_page_token" not in second
    assert names_of(api, order_by="last_updated_timestamp DESC")[0] == "Bc"


@pytest.mark.parametrize(
    ("filter_", "numbers"),
    [
        ("name = 'b'", [3, 2, 1]),
        ("name = 'b' AND version_number >= 2", [3, 2]),
        ("name = 'b' AND version_number = '2'", [2]),
        ("name = 'b' AND source_path LIKE '%/1'", [2]),
        (f"name = 'b' AND {CLAUSE}", [3, 2, 1]),
        ("name = 'p'", []),
        ("name = 'p' AND tag.`mlflow.prompt.is_prompt` = 'true'", [1]),
        ("tags.team = 'y' AND name IN ('b')", [3, 2, 1]),
        ("run_id IN ('none')", []),
    ],
)
def test_versions_are_filtered(api, shelf, filter_, numbers):
    found = api.get("model-versions/search", filter=filter_).json().get("model_versions", [])

    assert [int(row["version"]) for row in found] == numbers


def test_nobody_finds_what_they_may_not_see(api, api_as, admin):
    make_version(make_model("hidden", by=admin, is_private=True), by=admin)
    stranger = api_as(make_user())

    assert stranger.get("registered-models/search").json() == {}
    assert stranger.get("model-versions/search").json() == {}
    assert names_of(api) == ["hidden"]


def test_lists_cost_the_same_whatever_there_is(api, admin, django_assert_max_num_queries):
    for number in range(12):
        made = make_model(f"m{number}", by=admin, tags=[("a", "b")])
        for _ in range(2):
            make_version(made, by=admin, tags=[("a", "b")])

    # the token is looked up once in a while
    api.get("registered-models/get", name="m1")

    with django_assert_max_num_queries(7):
        assert len(api.get("registered-models/search").json()["registered_models"]) == 12
    with django_assert_max_num_queries(4):
        assert len(api.get("model-versions/search").json()["model_versions"]) == 24
    with django_assert_max_num_queries(5):
        api.get("registered-models/get", name="m1")
    with django_assert_max_num_queries(4):
        api.post("registered-models/get-latest-versions", name="m1")
    with django_assert_max_num_queries(3):
        api.get("model-versions/get", name="m1", version="1")
    with django_assert_max_num_queries(1):
        api.get("model-versions/get-download-uri", name="m1", version="1")


# Files ------------------------------------------------------------------------------------------------------


def test_the_files_of_a_version_are_for_who_sees_its_run(client, api, api_as, admin):
    import io

    from tracker.actions import artifacts

    run = make_run(make_experiment(by=admin, is_private=True), by=admin)
    artifacts.upload(run, "model/MLmodel", io.BytesIO(b"flavors: {}"), by=admin)
    make_version(make_model("m", by=admin), by=admin, run=run)
    query = {"name": "m", "version": "1", "path": "MLmodel"}

    assert b"".join(api.get("/model-versions/get-artifact", **query)) == b"flavors: {}"
    assert api_as(make_user()).get("/model-versions/get-artifact", **query).status_code == 404
    for path in ("../x", "%2e%2e/x", "/etc/passwd", "..\\x"):
        assert api.get("/model-versions/get-artifact", **{**query, "path": path}).status_code == 400


# Approvals --------------------------------------------------------------------------------------------------


def test_several_approvals_are_counted_by_the_answers(api, api_as, admin, model, version):
    make_policy(model, num_approvals=2)
    rita = make_user("rita")
    grant_model(model, rita, Level.MANAGE)
    ed = make_user("ed")
    grant_model(model, ed, Level.EDIT)
    api_as(ed).post("transition-requests/create", name="seams", version="1", stage="Production")
    yes = {"name": "seams", "version": "1", "stage": "Production", "archive_existing_versions": False}

    first = api.post("transition-requests/approve", **yes).json()["activity"]
    (left,) = api.get("transition-requests/list", name="seams", version="1").json()["requests"]
    second = api_as(rita).post("transition-requests/approve", **yes).json()["activity"]

    assert (first["activity_type"], first["system_comment"]) == ("APPROVED_REQUEST", "1 of 2 approvals.")
    assert left["available_actions"] == [
        "APPROVE_TRANSITION_REQUEST",
        "REJECT_TRANSITION_REQUEST",
        "CANCEL_TRANSITION_REQUEST",
    ]
    assert "system_comment" not in second
    assert api.get("model-versions/get", name="seams", version="1").json()["model_version"]["current_stage"] == (
        "Production"
    )


@pytest.mark.parametrize("scope", [Scope.READ, Scope.LOG])
@pytest.mark.parametrize("path", ["model-versions/transition-stage", "databricks/model-versions/transition-stage"])
def test_a_token_of_a_small_scope_learns_where_to_ask(api_as, admin, version, path, scope):
    answer = api_as(admin, scope).post(path, name="seams", version="1", stage="Production")

    assert error_of(answer) == (403, "PERMISSION_DENIED")
    assert "needs a token with scope full" in answer.json()["message"]
    assert "/models/seams/versions/1/request?to=Production&kind=stage" in answer.json()["message"]


def test_a_policy_opens_the_request_for_a_token_of_a_training_script(api_as, admin, model, version):
    make_policy(model, opens_request=True)
    make_policy(model, "champion", "alias", opens_request=True)

    for scope in (Scope.READ, Scope.LOG):
        api = api_as(admin, scope)
        to_stage = api.post("model-versions/transition-stage", name="seams", version="1", stage="Production")
        to_alias = api.post("registered-models/alias", name="seams", version="1", alias="champion")
        assert error_of(to_stage) == error_of(to_alias) == (403, "PERMISSION_DENIED")
        assert version.requests.count() == (2 if scope == Scope.LOG else 0)
    assert "The request for it is open" in to_stage.json()["message"]


def test_a_token_of_a_small_scope_learns_nothing_of_what_is_hidden(api_as, stranger, admin):
    make_version(make_model("hidden", by=admin, is_private=True), by=admin)

    answer = api_as(stranger, Scope.LOG).post(
        "model-versions/transition-stage", name="hidden", version="1", stage="Production"
    )

    assert answer.json()["message"] == "The token has scope log; this call needs a token with scope full."
