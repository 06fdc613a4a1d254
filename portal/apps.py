from django.apps import AppConfig

from core import doorbell


class PortalConfig(AppConfig):
    name = "portal"

    def ready(self):
        from portal import checks  # noqa: F401  (registers them)

        doorbell.hang(_publish)


def _publish(job_id: int) -> None:
    # at the first ring: Celery costs a process 10 MB, and most never ring
    from portal.celery import app

    app.send_task("core.run_job", args=[job_id])
