"""Searches of the protocol: experiments, runs, logged models (MLFLOW_CONTRACT 4).

What the caller may not see is not searched, and what does not exist is not an error.
"""

import re

import msgspec

from api import wire
from api.endpoint import Int64, RequiredText
from core.errors import InvalidValue
from tracker import search
from tracker.search.kinds import LOGGED_MODELS
from tracker.search.ordering import model_term

MAX_RESULTS = 50_000
DEFAULT_RUNS = 1000
DEFAULT_MODELS = 50

# by name, or by the numbers of the protocol's enum
_VIEWS = {"": "ACTIVE_ONLY", "1": "ACTIVE_ONLY", "2": "DELETED_ONLY", "3": "ALL"}


class SearchExperiments(msgspec.Struct):
    max_results: Int64 = 0
    page_token: str = ""
    filter: str = ""
    order_by: list[str] = []
    view_type: str | int = ""


def experiments(request, body: SearchExperiments):
    """GET and POST experiments/search; without max_results it is a 400, as the client always sends it"""
    query = search.Query(body.filter, body.order_by, _view(body.view_type, "view_type"))
    page = search.experiments(
        user=request.user,
        query=query,
        limit=_limit(body.max_results),
        token=body.page_token,
        fields=wire.EXPERIMENT_FIELDS,
    )
    return _answer("experiments", wire.experiments(page.rows), page)


class SearchRuns(msgspec.Struct):
    experiment_ids: list[str] = []
    filter: str = ""
    run_view_type: str | int = ""
    max_results: Int64 = DEFAULT_RUNS
    order_by: list[str] = []
    page_token: str = ""


def runs(request, body: SearchRuns):
    """POST runs/search; whole runs, without the models that went in"""
    query = search.Query(body.filter, body.order_by, _view(body.run_view_type, "run_view_type"))
    page = search.runs(
        user=request.user,
        experiments=_ids(body.experiment_ids),
        query=query,
        limit=_limit(body.max_results),
        token=body.page_token,
        fields=wire.RUN_FIELDS,
    )
    return _answer("runs", wire.runs(page.rows), page)


class OnDataset(msgspec.Struct):
    dataset_name: RequiredText
    dataset_digest: str = ""


class OrderBy(msgspec.Struct):
    field_name: RequiredText
    ascending: bool = True
    dataset_name: str = ""
    dataset_digest: str = ""


class SearchLoggedModels(msgspec.Struct):
    experiment_ids: list[str] = []
    filter: str = ""
    datasets: list[OnDataset] = []
    max_results: Int64 = 0
    order_by: list[OrderBy] = []
    page_token: str = ""


def logged_models(request, body: SearchLoggedModels):
    """POST logged-models/search; max_results 0 is the default of 50, and the order comes as objects"""
    query = search.Query(
        body.filter,
        [
            model_term(
                order.field_name,
                LOGGED_MODELS,
                is_ascending=order.ascending,
                dataset=(order.dataset_name, order.dataset_digest),
            )
            for order in body.order_by
        ],
        datasets=tuple((dataset.dataset_name, dataset.dataset_digest) for dataset in body.datasets),
    )
    page = search.logged_models(
        user=request.user,
        experiments=_ids(body.experiment_ids),
        query=query,
        limit=_limit(body.max_results or DEFAULT_MODELS),
        token=body.page_token,
    )
    return _answer("models", wire.logged_models(page.rows), page)


def _answer(name: str, rows: list[dict], page: search.Page) -> dict:
    """Return the protocol's answer, in which an empty list and a missing token are left out."""
    answer = {name: rows} if rows else {}
    if page.next:
        answer["next_page_token"] = page.next
    return answer


def _limit(max_results: int) -> int:
    if max_results < 1:
        raise InvalidValue(
            f"Invalid value {max_results} for parameter 'max_results' supplied: It must be a positive integer."
        )
    if max_results > MAX_RESULTS:
        raise InvalidValue(
            f"Invalid value {max_results} for parameter 'max_results' supplied: It must be at most {MAX_RESULTS}."
        )
    return max_results


def _view(value: str | int, parameter: str) -> search.View:
    name = str(value).upper()
    name = _VIEWS.get(name, name)
    if name not in search.View.__members__:
        raise InvalidValue(
            f"Invalid value {str(value)[:100]!r} for parameter '{parameter}' supplied: "
            f"it must be one of {', '.join(search.View.__members__)}."
        )
    return search.View[name]


def _ids(experiment_ids: list[str]) -> set[int]:
    for experiment_id in experiment_ids:
        if not re.fullmatch(r"\d{1,18}", experiment_id, re.ASCII):
            raise InvalidValue(
                f"Invalid value {experiment_id[:100]!r} for parameter 'experiment_ids' supplied: "
                "every id must be a whole number."
            )
    return set(map(int, experiment_ids))
