"""Celery's beat for Assay: its one tick a second, and a broker that is away is one line in the log."""

import logging

from celery import beat

log = logging.getLogger("assay.beat")


class Scheduler(beat.Scheduler):
    """Keeps no file: what ran when stands in the database, by the leases of core/schedule.py."""

    is_broker_away = False

    def apply_entry(self, entry, producer=None):
        try:
            self.apply_async(entry, producer=producer, advance=False)
        except Exception as error:
            if not self.is_broker_away:
                log.warning("the broker cannot be reached, background work waits: %s", error)
            self.is_broker_away = True
        else:
            if self.is_broker_away:
                log.warning("the broker can be reached again")
            self.is_broker_away = False
