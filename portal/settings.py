"""Settings of Assay. Each is an environment variable with a default that works on a fresh machine."""

import os
import socket
import sys
from pathlib import Path

from csp.constants import NONCE, NONE, SELF

from portal.environment import check_provider, data_folder, env, make_folder, public_url, read_env_file, secret_file
from portal.logs import log_settings

BASE_DIR = Path(__file__).resolve().parent.parent
# An installed wheel carries templates and static files inside the package, a checkout beside it.
ASSETS_DIR = BASE_DIR if (BASE_DIR / "templates").is_dir() else BASE_DIR / "portal" / "assets"

ASSAY_HOME = data_folder()
read_env_file(ASSAY_HOME)

DEBUG = env.flag("ASSAY_DEBUG", default=False)
SECRET_KEY = env.text("SECRET_KEY") or secret_file(ASSAY_HOME, "secret-key")
# Keys from before: what they signed and encrypted is still understood, and nothing new is made with them.
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")
# Seals the audit log; kept outside the database, so that who can write there still cannot forge it.
ASSAY_AUDIT_KEY = env.text("ASSAY_AUDIT_KEY") or secret_file(ASSAY_HOME, "audit-key")

ASSAY_URL, _host, _path = public_url()
FORCE_SCRIPT_NAME = _path or None
_is_https = ASSAY_URL.startswith("https:")
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", _host, *env.words("ASSAY_ALLOWED_HOSTS")]
CSRF_TRUSTED_ORIGINS = [ASSAY_URL[: len(ASSAY_URL) - len(_path)]] if _path else [ASSAY_URL]

# What every signed-in member may do with an experiment that is not private: none, view, log, edit or manage.
ASSAY_MEMBER_LEVEL = env.choice("ASSAY_MEMBER_LEVEL", ("none", "view", "log", "edit", "manage"), default="log")

INSTALLED_APPS = [
    "portal.admin_site.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    # WhiteNoise also serves static files to Django's own development server
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "django_htmx",
    "axes",
    "csp",
    # second factors and identities of people; before accounts, which takes their pages out of the administration
    "allauth.account",
    "allauth.socialaccount",
    "allauth.mfa",
    "core",
    "accounts",
    "tracker",
    "registry",
    "imports",
    "exports",
    "api",
    "pages",
    "portal",
]

MIDDLEWARE = [
    "portal.middleware.RequestIds",
    # programs (a token on /api) leave here and meet none of what stands below
    "portal.middleware.ProgramDoor",
    "portal.middleware.Probes",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "portal.middleware.BrowserPolicies",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "pages.session.SignedOutParts",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "pages.security.SecondFactorFirst",
    "pages.errors.DomainErrorPages",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
# Clients of the protocol turn a redirected POST into a GET.
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ASSETS_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "pages.context.frame",
            ],
        },
    }
]

# Database -----------------------------------------------------------------------------------------------

DATABASES = {"default": env.database("DATABASE_URL", default=f"sqlite:///{ASSAY_HOME / 'assay.db'}")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Connections to PostgreSQL that each process keeps at most.
ASSAY_POOL_SIZE = env.count("ASSAY_POOL_SIZE", default=16)
ASSAY_SQLITE_SYNCHRONOUS = env.choice("ASSAY_SQLITE_SYNCHRONOUS", ("FULL", "NORMAL"), default="FULL")
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["ENGINE"] = "core.sqlite"
    DATABASES["default"]["CONN_MAX_AGE"] = None
    DATABASES["default"]["OPTIONS"] = {
        # With Django's defaults 215 of 480 read-then-write transactions were lost to "database is locked"
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL;"
            f"PRAGMA synchronous={ASSAY_SQLITE_SYNCHRONOUS};"
            "PRAGMA cache_size=-8000;"
            "PRAGMA temp_store=MEMORY;"
            "PRAGMA journal_size_limit=67108864;"
        ),
    }
    # a file, so that threads and processes of a test meet real locks
    DATABASES["default"]["TEST"] = {"NAME": str(ASSAY_HOME / "test-assay.db")}
