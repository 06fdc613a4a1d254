"""What a retention policy makes of each run: kept or doomed, and for what reason. It changes nothing.

What protects a run comes first, the strongest first: a legal hold, a registered version, a pin, a tag, being one of the best.
Only then its age counts. Runs are read in batches, a fixed number of statements for each.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from django.db.models import Exists, F, OuterRef, Q, Sum, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from tracker import hold_reasons
from tracker.models import Artifact, CleanupEntry, Experiment, Metric, RetentionPolicy, Run, RunTag

BATCH = 1000
ENDED = (Run.Status.FINISHED.value, Run.Status.FAILED.value, Run.Status.KILLED.value)
Step = CleanupEntry.Step

# Higher apps add what they need: each takes runs' keys and returns why some of them must stay (tracker.actions.purge).
Keeper = Callable[[Collection[int], object], dict[int, str]]


class Rule(StrEnum):
    """What decided about a run."""

    LEGAL = "legal"
    REGISTERED = "registered"
    PINNED = "pinned"
    TAGGED = "tagged"
    BEST = "best"
    LIVE = "live"
    STATUS = "status"
    NEVER = "never"
    YOUNG = "young"
    AGE = "age"
    TRASHED = "trashed"


@dataclass(frozen=True)
class Rules:
    """A policy as plain values, which a report keeps: it is judged by what held when it was made."""

    trash_after_days: int | None = None
    statuses: list[str] = field(default_factory=list)
    purge_after_days: int | None = None
    keep_best: int = 0
    keep_metric: str = ""
    is_large_good: bool = True
    keep_tags: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, policy: RetentionPolicy) -> "Rules":
        return cls(**{name: getattr(policy, name) for name in cls.__dataclass_fields__})

    def as_json(self) -> dict:
        return asdict(self)


class Facts(NamedTuple):
    """What is known of one run; the texts are "" where nothing of the kind keeps it."""

    status: str
    ended_at: datetime
    deleted_at: datetime | None
    legal: str = ""
    registered: str = ""
    pinned: str = ""
    tagged: str = ""
    best: str = ""


class Verdict(NamedTuple):
    step: Step
    rule: Rule
    reason: str


class Decision(NamedTuple):
    run: Run
    verdict: Verdict
    size_bytes: int


def judge(facts: Facts, rules: Rules, now: datetime) -> Verdict:
    """Return what becomes of a run.

    >>> judge(Facts("FINISHED", datetime(2026, 1, 1), None), Rules(trash_after_days=30), datetime(2026, 3, 1))
    Verdict(step=Step.TRASH, rule=<Rule.AGE: 'age'>, reason='ended 59 days ago, the policy gives 30')
    """
    for rule in (Rule.LEGAL, Rule.REGISTERED, Rule.PINNED, Rule.TAGGED, Rule.BEST):
        if reason := getattr(facts, rule.value):
            return Verdict(Step.KEEP, rule, reason)
    if facts.deleted_at is not None:
        return _by_age(Step.PURGE, Rule.TRASHED, "in the trash for", (now - facts.deleted_at), rules.purge_after_days)
    if facts.status not in ENDED:
        return Verdict(Step.KEEP, Rule.LIVE, f"is {facts.status.lower()}")
    if rules.statuses and facts.status not in rules.statuses:
        return Verdict(Step.KEEP, Rule.STATUS, f"{facts.status.lower()} runs stay")
    return _by_age(Step.TRASH, Rule.AGE, "ended", now - facts.ended_at, rules.trash_after_days)


def _by_age(step: Step, rule: Rule, since: str, age: timedelta, days: int | None) -> Verdict:
    if days is None:
        where = "the trash is never emptied" if step == Step.PURGE else "no age ends it"
        return Verdict(Step.KEEP, Rule.NEVER, where)
    # a clock that is ahead is no age at all
    ago = f"{since} {_days(max(age.days, 0))}" + (" ago" if step == Step.TRASH else "")
    if age < timedelta(days=days):
        return Verdict(Step.KEEP, Rule.YOUNG, f"{ago}, the policy gives {days}")
    return Verdict(step, rule, f"{ago}, the policy gives {days}")


def _days(number: int) -> str:
    return f"{number} day" if number == 1 else f"{number} days"


def runs_of(experiment_id: int | None):
    """Return the runs that a policy is about; the site's leaves alone what has a policy of its own."""
    if experiment_id is not None:
        return Run.objects.filter(experiment=experiment_id)
    own = RetentionPolicy.objects.exclude(experiment=None).values("experiment")
    return Run.objects.filter(experiment__in=Experiment.objects.exclude(pk__in=own).values("pk"))


