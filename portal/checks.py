"""What `manage.py check` says about parts that are missing, with the command that brings them."""

from django.conf import settings
from django.core.checks import Error, register

VENDOR_FILE = "chart.js"


@register("staticfiles")
def vendor_is_there(app_configs, **kwargs):
    vendor = settings.ASSETS_DIR / "static" / "vendor"
    if (vendor / VENDOR_FILE).is_file():
        return []
    return [
        Error(
            f"Chart.js is missing from {vendor}, so charts cannot be drawn.",
            hint="Run `pip install -e .` in the checkout, or `python hatch_build.py`.",
            id="portal.E001",
        )
    ]
