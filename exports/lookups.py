"""From an id to an export, starting from who asked for it."""

from core.errors import NotFound
from exports.models import Export
from tracker.models import Blob


def export_by_id(pk: int, *, user) -> Export:
    """Return the export, if it is `user`'s and they may still see where it came from. Raises NotFound."""
    export = Export.objects.of(user).select_related("job", "experiment").filter(pk=pk).first()
    if export is None:
        raise NotFound("There is no such export of yours; exports are removed after some days.")
    return export


def file_of(export: Export) -> Blob:
    """Return the stored file. Raises NotFound where there is none."""
    if not export.is_ready:
        raise NotFound("There is no file: it is not made yet, or it has expired.")
    return export.blob