else:
    from portal.pool import RECONNECT_S, try_again_for_who_waits

    DATABASES["default"].setdefault("OPTIONS", {})
    # in pg_stat_activity each process has a name of its own, by which `doctor` counts them; PostgreSQL cuts at 63
    DATABASES["default"]["OPTIONS"].setdefault("application_name", f"assay {socket.gethostname()[:40]} {os.getpid()}")
    DATABASES["default"]["OPTIONS"]["pool"] = {
        "min_size": 1,
        "max_size": ASSAY_POOL_SIZE,
        # one that nobody needed for so long is given back, one at a time: a busy minute must not hold them for ten
        "max_idle": 10.0,
        "reconnect_timeout": RECONNECT_S,
        "reconnect_failed": try_again_for_who_waits,
    }

# People and programs --------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
# What a link to set a password is good for, mailed or copied; it is dead once it was used, too.
PASSWORD_RESET_TIMEOUT = 24 * 3600
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign-in"

# Ten wrong passwords lock this user name from this address, not the person from everywhere else.
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
# attempts against a lock neither prolong it nor write anything
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_CLIENT_IP_CALLABLE = "accounts.addresses.client_address"
AXES_LOCKOUT_CALLABLE = "pages.session.locked_out"
AXES_VERBOSE = False
# unlocking is an action on users, which the audit log has
AXES_ENABLE_ADMIN = False
AXES_DISABLE_ACCESS_LOG = True

# Second factors and single sign-on: django-allauth, with our own pages, addresses and rules (pages/allauth_rules.py).
ACCOUNT_ADAPTER = "pages.allauth_rules.AccountAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_NOTIFICATIONS = False
ACCOUNT_PREVENT_ENUMERATION = False
# a session that somebody found open does not try out its owner's password; the others stay allauth's
ACCOUNT_RATE_LIMITS = {"change_password": "10/10m/user"}
MFA_ADAPTER = "pages.allauth_rules.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_FORMS = {
    "authenticate": "pages.code_forms.SignInForm",
    "reauthenticate": "pages.code_forms.ConfirmForm",
    "authenticate_webauthn": "pages.passkey_forms.SignInForm",
    "login_webauthn": "pages.passkey_forms.PasskeyAloneForm",
    "reauthenticate_webauthn": "pages.passkey_forms.ConfirmForm",
    "add_webauthn": "pages.passkey_forms.AddForm",
}
MFA_PASSKEY_LOGIN_ENABLED = True
# a clock may be half a minute off
MFA_TOTP_TOLERANCE = 1
MFA_TOTP_ISSUER = "Assay"
# browsers themselves give passkeys to https and to localhost alone
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not _is_https

# Who has to have a second factor: none, admins (site admins) or all; whoever lacks it is led to where it is set up.
ASSAY_REQUIRE_SECOND_FACTOR = env.choice("ASSAY_REQUIRE_SECOND_FACTOR", ("none", "admins", "all"), default="none")
# Off where people come by single sign-on or with a passkey only; API tokens are untouched.
ASSAY_PASSWORD_SIGN_IN = env.flag("ASSAY_PASSWORD_SIGN_IN", default=True)

