"""From what somebody names as a source to one that can be read."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from core.errors import InvalidValue
from imports.files import Places
from imports.records import Source
from imports.report import Report
from imports.sources.bundle import BundleSource
from imports.sources.database import open_postgres, open_sqlite
from imports.sources.folder import FolderSource
from imports.sources.server import ServerSource
from imports.sources.wire import Wire

MAX_ADDRESS = 1_000
_WEB = ("http", "https")


@dataclass(frozen=True)
class Address:
    """A source and the place of its files as they were named, credentials included: never stored as they are."""

    source: str
    artifacts: str = ""


def open_source(address: Address, report: Report) -> Source:
    """Return a source. Raises InvalidValue and Unavailable, with a sentence that says what is wrong with it."""
    if len(address.source) > MAX_ADDRESS:
        raise InvalidValue(f"An address has at most {MAX_ADDRESS} characters.")
    try:
        places = _places(address.artifacts, report)
        scheme = urlsplit(address.source).scheme.lower().partition("+")[0]
    except ValueError:
        raise InvalidValue("The source, or the place of its files, is not an address.")
    match scheme:
        case "http" | "https":
            return ServerSource(Wire(address.source), report, places)
        case "postgres" | "postgresql":
            return open_postgres(address.source, report, places)
        case "sqlite":
            return open_sqlite(Path(_sqlite_path(address.source)), report, places)
        case "" | "file":
            return _open_path(Path(_path(address.source)), report, places)
    raise InvalidValue(
        f"A source of the kind {scheme}: is not read: name the address of a running server, an SQLite file, a PostgreSQL "
        "database or a folder mlruns. The server of a MySQL or SQL Server database can be named."
    )


def _open_path(path: Path, report: Report, places: Places) -> Source:
    if path.is_dir():
        return FolderSource(path, report, places)
    if path.is_file():
        if is_bundle(path):
            return BundleSource(path.open("rb"), report)
        return open_sqlite(path, report, places)
    raise InvalidValue(f"There is no file or folder {path}.")


def is_bundle(path: Path) -> bool:
    """Return whether a file begins as a zip does."""
    with path.open("rb") as file:
        return file.read(4) in (b"PK\3\4", b"PK\5\6")


def _places(artifacts: str, report: Report) -> Places:
    if not artifacts:
        return Places(report)
    if urlsplit(artifacts).scheme in _WEB:
        return Places(report, wire=Wire(artifacts))
    folder = Path(_path(artifacts))
    if not folder.is_dir():
        raise InvalidValue(f"There is no folder {folder}.")
    return Places(report, folder=folder.resolve())


def _path(address: str) -> str:
    return unquote(urlsplit(address).path) if address.startswith("file:") else address


def _sqlite_path(address: str) -> str:
    """Return the path of SQLAlchemy's address: sqlite:///relative.db, sqlite:////absolute.db."""
    path = urlsplit(address).path
    return unquote(path[1:] if path.startswith("/") else path)


def without_credentials(address: str) -> str:
    """Return an address as it may be stored and shown.

    >>> without_credentials("https://ann:secret@mlflow.example/x")
    'https://mlflow.example/x'
    """
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    if "@" not in parts.netloc and not (parts.query and parts.netloc):
        return address[:MAX_ADDRESS]
    # parameters of a database may hold a password, too
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query=""))[:MAX_ADDRESS]
