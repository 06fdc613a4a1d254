"""The console script `assay`, which is `manage.py` for an installed wheel."""

import os
import sys
from importlib.metadata import version


def main():
    # what the data folder holds is for the one who runs Assay, in whatever folder that is
    os.umask(0o077)
    if sys.argv[1:] == ["--version"]:
        print(f"assay {version('assay')}")
        return
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        # a setting that cannot work is told in its sentence, without the traceback
        sys.exit(str(error))