def decide(runs, rules: Rules, *, keepers: Collection[Keeper], best: dict[int, str], after: int = 0) -> Iterator[list]:
    """Yield what becomes of each run, a list of Decision for each batch, in the order of their keys from `after` on."""
    rows = runs.order_by("pk")
    while batch := list(_with_facts(rows.filter(pk__gt=after), rules)[:BATCH]):
        sizes = sizes_of([run.pk for run in batch])
        verdicts = judged(batch, rules, keepers=keepers, best=best)
        yield [Decision(run, verdicts[run.pk], sizes.get(run.pk, 0)) for run in batch]
        after = batch[-1].pk


def verdicts_of(runs, rules: Rules, *, keepers: Collection[Keeper], best: dict[int, str]) -> dict[int, Verdict]:
    """Return {key: verdict} of these runs as they are now."""
    return judged(list(_with_facts(runs, rules)), rules, keepers=keepers, best=best)


def judged(batch: list[Run], rules: Rules, *, keepers, best: dict[int, str]) -> dict[int, Verdict]:
    keys = [run.pk for run in batch]
    registered: dict[int, str] = {}
    for keeper in keepers:
        # reports are read by others than who asked for them
        registered |= keeper(keys, None)
    legal, pinned, now = hold_reasons.legal(keys), hold_reasons.pinned(keys), timezone.now()
    return {
        run.pk: judge(
            Facts(
                status=run.status,
                ended_at=_ended_at(run),
                deleted_at=run.deleted_at,
                legal=legal.get(run.pk, ""),
                registered=registered.get(run.pk, ""),
                pinned=pinned.get(run.pk, ""),
                tagged="has a tag that the policy keeps" if run.has_tag else "",
                # who deletes a good run by hand means it
                best="" if run.deleted_at else best.get(run.pk, ""),
            ),
            rules,
            now,
        )
        for run in batch
    }


def _ended_at(run: Run) -> datetime:
    """Return when a run ended; where a client's clock said the impossible, when we first heard of it."""
    ended_ms = run.start_time_ms if run.end_time_ms is None else run.end_time_ms
    try:
        return datetime.fromtimestamp(ended_ms / 1000, tz=UTC)
    except (OverflowError, ValueError, OSError):
        return run.created_at


def _with_facts(runs, rules: Rules):
    """Add has_tag (boolean): whether it has one of those that the policy keeps."""
    wanted = Q(pk__in=[])
    for tag in rules.keep_tags:
        key, has_value, value = tag.partition("=")
        wanted |= Q(key=key, value=value) if has_value else Q(key=key)
    return runs.annotate(has_tag=Exists(RunTag.objects.filter(wanted, run=OuterRef("pk"))))


def best_of(runs, rules: Rules) -> dict[int, str]:
    """Return {key: reason} of the best active runs of each experiment by the policy's metric; NaN is never the best."""
    if not rules.keep_best:
        return {}
    better = F("last_value").desc() if rules.is_large_good else F("last_value").asc()
    ranked = (
        Metric.objects.filter(key=rules.keep_metric, last_is_nan=False, run__deleted_at=None, run__in=runs.values("pk"))
        .annotate(rank=Window(RowNumber(), partition_by=["run__experiment"], order_by=[better, "run_id"]))
        .filter(rank__lte=rules.keep_best)
    )
    return {
        run: f"number {rank} of the best {rules.keep_best} by {rules.keep_metric}"
        for run, rank in ranked.values_list("run_id", "rank")
    }


def sizes_of(keys: Collection[int]) -> dict[int, int]:
    """Return {key: bytes} of the files of runs and of their logged models."""
    sizes: dict[int, int] = {}
    for owner in ("run", "model__source_run"):
        rows = Artifact.objects.filter(**{f"{owner}__in": keys}).values_list(owner).annotate(Sum("blob__size_bytes"))
        for key, size in rows.order_by():
            sizes[key] = sizes.get(key, 0) + size
    return sizes
