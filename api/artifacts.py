"""Artifacts through the server (MLFLOW_CONTRACT 1.6): the proxy's paths, and the lists of runs.

Access to a path of the proxy is that to the run or the logged model whose id stands in it.
"""

import base64
import binascii

import msgspec
from django.http import HttpResponse

from accounts.access import Level
from api import downloads, wire
from api.bodies import Body
from api.endpoint import Nothing, caller_token_id
from core.errors import InvalidValue, NotFound
from tracker import artifact_paths, artifact_tree
from tracker.actions import artifacts
from tracker.lookups import logged_model_by_id, run_by_id
from tracker.transfers import lend_connection, take_slot

MAX_AJAX_BYTES = 10 * 1024 * 1024
PAGE_ENTRIES = 10_000


def owner_and_path(path: str, *, user, level: Level = Level.VIEW):
    """Return (run or logged model, path below its root) for a path of the proxy. Raises NotFound where it names neither."""
    place = artifact_paths.locate(path)
    if place is None:
        raise NotFound("There is no such artifact: a path begins with <experiment>/<run id>/artifacts/.")
    if place.run_id:
        return run_by_id(place.run_id, user=user, level=level), place.path
    return logged_model_by_id(place.model_id, user=user, level=level), place.path


def receive(owner, path: str, request, *, max_bytes: int | None = None) -> None:
    """Store the body of a request at a path; refuse what can be refused before a byte of it is read."""
    artifacts.refuse_impossible(owner, artifact_paths.check(path), by=request.user)
    with take_slot():
        body = Body(request, max_bytes=max_bytes)
        lend_connection()
        artifacts.upload(owner, path, body, by=request.user)


def upload(request, path: str):
    """PUT mlflow-artifacts/artifacts/<path>; 200 with nothing in it. An empty file comes in chunks, without a length"""
    owner, rest = owner_and_path(path, user=request.user, level=Level.LOG)
    receive(owner, rest, request)
    return HttpResponse(content_type="application/json")


def download(request, path: str):
    """GET and HEAD mlflow-artifacts/artifacts/<path>"""
    owner, rest = owner_and_path(path, user=request.user)
    return downloads.attachment(request, artifact_tree.find(owner, rest))


def delete(request, body: Nothing, path: str):
    """DELETE mlflow-artifacts/artifacts/<path>: a file or a folder; a second time changes nothing"""
    owner, rest = owner_and_path(path, user=request.user, level=Level.LOG)
    artifacts.delete(owner, rest, by=request.user, token_id=caller_token_id(request))
    return {}


class ListAll(msgspec.Struct):
    path: str = ""


def list_all(request, body: ListAll):
    """GET mlflow-artifacts/artifacts?path=…: names without their folder; nothing for a file, so the client knows it for one"""
    if artifact_paths.locate(body.path) is None:
        names = artifact_tree.names_above(body.path, user=request.user)
        return {"files": [{"path": name, "is_dir": True} for name in names]}
    owner, rest = owner_and_path(body.path, user=request.user)
    return {"files": [wire.file_info(entry, entry.name) for entry in artifact_tree.entries(owner, rest)]}


class ListOfRun(msgspec.Struct):
    run_id: str = ""
    run_uuid: str = ""
    path: str = ""
    page_token: str = ""


def list_of_run(request, body: ListOfRun):
    """GET artifacts/list: paths from the run's root on"""
    run = run_by_id(required(body.run_id or body.run_uuid, "run_id"), user=request.user)
    after = _from_token(body.page_token)
    found = artifact_tree.entries(run, body.path, after=after, limit=PAGE_ENTRIES + 1)
    answer = wire.artifacts(run.artifact_uri, found[:PAGE_ENTRIES])
    if len(found) > PAGE_ENTRIES:
        answer["next_page_token"] = _token(found[PAGE_ENTRIES - 1].path)
    return answer


class GetArtifact(msgspec.Struct):
    path: str
    run_id: str = ""
    run_uuid: str = ""


def get_artifact(request, body: GetArtifact):
    """GET /get-artifact, a link in MLflow's web interface"""
    run = run_by_id(required(body.run_id or body.run_uuid, "run_id"), user=request.user)
    return downloads.attachment(request, artifact_tree.find(run, body.path))


def upload_small(request):
    """POST ajax upload-artifact?run_uuid=…&path=…, the body being the file"""
    query = request._request.GET
    run_id = required(query.get("run_uuid") or query.get("run_id", ""), "run_uuid")
    path = required(query.get("path", ""), "path")
    receive(run_by_id(run_id, user=request.user, level=Level.LOG), path, request, max_bytes=MAX_AJAX_BYTES)
    return {}


def required(value: str, name: str) -> str:
    if not value:
        raise InvalidValue(f"Missing value for required parameter '{name}'.")
    return value


def _token(path: str) -> str:
    return base64.urlsafe_b64encode(path.encode()).decode()


def _from_token(token: str) -> str:
    try:
        return base64.b64decode(token.encode(), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError):
        raise InvalidValue("Invalid page token.")
