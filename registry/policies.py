"""Which policy governs a stage or an alias of a model, and who may do what under it."""

from django.contrib.auth.models import Group

from accounts.access import Level
from accounts.models import User
from core.errors import InvalidValue
from core.reading import remembered
from registry.models import ModelVersion, RegisteredModel, StagePolicy
from registry.models.policy import Target

PROTECTED = ModelVersion.Stage.PRODUCTION
# what can be archived as another version takes its place
ACTIVE_STAGES = (ModelVersion.Stage.STAGING, ModelVersion.Stage.PRODUCTION)


def of(model: RegisteredModel, kind: str, target: str) -> StagePolicy | None:
    """Return the model's own policy, else the site's, else None: then whoever may edit the model moves its versions."""
    return by_target(model).get((kind, target))


def of_site(kind: str, target: str) -> StagePolicy | None:
    row = StagePolicy.objects.filter(model=None, kind=kind, target=target).first()
    return row or from_the_start(kind, target)


def from_the_start(kind: str, target: str) -> StagePolicy | None:
    """Return what holds until the site says otherwise: Production takes one approval by somebody else who manages."""
    if kind == Target.STAGE and target == PROTECTED:
        return StagePolicy(kind=kind, target=target)
    return None


@remembered
def by_target(model: RegisteredModel | None) -> dict[tuple[str, str], StagePolicy]:
    """Return every policy that governs a model, by (kind, target); the site's alone for None."""
    found = {(Target.STAGE.value, PROTECTED.value): from_the_start(Target.STAGE, PROTECTED)}
    rows = StagePolicy.objects.filter(model=None) | StagePolicy.objects.filter(model=model)
    # the site's first, so that the model's own take their place
    for row in sorted(rows, key=lambda row: row.model_id or 0):
        found[row.kind, row.target] = row
    return found


def stages_of(found: dict[tuple[str, str], StagePolicy]) -> list[str]:
    """Return the stages under these policies in the order of the pipeline, each added one behind what it shows as."""
    added = sorted(target for kind, target in found if kind == Target.STAGE and target not in ModelVersion.Stage.values)
    stages = []
    for stage in ModelVersion.Stage.values:
        stages += [stage, *(name for name in added if found[Target.STAGE, name].wire_stage == stage)]
    return stages


def stage_named(model: RegisteredModel, text: str) -> str:
    """Return the stage of a model that a text names: one of the wire in any case, or one that a policy adds."""
    stages = stages_of(by_target(model))
    found = text if text in stages else {stage.lower(): stage for stage in stages}.get(text.lower())
    if found is None:
        raise InvalidValue(f"{model.name} has no stage named {text[:100]}. It has {', '.join(stages)}.")
    return found


def next_protected(version: ModelVersion) -> StagePolicy | None:
    """Return the policy of the first protected stage ahead in the pipeline, else of the stage that the version is in.

    For what is archived the pipeline begins anew; nothing goes on to the archive for the sake of being there.
    """
    found = by_target(version.model)
    stages = [stage for stage in stages_of(found) if stage == version.place or not _is_archive(stage, found)]
    ahead = stages if version.stage == ModelVersion.Stage.ARCHIVED else stages[_place_in(stages, version) + 1 :]
    protected = [stage for stage in [*ahead, version.place] if (Target.STAGE.value, stage) in found]
    return found[Target.STAGE.value, protected[0]] if protected else None


def _is_archive(stage: str, found: dict[tuple[str, str], StagePolicy]) -> bool:
    policy = found.get((Target.STAGE.value, stage))
    return ModelVersion.Stage.ARCHIVED in (stage, policy.wire_stage if policy else "")


def _place_in(stages: list[str], version: ModelVersion) -> int:
    # a stage that a policy added may have gone with it
    return stages.index(version.place if version.place in stages else version.stage)


def wire_stage(model: RegisteredModel, stage: str) -> str:
    """Return what a stage shows as on the wire. Raises InvalidValue for one that no policy of the model adds any more."""
    if stage in ModelVersion.Stage.values:
        return stage
    policy = of(model, Target.STAGE, stage)
    if policy is None:
        raise InvalidValue(f"{model.name} has no stage named {stage[:100]} any more.")
    return policy.wire_stage


def can_archive(model: RegisteredModel, kind: str, target: str) -> bool:
    """Return whether what is at a target can be archived as another takes its place; an alias leads to one version only."""
    return kind == Target.STAGE and wire_stage(model, target) in ACTIVE_STAGES


@remembered
def approver_groups(policy: StagePolicy | None) -> dict[int, str]:
    """Return {id: name} of the groups whose members approve; without any, who manages the model does."""
    if policy is None or policy.pk is None:
        return {}
    return dict(policy.approver_groups.values_list("pk", "name"))