# OpenID Connect: where the provider is, what we are called there, and who may come.
ASSAY_OIDC_ISSUER = env.text("ASSAY_OIDC_ISSUER").rstrip("/")
ASSAY_OIDC_CLIENT_ID = env.text("ASSAY_OIDC_CLIENT_ID")
ASSAY_OIDC_CLIENT_SECRET = env.text("ASSAY_OIDC_CLIENT_SECRET")
ASSAY_OIDC_NAME = env.text("ASSAY_OIDC_NAME", "single sign-on")
ASSAY_OIDC_SCOPES = env.text("ASSAY_OIDC_SCOPES", "openid profile email")
ASSAY_OIDC_GROUPS_CLAIM = env.text("ASSAY_OIDC_GROUPS_CLAIM", "groups")
ASSAY_OIDC_GROUPS = env.pairs("ASSAY_OIDC_GROUPS")
ASSAY_OIDC_ALLOWED_GROUPS = env.words("ASSAY_OIDC_ALLOWED_GROUPS")
ASSAY_OIDC_ADMIN_GROUP = env.text("ASSAY_OIDC_ADMIN_GROUP")
# Lead whoever signs out on to the provider's own sign-out, where it has one.
ASSAY_OIDC_SIGN_OUT = env.flag("ASSAY_OIDC_SIGN_OUT", default=True)
# Make an account for whoever comes for the first time; without it only linked accounts sign in.
ASSAY_OIDC_CREATE_USERS = env.flag("ASSAY_OIDC_CREATE_USERS", default=True)
# Take a verified e-mail address for proof that somebody is the person whose account here has that address.
ASSAY_OIDC_LINK_BY_EMAIL = env.flag("ASSAY_OIDC_LINK_BY_EMAIL", default=False)
check_provider(ASSAY_OIDC_ISSUER, ASSAY_OIDC_CLIENT_ID, ASSAY_OIDC_SCOPES)

SESSION_COOKIE_NAME = "assay_session"
CSRF_COOKIE_NAME = "assay_csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _is_https
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = f"{_path}/"
SESSION_COOKIE_AGE = 14 * 24 * 3600
# A proxy stands before every request and sets X-Forwarded-Proto and X-Forwarded-For; nobody else is believed these.
ASSAY_BEHIND_PROXY = env.flag("ASSAY_BEHIND_PROXY", default=False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ASSAY_BEHIND_PROXY else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "pages.errors.csrf_failure"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "media-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "frame-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# Bodies ---------------------------------------------------------------------------------------------------

# JSON only; files are streamed by the artifact endpoints and never held in memory.
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
# a page that takes files sets another one after its checks
FILE_UPLOAD_HANDLERS = ["pages.uploads.RefusesFiles"]

REST_FRAMEWORK = {
    # A view of our own names its rules; one that forgets to is closed.
    "DEFAULT_AUTHENTICATION_CLASSES": ["api.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["api.permissions.DenyAll"],
    "EXCEPTION_HANDLER": "api.errors.exception_handler",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [],
    "DEFAULT_SCHEMA_CLASS": "api.v1.description.StructSchema",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}

# Outgoing requests ------------------------------------------------------------------------------------------

# Hosts, addresses and networks that webhooks may reach though they are not public, over http too.
ASSAY_WEBHOOK_ALLOW = env.words("ASSAY_WEBHOOK_ALLOW")

# Files ----------------------------------------------------------------------------------------------------

# Whether what archived versions alone stand on may be deleted for good, and their files changed.
ASSAY_ARCHIVED_LET_GO = env.flag("ASSAY_ARCHIVED_LET_GO", default=False)

# Where experiments may keep artifacts besides Assay's own storage, such as s3,gs; the client then goes there by itself.
ASSAY_ARTIFACT_SCHEMES = [scheme.lower() for scheme in env.words("ASSAY_ARTIFACT_SCHEMES")]

# Where files of artifacts are: the data folder, or s3://bucket/prefix?endpoint=https://…&region=…, gs://…, azure://…
ASSAY_STORAGE_URL = env.storage("ASSAY_STORAGE_URL")
if ASSAY_STORAGE_URL:
    _clouds = {"gs": "tracker.cloud_storage.google_storage", "azure": "tracker.cloud_storage.azure_storage"}
    _backend = _clouds.get(ASSAY_STORAGE_URL.partition(":")[0], "tracker.s3_storage.S3ArtifactStorage")
    _artifacts = {"BACKEND": _backend, "OPTIONS": {"address": ASSAY_STORAGE_URL}}
else:
    _artifacts = {
        "BACKEND": "tracker.storage.LocalArtifactStorage",
        "OPTIONS": {"location": ASSAY_HOME / "artifacts"},
    }
STORAGES = {
    "default": _artifacts,
    "staticfiles": {"BACKEND": "portal.static_files.HashedFiles"},
}
# The largest file that may be uploaded; 0 for no limit but the disk's.
ASSAY_MAX_ARTIFACT_BYTES = env.count("ASSAY_MAX_ARTIFACT_BYTES", default=0, at_least=0)
# Files that one web process moves at a time, up and down; fewer than it has threads, so that some are left for the API.
ASSAY_MAX_TRANSFERS = env.count("ASSAY_MAX_TRANSFERS", default=32)

STATIC_URL = f"{_path}/static/"
STATIC_ROOT = Path(env.text("ASSAY_STATIC_ROOT", str(ASSAY_HOME / "static"))).absolute()
STATICFILES_DIRS = [ASSETS_DIR / "static"]
# Until `collectstatic` has been run (a step of deploying), files are served from where they lie.
_is_collected = (STATIC_ROOT / "staticfiles.json").is_file() or "collectstatic" in sys.argv[:2]
if not _is_collected or DEBUG:
    STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    WHITENOISE_USE_FINDERS = True
    WHITENOISE_AUTOREFRESH = DEBUG
    make_folder(STATIC_ROOT, "ASSAY_STATIC_ROOT")

# Background work --------------------------------------------------------------------------------------------

REDIS_URL = env.redis("REDIS_URL")
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# nobody asks workers questions over the broker: what is running stands in the database
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_BEAT_SCHEDULER = "portal.beat:Scheduler"
# One tick rings for all periodic work (core/schedule.py); a tick that nobody took in time is worth nothing.
CELERY_BEAT_SCHEDULE = {"tick": {"task": "core.tick", "schedule": 1.0, "options": {"expires": 5}}}
# Jobs that one worker process runs at once, in threads.
ASSAY_JOBS_AT_ONCE = env.count("ASSAY_JOBS_AT_ONCE", default=3)
CELERY_TASK_PUBLISH_RETRY = False
if REDIS_URL:
    CELERY_BROKER_URL = REDIS_URL
    # A hung Redis held a publisher for more than 40 s without these.
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "socket_timeout": 2,
        "socket_connect_timeout": 2,
        "visibility_timeout": 3600,
    }
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": "assay",
            "OPTIONS": {"socket_timeout": 2, "socket_connect_timeout": 2},
        }
    }
