"""Registered models and prompts that arrive. A stage or an alias that a model comes with is a fact, which nobody has to approve.

Its history says that it was imported; policies hold from then on: what a later import adds to the model begins in no stage
and moves no protected alias. A model of the same name that did not come from this source is left alone, since its versions
and their sign-off are its own.
"""

from django.db import transaction

from accounts.access import Level
from core.actions import audit
from core.clock import now_ms
from core.errors import InvalidValue
from imports import records
from imports.models import Origin
from imports.taking import Taking
from imports.writing.version_files import Standing, standing_of
from registry import names, policies
from registry.models import (
    Alias,
    ModelGrant,
    ModelVersion,
    ModelVersionTag,
    RegisteredModel,
    RegisteredModelTag,
    StageEvent,
)
from registry.models.policy import Target
from registry.sources import PROMPTS


def take(taking: Taking, record: records.RegisteredModel) -> None:
    """Write a model with its versions, or add versions and aliases to one that came before."""
    name = taking.options.model_name(record.name)
    model = _known(taking, record)
    if model is None and (why := _why_not(name)):
        taking.report.left("registered models", record.name, why)
        return
    versions = _wanted(taking, record)
    if taking.options.experiments and not versions:
        return
    if model is not None:
        record, versions = _as_added(taking, model, record, versions)
        taking.report.found("registered models")
    else:
        taking.report.took("registered models")
    if taking.is_dry_run:
        _count(taking, model, record, versions)
        return
    with transaction.atomic():
        model = model or _create(taking, record, name)
        # who changes a model's versions holds it
        model = RegisteredModel.objects.select_for_update(no_key=True).get(pk=model.pk)
        here = {version.version: version for version in model.versions.all()}
        for version, standing in versions:
            if version.number in here:
                _compare(taking, model, here[version.number], version)
            else:
                here[version.number] = _create_version(taking, model, version, standing)
        _add_aliases(taking, model, record, here)
        model.last_version = max(model.last_version, record.last_version, *here, 0)
        model.save(update_fields=["last_version"])


def _known(taking: Taking, record: records.RegisteredModel) -> RegisteredModel | None:
    origin = Origin.objects.filter(source=taking.source.name, kind=Origin.Kind.MODEL, their_id=record.name).first()
    return origin and RegisteredModel.objects.filter(pk=origin.object_id, deleted_at=None).first()


def _why_not(name: str) -> str:
    try:
        names.check_name(name)
    except InvalidValue as error:
        return error.message
    if RegisteredModel.objects.filter(name=name, deleted_at=None).exists():
        return f"A model called {name} is here that did not come from this source; --into gives this one another name."
    return ""


def _wanted(taking: Taking, record: records.RegisteredModel) -> list[tuple[records.Version, Standing]]:
    """Return the versions that can be taken, with what each stands on here."""
    found = []
    for version in record.versions:
        standing = standing_of(taking, version)
        label = f"{record.name} {version.number}"
        if not 0 < version.number <= names.MAX_VERSION:
            taking.report.left("model versions", label, "Its number is none.")
        elif version.status != ModelVersion.STATUS:
            taking.report.left("model versions", label, f"It is {version.status}: its files never came whole.")
        elif not taking.options.experiments or standing.is_among(taking.experiments.values()):
            found.append((version, standing))
        else:
            taking.report.left("model versions", label, "It stands on a run of another experiment.")
    return found


def _as_added(
    taking: Taking, model: RegisteredModel, record: records.RegisteredModel, versions: list
) -> tuple[records.RegisteredModel, list]:
    """Return what comes to a model that is here as it may come past its policies, and lines in the report for the rest."""
    here = set(model.versions.values_list("version", flat=True))
    there = set(model.aliases.values_list("name", flat=True))
    added = []
    for version, standing in versions:
        if version.number not in here and version.stage.lower() not in ("", "none"):
            why = f"It is in {version.stage} at its source and begins in None here: the model was here before."
            taking.report.note("model versions", f"{model.name} {version.number}", why)
            version = version._replace(stage=ModelVersion.Stage.NONE.value)
        added.append((version, standing))
    protected = {target for kind, target in policies.by_target(model) if kind == Target.ALIAS}
    held = sorted((record.aliases.keys() & protected) - there)
    for name in held:
        why = f"It leads to version {record.aliases[name]} at its source; a policy protects it here."
        taking.report.left("aliases", f"{model.name} {name}", why)
    aliases = {name: number for name, number in record.aliases.items() if name not in held}
    return record._replace(aliases=aliases), added


def _count(taking: Taking, model: RegisteredModel | None, record: records.RegisteredModel, versions: list) -> None:
    here = set(model.versions.values_list("version", flat=True)) if model is not None else set()
    new = sum(version.number not in here for version, _ in versions)
    taking.report.took("model versions", new)
    taking.report.found("model versions", len(versions) - new)
    aliases = set(model.aliases.values_list("name", flat=True)) if model is not None else set()
    taking.report.took("aliases", len(record.aliases.keys() - aliases))


