"""From a name on the wire to a model or a version, starting from the user: what one may not see is not there.

Each raises NotFound where there is none that `user` may see, NotAllowed where there is one that `user` may see but not
use in the way that was asked for.
"""

from accounts.access import Level
from core.errors import InvalidValue, NotAllowed, NotFound
from registry import names
from registry.models import Alias, ModelVersion, RegisteredModel
from tracker.lookups import OR_NOT_SHARED


def model_by_name(name: str, *, user, level: Level = Level.VIEW) -> RegisteredModel:
    rows = RegisteredModel.objects.active().filter(name=name)
    model = rows.at_level(user, level).first()
    if model is not None:
        return model
    if level > Level.VIEW and rows.visible_to(user).exists():
        raise NotAllowed(f"You may see this model, but it takes the level {level.label.lower()} to do that.")
    raise NotFound(f"Registered Model with name={name[:300]} not found{OR_NOT_SHARED}")


def deleted_model(pk: int, *, user) -> RegisteredModel:
    """Return a model that is off the wire, by its internal id, for who could see it."""
    found = RegisteredModel.objects.deleted().visible_to(user).select_related("created_by").filter(pk=pk).first()
    if found is None:
        raise NotFound(f"There is no deleted model with id {pk}.")
    return found


def version_by_number(name: str, version: str, *, user, level: Level = Level.VIEW) -> ModelVersion:
    """Return the version, with its model at hand."""
    number = names.version_number(version)
    model = model_by_name(name, user=user, level=level)
    return _version(model, number)


def version_to_edit(name: str, version: str, *, user) -> ModelVersion:
    """Return a version that `user` may describe and tag: any where Edit is held, an own one where versions may be added."""
    found = version_by_number(name, version, user=user)
    allowed = RegisteredModel.objects.filter(pk=found.model_id)
    is_own = found.created_by_id == user.pk and allowed.registrable_by(user).exists()
    if not is_own and not allowed.editable_by(user).exists():
        raise NotAllowed(
            "You may see this version, but it takes the level edit, or having registered it, to change it."
        )
    return found


def version_by_alias(name: str, alias: str, *, user) -> ModelVersion:
    """Return the version that an alias leads to, `latest` being that with the highest number.

    A missing alias raises InvalidValue, which is what the client expects.
    """
    names.check_alias(alias)
    model = model_by_name(name, user=user)
    if alias.lower() == "latest":
        latest = model.versions.active().order_by("-version").first()
        if latest is None:
            raise NotFound(f"Latest version not found for model {name[:300]}.")
        latest.model = model
        return latest
    found = Alias.objects.filter(model=model, name=alias).select_related("version").first()
    if found is None:
        raise InvalidValue(f"Registered model alias {alias} not found.")
    found.version.model = model
    return found.version


def _version(model: RegisteredModel, number: int) -> ModelVersion:
    found = model.versions.filter(version=number, deleted_at=None).first()
    if found is None:
        raise NotFound(f"Model Version (name={model.name}, version={number}) not found")
    found.model = model
    return found
