"""Settings are variables of the environment: defaults that work, and one sentence about what does not."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.core.exceptions import ImproperlyConfigured

from portal.environment import data_folder, env, public_url, read_env_file, secret_file


@pytest.mark.parametrize(("text", "value"), [("1", True), ("True", True), ("on", True), ("0", False), ("NO", False)])
def test_a_flag(monkeypatch, text, value):
    monkeypatch.setenv("ASSAY_TRIAL", text)

    assert env.flag("ASSAY_TRIAL", default=not value) is value


def test_a_count(monkeypatch):
    monkeypatch.setenv("ASSAY_TRIAL", "12")

    assert env.count("ASSAY_TRIAL", default=3) == 12


def test_a_choice_in_any_case(monkeypatch):
    monkeypatch.setenv("ASSAY_TRIAL", "normal")

    assert env.choice("ASSAY_TRIAL", ("FULL", "NORMAL"), default="FULL") == "NORMAL"


def test_words_between_commas(monkeypatch):
    monkeypatch.setenv("ASSAY_TRIAL", "s3, gs,,")

    assert env.words("ASSAY_TRIAL") == ["s3", "gs"]


def test_a_database(monkeypatch):
    monkeypatch.setenv("ASSAY_TRIAL", "postgres://ada@db.example:5433/lab")

    found = env.database("ASSAY_TRIAL", default="")
    assert (found["NAME"], found["HOST"], found["PORT"]) == ("lab", "db.example", 5433)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("redis://:hush@cache:6379/0", "redis://:hush@cache:6379/0"),
        ("rediss://:hush@cache:6379/0", "rediss://:hush@cache:6379/0?ssl_cert_reqs=required"),
        (
            "rediss://cache/0?ssl_ca_certs=/etc/ca.pem",
            "rediss://cache/0?ssl_ca_certs=/etc/ca.pem&ssl_cert_reqs=required",
        ),
        ("rediss://cache/0?ssl_cert_reqs=none", "rediss://cache/0?ssl_cert_reqs=none"),
    ],
)
def test_the_certificate_of_a_redis_is_looked_at_unless_it_is_said_not_to(monkeypatch, text, address):
    monkeypatch.setenv("ASSAY_TRIAL", text)

    assert env.redis("ASSAY_TRIAL") == address


def test_what_is_set_to_nothing_has_its_default(monkeypatch):
    monkeypatch.setenv("ASSAY_TRIAL", " ")

    assert env.count("ASSAY_TRIAL", default=3) == 3
    assert env.flag("ASSAY_TRIAL", default=True) is True
    assert env.choice("ASSAY_TRIAL", ("a", "b"), default="b") == "b"


def test_a_value_may_lie_in_a_file(monkeypatch, tmp_path):
    (tmp_path / "secret").write_text("of the container\n")
    monkeypatch.setenv("ASSAY_TRIAL_FILE", str(tmp_path / "secret"))

    assert env.text("ASSAY_TRIAL") == "of the container"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("maybe", lambda: env.flag("ASSAY_TRIAL", default=True)),
        ("many", lambda: env.count("ASSAY_TRIAL", default=1)),
        ("0", lambda: env.count("ASSAY_TRIAL", default=1)),
        ("-1", lambda: env.count("ASSAY_TRIAL", default=1, at_least=0)),
        ("loud", lambda: env.choice("ASSAY_TRIAL", ("INFO", "DEBUG"), default="INFO")),
        ("nonsense", lambda: env.database("ASSAY_TRIAL", default="")),
        ("mysql://host/name", lambda: env.database("ASSAY_TRIAL", default="")),
        ("postgres://host:port/name", lambda: env.database("ASSAY_TRIAL", default="")),
        ("127.0.0.1:6379", lambda: env.redis("ASSAY_TRIAL")),
        ("http://cache:6379/0", lambda: env.redis("ASSAY_TRIAL")),
        ("redis://cache:port/0", lambda: env.redis("ASSAY_TRIAL")),
        ("redis://", lambda: env.redis("ASSAY_TRIAL")),
        ("http://bucket/prefix", lambda: env.storage("ASSAY_TRIAL")),
        ("s3:///prefix", lambda: env.storage("ASSAY_TRIAL")),
    ],
)
def test_what_cannot_be_understood_is_said_by_name(monkeypatch, text, read):
    monkeypatch.setenv("ASSAY_TRIAL", text)

    with pytest.raises(ImproperlyConfigured, match=r"ASSAY_TRIAL .*must"):
        read()


def test_a_file_that_is_not_there_is_said_by_name(monkeypatch, tmp_path):
    monkeypatch.setenv("ASSAY_TRIAL_FILE", str(tmp_path / "absent"))

    with pytest.raises(ImproperlyConfigured, match="ASSAY_TRIAL_FILE cannot be read"):
        env.text("ASSAY_TRIAL")


@pytest.mark.parametrize("text", ["example.org", "ftp://example.org", "https://", "https://example.org/?a=b"])
def test_an_address_that_nobody_can_open_is_refused(monkeypatch, text):
    monkeypatch.setenv("ASSAY_URL", text)

    with pytest.raises(ImproperlyConfigured, match="ASSAY_URL"):
        public_url()


def test_the_file_in_the_data_folder_gives_way_to_the_environment(monkeypatch, tmp_path):
    (tmp_path / ".env").write_text("ASSAY_TRIAL_ONE=file\nASSAY_TRIAL_TWO='of the file'\n")
    monkeypatch.setenv("ASSAY_TRIAL_ONE", "environment")

    read_env_file(tmp_path)

    assert (env.text("ASSAY_TRIAL_ONE"), os.environ.pop("ASSAY_TRIAL_TWO")) == ("environment", "of the file")


@pytest.mark.parametrize("name", ["ASSAY_TRIAL", "ASSAY_TRIAL_FILE"])
def test_the_environment_wins_by_a_value_as_by_a_file(monkeypatch, tmp_path, name):
    (tmp_path / "secret").write_text("a file says so")
    said = {"ASSAY_TRIAL": "the value", "ASSAY_TRIAL_FILE": str(tmp_path / "secret")}
    other = (said.keys() - {name}).pop()
    (tmp_path / ".env").write_text(f"{other}={said[other]}\n")
    monkeypatch.setenv(name, said[name])
    monkeypatch.delenv(other, raising=False)

    read_env_file(tmp_path)

    assert os.environ.get(other) is None
    assert env.text("ASSAY_TRIAL") == {"ASSAY_TRIAL": "the value", "ASSAY_TRIAL_FILE": "a file says so"}[name]


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("ASSAY_TRIAL=12 # a remark", "12"),
        ("ASSAY_TRIAL=12\t#a remark # and more", "12"),
        ("ASSAY_TRIAL= # nothing yet", ""),
        ("ASSAY_TRIAL=pass#word", "pass#word"),
        ("ASSAY_TRIAL=#word", "#word"),
        ("ASSAY_TRIAL='pass # word' # a remark", "pass # word"),
        ("ASSAY_TRIAL='pass # word'", "pass # word"),
        ('export ASSAY_TRIAL="a \\" # b" # a "remark"', 'a " # b'),
        ('ASSAY_TRIAL="a # b"', "a # b"),
        ("# ASSAY_TRIAL=12 # a remark", None),
    ],
)
def test_a_remark_behind_a_value_is_none_of_it(monkeypatch, tmp_path, line, value):
    monkeypatch.delenv("ASSAY_TRIAL", raising=False)
    (tmp_path / ".env").write_text(f"{line}\n")

    read_env_file(tmp_path)

    assert os.environ.pop("ASSAY_TRIAL", None) == value


@pytest.mark.parametrize("line", ["ASSAY_TRIAL = s3cret", "ASSAY_TRIAL: s3cret", "s3cret"])
def test_a_line_that_cannot_be_understood_is_said_by_its_number_alone(tmp_path, line):
    (tmp_path / ".env").write_text(f"\n  # a remark\n{line}\n")

    with pytest.raises(ImproperlyConfigured, match=r"\.env, line 3, cannot be understood") as caught:
        read_env_file(tmp_path)

    assert "s3cret" not in str(caught.value)


def test_a_file_in_the_data_folder_that_cannot_be_read_is_said(monkeypatch, tmp_path):
    (tmp_path / ".env").write_text("ASSAY_TRIAL=1\n")

    def refuse(path, **kwargs):
        raise PermissionError(13, "Permission denied")

    # root may read everything, and tests may run as root
    monkeypatch.setattr("pathlib.Path.read_text", refuse)
    with pytest.raises(ImproperlyConfigured, match=r"\.env cannot be read: Permission denied"):
        read_env_file(tmp_path)


def test_the_data_folder_is_for_its_owner(monkeypatch, tmp_path):
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path / "new" / "home"))

    assert stat.S_IMODE(data_folder().stat().st_mode) == 0o700


def test_a_data_folder_that_cannot_be_made_is_said(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path / "file" / "home"))

    with pytest.raises(ImproperlyConfigured, match="cannot be made: Not a directory"):
        data_folder()


@contextmanager
def as_somebody_else():
    """Act as a user who may not enter folders of mode 0700, also where tests run as root."""
    us = os.geteuid()
    if us == 0:
        os.seteuid(65534)
    yield
    os.seteuid(us)


@pytest.mark.parametrize("read", [read_env_file, lambda home: secret_file(home, "secret-key")])
def test_a_data_folder_of_somebody_else_is_said(tmp_path, read):
    (tmp_path / "home").mkdir(mode=0o700)
    if os.geteuid() != 0:
        (tmp_path / "home").chmod(0)

    with (
        as_somebody_else(),
        pytest.raises(ImproperlyConfigured, match=r"cannot be read: Permission denied.*ASSAY_HOME"),
    ):
        read(tmp_path / "home")

    (tmp_path / "home").chmod(0o700)


def test_a_key_that_is_a_folder_is_said(tmp_path):
    (tmp_path / "secret-key").mkdir()

    with pytest.raises(ImproperlyConfigured, match="secret-key cannot be read: Is a directory"):
        secret_file(tmp_path, "secret-key")


def test_a_file_that_is_no_text_is_said(tmp_path):
    (tmp_path / ".env").write_bytes("ASSAY_TRIAL=Erzgebirgsgr\u00f6\u00dfe".encode("latin-1"))

    with pytest.raises(ImproperlyConfigured, match=r"\.env is not text in UTF-8"):
        read_env_file(tmp_path)


def test_a_secret_is_made_once_and_for_its_owner(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: secret_file(tmp_path, "key"), range(16)))

    assert len(made) == 1
    assert len(made.pop()) >= 50
    assert [(path.name, stat.S_IMODE(path.stat().st_mode)) for path in tmp_path.iterdir()] == [("key", 0o600)]


def test_two_installations_have_two_secrets(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()

    assert secret_file(tmp_path / "a", "key") != secret_file(tmp_path / "b", "key")
