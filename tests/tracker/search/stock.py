"""What MLflow's own server makes of a filter: its parser and the step that builds SQL, without a database."""

from tests.late import Late
from tracker.search.kinds import EXPERIMENTS, LOGGED_MODELS, RUNS, Kind

exceptions = Late("mlflow.exceptions")
store = Late("mlflow.store.tracking.sqlalchemy_store")
models = Late("mlflow.store.tracking.dbmodels.models")
model_filters = Late("mlflow.utils.search_logged_model_utils")
search = Late("mlflow.utils.search_utils")
orm = Late("sqlalchemy.orm")


def accepts(text: str, kind: Kind) -> bool:
    """Say whether MLflow's server takes a filter; one that crashes it is not taken."""
    try:
        {RUNS.name: _runs, EXPERIMENTS.name: _experiments, LOGGED_MODELS.name: _logged_models}[kind.name](text)
    except (exceptions.MlflowException, ValueError, AttributeError, TypeError):
        return False
    return True


def accepts_order(clause: str, kind: Kind) -> bool:
    try:
        if kind is RUNS:
            store._get_orderby_clauses([clause], orm.Session())
        elif kind is EXPERIMENTS:
            store._get_search_experiments_order_by_clauses([clause])
        else:
            search.SearchLoggedModelsUtils.parse_order_by_for_logged_models({"field_name": clause})
    except (exceptions.MlflowException, ValueError, AttributeError, TypeError):
        return False
    return True


def _runs(text: str) -> None:
    parsed = search.SearchUtils.parse_search_filter(text)
    store._get_sqlalchemy_filter_clauses(parsed, orm.Session(), "sqlite")
    if any(isinstance(clause["value"], tuple) and "IN" not in clause["comparator"].upper() for clause in parsed):
        raise ValueError("the database refuses = with a list")


def _experiments(text: str) -> None:
    store._get_search_experiments_filter_clauses(search.SearchExperimentsUtils.parse_search_filter(text), "sqlite")


def _logged_models(text: str) -> None:
    for comparison in model_filters.parse_filter_string(text):
        if comparison.entity.type is model_filters.EntityType.ATTRIBUTE:
            getattr(models.SqlLoggedModel, comparison.entity.key)
        if isinstance(comparison.value, tuple) != (comparison.op in ("IN", "NOT IN")):
            raise ValueError("the database refuses it")
        if isinstance(comparison.value, tuple) and not comparison.value:
            raise ValueError("an empty list matches nothing")
