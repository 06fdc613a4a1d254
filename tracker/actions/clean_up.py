"""Cleaning up by a retention policy: always a dry run first, whose report names every run; then that report is carried out.

Each batch is a transaction of its own that judges its runs once more, so what was registered, pinned or held meanwhile
stays. What is left is what entries say is open, so a job that was cut off goes on where it was.
"""

from collections.abc import Callable

from django.db import transaction
from django.db.models import Count, F, Sum
from django.utils import timezone

from core.actions import audit, jobs
from core.errors import Conflict, NotAllowed
from core.sql import fetch_one
from tracker import retention
from tracker.actions import artifact_sweep, purge
from tracker.actions.experiments import recount
from tracker.models import CleanupEntry, CleanupReport, Experiment, RetentionPolicy, Run

JOB = "clean_up"
BATCH = 200
FILES_AT_ONCE = 2_000
Step, Outcome, State = CleanupEntry.Step, CleanupEntry.Outcome, CleanupReport.State
Report = Callable[[float, str], None]


def check_may(experiment: Experiment | None, by) -> None:
    """Raise NotAllowed where `by` may not say what stays of an experiment, or of the site (None)."""
    if experiment is None and not by.is_superuser:
        raise NotAllowed("The site's retention is the site admins' to say.")
    if experiment is not None and not Experiment.objects.manageable_by(by).filter(pk=experiment.pk).exists():
        raise NotAllowed("Retention takes the level manage.")


@transaction.atomic
def look(policy: RetentionPolicy, *, by) -> CleanupReport:
    """Ask for a dry run of a policy; return its report, which a job fills."""
    check_may(policy.experiment, by)
    return _with_job(_new_report(policy, by), by)


@transaction.atomic
def _look_daily(policy: RetentionPolicy) -> None:
    _with_job(_new_report(policy, None, is_daily=True), None)


def _new_report(policy: RetentionPolicy, by, *, is_daily: bool = False) -> CleanupReport:
    return CleanupReport.objects.create(
        policy=policy,
        experiment=policy.experiment,
        scope=policy.experiment.name if policy.experiment else "the site",
        rules=retention.Rules.of(policy).as_json(),
        created_by=by,
        is_daily=is_daily,
    )


@transaction.atomic
def carry_out(report: CleanupReport, *, by) -> CleanupReport:
    """Have what a dry run named done. Raises Conflict where it was done before, or the policy is another by now."""
    if by is not None:
        check_may(report.experiment, by)
    return _with_job(_start(report, by), by)


def cancel(report: CleanupReport, *, by) -> None:
    """Stop the job of a report; what it has done by then stays done. Raises Conflict where it is over."""
    check_may(report.experiment, by)
    if report.job is not None:
        jobs.cancel(report.job, by=None)


def retry(report: CleanupReport, *, by) -> None:
    """Have the job of a report go on where it stopped. Raises Conflict where it did not."""
    check_may(report.experiment, by)
    if report.job is not None:
        jobs.retry(report.job, by=None)


def _start(report: CleanupReport, by) -> CleanupReport:
    held = CleanupReport.objects.select_for_update().get(pk=report.pk)
    if held.state != State.DECIDED:
        raise Conflict("Only a dry run that was looked through to its end can be carried out, and once.")
    policy = held.policy
    if policy is None or retention.Rules.of(policy).as_json() != held.rules:
        raise Conflict("The policy has changed since this dry run: make another one.")
    held.state, held.carried_out_by = State.CLEANING, by
    held.save(update_fields=["state", "carried_out_by"])
    audit.record(
        "cleanup.carry_out", held, by=by, num_trash=held.num_trash, num_purge=held.num_purge, bytes=held.purge_bytes
    )
    return held


def look_now(policy: RetentionPolicy) -> CleanupReport:
    """Make a dry run here and now, for the command."""
    report = _new_report(policy, None)
    _decide(report, retention.Rules(**report.rules), _say_nothing)
    return report


def carry_out_now(report: CleanupReport) -> CleanupReport:
    """Carry a dry run out here and now, for the command."""
    with transaction.atomic():
        held = _start(report, None)
    _clean(held, retention.Rules(**held.rules), _say_nothing)
    held.refresh_from_db()
    return held


def _say_nothing(progress: float, doing: str) -> None:
    """Nobody waits where a command runs."""


