"""What load balancers and clients ask before they log in."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

# The protocol version that we answer like; the client compares it before it exports trace spans.
MLFLOW_VERSION = "3.17.2"
REDIS_WAIT_S = 0.5


@login_not_required
@require_safe
def health(request):
    """The process answers. It asks nothing of the database."""
    return HttpResponse("OK", content_type="text/plain")


@login_not_required
@require_safe
def ready(request):
    """Every part that a request needs answers; 503 and which one, otherwise.

    Redis is named where it is set up and takes nobody out: what it should ring for stands in the database, is found there
    by sweeps, and every other process would be as far from it.
    """
    parts = {"database": _database_answers(), "storage": _storage_answers()}
    is_ready = all(parts.values())
    said = {"ready": is_ready, **_words(parts)}
    if settings.REDIS_URL:
        is_heard = _redis_answers()
        said |= {"degraded": not is_heard, **_words({"broker": is_heard})}
    return JsonResponse(said, status=200 if is_ready else 503)


def _words(parts: dict[str, bool]) -> dict[str, str]:
    return {part: "ok" if answers else "failing" for part, answers in parts.items()}


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
            # The client would fetch every file from a signed address, 100 MB at a time into memory, and without the
            # certificate that it was told to trust for this server: behind a CA of the team's own no model could be loaded.
            "multipart_downloads_enabled": False,
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


def _redis_answers() -> bool:
    """Ask past the pool of connections, in less time than whoever probes waits."""
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    times = {"socket_timeout": REDIS_WAIT_S, "socket_connect_timeout": REDIS_WAIT_S, "retry": Retry(NoBackoff(), 0)}
    try:
        with Redis.from_url(settings.REDIS_URL, **times) as redis:
            return bool(redis.ping())
    except Exception:
        return False


def _storage_answers() -> bool:
    from django.core.files.storage import default_storage

    try:
        default_storage.exists("ready")
    except Exception:
        return False
    return True
