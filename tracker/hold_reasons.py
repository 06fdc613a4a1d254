"""Why runs, logged models and files must stay: pins and legal holds, on a run or on the experiment it is in."""

from collections.abc import Collection

from django.db.models import Q

from tracker.models import Hold, LoggedModel, Run

ON_EXPERIMENT = "legal hold on its experiment"


def of_runs(keys: Collection[int]) -> dict[int, str]:
    """Return why each of these runs must not be deleted for good; a legal hold is named before a pin."""
    return {**pinned(keys), **legal(keys)}


def pinned(keys: Collection[int]) -> dict[int, str]:
    rows = Hold.objects.filter(run__in=keys, kind=Hold.Kind.PIN)
    return dict.fromkeys(rows.values_list("run_id", flat=True), "pinned")


def legal(keys: Collection[int]) -> dict[int, str]:
    held = _held_experiments()
    # a logged model goes with its run, and may be in another experiment
    below = Q(experiment__in=held) | Q(pk__in=LoggedModel.objects.filter(experiment__in=held).values("source_run"))
    runs = (
        Run.objects.filter(below, pk__in=keys) if Hold.objects.exclude(experiment=None).exists() else Run.objects.none()
    )
    own = Hold.objects.filter(run__in=keys, kind=Hold.Kind.LEGAL)
    return {
        **dict.fromkeys(runs.values_list("pk", flat=True), ON_EXPERIMENT),
        **dict.fromkeys(own.values_list("run_id", flat=True), "legal hold"),
    }


def of_models(keys: Collection[int], by) -> dict[int, str]:
    """The same of logged models, by their run and their experiment."""
    rows = LoggedModel.objects.filter(_legal_model(), pk__in=keys)
    return dict.fromkeys(rows.values_list("pk", flat=True), "legal hold")


def of_files(owner: Run | LoggedModel, path: str, by, is_same) -> str:
    """Return why the files at a path must stay as they are, "" where they need not; new files may join them."""
    if isinstance(owner, Run):
        is_held = bool(legal([owner.pk]))
    else:
        is_held = LoggedModel.objects.filter(_legal_model(), pk=owner.pk).exists()
    if is_held and owner.artifacts.at_or_below(path).exists():
        return "These files are under legal hold: they stay as they are."
    return ""


def _held_experiments():
    return Hold.objects.filter(kind=Hold.Kind.LEGAL).exclude(experiment=None).values("experiment")


def _legal_model() -> Q:
    held = _held_experiments()
    runs = Hold.objects.filter(kind=Hold.Kind.LEGAL).exclude(run=None).values("run")
    return Q(experiment__in=held) | Q(source_run__experiment__in=held) | Q(source_run__in=runs)