else:
    CELERY_BROKER_URL = "folder://localhost/"
    CELERY_BROKER_TRANSPORT_OPTIONS = {"folder": str(ASSAY_HOME / "broker"), "polling_interval": 0.1}
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# E-mail -----------------------------------------------------------------------------------------------------

# Without an address of a mail server nobody is written to, and nothing tries.
ASSAY_SENDS_MAIL = bool(env.text("EMAIL_URL"))
globals().update(env.mail("EMAIL_URL"))
# a server that hangs holds a worker's thread for so long
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("EMAIL_FROM", f"Assay <assay@{_host}>")

# The rest -------------------------------------------------------------------------------------------------

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False
LANGUAGE_CODE = "en"
FORMAT_MODULE_PATH = "portal.formats"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

SPECTACULAR_SETTINGS = {
    "TITLE": "Assay",
    "DESCRIPTION": "What the MLflow protocol has no call for. Authenticate with `Authorization: Bearer TOKEN`.",
    # msgspec writes JSON Schema 2020-12, which is that of OpenAPI 3.1
    "OAS_VERSION": "3.1.1",
    "VERSION": "1",
    "POSTPROCESSING_HOOKS": [],
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
}

LOG_LEVEL = env.choice("LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"), default="INFO")
LOG_FORMAT = env.choice("LOG_FORMAT", ("line", "json"), default="line")
# One entry in the log for each request, as a proxy would have it.
ASSAY_LOG_REQUESTS = env.flag("ASSAY_LOG_REQUESTS", default=False)
# Who has it may read /metrics; without one there is no such page.
ASSAY_METRICS_TOKEN = env.text("ASSAY_METRICS_TOKEN")
LOGGING = log_settings(LOG_LEVEL, LOG_FORMAT)