def _create(taking: Taking, record: records.RegisteredModel, name: str) -> RegisteredModel:
    created = taking.time(record.created_ms, "registered models", name) or now_ms()
    by = taking.owner_of(record.user)
    model = RegisteredModel.objects.create(
        name=name,
        description=record.description,
        created_by=by,
        creation_time_ms=created,
        last_updated_time_ms=taking.time(record.updated_ms, "registered models", name) or created,
    )
    tags = taking.keys(record.tags, "registered models", name)
    RegisteredModelTag.objects.bulk_create(
        RegisteredModelTag(model=model, key=key, value=value) for key, value in sorted(tags.items())
    )
    ModelGrant.objects.create(model=model, user=by, level=Level.MANAGE, granted_by=taking.owner)
    Origin.objects.update_or_create(
        source=taking.source.name,
        kind=Origin.Kind.MODEL,
        their_id=record.name,
        defaults={"object_id": model.pk},
    )
    audit.record("registeredmodel.import", model, by=taking.owner, source=taking.source.name)
    return model


def _create_version(
    taking: Taking, model: RegisteredModel, record: records.Version, standing: Standing
) -> ModelVersion:
    created = taking.time(record.created_ms, "model versions", f"{model.name} {record.number}") or now_ms()
    stage = _stage(taking, model, record)
    version = ModelVersion.objects.create(
        model=model,
        version=record.number,
        description=record.description,
        source=record.source,
        storage_location=standing.location,
        run_id=standing.run_id[:256],
        logged_model_id=standing.model_id[:256],
        source_run=standing.run,
        source_model=standing.model,
        run_link=record.run_link,
        stage=stage,
        created_by=taking.owner_of(record.user),
        creation_time_ms=created,
        last_updated_time_ms=taking.time(record.updated_ms, "model versions", model.name) or created,
    )
    tags = taking.keys(record.tags, "model versions", f"{model.name} {record.number}")
    ModelVersionTag.objects.bulk_create(
        ModelVersionTag(version=version, key=key, value=value) for key, value in sorted(tags.items())
    )
    if taking.options.takes_files and standing.location not in PROMPTS and not standing.has_files:
        where = standing.location or record.location or record.source
        taking.report.note(
            "model versions", f"{model.name} {record.number}", f"None of its files is here; they were at {where}."
        )
    if stage != ModelVersion.Stage.NONE:
        _note(taking, version, kind=Target.STAGE, from_stage=ModelVersion.Stage.NONE.value, to_stage=stage)
    audit.record("modelversion.import", version, by=taking.owner, source=taking.source.name, stage=stage)
    taking.report.took("model versions")
    return version


def _stage(taking: Taking, model: RegisteredModel, record: records.Version) -> str:
    try:
        return names.stage_of(record.stage).value
    except InvalidValue as error:
        taking.report.note("model versions", f"{model.name} {record.number}", error.message)
        return ModelVersion.Stage.NONE.value


def _compare(taking: Taking, model: RegisteredModel, here: ModelVersion, record: records.Version) -> None:
    """Say where a version went another way since: what happened here stands."""
    taking.report.found("model versions")
    if not here.is_deleted and here.stage.lower() != record.stage.lower():
        taking.report.note(
            "model versions",
            f"{model.name} {record.number}",
            f"It is in {record.stage} at its source, and stays in {here.stage} here.",
        )


def _add_aliases(
    taking: Taking, model: RegisteredModel, record: records.RegisteredModel, here: dict[int, ModelVersion]
) -> None:
    there = {alias.name: alias.version.version for alias in model.aliases.select_related("version")}
    for name, number in sorted(record.aliases.items()):
        label = f"{model.name} {name}"
        if name in there:
            taking.report.found("aliases")
            if there[name] != number:
                why = f"It leads to version {number} at its source, and stays at version {there[name]} here."
                taking.report.note("aliases", label, why)
        elif number not in here or here[number].is_deleted:
            taking.report.left("aliases", label, f"Version {number}, to which it leads, is not here.")
        else:
            _add_alias(taking, here[number], name, label)


def _add_alias(taking: Taking, version: ModelVersion, name: str, label: str) -> None:
    try:
        names.check_alias(name)
    except InvalidValue as error:
        taking.report.left("aliases", label, error.message)
        return
    Alias.objects.create(model=version.model, name=name, version=version)
    _note(taking, version, kind=Target.ALIAS, alias=name, to_version=version.version)
    taking.report.took("aliases")


def _note(taking: Taking, version: ModelVersion, **move) -> None:
    """Write into the history that a version was there when it came."""
    StageEvent.objects.create(
        model=version.model,
        version=version,
        actor_id=taking.owner.pk,
        actor=taking.owner.get_username(),
        comment=f"Imported as it was at {taking.source.name}.",
        **move,
    )
