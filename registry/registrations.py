"""The tag mlflow.modelVersions of a logged model: what was registered from it, as [{"name": …, "version": …}].

MLflow's server writes it when a version is made, and its client writes it once more. Here the registry alone does, so that
who registers a colleague's model need not be allowed to write to it, and what is renamed or deleted is not told as before.
Everybody who sees the logged model sees the tag, so that private registered models are not in it.
"""

import json
from collections import defaultdict
from collections.abc import Iterable

from registry.models import ModelVersion, RegisteredModel
from tracker.models import LoggedModel, LoggedModelTag

TAG = "mlflow.modelVersions"
# of one logged model; tags have a limit
MAX_LISTED = 500


def record(model_ids: Iterable[int]) -> None:
    """Write the tag of these logged models as things are now, inside the transaction that changed them."""
    # held, so that of two changes at once the later sees both
    held = list(LoggedModel.objects.select_for_update(no_key=True).filter(pk__in=set(model_ids)).order_by("pk"))
    if not held:
        return
    found = defaultdict(list)
    rows = ModelVersion.objects.active().filter(source_model__in=held, model__is_private=False).order_by("pk")
    for model_id, name, version in rows.values_list("source_model_id", "model__name", "version"):
        found[model_id].append({"name": name, "version": version})
    LoggedModelTag.objects.filter(model__in=held, key=TAG).delete()
    LoggedModelTag.objects.bulk_create(
        LoggedModelTag(model_id=pk, key=TAG, value=json.dumps(versions[-MAX_LISTED:])) for pk, versions in found.items()
    )


def record_all(model: RegisteredModel) -> None:
    """Write the tags of everything that versions of a registered model came from."""
    rows = ModelVersion.objects.filter(model=model, deleted_at=None, source_model__isnull=False)
    record(rows.values_list("source_model_id", flat=True))


def are_kept(model: LoggedModel) -> bool:
    """Return whether something was registered from a logged model, so that the tag is the registry's to write."""
    return ModelVersion.objects.active().filter(source_model=model).exists()
