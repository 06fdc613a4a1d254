import io
import re

import pytest

from tests import seed_files
from tests.factories import make_experiment, make_logged_model, make_run
from tracker.actions import artifacts
from tracker.models import Run

EVIL = "<img src=x onerror=alert(1)>{{7*7}}</script>"


@pytest.fixture
def run(member):
    return make_run(by=member)


@pytest.fixture
def add(member):
    return lambda owner, path, content=b"molten": artifacts.upload(owner, path, io.BytesIO(content), by=member)


@pytest.fixture
def page(client, member):
    client.force_login(member)
    return lambda run, **query: client.get(f"/runs/{run.run_id}/artifacts", query)


def lines_of(response):
    """Return the names in the tree, in their order."""
    tree = response.content.decode().partition('id="artifact-tree"')[2].partition("</nav>")[0]
    found = re.findall(r'<span class="name">(.*?)</span>(?:<span class="size"|</a>)', tree, re.DOTALL)
    return [re.sub(r"<[^>]+>|\s", "", name) for name in found]


def text_of(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


# the tree ---------------------------------------------------------------------------------------------------


def test_folders_are_folded_until_they_are_asked_for(page, run, add):
    for path in ("plots/roc.png", "plots/deep/er.png", "a.txt"):
        add(run, path)

    assert lines_of(page(run)) == ["plots", "a.txt"]
    assert lines_of(page(run, path="plots")) == ["plots", "deep", "roc.png", "a.txt"]
    assert lines_of(page(run, path="plots/deep/er.png")) == ["plots", "deep", "er.png", "roc.png", "a.txt"]


def test_a_folder_is_fetched_by_itself(page, run, add):
    add(run, "plots/roc.png")

    part = page(run, path="plots", part="folder").content.decode()

    assert "roc.png" in part
    assert "<html" not in part
    assert 'id="artifact-viewer"' not in part


def test_models_of_the_run_are_folders_of_their_own(page, run, member, add):
    model = make_logged_model(by=member, name="classifier", source_run=run)
    add(model, "MLmodel")
    add(model, "data/weights.bin")

    assert lines_of(page(run)) == ["classifier"]
    assert lines_of(page(run, model=model.model_id)) == ["classifier", "data", "MLmodel"]
    assert lines_of(page(run, model=model.model_id, path="data")) == ["classifier", "data", "weights.bin", "MLmodel"]


def test_a_model_of_another_run_is_not_there(page, run, member, add):
    model = make_logged_model(by=member, name="classifier", source_run=make_run(by=member))
    add(model, "MLmodel")

    assert page(run, model=model.model_id, path="MLmodel").status_code == 404


def test_a_model_that_the_reader_may_not_see_is_not_there(page, run, admin):
    hidden = make_experiment(by=admin, is_private=True)
    model = make_logged_model(hidden, by=admin, name="secret-model", source_run=run)
    artifacts.upload(model, "MLmodel", io.BytesIO(b"secret"), by=admin)

    assert "secret-model" not in page(run).content.decode()
    assert page(run, model=model.model_id, path="MLmodel").status_code == 404


def test_a_live_page_keeps_folders_unfolded(page, run, add):
    add(run, "plots/roc.png")
    add(run, "logs/a.log")

    part = page(run, part="1", open=[f"{run.run_id}/plots"])

    assert lines_of(part) == ["logs", "plots", "roc.png"]
    assert "X-Live" not in part
    add(run, "plots/new.png")
    assert "new.png" in lines_of(page(run, part="1", open=[f"{run.run_id}/plots"]))


def test_following_ends_with_the_run(page, run):
    Run.objects.filter(pk=run.pk).update(status="FINISHED")

    assert page(run, part="1")["X-Live"] == "stop"


def test_a_folder_full_of_files_takes_as_many_queries_as_one(page, run, member, django_assert_max_num_queries):
    blob = artifacts.upload(run, "many/0", io.BytesIO(b"x"), by=member).blob
    run.artifacts.bulk_create(
        type(run.artifacts.first())(run=run, path=f"many/{n:04}.txt", blob=blob, created_by=member) for n in range(700)
    )

    with django_assert_max_num_queries(27):
        response = page(run, path="many")

    assert len(lines_of(response)) == 501
    assert "more than can be shown at once" in response.content.decode()


def test_what_is_asked_to_be_unfolded_is_bounded(page, run, add, django_assert_max_num_queries):
    for n in range(60):
        add(run, f"d{n}/a")

    with django_assert_max_num_queries(90):
        response = page(run, open=[f"{run.run_id}/d{n}" for n in range(60)])

    assert response.status_code == 200


def test_a_run_without_files_says_how_to_log_some(page, run):
    assert "mlflow.log_artifact" in page(run).content.decode()


# the viewer -------------------------------------------------------------------------------------------------

KINDS = {
    "plots/roc.png": '<img src="/artifacts/',
    "plots/curve.svg": '<img src="/artifacts/',
    "tables/predictions.csv": "The first 100 of 400 rows, 4 columns",
    "tables/scores.json": "40 rows, 3 columns",
    "tables/areas.parquet": "The first 100 of 2500 rows, 3 columns",
    "notebooks/scores.ipynb": "<em>third</em>",
    "config.json": "resnet50",
    "report.html": 'sandbox="allow-scripts"',
    "README.md": "<strong>porosity</strong>",
    "logs/train.log": 'id="L240"',
    "audio/arc.wav": "<audio controls",
    "checkpoints/epoch-30.pt": "There is no preview of this kind of file.",
    "broken/cut.png": "cut off",
    "broken/wrong.json": "It is not JSON that can be read",
}


@pytest.fixture
def filled(run, member):
    seed_files.fill(run, by=member)
    return run


@pytest.mark.parametrize("path", KINDS)
def test_a_file_is_shown_by_its_kind(page, filled, path):
    response = page(filled, path=path)

    assert response.status_code == 200
    assert KINDS[path] in response.content.decode()


def test_a_model_folder_says_how_to_use_it(page, run, add):
    for path, content in seed_files.MODEL.items():
        add(run, f"models/best/{path}", content.encode() if isinstance(content, str) else content)

    text = text_of(page(run, path="models/best"))

    assert f'mlflow.sklearn.load_model("runs:/{run.run_id}/models/best")' in text
    assert "sklearn 1.7.2" in text
    assert "input area_mm2 double" in text
    assert "output – tensor of float64, ? × 3" in text
    assert "param threshold double = 0.5" in text
    assert "Input example area_mm2 line 12.5 A" in text
    assert "scikit-learn==1.7.2" in text


# B27 and B39: what describes a model is read, never loaded
@pytest.mark.parametrize(
    "text",
    [
        "!!python/object/apply:os.system ['touch it-ran']",
        "a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]",
        "flavors: !!js/function 'alert(1)'",
        "flavors: [1, 2]\nsignature: 5",
        "signature: {inputs: '[[[', outputs: 7, params: '{}'}",
        "flavors: {'<img src=x onerror=alert(1)>': {}}",
        "\x80\x05cos\nsystem",
        "[" * 5_000,
        "x" * 300_000,
    ],
    ids=["object", "aliases", "function", "lists", "signature", "markup", "pickle", "deep", "large"],
)
def test_a_model_that_says_nonsense_is_still_shown(page, run, add, text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    add(run, "model/MLmodel", text.encode("latin-1"))
    add(run, "model/requirements.txt", b"\xff\xfe\0")
    add(run, "model/input_example.json", b"[")

    response = page(run, path="model")

    assert response.status_code == 200
    assert "<img src=x" not in response.content.decode()
    assert not list(tmp_path.iterdir())


def test_a_file_says_what_it_is_and_where(page, run, add):
    artifact = add(run, "plots/a b.txt")

    html = page(run, path="plots/a b.txt").content.decode()

    assert artifact.blob.sha256 in html
    assert 'data-copy="plots/a b.txt"' in html
    assert f'data-copy="runs:/{run.run_id}/plots/a%20b.txt"' in html
    assert f'data-copy="{run.artifact_uri}/plots/a%20b.txt"' in html


def test_a_file_that_is_not_hashed_yet_says_so(page, run, add):
    artifact = add(run, "a.txt")
    type(artifact.blob).objects.update(sha256=None)

    assert "being verified" in page(run, path="a.txt").content.decode()


def test_the_viewer_is_fetched_by_itself(page, run, add):
    add(run, "a.txt")

    part = page(run, path="a.txt", part="viewer").content.decode()

    assert "molten" in part
    assert 'id="artifact-tree"' not in part


def test_following_a_run_does_not_read_the_file_again(page, run, add):
    add(run, "a.txt")

    assert "molten" not in page(run, path="a.txt", part="1").content.decode()


def test_what_is_not_there_is_404(page, run):
    assert page(run, path="nothing").status_code == 404
    assert page(run, model="m-" + "0" * 32).status_code == 404


# B26: what was logged is text, in names and in content
@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.json", "a.md", "t.json", "b.png", "c.html"])
def test_what_a_file_holds_is_text(page, run, add, name):
    content = {
        "a.json": b'{"%s": "%s"}' % (EVIL.encode(), EVIL.encode()),
        "t.json": b'{"columns": ["%s"], "data": [["%s"]]}' % (EVIL.encode(), EVIL.encode()),
    }.get(name, EVIL.encode())
    path = EVIL.replace("/", "") + name
    add(run, path, content)

    html = page(run, path=path).content.decode()

    assert "<img src=x" not in html
    assert "49}" not in html
    assert html.count("</script>") == html.count("<script")


# B27
@pytest.mark.parametrize(
    "text",
    [
        "[x](javascript:alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        "![x](https://evil.example/pixel.png)",
        "<a href='javascript:alert(1)'>x</a><iframe src=//evil.example></iframe>",
        "[" * 20_000,
        "*a" * 40_000,
        "x" * 200_000,
    ],
    ids=["javascript", "data", "image", "html", "brackets", "emphasis", "long"],
)
def test_markdown_is_inert(page, run, add, text):
    add(run, "README.md", text.encode())

    html = page(run, path="README.md").content.decode()

    assert not re.search(r'<[a-z][^>]*(?:href|src)=["\']?(?:javascript|data):', html)
    assert "<iframe" not in html
