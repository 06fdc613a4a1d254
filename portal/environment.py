"""Settings from the environment: a value that works by default, an error that explains otherwise.

Every setting of Assay is read here or in settings.py through `env`; docs/settings.md lists them all.
"""

import os
import re
import secrets
import warnings
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import environ
from django.core.exceptions import ImproperlyConfigured
from environ.fileaware_mapping import FileAwareMapping

YES, NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")
# Behind a value and a space, as shells and Compose read it; django-environ's own rule cuts a password at any #.
_REMARK = re.compile(r"""(?P<line>[^=]+=("(\\.|[^"\\])*"|'[^']*'|[^"'].*?|))\s+#.*""")


class Environment:
    """Reads variables. One that is set to nothing has its default; one that cannot be understood is refused.

    A variable NAME may also be given as NAME_FILE, the path of a file that holds the value (container secrets).
    """

    def __init__(self):
        # that were asked for so far: once settings are loaded, all that there are
        self.names: set[str] = set()

    def text(self, name: str, default: str = "") -> str:
        self.names.add(name)
        try:
            value = FileAwareMapping(cache=False).get(name)
        except (OSError, UnicodeDecodeError) as error:
            raise ImproperlyConfigured(f"{name}_FILE cannot be read: {getattr(error, 'strerror', None) or error}.")
        return (value or "").strip() or default

    def words(self, name: str) -> list[str]:
        """Return the parts between commas, or on lines of their own as a file has them."""
        return [word.strip() for word in re.split(r"[,\n]", self.text(name)) if word.strip()]

    def pairs(self, name: str) -> dict[str, str]:
        """Return {left: right} of `left=right` between commas; a word alone stands for itself.

        >>> env.pairs("ASSAY_OIDC_GROUPS")  # of "ml-vision=Vision, ops"
        {'ml-vision': 'Vision', 'ops': 'ops'}
        """
        found = {}
        for word in self.words(name):
            left, separator, right = (part.strip() for part in word.partition("="))
            if not left or (separator and not right):
                raise ImproperlyConfigured(f"{name} has {word!r}; it must be NAME or NAME=NAME between commas.")
            found[left] = right or left
        return found

    def flag(self, name: str, *, default: bool) -> bool:
        value = self.text(name).lower()
        if value and value not in YES + NO:
            raise ImproperlyConfigured(f"{name} is {value!r}; it must be true or false.")
        return value in YES if value else default

    def count(self, name: str, *, default: int, at_least: int = 1) -> int:
        value = self.text(name, str(default))
        if not (value.isascii() and value.isdigit() and int(value) >= at_least):
            raise ImproperlyConfigured(f"{name} is {value!r}; it must be a whole number, at least {at_least}.")
        return int(value)

    def choice(self, name: str, choices: tuple[str, ...], *, default: str) -> str:
        """Return one of the choices; small and capital letters are alike."""
        value = self.text(name, default)
        for choice in choices:
            if choice.lower() == value.lower():
                return choice
        raise ImproperlyConfigured(f"{name} is {value!r}; it must be {', '.join(choices[:-1])} or {choices[-1]}.")

    def database(self, name: str, *, default: str) -> dict:
        """Return Django's description of the database that an address names."""
        try:
            with warnings.catch_warnings(action="ignore"):
                found = environ.Env.db_url_config(self.text(name, default))
        except Exception:
            found = {}
        if found.get("ENGINE") not in ("django.db.backends.sqlite3", "django.db.backends.postgresql"):
            raise ImproperlyConfigured(
                f"{name} must name a SQLite or PostgreSQL database, such as postgres://user:password@host:5432/assay."
            )
        return found

    def redis(self, name: str) -> str:
        """Return the address of a Redis as the queue and the cache both understand it; empty for none."""
        address = self.text(name)
        if not address:
            return ""
        try:
            parts = urlsplit(address)
            is_known = parts.scheme in ("redis", "rediss") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_known = False
        if not is_known:
            # without what was given: there may be a password in it
            raise ImproperlyConfigured(
                f"{name} must name a Redis, such as redis://:password@host:6379/0 (rediss:// for TLS)."
            )
        if parts.scheme == "rediss" and "ssl_cert_reqs=" not in parts.query:
            # the queue's client looks at no certificate unless it is told to; the cache's does
            address = urlunsplit(parts._replace(query="&".join(filter(None, [parts.query, "ssl_cert_reqs=required"]))))
        return address

    def storage(self, name: str) -> str:
        """Return the address of an object store; empty for none. What stands behind its question mark is the store's own."""
        address = self.text(name)
        parts = urlsplit(address)
        if address and (parts.scheme not in ("s3", "gs", "azure") or not parts.netloc):
            raise ImproperlyConfigured(
                f"{name} must be like s3://bucket/prefix?endpoint=https://s3.example.org&region=eu-central-1, "
                "gs://bucket/prefix or azure://container/prefix?account=name."
            )
        return address

    def mail(self, name: str) -> dict:
        """Return Django's description of the mail server that an address names; one that sends nothing for none."""
        address = self.text(name)
        if not address:
            return {"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
        try:
            found = environ.Env.email_url_config(address)
            is_smtp = address.lower().startswith("smtp")
        except Exception:
            found, is_smtp = {}, False
        if not found or (is_smtp and not found["EMAIL_HOST"]):
            raise ImproperlyConfigured(
                f"{name} must name a mail server, such as smtp+tls://user:password@mail.example.org:587 "
                "(smtps:// for TLS from the start, consolemail:// to print mails)."
            )
        return {key: value for key, value in found.items() if value is not None}


env = Environment()

DEFAULT_URL = "http://127.0.0.1:5000"


def data_folder() -> Path:
    """Return the data folder (ASSAY_HOME), made private to its owner when it is new."""
    home = Path(os.environ.get("ASSAY_HOME") or "assay-data").absolute()
    make_folder(home, "ASSAY_HOME", mode=0o700)
    return home


def make_folder(path: Path, name: str, *, mode: int = 0o777) -> None:
    """Make the folder that the setting `name` stands for where there is none. Raises ImproperlyConfigured."""
    try:
        path.mkdir(mode=mode, parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(
            f"The folder {path} cannot be made: {error.strerror}. Set {name} to a folder you may write to."
        )


def read_env_file(home: Path) -> None:
    """Read `.env` in the data folder; what the environment already says, as NAME or as NAME_FILE, wins."""
    path = home / ".env"
    with _reading(path):
        if not path.is_file():
            return
        text = path.read_text(encoding="utf-8")
    said = set(os.environ)
    lines = [_REMARK.sub(r"\g<line>", line.strip()) for line in text.splitlines()]
    for number, line in enumerate(lines, start=1):
        if line and not line.startswith("#"):
            # by its number alone: there may be a secret in it
            name = _name_on(line, f"{path}, line {number}")
            if {name, f"{name}_FILE", name.removesuffix("_FILE")} & said:
                lines[number - 1] = ""
    environ.Env.read_env(StringIO("\n".join(lines)), overwrite=False)


def _name_on(line: str, where: str) -> str:
    found = re.match(r"(?:export )?([A-Za-z_0-9]+)=", line)
    if not found:
        raise ImproperlyConfigured(
            f"{where}, cannot be understood; it must be NAME=value, without spaces around the sign."
        )
    return found[1]


@contextmanager
def _reading(path: Path):
    """Raise ImproperlyConfigured where a file of the data folder is there and cannot be read."""
    try:
        yield
    except OSError as error:
        raise ImproperlyConfigured(
            f"{path} cannot be read: {error.strerror}. The data folder must belong to the user who runs Assay; "
            "ASSAY_HOME says which folder that is."
        )
    except UnicodeDecodeError:
        raise ImproperlyConfigured(f"{path} is not text in UTF-8.")


def secret_file(home: Path, name: str) -> str:
    """Return the secret kept in `home/name`, made on first use with mode 0600.

    Two processes that start together agree on one secret, because only one of them can link its file there.
    """
    path = home / name
    with _reading(path):
        is_there = path.exists()
    if not is_there:
        part = home / f".{name}.{secrets.token_hex(8)}"
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(50))
                file.flush()
                os.fsync(file.fileno())
            os.link(part, path)
        except FileExistsError:
            pass
        except OSError as error:
            raise ImproperlyConfigured(
                f"The data folder {home} cannot be written to: {error.strerror}. Set ASSAY_HOME to a folder you may write to."
            )
        finally:
            part.unlink(missing_ok=True)
    with _reading(path):
        return path.read_text().strip()


def public_url() -> tuple[str, str, str]:
    """Return (base, host, path) of ASSAY_URL, e.g. ("https://ml.example/lab", "ml.example", "/lab").

    It is the one source of links, allowed hosts, CSRF origins, Secure cookies and SCRIPT_NAME; the Host
    header never is.
    """
    base = env.text("ASSAY_URL", DEFAULT_URL).rstrip("/")
    parts = urlsplit(base)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ImproperlyConfigured(
            f"ASSAY_URL is {base!r}; it must be the address people open, such as https://ml.example.org or https://example.org/assay."
        )
    return base, parts.hostname, parts.path


def check_provider(issuer: str, client_id: str, scopes: str) -> None:
    """Raise ImproperlyConfigured where half of an OpenID provider is named, or one that nobody should trust."""
    if not issuer and not client_id:
        return
    parts = urlsplit(issuer)
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or parts.query
        or parts.fragment
        or len(issuer) > 200
    ):
        raise ImproperlyConfigured(
            f"ASSAY_OIDC_ISSUER is {issuer!r}; it must be the provider's issuer, such as https://id.example.org/realms/team, "
            "of at most 200 characters."
        )
    if parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise ImproperlyConfigured("ASSAY_OIDC_ISSUER must be an https address: tokens travel there and back.")
    if not client_id:
        raise ImproperlyConfigured("ASSAY_OIDC_CLIENT_ID is missing: what Assay is called at ASSAY_OIDC_ISSUER.")
    if "openid" not in scopes.split():
        raise ImproperlyConfigured(f"ASSAY_OIDC_SCOPES is {scopes!r}; openid must be among them.")