def _with_job(report: CleanupReport, by) -> CleanupReport:
    report.job = jobs.request(JOB, {"report": report.pk}, by=by)
    report.save(update_fields=["job"])
    return report


def work(report_id: int, say: Report) -> dict[str, int]:
    """Do what a report waits for: look, or clean up; return its numbers. Safe to repeat after a stop or a crash."""
    report = CleanupReport.objects.filter(pk=report_id).first()
    if report is None:
        return {}
    rules = retention.Rules(**report.rules)
    if report.state == State.DECIDING:
        _decide(report, rules, say)
    if report.state == State.DECIDED and report.is_daily:
        # here, too, where the worker died just before
        carry_out(report, by=None)
    elif report.state == State.CLEANING:
        _clean(report, rules, say)
    return {"trash": report.num_trash, "purge": report.num_purge, "kept": report.num_kept, "bytes": report.purge_bytes}


def request_daily() -> int:
    """Have every daily policy looked at and carried out; return how many those are."""
    policies = list(
        RetentionPolicy.objects.filter(is_daily=True, experiment__deleted_at=None).select_related("experiment")
    )
    for policy in policies:
        _look_daily(policy)
    return len(policies)


def has_daily() -> bool:
    return RetentionPolicy.objects.filter(is_daily=True).exists()


def _decide(report: CleanupReport, rules: retention.Rules, say: Report) -> None:
    runs = _runs_of(report)
    num_runs, num_done = runs.count(), report.entries.count()
    last = report.entries.order_by("-run_key").values_list("run_key", flat=True).first() or 0
    best = retention.best_of(runs, rules)
    for batch in retention.decide(runs, rules, keepers=purge.KEEPERS, best=best, after=last):
        CleanupEntry.objects.bulk_create([_entry(report, decision) for decision in batch])
        num_done += len(batch)
        say(num_done / max(num_runs, 1), f"looked at {num_done} of {num_runs} runs")
    _sum_up(report)


def _runs_of(report: CleanupReport):
    """Return the runs that its policy is about: none, once the policy is gone, with its experiment or without it."""
    policy = RetentionPolicy.objects.filter(pk=report.policy_id).first()
    return Run.objects.none() if policy is None else retention.runs_of(policy.experiment_id)


def _entry(report: CleanupReport, decision: retention.Decision) -> CleanupEntry:
    run, verdict = decision.run, decision.verdict
    return CleanupEntry(
        report=report,
        run_key=run.pk,
        run_id=run.run_id,
        name=run.name,
        step=verdict.step,
        rule=verdict.rule.value,
        reason=verdict.reason,
        size_bytes=decision.size_bytes,
    )


@transaction.atomic
def _sum_up(report: CleanupReport) -> None:
    totals = report.entries.values_list("step", "rule").annotate(Count("pk"), Sum("size_bytes")).order_by()
    sums: dict[str, list[int]] = {step: [0, 0] for step in Step.values}
    for step, rule, num, size in totals:
        sums[step][0] += num
        sums[step][1] += size
        if step == Step.KEEP:
            report.kept_by_rule[rule] = [num, size]
    report.num_kept, report.kept_bytes = sums[Step.KEEP]
    report.num_purge, report.purge_bytes = sums[Step.PURGE]
    report.num_trash = sums[Step.TRASH][0]
    (report.freed_bytes,) = fetch_one(_FREED, [report.pk])
    report.state, report.finished_at = State.DECIDED, timezone.now()
    report.save()
    # every run's reason stands in the newest report; what went stands in all of them
    older = CleanupReport.objects.filter(scope=report.scope, experiment=report.experiment, pk__lt=report.pk)
    CleanupEntry.objects.filter(report__in=older, step=Step.KEEP).delete()


# content that a run shares with one that stays is not freed
_FREED = """
WITH doomed AS (SELECT run_key FROM tracker_cleanupentry WHERE report_id = %s AND step = 'purge'),
files AS (
  SELECT a.blob_id FROM tracker_artifact a JOIN doomed d ON d.run_key = a.run_id
  UNION ALL
  SELECT a.blob_id FROM tracker_artifact a JOIN tracker_loggedmodel l ON l.id = a.model_id
  JOIN doomed d ON d.run_key = l.source_run_id
),
going AS (SELECT blob_id, COUNT(*) AS num FROM files GROUP BY blob_id)
SELECT COALESCE(SUM(b.size_bytes), 0) FROM going g JOIN tracker_blob b ON b.id = g.blob_id
WHERE g.num = (SELECT COUNT(*) FROM tracker_artifact a WHERE a.blob_id = b.id)
"""


