"""The points that charts draw.

GET /series?runs=ID,ID&key=loss&key=acc[&x=step|time|relative][&points=1000][&from=…&to=…][&since=CURSOR&since=…]

    {"series": [{"run_id": …, "key": …, "points": {"x": […], "y": […]}, "marks": [[x, "NaN"], …], "total": 120,
                 "is_complete": true, "is_append": false, "is_live": true, "cursor": "7:120:119:1700000000000"}]}

- One entry for each of the runs that has the metric and that the reader may see, in the order of run and key; at most
  MAX_SERIES, MAX_RUNS runs, MAX_KEYS keys.
- `points` is how many fit into the chart. Where there are more, each pixel's smallest and largest value stays, and
  `is_complete` is false. `from` and `to` are the visible range in the unit of x: the step, milliseconds since 1970, or
  seconds since the run's start; one more point comes on each side, so that lines reach the edges.
- `y` is null where the value was NaN or infinite, and `marks` says which.
- A chart that is live sends each `cursor` back as `since`: `is_append` then says that the points come behind those that
  it has. Otherwise they take the place of those.
- An ETag of the metrics' counts: nothing new is 304, and reads no point.
"""

import hashlib

import orjson
from django.http import HttpResponse
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from core.errors import DomainError, InvalidValue, NotFound
from pages.errors import STATUS
from tracker import series
from tracker.models import Run
from tracker.series import Source, Window

MAX_RUNS = 100
MAX_KEYS = 50
MAX_SERIES = 200
LIVE = (Run.Status.RUNNING, Run.Status.SCHEDULED)


@require_safe
def series_points(request):
    try:
        wanted, window = _sources(request), _window(request.GET)
        since = [series.parse_cursor(cursor) for cursor in request.GET.getlist("since")[:MAX_SERIES]]
    except DomainError as error:
        return _json({"message": error.message}, status=STATUS[type(error)])
    etag = _etag(request, wanted)
    response = get_conditional_response(request, etag=etag)
    if response is None:
        found = series.read(wanted, window, since)
        response = _json({"series": list(map(_wire, found))})
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    return response


def _sources(request) -> list[Source]:
    run_ids = list(dict.fromkeys(filter(None, request.GET.get("runs", "").split(","))))
    keys = list(dict.fromkeys(filter(None, request.GET.getlist("key"))))
    if not run_ids or not keys:
        raise InvalidValue("Name at least one run (runs=…) and one metric (key=…).")
    if len(run_ids) > MAX_RUNS or len(keys) > MAX_KEYS or len(run_ids) * len(keys) > MAX_SERIES:
        raise InvalidValue(f"At most {MAX_SERIES} series at once: {MAX_RUNS} runs, {MAX_KEYS} metrics.")
    if any("\0" in name for name in (*run_ids, *keys)):
        raise InvalidValue("A name holds the character NUL.")
    runs = Run.objects.visible_to(request.user).filter(run_id__in=run_ids)
    wanted = series.sources(runs, keys)
    if not wanted and not runs.exists():
        raise NotFound("There is no such run.")
    return wanted


def _window(query) -> Window:
    try:
        return Window(
            x=query.get("x", "step"),
            start=float(query["from"]) if "from" in query else None,
            end=float(query["to"]) if "to" in query else None,
            max_points=int(query.get("points", 1_000)),
        )
    except ValueError:
        raise InvalidValue("points, from and to must be numbers.") from None


def _etag(request, wanted: list[Source]) -> str:
    state = repr((request.META["QUERY_STRING"], wanted)).encode()
    return f'W/"{hashlib.blake2b(state, digest_size=12).hexdigest()}"'


def _wire(found: series.Series) -> dict:
    return {
        "run_id": found.source.run_id,
        "key": found.source.key,
        "points": {"x": found.x, "y": found.y},
        "marks": found.marks,
        "total": found.total,
        "is_complete": found.is_complete,
        "is_append": found.is_append,
        "is_live": found.source.status in LIVE,
        "cursor": found.cursor,
    }


def _json(answer: dict, status: int = 200) -> HttpResponse:
    # NaN becomes null, which is what a gap is
    body = orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY)
    return HttpResponse(body, status=status, content_type="application/json")