def why_keep_group(group: Group) -> str:
    """Return which policies name a group, nothing where none does: without it others would approve than they say."""
    rows = StagePolicy.objects.filter(approver_groups=group).select_related("model").order_by("pk")
    named = [str(policy) for policy in rows[:5]]
    return f"its members approve {', '.join(named)}." if named else ""


@remembered
def is_lone_person(user) -> bool:
    """Return whether nobody else could approve: the site has one active person, and it is this one."""
    if user.is_service:
        return False
    return not User.objects.filter(is_active=True, is_service=False).exclude(pk=user.pk).exists()


def level_to_move(version: ModelVersion, kind: str, target: str) -> Level:
    """Return the level that moving a version takes where no approval is asked for.

    To take it out of a protected stage is to take it away from who relies on it.
    """
    leaves = kind == Target.STAGE and target != version.place and of(version.model, kind, version.place) is not None
    return Level.MANAGE if leaves else Level.EDIT


MAX_NAMED = 5


def takes_service(version: ModelVersion, kind: str, target: str) -> bool:
    """Return whether only the call of a service account brings a version there, whoever approved it."""
    policy = of(version.model, kind, target)
    return policy is not None and policy.service_accounts_only


def services_to_move(version: ModelVersion, kind: str, target: str) -> list[str]:
    """Return the names of the service accounts that have the level for a move, MAX_NAMED of them at most."""
    return services_at(version.model, level_to_move(version, kind, target))


@remembered
def services_at(model: RegisteredModel, level: Level) -> list[str]:
    """Return the names of the service accounts that have a level on a model, MAX_NAMED of them at most."""
    found = model.services_at(level).order_by("username")
    return list(found.values_list("username", flat=True)[:MAX_NAMED])


def who_carries_out(version: ModelVersion, kind: str, target: str) -> str:
    """Return which service accounts can carry a move out, as a sentence; what to do where none can."""
    if names := services_to_move(version, kind, target):
        return f"It is carried out by the call of {' or '.join(names)}."
    level = level_to_move(version, kind, target)
    return f"No service account can carry it out yet: one needs the level {level.label.lower()} on the model."


def why_not_approver(user, version: ModelVersion, kind: str, target: str, *, requested_by_id: int) -> str:
    """Return why a person may not decide on a request, nothing where they may."""
    return _why_not_approver(user, version, kind, target, requested_by_id)


@remembered
def _why_not_approver(user, version: ModelVersion, kind: str, target: str, requested_by_id: int) -> str:
    policy = of(version.model, kind, target)
    if user.is_service or not user.is_active:
        return "A request is decided by a person, not by a service account."
    if user.pk == requested_by_id and policy is not None and not policy.requester_may_approve:
        return "Somebody else than who asked must approve it."
    groups, leaving = approver_groups(policy), level_to_move(version, kind, target)
    if groups and not (user.groups.filter(pk__in=groups).exists() and version.model.level_of(user) >= Level.VIEW):
        return "The policy names groups whose members approve this, and you are in none of them."
    if groups:
        # the policy of the stage that it comes to says nothing of the one that it leaves
        level = Level.MANAGE if leaving == Level.MANAGE else Level.VIEW
    else:
        level = Level.MANAGE if policy is not None else leaving
    if version.model.level_of(user) < level:
        return f"Approving this takes the level {level.label.lower()} on the model."
    return ""


def num_approvals(policy: StagePolicy | None) -> int:
    """Return how many yeses a request needs; where a move needs none, somebody who could make it decides."""
    return max(policy.num_approvals, 1) if policy else 1


def is_locked(version: ModelVersion) -> bool:
    """Return whether a policy keeps the version from being edited where it stands."""
    found = by_target(version.model)
    aliases = [alias.name for alias in version.aliases.all()]
    standing = [(Target.STAGE.value, version.place), *((Target.ALIAS.value, name) for name in aliases)]
    return any(found[key].locks_version for key in standing if key in found)


def protected_versions(model: RegisteredModel) -> list[tuple[int, str]]:
    """Return (version, stage or alias) of what stands under a policy, the lowest number first."""
    found = by_target(model)
    stages = [target for kind, target in found if kind == Target.STAGE]
    aliases = [target for kind, target in found if kind == Target.ALIAS]
    there = model.versions.filter(deleted_at=None)
    in_stages = [
        *there.filter(added_stage="", stage__in=stages).values_list("version", "stage"),
        *there.exclude(added_stage="").values_list("version", "added_stage"),
    ]
    at_aliases = model.aliases.filter(name__in=aliases).values_list("version__version", "name")
    return sorted([*in_stages, *at_aliases])


def protection_of(version: ModelVersion) -> list[str]:
    """Return the protected stage and aliases that a version has."""
    found = by_target(version.model)
    aliases = sorted(version.aliases.values_list("name", flat=True))
    standing = [(Target.STAGE.value, version.place), *((Target.ALIAS.value, name) for name in aliases)]
    return [target for kind, target in standing if (kind, target) in found]
