"""The packages of a model's environment, read from files that anybody may have written."""

import pytest

from core.errors import InvalidValue
from tests.factories import make_logged_model, make_run
from tests.streams import Stream
from tracker import environment
from tracker.actions import artifacts
from tracker.models import Environment

CONDA = b"""
channels: [conda-forge]
dependencies:
- python=3.11.7
- pip<=24.0
- pip:
  - mlflow==3.17.2
  - cloudpickle==3.1.2
name: mlflow-env
"""

BOMB = b"a: &a [x,x,x]\nb: &b [*a,*a,*a]\nflavors: {python_function: {python_version: 3.11.7}}\n"


def test_requirements_are_names_and_versions():
    text = b"""# comment
-r other.txt
--index-url https://pypi.example.org/simple
mlflow==3.17.2
pandas<3,>=2 ; python_version >= "3.9"  # marker
scikit_learn [extra] ~= 1.5
git+https://example.org/x.git#egg=x
plain
"""

    assert environment.read("model/requirements.txt", text).packages == [
        ["mlflow", "==3.17.2"],
        ["pandas", "<3,>=2"],
        ["plain", ""],
        ["scikit_learn", "~= 1.5"],
    ]


def test_conda_names_python_and_what_pip_installs():
    found = environment.read("conda.yaml", CONDA)

    assert found == environment.Environment("3.11.7", [["cloudpickle", "==3.1.2"], ["mlflow", "==3.17.2"]])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("python_env.yaml", b"python: 3.11.7\nbuild_dependencies: [pip==24.0]\n"),
        ("MLmodel", b"flavors:\n  python_function:\n    python_version: 3.11.7\n"),
    ],
)
def test_other_files_name_python(name, content):
    assert environment.read(name, content) == environment.Environment("3.11.7")


@pytest.mark.parametrize("name", environment.FILES)
@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe",
        b"\0",
        b"!!python/object/apply:os.system ['touch /tmp/assay-was-here']",
        b"- just\n- a list",
        b"dependencies: {pip: [1, [2]]}\nflavors: 3\npython: [x]",
        b"[" * 20_000,
        b"{" * 20_000,
        BOMB,
        b"",
        b"flavors: {python_function: null}",
    ],
)
def test_what_cannot_be_read_says_nothing_and_does_nothing(name, content):
    found = environment.read(name, content)

    assert found.python == ""
    assert name == "requirements.txt" or not found.packages


def test_aliases_are_not_followed():
    with pytest.raises(InvalidValue, match="aliases"):
        environment.load_yaml(BOMB.decode())


def test_what_is_nested_too_deep_is_not_followed():
    assert environment.load_yaml("[" * 40 + "]" * 40)
    with pytest.raises(InvalidValue, match="too deep"):
        environment.load_yaml("[" * 60 + "]" * 60)


@pytest.fixture
def model(admin):
    return make_logged_model(by=admin, source_run=make_run(by=admin))


def put(model, path, content, by):
    artifacts.upload(model, path, Stream(content), by=by)


@pytest.mark.parametrize("order", [1, -1])
def test_files_add_up_in_whatever_order_they_come(model, admin, order):
    files = [
        ("requirements.txt", b"numpy==2.1.0"),
        ("conda.yaml", CONDA),
        ("MLmodel", b"flavors: {}"),
        ("x.txt", b"x==1"),
    ]
    for path, content in files[::order]:
        put(model, path, content, admin)

    noted = Environment.objects.of_run(model.source_run).get()

    assert (noted.python, noted.packages, noted.packages_from) == ("3.11.7", [["numpy", "==2.1.0"]], "requirements.txt")


def test_a_run_of_an_older_client_has_them_among_its_own_files(admin):
    run = make_run(by=admin)
    put(run, "model/requirements.txt", b"numpy==2.1.0", admin)

    assert Environment.objects.of_run(run).get().folder == "model"


def test_a_file_too_large_to_be_a_list_is_stored_and_not_read(model, admin):
    put(model, "requirements.txt", b"numpy==1\n" * 40_000, admin)

    assert model.artifacts.count() == 1
    assert not Environment.objects.exists()
