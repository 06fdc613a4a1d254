from django.apps import AppConfig

from core import broker, doorbell


class PortalConfig(AppConfig):
    name = "portal"

    def ready(self):
        from portal import checks  # noqa: F401  (registers them)

        doorbell.hang(_publish)
        broker.hang(_num_waiting)


def _publish(job_id: int) -> None:
    # at the first ring: Celery costs a process 10 MB, and most never ring
    from portal.celery import app

    app.send_task("core.run_job", args=[job_id])


def _num_waiting(within_s: float) -> int:
    from portal.celery import app

    with app.connection_for_read(connect_timeout=within_s) as connection:
        connection.ensure_connection(max_retries=1, interval_start=0, timeout=within_s)
        with connection.channel() as channel:
            # of kombu's virtual channels, which Redis and our folder both have; the protocol of brokers counts otherwise
            return channel._size(app.conf.task_default_queue)
