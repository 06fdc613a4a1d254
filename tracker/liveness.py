"""Whether runs that say they run still write: one that is silent for much longer than is its own way has stalled.

A job looks now and then at how much each live run has written, which rollups tell without any history; ingest knows
nothing of it and pays nothing. Of the gaps between writes the longest is what counts: a mean would take every
evaluation between epochs of a thousand quick steps for the end. It is forgotten at a tenth of the time that passes, as
a peak meter lets its needle fall, so that a slow start of an hour is outweighed ten hours later.

What stalled revives by itself when it writes again. Its status on the wire is never touched.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from core.sql import any_of, fetch_all
from tracker import happenings
from tracker.models import Pulse, Run, RunTag
from tracker.models.run import AsRunId
from tracker.run_facts import PARENT_TAG

# one look costs the rollups of every live run; a write is noticed this much later at most
LOOK_EVERY = timedelta(seconds=30)
# a run that is silent is looked at ever less often, so that what died long ago costs nothing: after a tenth of its silence
SILENCE_PER_LOOK, LONGEST_WAIT = 10, timedelta(minutes=10)
# much longer than its own rhythm
TIMES = 4
# checkpoints, validation and a slow disk take minutes in runs that otherwise write each second
AT_LEAST = timedelta(minutes=15)
# fewer gaps than that are no rhythm: many scripts write params first and metrics when they are done, hours later
MIN_GAPS, WITHOUT_RHYTHM = 5, timedelta(hours=24)
FORGOTTEN = 0.1
# silence while nobody looked is nobody's: runs could not write while the site was stopped
AWAY = timedelta(minutes=2)
LIMIT = 2_000


def has_live() -> bool:
    return _watched().exists() or Pulse.objects.exists()


def _watched():
    return Run.objects.active().filter(status=Run.Status.RUNNING)


def watch(limit: int = LIMIT) -> int:
    """Look at the live runs that are due, the most overdue first; return how many have stalled since."""
    now = timezone.now()
    _begin(now, limit)
    Pulse.objects.filter(~Exists(_watched().filter(pk=OuterRef("run")))).delete()
    due = list(Pulse.objects.filter(look_at__lte=now).order_by("look_at")[:limit])
    found = written([pulse.run_id for pulse in due])
    silent = []
    for pulse in due:
        if now - pulse.look_at > AWAY:
            pulse.changed_at += now - pulse.look_at
        if found[pulse.run_id] > pulse.written:
            _beat(pulse, now)
        elif now - pulse.changed_at > patience(pulse):
            silent.append(pulse.run_id)
        # less where somebody deleted something, which is no write of the run's
        pulse.written = found[pulse.run_id]
        pulse.look_at = now + _wait(now - pulse.changed_at)
    fields = ["written", "changed_at", "num_gaps", "longest_s", "look_at"]
    Pulse.objects.bulk_update(due, fields, batch_size=200)
    revive([pulse.run_id for pulse in due if pulse.changed_at == now])
    return _mark(silent, now)


def _begin(now: datetime, limit: int) -> None:
    """Begin to look at runs that are new; from what they have by then."""
    new = list(_watched().filter(pulse=None).order_by("pk").values_list("pk", flat=True)[:limit])
    found = written(new)
    rows = [Pulse(run_id=pk, written=found[pk], changed_at=now, look_at=now + LOOK_EVERY) for pk in new]
    Pulse.objects.bulk_create(rows, ignore_conflicts=True)


def _beat(pulse: Pulse, now: datetime) -> None:
    """Note a write. The gap of a stall counts no more than what it took to call it one: nobody's rhythm is to hang."""
    gap_s = min(now - pulse.changed_at, patience(pulse)).total_seconds()
    pulse.longest_s = max(gap_s, pulse.longest_s - gap_s * FORGOTTEN)
    pulse.num_gaps += 1
    pulse.changed_at = now


