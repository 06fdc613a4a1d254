from django.db import models

from tracker.models.run import Run


class Pulse(models.Model):
    """How a live run writes, as somebody saw who looks now and then; the run's own writes know nothing of it."""

    run = models.OneToOneField(Run, on_delete=models.CASCADE, primary_key=True, related_name="pulse")
    written = models.BigIntegerField(help_text="how much there was when it was looked at last")
    changed_at = models.DateTimeField(help_text="when there was more than the time before")
    num_gaps = models.IntegerField(default=0, help_text="how often there was more")
    longest_s = models.FloatField(default=0, help_text="the longest gap between writes, slowly forgotten")
    look_at = models.DateTimeField(db_index=True, help_text="when it is looked at next")

    def __str__(self):
        return f"pulse of {self.run_id}"