def _clean(report: CleanupReport, rules: retention.Rules, say: Report) -> None:
    best = retention.best_of(_runs_of(report), rules)
    total = max(report.num_trash + report.num_purge, 1)
    for step, doing in ((Step.TRASH, "moved to the trash"), (Step.PURGE, "deleted for good")):
        while _clean_batch(report.pk, step, rules, best):
            num_done = total - report.entries.filter(step__in=[Step.TRASH, Step.PURGE], outcome=Outcome.OPEN).count()
            say(0.9 * num_done / total, f"{num_done} of {total} runs: {doing}")
    _remove_files(report, say)
    CleanupReport.objects.filter(pk=report.pk).update(state=State.DONE, finished_at=timezone.now())


@transaction.atomic
def _clean_batch(report_pk: int, step: Step, rules: retention.Rules, best: dict[int, str]) -> int:
    """Do one step to the next runs, as far as it still holds; return how many those were, 0 at the end.

    Their entries and the counts are written along, so a batch that is cut off leaves no trace.
    """
    # whose worker lost its lease waits here, and finds the entries settled
    report = CleanupReport.objects.select_for_update(of=["self"]).select_related("carried_out_by").get(pk=report_pk)
    left = report.entries.filter(step=step, outcome=Outcome.OPEN).order_by("run_key")
    entries = {entry.run_key: entry for entry in left[:BATCH]}
    if not entries:
        return 0
    runs = {run.pk: run for run in purge.take(list(entries))}
    verdicts = _verdicts(report, rules, best, runs)
    doomed = [run for key, run in runs.items() if key in verdicts and verdicts[key].step == step]
    _act(report, step, doomed, {run.pk: verdicts[run.pk].reason for run in doomed})
    _settle(report, step, entries, {run.pk for run in doomed}, verdicts)
    return len(entries)


def _verdicts(report, rules, best, runs: dict[int, Run]) -> dict[int, retention.Verdict]:
    """Judge what is still this policy's to judge; nothing is, once the policy is another."""
    policy = RetentionPolicy.objects.select_for_update().filter(pk=report.policy_id).first()
    if policy is None or retention.Rules.of(policy) != rules:
        return {}
    mine = retention.runs_of(policy.experiment_id).filter(pk__in=runs)
    return retention.verdicts_of(mine, rules, keepers=purge.KEEPERS, best=best)


def _act(report: CleanupReport, step: Step, doomed: list[Run], reasons: dict[int, str]) -> None:
    if step == Step.TRASH:
        Run.objects.filter(pk__in=reasons).update(deleted_at=timezone.now())
    else:
        purge.remove_rows(list(reasons))
    for experiment_id in {run.experiment_id for run in doomed}:
        recount(experiment_id)
    action = "run.delete" if step == Step.TRASH else "run.purge"
    audit.record_each(action, {run.run_id: run for run in doomed}, by=report.carried_out_by, clean_up=report.pk)


def _settle(report: CleanupReport, step: Step, entries: dict[int, CleanupEntry], done: set[int], verdicts) -> None:
    for key, entry in entries.items():
        entry.outcome = Outcome.DONE if key in done else Outcome.SPARED
        if key not in done:
            entry.reason = (
                verdicts[key].reason if key in verdicts else "by now it is gone, moved, or the policy another"
            )
    CleanupEntry.objects.bulk_update(entries.values(), ["outcome", "reason"], batch_size=BATCH)
    counted = "num_trashed" if step == Step.TRASH else "num_purged"
    CleanupReport.objects.filter(pk=report.pk).update(
        **{counted: F(counted) + len(done)}, num_spared=F("num_spared") + len(entries) - len(done)
    )


def _remove_files(report: CleanupReport, say: Report) -> None:
    """Remove the stored files that no row names any more; what is left then, the daily sweep takes."""
    num_gone = 0
    while (removed := artifact_sweep.remove_blobs(FILES_AT_ONCE))["blobs"]:
        num_gone += removed["blobs"]
        CleanupReport.objects.filter(pk=report.pk).update(removed_bytes=F("removed_bytes") + removed["bytes"])
        say(0.95, f"removed {num_gone} stored files")
