"""The runs of experiments as a table, in the words of a runs table's address: pages of JSON, and whole files."""

from typing import Annotated, Any, Literal

import msgspec
from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header

from api.endpoint import RequiredText
from core.clock import now_ms
from core.errors import InvalidValue
from core.sql import snapshot
from exports import streams, tables
from exports.actions import exports
from exports.selection import MAX_CELLS, Selection
from tracker.columns import ATTRIBUTES, MAX_COLUMNS, ROLLUPS, UNSORTED, Column, parse
from tracker.experiment_bests import primary_metrics
from tracker.lookups import experiments_by_ids
from tracker.models import Experiment
from tracker.run_table import NEWEST_FIRST, Sort, read_sort
from tracker.search import cursors

MAX_EXPERIMENTS = 100
MAX_RESULTS = 1000
# a page on which each run has what it logged, be it hundreds of values
MAX_WITHOUT_COLUMNS = 100
MAX_QUERY = 4000

_COLUMNS = f"{', '.join(ATTRIBUTES)}, {', '.join(f'{rollup}:METRIC' for rollup in ROLLUPS)}, param:NAME and tag:NAME"


class TableWords(msgspec.Struct, kw_only=True):
    """What a table shows; without `col` all that its runs logged."""

    q: Annotated[str, msgspec.Meta(max_length=MAX_QUERY)] = ""
    sort: str = ""
    col: list[RequiredText] = []
    view: Literal["active", "trash"] = "active"


class RunsTable(TableWords, kw_only=True):
    experiment_id: Annotated[list[RequiredText], msgspec.Meta(min_length=1, max_length=MAX_EXPERIMENTS)]


class RunsPage(RunsTable, kw_only=True):
    max_results: Annotated[int, msgspec.Meta(ge=1, le=MAX_RESULTS)] = 100
    page_token: str = ""


class Runs(msgspec.Struct):
    # run_id, name, experiment_id of several, attributes; metrics, metrics_min, …, params and tags as {key: value}
    runs: list[dict[str, Any]]
    next_page_token: str = ""


def list_(request, body: RunsPage) -> Runs:
    """A page of the runs that a filter leaves, with any rollup of their metrics.

    `experiment_id`, `col` repeat; `q`, `sort` and `col` are those of a runs table's address. A page may hold fewer runs
    than `max_results`: go on while there is a `next_page_token`.
    """
    selection = selection_of(body, experiments_by_ids(body.experiment_id, user=request.user))
    bound_to = cursors.fingerprint(
        selection.pks, selection.text, selection.sort.token, selection.is_trash, request.user.pk
    )
    place = cursors.unseal(body.page_token, bound_to) if body.page_token else ""
    most = MAX_CELLS // len(selection.columns) if selection.columns else MAX_WITHOUT_COLUMNS
    with snapshot():
        page = selection.page(user=request.user, size=min(body.max_results, most), after=place)
        shown = selection if selection.columns else selection.with_columns_of(page.rows)
        logged = shown.logged(page.rows, user=request.user)
    found = [tables.record(run, shown, logged) for run in page.rows]
    return Runs(found, cursors.seal(page.after, bound_to) if page.after else "")


def csv(request, body: RunsTable) -> StreamingHttpResponse:
    """All runs that a filter leaves as CSV, up to 10,000; the arguments are those of `GET runs`."""
    return _file("csv", request, body)


def parquet(request, body: RunsTable) -> StreamingHttpResponse:
    """The same as Parquet."""
    return _file("parquet", request, body)


def jsonl(request, body: RunsTable) -> StreamingHttpResponse:
    """The same as JSON lines."""
    return _file("jsonl", request, body)


def _file(form: str, request, body: RunsTable) -> StreamingHttpResponse:
    selection = selection_of(body, experiments_by_ids(body.experiment_id, user=request.user))
    # here, and not with the first line: what cannot be understood is said before any is sent
    if not exports.streams(form, selection):
        raise InvalidValue(_how_to_get_more(form, body))
    sent = streams.stream(form, with_columns(selection), user=request.user)
    response = StreamingHttpResponse(sent.pieces, content_type=sent.content_type)
    response._resource_closers.append(sent.release)
    response["Content-Disposition"] = content_disposition_header(True, sent.file_name)
    return response


def selection_of(words: TableWords, experiments: list[Experiment]) -> Selection:
    """Return what a call asks for. Raises InvalidValue for what a page would pass over."""
    primaries = primary_metrics([experiment.pk for experiment in experiments])
    agreed = set(map(primaries.get, [experiment.pk for experiment in experiments]))
    return Selection(
        tuple(experiments),
        now_ms(),
        words.q.strip(),
        _sort(words.sort),
        tuple(_columns(words.col)),
        words.view == "trash",
        agreed.pop() if len(agreed) == 1 else None,
    )


def with_columns(selection: Selection) -> Selection:
    return selection if selection.columns else selection.with_all_columns()


def _columns(tokens: list[str]) -> list[Column]:
    columns = list(dict.fromkeys(map(_column, tokens)))
    if len(columns) > MAX_COLUMNS:
        raise InvalidValue(
            f"There are {len(columns)} columns in 'col', at most {MAX_COLUMNS} are chosen; none takes all."
        )
    return columns


def _column(token: str) -> Column:
    column = parse(token)
    if column is None:
        raise InvalidValue(f"There is no column '{token[:300]}'. In 'col' stand {_COLUMNS}.")
    return column


def _sort(token: str) -> Sort:
    name = token.removeprefix("-")
    if not token:
        return NEWEST_FIRST
    if name != "name" and (parse(name) is None or name in UNSORTED):
        raise InvalidValue(
            f"Nothing is sorted by '{token[:300]}'. In 'sort' stand name, {_COLUMNS}; with - in front, falling."
        )
    return read_sort(token)


def _how_to_get_more(form: str, body: RunsTable) -> str:
    if len(body.experiment_id) > 1:
        job = "ask for one experiment at a time, of which a job makes a file by POST /api/v1/exports"
    else:
        view = "" if body.view == "active" else body.view
        words = {"form": form, "q": body.q, "sort": body.sort, "col": body.col, "view": view}
        said = {"experiment_id": body.experiment_id[0]} | {name: value for name, value in words.items() if value}
        asked = msgspec.json.encode(said).decode()
        job = (
            f"have a job make the file: POST /api/v1/exports with {asked}, by a token of scope log, then GET "
            "/api/v1/exports/<id> until its state is done, and its file_url"
        )
    return (
        f"More than {exports.MAX_STREAMED:,} runs match, which do not go out at once. Narrow the filter 'q', read pages of "
        f"GET /api/v1/runs, or {job}."
    )
