from django.db import models

from core.fields import CodePointTextField


class StorageFigure(models.Model):
    """How many files and bytes are an experiment's, a person's or of a type; written by a job, so that no page scans files."""

    class Kind(models.TextChoices):
        TOTAL = "total", "Total"
        EXPERIMENT = "experiment", "Experiment"
        USER = "user", "User"
        TYPE = "type", "Type"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    label = CodePointTextField(help_text="a name or an ending, as it was then; of the total: named, stored, unneeded")
    object_key = models.BigIntegerField(null=True, help_text="of the experiment or the user")
    num_files = models.BigIntegerField()
    size_bytes = models.BigIntegerField()
    counted_at = models.DateTimeField()

    class Meta:
        indexes = [
            # the page of storage
            models.Index(fields=["kind", "-size_bytes"], name="storage_figure_by_size"),
            # an experiment's settings
            models.Index(fields=["kind", "object_key"], name="storage_figure_by_key"),
        ]

    def __str__(self):
        return f"{self.get_kind_display()} {self.label}"
