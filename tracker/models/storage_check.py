from django.db import models
from django.db.models import Q

from core.fields import CodePointTextField
from core.models import Job
from tracker.models.artifact import Blob


class StorageCheck(models.Model):
    """One night's look at stored files: what had no row and went, what had lost its bytes, how far it came."""

    # its bounds, and the key of the last blob that it looked at
    max_files = models.BigIntegerField()
    max_bytes = models.BigIntegerField()
    after = models.BigIntegerField(default=0, help_text="the next check begins behind this blob; 0: with the first")
    num_files = models.BigIntegerField(default=0, help_text="that were read")
    size_bytes = models.BigIntegerField(default=0, help_text="that were read")
    num_missing = models.BigIntegerField(default=0)
    num_damaged = models.BigIntegerField(default=0)
    num_healed = models.BigIntegerField(default=0, help_text="that were missing or damaged before, and are not now")
    num_orphans = models.BigIntegerField(default=0, help_text="stored files that no row named, removed")
    num_replaced = models.BigIntegerField(default=0, help_text="stored files that nothing needed any more, removed")
    replaced_bytes = models.BigIntegerField(default=0)
    job = models.ForeignKey(Job, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return f"storage check {self.pk}"


class StorageFault(models.Model):
    """A stored file whose bytes are gone or are not what was stored, and when it was whole again."""

    class Kind(models.TextChoices):
        MISSING = "missing", "Missing"
        DAMAGED = "damaged", "Damaged"

    found_by = models.ForeignKey(StorageCheck, on_delete=models.CASCADE, related_name="faults")
    blob = models.ForeignKey(Blob, null=True, on_delete=models.SET_NULL, related_name="faults")
    kind = models.CharField(max_length=7, choices=Kind.choices)
    what = CodePointTextField(help_text="the first files that it is, as text that outlives them")
    found_at = models.DateTimeField(auto_now_add=True)
    healed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["blob"], condition=Q(healed_at=None), name="storage_fault_once_open")
        ]

    def __str__(self):
        return f"{self.get_kind_display()}: {self.what}"
