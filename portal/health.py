"""What load balancers and clients ask before they log in."""

import logging
import threading
import time
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

# The protocol version that we answer like; the client compares it before it exports trace spans.
MLFLOW_VERSION = "3.17.2"
REDIS_WAIT_S = 0.5
# A part that takes longer counts as failing; who probes waits 5 s (deploy/compose.yaml).
PART_WAIT_S = 3.0

log = logging.getLogger("assay.health")


class Part:
    """What is asked whether it answers, in a thread of its own, so that one that hangs is named in time.

    All who ask while an answer is under way wait for the same one: however many probes meet a part that hangs, one thread does.
    """

    def __init__(self, name: str, ask: Callable[[], None]):
        self.name, self.ask = name, ask
        self.lock = threading.Lock()
        self.question: Question | None = None

    def put_question(self) -> "Question":
        with self.lock:
            if self.question is None or self.question.is_over.is_set():
                self.question = Question(self)
            return self.question


class Question:
    """One time that a part is asked."""

    def __init__(self, part: Part):
        self.part = part
        self.is_answered, self.is_over = False, threading.Event()
        threading.Thread(target=self._ask, name=f"ready-{part.name}", daemon=True).start()

    def is_answered_by(self, deadline_s: float) -> bool:
        """Wait until it is, no longer than to a point in time of the monotonic clock."""
        self.is_over.wait(max(deadline_s - time.monotonic(), 0.0))
        return self.is_answered

    def _ask(self) -> None:
        try:
            self.part.ask()
            self.is_answered = True
        except Exception as error:
            log.debug("%s does not answer: %s", self.part.name, error)
        finally:
            connection.close()
            self.is_over.set()


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
    deadline_s = time.monotonic() + PART_WAIT_S
    questions = [part.put_question() for part in (DATABASE, STORAGE)]
    parts = {question.part.name: question.is_answered_by(deadline_s) for question in questions}
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


def _ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _ask_storage() -> None:
    from django.core.files.storage import default_storage

    default_storage.exists("ready")


DATABASE, STORAGE = Part("database", _ask_database), Part("storage", _ask_storage)


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
