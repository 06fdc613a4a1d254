import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from core.fields import CodePointCharField


def new_id() -> str:
    return str(uuid.uuid4())


class WebhookQuerySet(models.QuerySet):
    def listening(self, kind: str, object_id: int):
        """Active webhooks of one object, and those of the whole site."""
        about = models.Q(kind="") | models.Q(kind=kind, object_id=object_id)
        return self.filter(about, status=Webhook.Status.ACTIVE)


class Webhook(models.Model):
    """An address that is told of events, of one object (by kind and id) or of the whole site."""

    class Vocabulary(models.TextChoices):
        MLFLOW = "mlflow", "MLflow"
        DATABRICKS = "databricks", "Databricks"
        ASSAY = "assay", "Assay"

    class Status(models.TextChoices):
        ACTIVE = "ACTIVE", "Active"
        DISABLED = "DISABLED", "Disabled"
        TEST_MODE = "TEST_MODE", "Test only"

    webhook_id = CodePointCharField(max_length=36, unique=True, default=new_id)
    vocabulary = models.CharField(max_length=10, choices=Vocabulary.choices)
    name = CodePointCharField(max_length=63, blank=True)
    url = models.CharField(max_length=2048)
    events = models.JSONField(help_text="names of its vocabulary")
    description = models.TextField(blank=True)
    sealed_secret = models.TextField(blank=True, editable=False, help_text="encrypted, core/secret_text.py")
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.ACTIVE)
    kind = CodePointCharField(max_length=32, blank=True, help_text="empty for the whole site")
    object_id = models.BigIntegerField(null=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="webhooks")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = WebhookQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        indexes = [
            # whom to tell of an event
            models.Index(fields=["kind", "object_id"], name="webhook_by_object"),
        ]

    def __str__(self):
        return self.name or f"webhook {self.pk}"


class Delivery(models.Model):
    """One event for one webhook, with every try to send it."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Failed"
        WITHHELD = "withheld", "Withheld"

    # older ones are not kept
    MAX_TRIES_KEPT = 50

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    delivery_id = CodePointCharField(max_length=36, unique=True, default=new_id)
    event = CodePointCharField(max_length=64)
    kind = CodePointCharField(max_length=32, help_text="what the event is about")
    object_id = models.BigIntegerField(null=True)
    body = models.TextField(help_text="as it is sent, each time the same")
    is_test = models.BooleanField(default=False)
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    status_code = models.PositiveSmallIntegerField(null=True, help_text="of the last try")
    error = models.TextField(blank=True)
    tries = models.JSONField(default=list, help_text="at, status_code and error of each")
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "deliveries"

    def __str__(self):
        return f"{self.event} to {self.webhook}"

    def note_try(self, *, state: str, status_code: int | None = None, error: str = "") -> None:
        """Write down what came of one try."""
        self.state, self.status_code, self.error = state, status_code, error
        self.attempts += 1
        entry = {"at": timezone.now().isoformat(timespec="seconds"), "status_code": status_code, "error": error}
        self.tries = [*self.tries, entry][-self.MAX_TRIES_KEPT :]
        self.save(update_fields=["state", "status_code", "error", "attempts", "tries"])
