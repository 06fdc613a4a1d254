"""What people say about models and versions; one's own can be changed and taken back."""

from django import forms
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from core.actions import comments
from core.actions.comments import MAX_TEXT
from core.errors import NotFound
from core.models import Comment
from pages.model_head import named
from pages.redirects import back
from pages.version_edits import clean
from registry.lookups import version_by_number
from registry.models import ModelVersion, RegisteredModel


class CommentForm(forms.Form):
    text = forms.CharField(max_length=MAX_TEXT)


@require_POST
def model_comment(request, name):
    """POST /models/NAME/comment"""
    model = named(request, name)
    comments.create(model, _text(request), by=request.user)
    return redirect(f"{model.get_absolute_url()}#timeline")


@require_POST
def version_comment(request, name, number):
    """POST /models/NAME/versions/N/comment"""
    version = version_by_number(name, str(number), user=request.user)
    comments.create(version, _text(request), by=request.user)
    return back(request, f"{version.get_absolute_url()}#timeline")


@require_POST
def comment_edit(request, comment_id):
    """POST /comments/ID/edit"""
    comment, about = _seen(request, comment_id)
    comments.edit(comment, _text(request), by=request.user)
    return redirect(f"{about.get_absolute_url()}#comment-{comment.pk}")


@require_POST
def comment_delete(request, comment_id):
    """POST /comments/ID/delete"""
    comment, about = _seen(request, comment_id)
    comments.delete(comment, by=request.user)
    return redirect(f"{about.get_absolute_url()}#timeline")


def _seen(request, comment_id: int):
    """Return a comment and what it is about; raise NotFound unless the reader may see that."""
    found = Comment.objects.filter(pk=comment_id, deleted_at=None).first()
    about = _about(found, request.user) if found else None
    if about is None:
        raise NotFound(f"There is no comment with id {comment_id}.")
    return found, about


def _about(comment: Comment, user) -> RegisteredModel | ModelVersion | None:
    models = RegisteredModel.objects.visible_to(user).active()
    if comment.kind == "registeredmodel":
        return models.filter(pk=comment.object_id).first()
    if comment.kind == "modelversion":
        rows = ModelVersion.objects.active().filter(model__in=models).select_related("model")
        return rows.filter(pk=comment.object_id).first()
    return None


def _text(request) -> str:
    return clean(CommentForm(request.POST))["text"].replace("\r\n", "\n")
