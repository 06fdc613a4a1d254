"""Databricks' SDK against `serve`: requests, approvals, rejections, comments by its own types."""

import pytest

databricks = pytest.importorskip("databricks.sdk")

from databricks.sdk.errors import PermissionDenied, ResourceDoesNotExist  # noqa: E402
from databricks.sdk.service.ml import ActivityAction, ActivityType, CommentActivityAction, PermissionLevel  # noqa: E402

pytestmark = pytest.mark.client

NAME = "signed off"


def registry_of(server, token):
    """Return the SDK's model registry, which looks for no other credentials."""
    config = databricks.core.Config(
        host=server.url, token=token, auth_type="pat", retry_timeout_seconds=5, http_timeout_seconds=30
    )
    return databricks.WorkspaceClient(config=config).model_registry


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
    assert made.available_actions == [ActivityAction.CANCEL_TRANSITION_REQUEST]

    (listed,) = ada.list_transition_requests(NAME, "1")
    assert (listed.to_stage, listed.user_id, listed.from_stage) == ("Production", "eve", "None")
    with pytest.raises(PermissionDenied):
        eve.approve_transition_request(NAME, "1", "Production", False)
    approved = ada.approve_transition_request(NAME, "1", "Production", True, comment="yes").activity

    assert (approved.activity_type, approved.user_id, approved.comment) == (ActivityType.APPROVED_REQUEST, "ada", "yes")
    assert ada.get_model_version(NAME, "1").model_version.current_stage == "Production"
    assert list(ada.list_transition_requests(NAME, "1")) == []


def test_a_request_is_rejected_and_another_taken_back(ada, eve):
    eve.create_transition_request(NAME, "1", "Staging")
    rejected = ada.reject_transition_request(NAME, "1", "Staging", comment="no").activity
    assert (rejected.activity_type, rejected.comment) == (ActivityType.REJECTED_REQUEST, "no")

    eve.create_transition_request(NAME, "1", "Archived")
    with pytest.raises(ResourceDoesNotExist):
        eve.delete_transition_request(NAME, "1", "Archived", "ada")
    taken_back = eve.delete_transition_request(NAME, "1", "Archived", "eve").activity
    assert taken_back.activity_type == ActivityType.CANCELLED_REQUEST


def test_comments_are_made_edited_and_deleted_by_who_wrote_them(ada, eve):
    made = eve.create_comment(NAME, "1", "looks **good**").comment
    assert (made.user_id, made.comment) == ("eve", "looks **good**")
    assert made.available_actions == [CommentActivityAction.EDIT_COMMENT, CommentActivityAction.DELETE_COMMENT]

    assert eve.update_comment(made.id, "looks bad").comment.comment == "looks bad"
    with pytest.raises(PermissionDenied):
        ada.update_comment(made.id, "no, good")
    eve.delete_comment(made.id)
    with pytest.raises(ResourceDoesNotExist):
        eve.delete_comment(made.id)


def test_models_and_stages_by_databricks_own_calls(ada, eve):
    model = eve.get_model(NAME).registered_model_databricks
    assert (model.name, model.permission_level) == (NAME, PermissionLevel.CAN_EDIT)
    assert NAME in [found.name for found in ada.list_models()]

    version = ada.create_model_version(NAME, "s3://bucket/second").model_version
    moved = ada.transition_stage(NAME, version.version, "Staging", True, comment="try").model_version_databricks
    assert (moved.current_stage, moved.permission_level) == ("Staging", PermissionLevel.CAN_MANAGE)
    with pytest.raises(PermissionDenied, match="Request it at"):
        eve.transition_stage(NAME, version.version, "Production", True)
    ada.delete_model_version(NAME, version.version)
