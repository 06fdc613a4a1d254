"""Multipart uploads through the server, and addresses for downloads in ranges (MLFLOW_CONTRACT 1.6).

The client sends parts to addresses without its credentials, so each is signed for one part.
"""

import contextlib
import re

import msgspec
from django.http import HttpResponse

from accounts.access import Level
from api import downloads, signed
from api.artifacts import owner_and_path, receive
from api.bodies import Body
from api.endpoint import caller_token_id
from core.errors import InvalidValue, NotFound
from tracker import artifact_paths, artifact_tree
from tracker.actions import uploads
from tracker.lookups import logged_model_by_id, run_by_id
from tracker.models import LoggedModel, Run, Upload
from tracker.transfers import lend_connection, take_slot

PART_PATH = "api/2.0/mlflow-artifacts/mpu/part"
# PUT and GET of one whole file
FILE_PATH = "api/2.0/mlflow-artifacts/signed"
MAX_EXPIRATION_S = 7 * 24 * 3600


class Create(msgspec.Struct):
    path: str
    num_parts: int


def create(request, body: Create, folder: str):
    """POST mpu/create/<folder>; the client sends its own local path, of which the name counts"""
    owner, where = _file(request, folder, body.path)
    token_id = caller_token_id(request)
    upload = uploads.begin(owner, where, num_parts=body.num_parts, by=request.user, token_id=token_id)
    return {
        "upload_id": upload.upload_id,
        "credentials": [
            {
                "url": signed.url(PART_PATH, [upload.upload_id, number], user_id=request.user.pk, token_id=token_id),
                "part_number": number,
                "headers": {},
            }
            for number in range(1, body.num_parts + 1)
        ],
    }


def put_part(request, ticket: str):
    """PUT mpu/part/<ticket>; answers the part's ETag, which the client hands in when it completes"""
    upload_id, number = request.signed
    upload = _upload(upload_id)
    _refuse_unless_loggable(upload.owner, request.user)
    with take_slot():
        body = Body(request)
        lend_connection()
        piece = uploads.put_part(upload, number, body, by=request.user)
    return HttpResponse(headers={"ETag": f'"{piece.sha256}"'}, content_type="application/json")


class CompletedPart(msgspec.Struct):
    part_number: int
    etag: str | None = None
    url: str | None = None


class Complete(msgspec.Struct):
    path: str
    upload_id: str
    parts: list[CompletedPart]


def complete(request, body: Complete, folder: str):
    """POST mpu/complete/<folder>; quick, and a repeat changes nothing"""
    upload = _upload_of(body.upload_id, *_file(request, folder, body.path))
    parts = [uploads.Part(part.part_number, part.etag or "") for part in body.parts]
    uploads.complete(upload, parts, by=request.user)
    return {}


class Abort(msgspec.Struct):
    path: str
    upload_id: str


def abort(request, body: Abort, folder: str):
    """POST mpu/abort/<folder>; what is unknown, aborted or complete stays as it is"""
    owner, where = _file(request, folder, body.path)
    with contextlib.suppress(NotFound):
        uploads.abort(_upload_of(body.upload_id, owner, where), by=request.user)
    return {}


def presign(request, path: str):
    """GET presigned/<path>: an address to download from in ranges"""
    owner, where = owner_and_path(path, user=request.user)
    artifact = artifact_tree.find(owner, where)
    return {
        "url": _file_url(request, owner, artifact.path, signed.VALID_FOR_S),
        "headers": {},
        "file_size": artifact.blob.size_bytes,
    }


class PresignDownload(msgspec.Struct):
    run_id: str
    path: str
    expiration: int = signed.VALID_FOR_S


def presign_download(request, body: PresignDownload):
    """POST artifacts/presigned-download-url; MLflow signs only what is in a cloud, we sign addresses of our own"""
    run = run_by_id(body.run_id, user=request.user)
    artifact = artifact_tree.find(run, body.path)
    return {
        "presigned_url": _file_url(request, run, artifact.path, body.expiration),
        "headers": {},
        "file_size": artifact.blob.size_bytes,
    }


class PresignUpload(msgspec.Struct):
    path: str
    run_id: str = ""
    model_id: str = ""
    expiration: int = signed.VALID_FOR_S


def presign_upload(request, body: PresignUpload):
    """POST artifacts/presigned-upload-url: an address to PUT one file to"""
    if bool(body.run_id) == bool(body.model_id):
        raise InvalidValue("Exactly one of run_id and model_id must be provided.")
    if body.run_id:
        owner = run_by_id(body.run_id, user=request.user, level=Level.LOG)
    else:
        owner = logged_model_by_id(body.model_id, user=request.user, level=Level.LOG)
    path = artifact_paths.check(body.path)
    return {"presigned_url": _file_url(request, owner, path, body.expiration), "headers": {}}


def _file_url(request, owner: Run | LoggedModel, path: str, valid_for_s: int) -> str:
    if not 1 <= valid_for_s <= MAX_EXPIRATION_S:
        raise InvalidValue(f"expiration must be between 1 and {MAX_EXPIRATION_S} seconds (got {valid_for_s}).")
    kind, owner_id = ("model", owner.model_id) if isinstance(owner, LoggedModel) else ("run", owner.run_id)
    return signed.url(
        FILE_PATH,
        [kind, owner_id, path],
        user_id=request.user.pk,
        token_id=caller_token_id(request),
        valid_for_s=valid_for_s,
    )


def download(request, ticket: str):
    """GET signed/<ticket>"""
    owner, path = _signed_file(request, Level.VIEW)
    return downloads.attachment(request, artifact_tree.find(owner, path))


def upload(request, ticket: str):
    """PUT signed/<ticket>"""
    owner, path = _signed_file(request, Level.LOG)
    receive(owner, path, request)
    return HttpResponse(content_type="application/json")


def _signed_file(request, level: Level) -> tuple[Run | LoggedModel, str]:
    kind, owner_id, path = request.signed
    lookup = logged_model_by_id if kind == "model" else run_by_id
    return lookup(owner_id, user=request.user, level=level), path


def _file(request, folder: str, client_path: str) -> tuple[Run | LoggedModel, str]:
    """Return (owner, path) of the file that a client uploads: its name, in a folder of the proxy."""
    owner, where = owner_and_path(folder, user=request.user, level=Level.LOG)
    name = re.split(r"[/\\]", client_path)[-1]
    return owner, artifact_paths.check(f"{where}/{name}" if where else name)


def _upload(upload_id: str) -> Upload:
    upload = Upload.objects.select_related("run", "model").filter(upload_id=upload_id).first()
    if upload is None:
        raise NotFound("There is no such upload: it was aborted, or is more than a day old.")
    return upload


def _upload_of(upload_id: str, owner: Run | LoggedModel, path: str) -> Upload:
    upload = _upload(upload_id)
    if upload.owner != owner or upload.path != path:
        raise NotFound("There is no such upload: it was aborted, or is more than a day old.")
    return upload


def _refuse_unless_loggable(owner: Run | LoggedModel, user) -> None:
    if not type(owner).objects.loggable_by(user).filter(pk=owner.pk).exists():
        raise NotFound("There is no such upload: you may no longer write to its run.")
