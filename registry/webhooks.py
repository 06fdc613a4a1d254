"""Which webhooks somebody may manage: those of models that they manage, and with site admins all."""

from accounts.access import Level
from accounts.models import User
from core import webhook_scopes
from core.errors import NotAllowed
from core.models import Webhook
from registry import lookups
from registry.models import RegisteredModel

KIND = "registeredmodel"


def manageable_by(user: User, vocabulary: str):
    """Return webhooks as a queryset; those of deleted models are gone from lists."""
    rows = Webhook.objects.filter(vocabulary=vocabulary)
    models = RegisteredModel.objects.active().manageable_by(user)
    return webhook_scopes.manageable(rows, KIND, models, user=user)


def one(webhook_id: str, vocabulary: str, *, user: User) -> Webhook:
    """Return a webhook that `user` manages. Raises NotAllowed where only its model is for `user` to see, else NotFound."""
    seen = RegisteredModel.objects.active().visible_to(user).values("pk")
    of_seen = Webhook.objects.filter(vocabulary=vocabulary, kind=KIND, object_id__in=seen)
    return webhook_scopes.one(webhook_id, manageable_by(user, vocabulary), of_seen, about="a model")


def scope_for(name: str, *, user: User) -> RegisteredModel | None:
    """Return the model that a new webhook is about, None for the whole site, which is for site admins."""
    if name:
        return lookups.model_by_name(name, user=user, level=Level.MANAGE)
    if not user.is_superuser:
        raise NotAllowed(
            "Webhooks of the whole site are for site admins. Who manages a model may make them of it: send model_name."
        )
    return None


def model_names(rows: list[Webhook]) -> dict[int, str]:
    """Return {id: name} of the models that webhooks are about, in one statement."""
    ids = {row.object_id for row in rows if row.kind == KIND}
    return dict(RegisteredModel.objects.filter(pk__in=ids).values_list("pk", "name"))
