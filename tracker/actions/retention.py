"""What people do with retention policies: set the one of an experiment or of the site, and remove it."""

from django.db import IntegrityError, transaction

from core.actions import audit
from core.errors import Conflict, InvalidValue
from tracker.actions.clean_up import check_may
from tracker.models import Experiment, RetentionPolicy
from tracker.retention import ENDED, Rules
from tracker.validation import check_text

MAX_DAYS, MAX_BEST, MAX_TAGS = 36_500, 100_000, 50


@transaction.atomic
def set(experiment: Experiment | None, rules: Rules, *, is_daily: bool = False, by) -> RetentionPolicy:
    """Make or change the policy of an experiment, or of the site (None). It takes manage, of the site a site admin."""
    check_may(experiment, by)
    _check(rules)
    # the experiment first: a clean-up of the site that has it in hand settles its batch before it is no longer the site's
    if experiment is not None:
        list(Experiment.objects.select_for_update(no_key=True).filter(pk=experiment.pk))
    before = RetentionPolicy.objects.select_for_update().filter(experiment=experiment).first()
    values = {**rules.as_json(), "is_daily": is_daily, "updated_by": by}
    try:
        with transaction.atomic():
            policy, _ = RetentionPolicy.objects.update_or_create(
                pk=before.pk if before else None, defaults={**values, "experiment": experiment}
            )
    except IntegrityError:
        raise Conflict("Somebody else made this policy just now: look at it first.")
    was = Rules.of(before).as_json() if before else None
    audit.record("retention.set", policy, by=by, before=was, rules=rules.as_json(), is_daily=is_daily)
    return policy


@transaction.atomic
def remove(policy: RetentionPolicy, *, by) -> None:
    """Remove a policy: of an experiment, the site's holds then. Its reports stay."""
    check_may(policy.experiment, by)
    audit.record("retention.remove", policy, by=by, rules=Rules.of(policy).as_json())
    RetentionPolicy.objects.filter(pk=policy.pk).delete()


def _check(rules: Rules) -> None:
    for days in (rules.trash_after_days, rules.purge_after_days):
        if days is not None and not 0 <= days <= MAX_DAYS:
            raise InvalidValue(f"A number of days is between 0 and {MAX_DAYS}.")
    if not 0 <= rules.keep_best <= MAX_BEST:
        raise InvalidValue(f"At most {MAX_BEST} of the best are kept.")
    if rules.keep_best and not rules.keep_metric:
        raise InvalidValue("Name the metric that says which runs are the best.")
    if not {*rules.statuses} <= {*ENDED}:
        raise InvalidValue(f"Only runs that ended go by age: {', '.join(ENDED)}.")
    if len(rules.keep_tags) > MAX_TAGS:
        raise InvalidValue(f"At most {MAX_TAGS} tags can be named.")
    for text in (*rules.keep_tags, rules.keep_metric):
        check_text(text, "value", 250)
        if "\0" in text:
            raise InvalidValue("A name holds no NUL.")
    if not all(tag.partition("=")[0].strip() for tag in rules.keep_tags):
        raise InvalidValue("A tag is a key, or key=value.")
