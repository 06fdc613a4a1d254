"""The bytes of a file: to be kept, or to be shown in a page by a browser that is told to trust nothing in it.

Who may see the experiment may fetch them. What is shown comes from a short list of types, each with a policy of its own
on the answer itself, since an address may as well be opened in a tab.
"""

import mimetypes
import re

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils.http import content_disposition_header
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_safe

from core.errors import InvalidValue
from pages.artifact_places import owner_by_id, shown_on
from tracker import archives, artifact_paths, artifact_tree, delivery
from tracker.models import Artifact
from tracker.previews import kinds
from tracker.transfers import take_slot

# no script, no request, no form, and an origin of its own
INERT = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
# scripts of the file itself may draw (plotly does), but reach nothing: neither cookies nor any address
DRAWING = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:; connect-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
POLICIES = {"html": DRAWING}
_UNNAMEABLE = re.compile(r"[\x00-\x1f\x7f/\\]")


@require_safe
def artifact_download(request, owner_id):
    """GET /artifacts/ID/download?path=PATH: the file, to be kept."""
    artifact = _artifact(request, owner_id)
    kind = mimetypes.guess_type(artifact.path)[0] or "application/octet-stream"
    return _answer(request, artifact, kind, policy=INERT, is_attachment=True)


@require_safe
@xframe_options_sameorigin
def artifact_raw(request, owner_id):
    """GET /artifacts/ID/raw?path=PATH: the file as an image, a player or a frame of our page asks for it."""
    artifact = _artifact(request, owner_id)
    kind = kinds.of(artifact.path)
    shown_as = kinds.SHOWN_AS.get(kinds.ending(artifact.path))
    if shown_as is None:
        raise InvalidValue("Files of this kind are not shown as they are; download it.")
    if kind == "html" and request.headers.get("Sec-Fetch-Dest") == "document":
        # in a tab of its own it could still lead somewhere else, which in a frame on our page it cannot
        return redirect(shown_on(artifact.run or artifact.model, artifact.path).url)
    return _answer(request, artifact, shown_as, policy=POLICIES.get(kind, INERT), is_attachment=False)


@require_GET
def artifact_zip(request, owner_id):
    """GET /artifacts/ID/zip?path=PATH: a folder, or all files, as one zip."""
    owner = owner_by_id(owner_id, user=request.user)
    folder = artifact_paths.check_folder(request.GET.get("path", ""))
    slot = take_slot()
    try:
        parts = archives.zip_of(owner, folder, slot)
    except BaseException:
        slot.release()
        raise
    response = StreamingHttpResponse(parts, content_type="application/zip")
    response._resource_closers.append(slot.release)
    # a run's name may hold what no header and no file name may
    name = _UNNAMEABLE.sub("_", folder.rpartition("/")[2] or owner.name)[:100]
    response["Content-Disposition"] = content_disposition_header(True, f"{name}.zip")
    response["Content-Security-Policy"] = INERT
    return response


def _artifact(request, owner_id: str) -> Artifact:
    return artifact_tree.find(owner_by_id(owner_id, user=request.user), request.GET.get("path", ""))


def _answer(request, artifact: Artifact, content_type: str, *, policy: str, is_attachment: bool) -> HttpResponse:
    answer = delivery.deliver(artifact, delivery.Wanted.of(request.method, request.headers), content_type)
    if answer.parts is None:
        response = HttpResponse(status=answer.status, headers=answer.headers, content_type=answer.content_type)
    else:
        response = StreamingHttpResponse(
            answer.parts, status=answer.status, headers=answer.headers, content_type=answer.content_type
        )
        response._resource_closers.append(answer.release)
    response["Content-Disposition"] = (
        content_disposition_header(is_attachment, delivery.file_name(artifact)) or "inline"
    )
    response["Content-Security-Policy"] = policy
    response["X-Content-Type-Options"] = "nosniff"
    return response
