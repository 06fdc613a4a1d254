"""Taking over what another MLflow kept: experiments with runs, logged models and files, then the registry.

Safe to repeat and to kill: what is here already is found by its id and added to, never written twice. Each step commits by
itself; what a killed import had not written yet, the next one writes.
"""

import logging
from collections.abc import Callable
from itertools import accumulate

from django.utils import timezone

from core.actions import audit
from core.batches import batches
from core.errors import DomainError, InvalidValue
from imports import records
from imports.models import Import
from imports.options import Options
from imports.report import Report
from imports.sources.opening import Address, open_source
from imports.taking import Taking, Tell
from imports.writing import experiments, files, logged_models, registry, runs
from tracker.models import Run

log = logging.getLogger("assay.imports")
# the registry's share of the progress bar
_REGISTRY = 0.05


def begin(source_name: str, options: Options, *, owner, by, job=None) -> Import:
    """Write down that an import begins. Raises InvalidValue for options that cannot be."""
    options.check()
    return Import.objects.create(
        source=source_name,
        options=options.as_json(),
        is_dry_run=options.is_dry_run,
        owner=owner,
        created_by=by,
        job=job,
    )


def carry_out(row: Import, address: Address, tell: Tell = lambda fraction, doing: None) -> Report:
    """Import, and keep in `row` what came of it, however it ends. Raises DomainError where the source cannot be read."""
    return carry_out_from(row, lambda report: open_source(address, report), tell)


def carry_out_from(
    row: Import, opened: Callable[[Report], records.Source], tell: Tell = lambda fraction, doing: None
) -> Report:
    """Import from what `opened` returns, as `carry_out` does."""
    report = Report()
    state, error = Import.State.STOPPED, ""
    try:
        source = opened(report)
        try:
            row.source = source.name
            row.save(update_fields=["source"])
            _close_dead_ones(row)
            options = Options.of_json(row.options)
            _take(Taking(source, report, options, row.owner, tell))
        finally:
            source.close()
        state = Import.State.DONE
    except Exception as failure:
        state = Import.State.FAILED
        error = failure.message if isinstance(failure, DomainError) else f"{type(failure).__name__}: {failure}"
        raise
    finally:
        _finish(row, report, state, error)
    return report


def _close_dead_ones(row: Import) -> None:
    """Say of imports that were killed that they are over; two at once from one source are not meant to be."""
    dead = Import.objects.filter(source=row.source, state=Import.State.RUNNING).exclude(pk=row.pk)
    dead.update(state=Import.State.STOPPED, error="It ended without a word; a later import went on.")


def _finish(row: Import, report: Report, state: str, error: str) -> None:
    row.state, row.error, row.finished_at = state, error, timezone.now()
    row.counts, row.problems, row.num_problems = dict(report.counts), report.problems, report.num_problems
    row.save(update_fields=["source", "state", "error", "finished_at", "counts", "problems", "num_problems"])
    if not row.is_dry_run:
        counts = {kind: count["taken"] for kind, count in report.counts.items() if count["taken"]}
        audit.record("import.end", row, by=row.created_by, state=state, taken=counts)


def _take(taking: Taking) -> None:
    wanted = _wanted(taking)
    # an experiment counts as a run, so that the bar moves where the source does not say how many it has
    sizes = [taking.source.num_runs(record) + 1 for record in wanted]
    ends = list(accumulate(sizes))
    for record, size, end in zip(wanted, sizes, ends, strict=True):
        share = (1 - _REGISTRY) / ends[-1]
        _take_experiment(taking, record, start=(end - size) * share, share=share)
    for number, model in enumerate(taking.source.registered_models(), start=1):
        taking.tell(1 - _REGISTRY / number, f"registered model {model.name}")
        registry.take(taking, model)
    for what, number in taking.source.left_out().items():
        taking.report.left(what, f"{number:,} of them", "Assay has no place for these.", number)


def _wanted(taking: Taking) -> list[records.Experiment]:
    """Return the experiments to take. Raises InvalidValue where one was asked for that is not there."""
    found = list(taking.source.experiments())
    names = taking.options.experiments
    if missing := sorted(set(names) - {record.name for record in found}):
        raise InvalidValue(f"The source has no experiment called {missing[0]!r}.")
    return [record for record in found if not names or record.name in names]


def _take_experiment(taking: Taking, record: records.Experiment, *, start: float, share: float) -> None:
    experiment = experiments.place(taking, record)
    if experiment is None:
        return
    if experiment.pk is not None:
        taking.experiments[record.id] = experiment.pk
    writer, done = runs.RunWriter(taking, experiment), 0
    for batch in batches(taking.source.runs(record), runs.MAX_RUNS):
        fitted = [run for run in (runs.fitted(taking, run) for run in batch) if run is not None]
        known = runs.known_among(fitted)
        fitted = runs.without_foreign(taking, fitted, known)
        places = {run.run_id: files.find(taking, run) for run in fitted}
        for run in fitted:
            taking.tell(start + (1 + done) * share, f"{record.name}: run {done + 1:,}")
            _take_run(taking, writer, run, known.get(run.run_id), places[run.run_id])
            done += 1
        writer.flush()
        for run in fitted:
            taking.tell(start + done * share, f"{record.name}: files of run {run.run_id}")
            owner = Run.objects.filter(run_id=run.run_id).first()
            files.take(taking, owner, run, places[run.run_id])
    for model in taking.source.logged_models(record):
        taking.tell(start + done * share, f"{record.name}: logged model {model.name}")
        logged_models.take(taking, experiment, model)


def _take_run(taking: Taking, writer: runs.RunWriter, run: records.Run, known: int | None, place) -> None:
    if taking.is_dry_run:
        _count_run(taking, run, known)
    elif known is not None:
        writer.extend(known, run)
    else:
        writer.add(run, files.location(run, place))
        for key, points in runs.read_points(taking, run):
            writer.add_points(run.run_id, key, points)


def _count_run(taking: Taking, run: records.Run, known: int | None) -> None:
    """Count a run as it would be taken."""
    report, number = taking.report, taking.source.num_points(run)
    if number is None:
        number = sum(len(points) for _, points in runs.read_points(taking, run))
    here = 0 if known is None else min(runs.num_points_here(known), number)
    report.took("metric points", number - here)
    report.found("metric points", here)
    if known is not None:
        report.found("runs")
        return
    report.took("runs")
    for kind, rows in (
        ("params", run.params),
        ("run tags", run.tags),
        ("dataset inputs", run.datasets),
        ("model inputs", run.model_inputs),
        ("model outputs", run.model_outputs),
    ):
        if rows:
            report.took(kind, len(rows))
