"""Where a person does what a message asks for; links go into messages, so they are absolute. And where audit events lead."""

from urllib.parse import quote

from django.conf import settings

from registry.models import ModelVersion, RegisteredModel, TransitionRequest


def of_version(version: ModelVersion) -> str:
    return f"{settings.ASSAY_URL}/models/{quote(version.model.name, safe='')}/versions/{version.version}"


def of_request(version: ModelVersion, kind: str, target: str) -> str:
    """Return where somebody asks that a version move to a stage or an alias, which may have the name of a stage."""
    return f"{of_version(version)}/request?to={quote(target, safe='')}&kind={kind}"


def _page_of(rows, key: int) -> str:
    found = rows.filter(pk=key).first()
    return found.get_absolute_url() if found else ""


BY_KIND = {
    "registeredmodel": lambda key: _page_of(RegisteredModel.objects, key),
    "modelversion": lambda key: _page_of(ModelVersion.objects.select_related("model"), key),
    "transitionrequest": lambda key: _page_of(TransitionRequest.objects, key),
}
