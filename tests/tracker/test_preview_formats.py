"""Formats with readers of their own: Parquet, notebooks."""

import base64
import io
import json

import pyarrow
import pyarrow.parquet
import pytest

from tests import seed_files
from tests.factories import make_run
from tracker import previews
from tracker.actions import artifacts
from tracker.previews import notebooks, parquet, tables


@pytest.fixture
def shown(admin):
    run = make_run(by=admin)

    def preview(path, content):
        content = content.encode() if isinstance(content, str) else content
        return previews.of(artifacts.upload(run, path, io.BytesIO(content), by=admin))

    return preview


def parquet_of(table, **options) -> bytes:
    target = io.BytesIO()
    pyarrow.parquet.write_table(table, target, **options)
    return target.getvalue()


# Parquet ----------------------------------------------------------------------------------------------------


def test_the_head_of_a_parquet_file_is_a_table(shown):
    columns = {
        "seam": [f"S-{n}" for n in range(5_000)],
        "score": [n / 7 for n in range(5_000)],
        "at": pyarrow.array([1_700_000_000_000_000_001 + n for n in range(5_000)], pyarrow.timestamp("ns")),
        "raw": [b"\0\xff"] * 5_000,
        "boxes": [[1, 2]] * 5_000,
        "gone": pyarrow.array([None] * 5_000, pyarrow.float64()),
    }
    table = shown("p.parquet", parquet_of(pyarrow.table(columns), row_group_size=1_000)).content

    assert (table.num_rows, table.num_columns, len(table.rows)) == (5_000, 6, tables.MAX_ROWS)
    assert table.rows[0] == ["S-0", "0.0", "2023-11-14 22:13:20.000000001", "2 bytes", "[1, 2]", ""]
    assert [(column.name, column.type, column.is_number) for column in table.columns[:2]] == [
        ("seam", "string", False),
        ("score", "double", True),
    ]


def test_a_wide_parquet_file_shows_its_first_columns(shown):
    wide = pyarrow.table({f"c{n}": [n] for n in range(300)})

    table = shown("wide.parquet", parquet_of(wide)).content

    assert (len(table.columns), table.num_columns) == (tables.MAX_COLUMNS, 300)


def test_a_parquet_file_without_rows_shows_its_columns(shown):
    empty = pyarrow.table({"a": pyarrow.array([], pyarrow.int64())})

    table = shown("empty.parquet", parquet_of(empty)).content

    assert ([column.name for column in table.columns], table.rows, table.num_rows) == (["a"], [], 0)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: b"PAR1",
        lambda raw: b"not parquet at all" * 100,
        lambda raw: raw[: len(raw) // 2],
        lambda raw: raw[:-8] + b"\xff\xff\xff\x7fPAR1",
        lambda raw: raw[:4] + b"\xff" * (len(raw) // 2) + raw[4 + len(raw) // 2 :],
    ],
    ids=["magic alone", "text", "cut", "long footer", "garbled"],
)
def test_a_broken_parquet_file_is_called_so(shown, spoil):
    raw = parquet_of(pyarrow.table({"a": list(range(2_000)), "b": ["x" * 20] * 2_000}))

    preview = shown("p.parquet", spoil(raw))

    assert preview.kind == "none"
    assert "cannot be read as Parquet" in preview.note


def test_no_more_of_a_parquet_file_is_read_than_a_head_takes(shown, monkeypatch):
    monkeypatch.setattr(parquet, "MAX_READ_BYTES", 1_000_000)
    # of 16 MB in one column, pages of the head are read
    large = pyarrow.table({"a": pyarrow.array(range(2_000_000), pyarrow.int64())})
    raw = parquet_of(large, compression="none", use_dictionary=False, row_group_size=2_000_000)

    assert shown("large.parquet", raw).content.num_rows == 2_000_000

    monkeypatch.setattr(parquet, "MAX_READ_BYTES", 100)
    assert "too large" in shown("larger.parquet", raw + b"").note


def test_a_parquet_bomb_ends_its_reader_alone(shown):
    """A hundred rows of one and the same 20 MB: 2 GB, for which the reader has no room."""
    large = pyarrow.array(["x" * 20_000_000])
    bomb = pyarrow.table({"a": pyarrow.DictionaryArray.from_arrays(pyarrow.array([0] * 100), large)})
    raw = parquet_of(bomb, compression="zstd", dictionary_pagesize_limit=64_000_000, write_statistics=False)
    assert len(raw) < 1_000_000

    preview = shown("bomb.parquet", raw)

    assert preview.kind == "none"
    assert "too large" in preview.note


# notebooks --------------------------------------------------------------------------------------------------

PIXEL = base64.b64encode(seed_files.png(2, 2)).decode()


def notebook(*cells):
    return json.dumps({"cells": list(cells), "metadata": {"x": [1] * 10}, "nbformat": 4, "nbformat_minor": 5})


def code(source, *outputs):
    return {"cell_type": "code", "source": source, "outputs": list(outputs), "execution_count": 3, "metadata": {}}


def test_a_notebook_shows_its_cells_and_what_came_of_them(shown):
    cells = shown(
        "n.ipynb",
        notebook(
            {"cell_type": "markdown", "source": ["# Seams\n", "by *fold*"], "metadata": {}},
            code(
                ["x = 1\n", "x"],
                {"output_type": "stream", "name": "stdout", "text": ["\x1b[31mred\x1b[0m\n"]},
                {"output_type": "display_data", "data": {"image/png": PIXEL, "text/plain": "<Figure>"}},
                {"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": ["\x1b[0;31mno\x1b[0m"]},
            ),
        ),
    ).content

    assert [(cell.kind, cell.source) for cell in cells] == [("markdown", "# Seams\nby *fold*"), ("code", "x = 1\nx")]
    assert [(output.kind, output.text) for output in cells[1].outputs] == [
        ("text", "red\n"),
        ("image", f"data:image/png;base64,{PIXEL}"),
        ("error", "no"),
    ]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"text/html": "<script>alert(1)</script>", "text/plain": "a  b"}, ("text", "a  b", True)),
        ({"text/html": ["<b>"]}, ("text", "", True)),
        ({"image/png": '"><script>alert(1)</script>', "text/plain": "x"}, ("text", "x", False)),
        ({"image/png": {"not": "text"}, "text/plain": "x"}, ("text", "x", False)),
        ({"image/svg+xml": "<svg onload=alert(1)>", "text/plain": "x"}, ("text", "x", False)),
        ({"application/javascript": "alert(1)"}, None),
    ],
)
def test_what_an_output_would_run_is_left_out(shown, data, expected):
    cells = shown("n.ipynb", notebook(code("x", {"output_type": "display_data", "data": data}))).content

    assert cells[0].outputs == ([] if expected is None else [notebooks.Output(*expected)])


@pytest.mark.parametrize(
    "text", ["{", '{"cells": 5}', '{"cells": [{}]}', '{"worksheets": []}', "[" * 9_000, "null", '{"cells": [[]]}']
)
def test_a_broken_notebook_is_shown_as_text(shown, text):
    preview = shown("n.ipynb", text)

    assert preview.kind == "text"
    assert "not a notebook" in preview.note


def test_a_notebook_is_bounded(shown):
    preview = shown("n.ipynb", notebook(*[code("x" * 50_000)] * 3, *[code("y")] * 400))

    assert len(preview.content) == notebooks.MAX_CELLS
    assert len(preview.content[0].source) == notebooks.MAX_TEXT + 1
    assert shown("big.ipynb", notebook(code("x" * notebooks.MAX_BYTES))).kind == "text"
