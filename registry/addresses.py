"""Where a person does what a message asks for; links go into messages, so they are absolute."""

from urllib.parse import quote

from django.conf import settings

from registry.models import ModelVersion


def of_version(version: ModelVersion) -> str:
    return f"{settings.ASSAY_URL}/models/{quote(version.model.name, safe='')}/versions/{version.version}"


def of_request(version: ModelVersion, kind: str, target: str) -> str:
    """Return where somebody asks that a version move to a stage or an alias, which may have the name of a stage."""
    return f"{of_version(version)}/request?to={quote(target, safe='')}&kind={kind}"
