"""Every address of Assay: the API's doors, the admin, the pages, and what needs no login."""

from django.contrib import admin
from django.urls import include, path

from portal import health, metrics

urlpatterns = [
    path("health", health.health, name="health"),
    path("ready", health.ready, name="ready"),
    path("metrics", metrics.metrics, name="metrics"),
    path("version", health.version, name="version"),
    path("api/3.0/mlflow/server-info", health.server_info, name="server-info"),
    path("ajax-api/3.0/mlflow/server-info", health.server_info),
    path("", include("api.urls")),
    path("admin/", admin.site.urls),
    path("", include("pages.urls")),
]

handler400 = "pages.errors.bad_request"
handler403 = "pages.errors.forbidden"
handler404 = "pages.errors.not_found"
handler500 = "pages.errors.server_error"
# django-allauth's own
handler429 = "pages.errors.too_many"