def patience(pulse: Pulse) -> timedelta:
    """Return for how long the run may be silent."""
    if pulse.num_gaps < MIN_GAPS:
        return WITHOUT_RHYTHM
    return min(max(AT_LEAST, TIMES * timedelta(seconds=pulse.longest_s)), WITHOUT_RHYTHM)


def _wait(silence: timedelta) -> timedelta:
    return min(max(LOOK_EVERY, silence / SILENCE_PER_LOOK), LONGEST_WAIT)


# a file that is written over has another blob; of one that is sent in parts for hours there are its pieces
_WRITTEN = """
SELECT r.id,
    (SELECT COALESCE(SUM(m.count), 0) FROM tracker_metric m WHERE m.run_id = r.id)
    + (SELECT COUNT(*) FROM tracker_param p WHERE p.run_id = r.id)
    + (SELECT COUNT(*) FROM tracker_runtag t WHERE t.run_id = r.id)
    + (SELECT COALESCE(SUM(a.blob_id), 0) FROM tracker_artifact a WHERE a.run_id = r.id)
    + (SELECT COALESCE(MAX(p.id), 0) FROM tracker_piece p JOIN tracker_upload u ON u.id = p.upload_id WHERE u.run_id = r.id)
    + (SELECT COALESCE(MAX(l.id), 0) FROM tracker_loggedmodel l WHERE l.source_run_id = r.id)
    + (SELECT COALESCE(SUM(a.blob_id), 0) FROM tracker_artifact a JOIN tracker_loggedmodel l ON l.id = a.model_id
        WHERE l.source_run_id = r.id)
    + (SELECT COALESCE(MAX(p.id), 0) FROM tracker_piece p JOIN tracker_upload u ON u.id = p.upload_id
        JOIN tracker_loggedmodel l ON l.id = u.model_id WHERE l.source_run_id = r.id)
FROM tracker_run r WHERE r.id {}
"""


def written(pks: list[int]) -> dict[int, int]:
    """Return {key of a run: a number that grows with metrics, params, new tags, files and models that it logs}."""
    if not pks:
        return {}
    among, parameter = any_of(pks)
    return {pk: int(amount) for pk, amount in fetch_all(_WRITTEN.format(among), [parameter])}


def revive(pks: list[int]) -> int:
    """Runs that write again are as if nothing had been."""
    return Run.objects.filter(pk__in=pks).exclude(stalled_at=None).update(stalled_at=None)


def _mark(pks: list[int], now: datetime) -> int:
    """Call runs stalled, and tell of it; one whose children still run waits for them."""
    num_stalled = 0
    waiting = _parents_of_live(pks)
    for pk in pks:
        if pk not in waiting:
            with transaction.atomic():
                # it may have ended, or another may have said so, since it was looked at
                if _watched().filter(pk=pk, stalled_at=None).update(stalled_at=now):
                    run = Run.objects.select_related("experiment", "created_by", "pulse").get(pk=pk)
                    if _is_news(run):
                        happenings.stalled(run)
                    num_stalled += 1
    return num_stalled


def _is_news(run: Run) -> bool:
    """Tell whether its owner learns anything: not of a run that came long after its start, by an import, and never wrote here."""
    age_ms = run.created_at.timestamp() * 1000 - run.start_time_ms
    return run.pulse.num_gaps > 0 or age_ms < WITHOUT_RHYTHM / timedelta(milliseconds=1)


def _parents_of_live(pks: list[int]) -> set[int]:
    ids = dict(Run.objects.filter(pk__in=pks, stalled_at=None).values_list("run_id", "pk"))
    edges = RunTag.objects.annotate(parent=AsRunId("value")).filter(key=PARENT_TAG, parent__in=list(ids))
    live = edges.filter(run__status=Run.Status.RUNNING, run__deleted_at=None, run__stalled_at=None)
    return {ids[parent] for parent in live.values_list("parent", flat=True)}
