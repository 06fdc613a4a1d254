"""What load balancers and clients ask before they log in."""

from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

# The protocol version that we answer like; the client compares it before it exports trace spans.
MLFLOW_VERSION = "3.17.2"


@login_not_required
@require_safe
def health(request):
    """The process answers. It asks nothing of the database."""
    return HttpResponse("OK", content_type="text/plain")


@login_not_required
@require_safe
def ready(request):
    """Every part that a request needs answers; 503 and which one, otherwise."""
    parts = {"database": _database_answers(), "storage": _storage_answers()}
    is_ready = all(parts.values())
    return JsonResponse(
        {"ready": is_ready, **{k: "ok" if v else "failing" for k, v in parts.items()}},
        status=200 if is_ready else 503,
    )


@login_not_required
@require_safe
def version(request):
    return HttpResponse(MLFLOW_VERSION, content_type="text/plain")


@login_not_required
@require_safe
def server_info(request):
    """What the client may use; it asks with a time-out of 3 s and takes a failure for all off."""
    return JsonResponse(
        {
            "store_type": "SqlStore",
            "workspaces_enabled": False,
            "multipart_uploads_enabled": True,
            "multipart_downloads_enabled": True,
            "artifact_serving_enabled": True,
            "artifacts_presigned_only": False,
            "features_enabled": {},
            "tracking_auth": "basic-auth",
        }
    )


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Exception:
        return False
    return True


def _storage_answers() -> bool:
    from django.core.files.storage import default_storage

    try:
        default_storage.exists("ready")
    except Exception:
        return False
    return True
