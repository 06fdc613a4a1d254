"""Settings of the tests: those of Assay, on a data folder that each process of a test run has for itself.

The folder must be named before Django reads its settings, which pytest-django does before any conftest.py is loaded.
"""

import atexit
import os
import shutil
import tempfile

from tests.servers import own_storage

_folder = tempfile.mkdtemp(prefix="assay-tests-")
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
os.environ["ASSAY_HOME"] = _folder
# a bucket that several processes share would show each what the others keep
os.environ.update(own_storage(os.path.basename(_folder)))

from portal.settings import *  # noqa: E402, F403

# a test client loads the middleware anew, and WhiteNoise would list every static file each time
WHITENOISE_AUTOREFRESH = True

# Argon2 takes 130 ms on purpose; each test makes people, and no test is about how their passwords are kept
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
