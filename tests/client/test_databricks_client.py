"""Databricks' SDK against `serve`: requests, approvals, rejections, comments by its own types."""

import pytest

from tests.late import Late

sdk = Late("databricks.sdk")
errors = Late("databricks.sdk.errors")
types = Late("databricks.sdk.service.ml")

pytestmark = [pytest.mark.client, pytest.mark.needs("databricks")]

NAME = "signed off"


def registry_of(server, token):
    """Return the SDK's model registry, which looks for no other credentials."""
    config = sdk.core.Config(
        host=server.url, token=token, auth_type="pat", retry_timeout_seconds=5, http_timeout_seconds=30
    )
    return sdk.WorkspaceClient(config=config).model_registry


@pytest.fixture(scope="module")
def ada(server):
    """The model registry as the site's admin, who is not alone any more."""
    return registry_of(server, server.token)


@pytest.fixture(scope="module")
def eve(server, ada):
    """The model registry as somebody who edits the model."""
    server.manage("shell", "-c", _MAKE_EVE)
    registry = registry_of(server, server.manage("create_token", "--user", "eve", "--scope", "full").stdout.strip())
    ada.create_model(NAME)
    server.manage("shell", "-c", _LET_EVE_EDIT)
    ada.create_model_version(NAME, "s3://bucket/model")
    yield registry
    # the server is shared, and its admin was alone
    server.manage(
        "shell", "-c", "from accounts.models import User; User.objects.filter(username='eve').update(is_active=False)"
    )


_MAKE_EVE = "from accounts.models import User; User.objects.create_user('eve', password='a long enough password')"
_LET_EVE_EDIT = f"""
from accounts.models import User
from registry.models import ModelGrant, RegisteredModel
model = RegisteredModel.objects.get(name={NAME!r}, deleted_at=None)
ModelGrant.objects.create(model=model, user=User.objects.get(username="eve"), level=30)
"""


def test_a_request_is_made_listed_and_approved(ada, eve):
    made = eve.create_transition_request(NAME, "1", "Production", comment="please").request
    assert (made.to_stage, made.user_id, made.comment) == ("Production", "eve", "please")
    assert made.available_actions == [types.ActivityAction.CANCEL_TRANSITION_REQUEST]

    (listed,) = ada.list_transition_requests(NAME, "1")
    assert (listed.to_stage, listed.user_id, listed.from_stage) == ("Production", "eve", "None")
    with pytest.raises(errors.PermissionDenied):
        eve.approve_transition_request(NAME, "1", "Production", False)
    approved = ada.approve_transition_request(NAME, "1", "Production", True, comment="yes").activity

    assert (approved.activity_type, approved.user_id, approved.comment) == (
        types.ActivityType.APPROVED_REQUEST,
        "ada",
        "yes",
    )
    assert ada.get_model_version(NAME, "1").model_version.current_stage == "Production"
    assert list(ada.list_transition_requests(NAME, "1")) == []


def test_a_request_is_rejected_and_another_taken_back(ada, eve):
    eve.create_transition_request(NAME, "1", "Staging")
    rejected = ada.reject_transition_request(NAME, "1", "Staging", comment="no").activity
    assert (rejected.activity_type, rejected.comment) == (types.ActivityType.REJECTED_REQUEST, "no")

    eve.create_transition_request(NAME, "1", "Archived")
    with pytest.raises(errors.ResourceDoesNotExist):
        eve.delete_transition_request(NAME, "1", "Archived", "ada")
    taken_back = eve.delete_transition_request(NAME, "1", "Archived", "eve").activity
    assert taken_back.activity_type == types.ActivityType.CANCELLED_REQUEST


def test_comments_are_made_edited_and_deleted_by_who_wrote_them(ada, eve):
    made = eve.create_comment(NAME, "1", "looks **good**").comment
    assert (made.user_id, made.comment) == ("eve", "looks **good**")
    assert made.available_actions == [
        types.CommentActivityAction.EDIT_COMMENT,
        types.CommentActivityAction.DELETE_COMMENT,
    ]

    assert eve.update_comment(made.id, "looks bad").comment.comment == "looks bad"
    with pytest.raises(errors.PermissionDenied):
        ada.update_comment(made.id, "no, good")
    eve.delete_comment(made.id)
    with pytest.raises(errors.ResourceDoesNotExist):
        eve.delete_comment(made.id)


def test_models_and_stages_by_databricks_own_calls(ada, eve):
    model = eve.get_model(NAME).registered_model_databricks
    assert (model.name, model.permission_level) == (NAME, types.PermissionLevel.CAN_EDIT)
    assert NAME in [found.name for found in ada.list_models()]

    version = ada.create_model_version(NAME, "s3://bucket/second").model_version
    moved = ada.transition_stage(NAME, version.version, "Staging", True, comment="try").model_version_databricks
    assert (moved.current_stage, moved.permission_level) == ("Staging", types.PermissionLevel.CAN_MANAGE)
    with pytest.raises(errors.PermissionDenied, match="Request it at"):
        eve.transition_stage(NAME, version.version, "Production", True)
    ada.delete_model_version(NAME, version.version)


BOARD = "signed off by two"
_MAKE_BOARD = f"""
from accounts.models import User
from registry.actions import policies
from registry.models import ModelGrant, RegisteredModel
rita = User.objects.create_user("rita", password="a long enough password")
model = RegisteredModel.objects.get(name={BOARD!r}, deleted_at=None)
ModelGrant.objects.create(model=model, user=rita, level=40)
ModelGrant.objects.create(model=model, user=User.objects.get(username="eve"), level=30)
policies.set(model, "stage", "Production", num_approvals=2, by=User.objects.get(username="ada"))
"""


@pytest.fixture
def rita(server, ada, eve):
    """The model registry as a second manager, of a model whose Production takes two approvals."""
    ada.create_model(BOARD)
    server.manage("shell", "-c", _MAKE_BOARD)
    yield registry_of(server, server.manage("create_token", "--user", "rita", "--scope", "full").stdout.strip())
    server.manage(
        "shell", "-c", "from accounts.models import User; User.objects.filter(username='rita').update(is_active=False)"
    )


def test_of_two_approvals_the_first_is_recorded_and_the_last_applies(ada, eve, rita):
    for source in ("s3://bucket/first", "s3://bucket/second"):
        version = eve.create_model_version(BOARD, source).model_version.version
        eve.create_transition_request(BOARD, str(version), "Production", comment="two of you")

        recorded = ada.approve_transition_request(BOARD, str(version), "Production", False, comment="one").activity
        assert (recorded.activity_type, recorded.user_id) == (types.ActivityType.APPROVED_REQUEST, "ada")
        assert stage_of(ada, version) == "None"
        assert [one.user_id for one in ada.list_transition_requests(BOARD, str(version))] == ["eve"]
        with pytest.raises(errors.DatabricksError, match="approved this already"):
            ada.approve_transition_request(BOARD, str(version), "Production", False)
        assert stage_of(ada, version) == "None"

        applied = rita.approve_transition_request(BOARD, str(version), "Production", True, comment="two").activity
        assert (applied.activity_type, applied.user_id, applied.comment) == (
            types.ActivityType.APPROVED_REQUEST,
            "rita",
            "two",
        )
        assert stage_of(ada, version) == "Production"
        assert list(ada.list_transition_requests(BOARD, str(version))) == []
    # the last who approved the second asked that the first be archived
    assert stage_of(ada, 1) == "Archived"


def stage_of(registry, version) -> str:
    return registry.get_model_version(BOARD, str(version)).model_version.current_stage
