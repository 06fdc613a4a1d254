"""Comments on model versions, as Databricks' protocol has them; `id` is text on the wire."""

import msgspec

from api import wire_registry as wire
from api.endpoint import RequiredText, caller_token_id
from api.model_versions import OfVersion
from core.actions import comments
from core.errors import NotFound
from core.models import Comment
from registry import lookups
from registry.models import ModelVersion


class Create(OfVersion):
    comment: RequiredText


def create(request, body: Create):
    """POST comments/create; who may see the version may"""
    version = lookups.version_by_number(body.name, body.version, user=request.user)
    made = comments.create(version, body.comment, by=request.user, token_id=caller_token_id(request))
    return {"comment": wire.comment(made, request.user)}


class Update(msgspec.Struct):
    id: RequiredText
    comment: RequiredText


def update(request, body: Update):
    """PATCH comments/update; one's own only"""
    made = _one(body.id, request.user)
    edited = comments.edit(made, body.comment, by=request.user, token_id=caller_token_id(request))
    return {"comment": wire.comment(edited, request.user)}


class Delete(msgspec.Struct):
    id: RequiredText


def delete(request, body: Delete):
    """DELETE comments/delete; one's own only"""
    comments.delete(_one(body.id, request.user), by=request.user, token_id=caller_token_id(request))
    return {}


def _one(comment_id: str, user) -> Comment:
    """Return a comment on a version that `user` may see."""
    is_id = comment_id.isascii() and comment_id.isdigit() and len(comment_id) <= 18
    rows = Comment.objects.filter(pk=int(comment_id) if is_id else 0, kind="modelversion", deleted_at=None)
    found = rows.select_related("author").first()
    versions = ModelVersion.objects.active().visible_to(user)
    if found is None or not versions.filter(pk=found.object_id).exists():
        raise NotFound(f"There is no comment with id {comment_id[:50]}.")
    return found
