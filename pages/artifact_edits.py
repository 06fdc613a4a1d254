"""Deleting files of a run or a logged model, one or many, after asking."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from core.errors import InvalidValue, NotAllowed, NotFound
from pages.artifact_places import Owner, owner_by_id, shown_on
from tracker import artifact_paths
from tracker.actions import artifacts
from tracker.models import Artifact

MAX_PATHS = 500
MAX_NAMED = 100


@require_http_methods(["GET", "POST"])
def artifact_delete(request, owner_id):
    """GET and POST /artifacts/ID/delete?path=PATH&path=…: asks which files and folders are to go; then they go."""
    owner = owner_by_id(owner_id, user=request.user)
    if not artifacts.may_delete(owner, by=request.user):
        raise NotAllowed("You may see these files, but it takes the level edit to delete them.")
    paths = _paths(request.POST if request.method == "POST" else request.GET)
    place = shown_on(owner)
    if request.method == "POST":
        num_files = artifacts.delete_all(owner, paths, by=request.user)
        messages.success(request, f"{num_files} file{'' if num_files == 1 else 's'} deleted.")
        return redirect(place.url)
    doomed = _doomed(owner, paths)
    if not doomed:
        raise NotFound("There are no such files.")
    context = {
        "place": place,
        "paths": paths,
        "files": doomed[:MAX_NAMED],
        "num_files": len(doomed),
        "size_bytes": sum(artifact.blob.size_bytes for artifact in doomed),
    }
    return render(request, "artifacts/delete.html", context)


def _paths(data) -> list[str]:
    """Return the files and folders that are named. Raises InvalidValue for none: that would be all."""
    paths = [artifact_paths.check_folder(path) for path in data.getlist("path")[:MAX_PATHS]]
    if not paths or "" in paths:
        raise InvalidValue("Choose the files that are to be deleted.")
    return paths


def _doomed(owner: Owner, paths: list[str]) -> list[Artifact]:
    found = {}
    for path in paths:
        found |= {artifact.pk: artifact for artifact in owner.artifacts.at_or_below(path).select_related("blob")}
    return sorted(found.values(), key=lambda artifact: artifact.path)
