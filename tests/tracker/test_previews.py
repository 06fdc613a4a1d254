"""What is shown of files, whole and broken: always a preview or a sentence, read from the first bytes."""

import io
import json
import struct
import zlib

import pytest

from tests import seed_files
from tests.factories import make_run
from tracker import blobs, previews
from tracker.actions import artifacts
from tracker.previews import images, json_trees, reading, tables, texts


@pytest.fixture
def shown(admin):
    """shown(name, content): the preview of a file with that name and content."""
    run = make_run(by=admin)

    def preview(path, content):
        content = content.encode() if isinstance(content, str) else content
        return previews.of(artifacts.upload(run, path, io.BytesIO(content), by=admin))

    return preview


def png_of(width, height):
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    body = b"IHDR" + header
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body)) + b"IEND"


# images -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "size"),
    [
        ("a.png", seed_files.png(48, 30), (48, 30)),
        ("a.gif", b"GIF89a" + struct.pack("<HH", 7, 5) + b"\0;", (7, 5)),
        ("a.jpg", b"\xff\xd8\xff\xe0\0\4ab\xff\xc0\0\x0b\x08" + struct.pack(">HH", 5, 7) + b"\xff\xd9", (7, 5)),
        ("a.webp", b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8X" + bytes(8) + b"\6\0\0\4\0\0", (7, 5)),
        ("a.avif", b"\0\0\0\x1cftypavif" + bytes(30) + b"ispe" + struct.pack(">III", 0, 7, 5), (7, 5)),
    ],
)
def test_an_image_says_how_large_it_is(shown, name, content, size):
    preview = shown(name, content)

    assert (preview.kind, tuple(preview.content), preview.note) == ("image", size, "")


@pytest.mark.parametrize("num_bytes", [9, 20, 25, 60, 900])
def test_a_png_that_was_cut_says_so(shown, num_bytes):
    preview = shown("cut.png", seed_files.png()[:num_bytes])

    assert "cut off" in preview.note


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.gif", "a.avif"])
@pytest.mark.parametrize("content", [b"<html><script>alert(1)</script>", b"\0" * 40, b"RIFF", b"\xff\xd8\xff"])
def test_what_is_no_image_is_not_shown_as_one(shown, name, content):
    preview = shown(name, content)

    assert preview.kind == "none"
    assert preview.note


def test_an_image_that_would_fill_the_readers_memory_is_not_drawn(shown):
    preview = shown("bomb.png", png_of(50_000, 50_000))

    assert preview.kind == "none"
    assert "50,000 × 50,000" in preview.note


# text -------------------------------------------------------------------------------------------------------


def test_text_is_shown_by_lines(shown):
    preview = shown("train.log", "one\ntwo\r\nthrée")

    assert (preview.kind, preview.content.lines, preview.note) == ("text", ["one", "two", "thrée"], "")


@pytest.mark.parametrize(
    ("raw", "text", "note"),
    [
        ("naïve".encode("utf-8-sig"), "naïve", ""),
        ("naïve".encode("utf-16"), "naïve", ""),
        ("naïve".encode("latin-1"), "naïve", "read as Latin-1"),
    ],
)
def test_text_in_other_encodings_is_read(shown, raw, text, note):
    preview = shown("notes.txt", raw)

    assert preview.content.lines == [text]
    assert note in preview.note


@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.json", "a.md", "nameless"])
@pytest.mark.parametrize("content", [b"\0\1\2\3" * 50, bytes(range(1, 256)), b"\xff\xfe\xd8"])
def test_what_is_no_text_has_no_preview(shown, name, content):
    preview = shown(name, content)

    assert preview.kind == "none"
    assert preview.note


def test_only_the_beginning_of_a_long_text_is_read(shown):
    preview = shown("long.txt", "x" * 5_000 + "\n" + "line\n" * 100_000)

    assert len(preview.content.lines) == texts.MAX_LINES
    assert len(preview.content.lines[0]) == texts.MAX_LINE + 1
    assert "first 3,000 lines" in preview.note


# Of a file of 1 GB no more is asked of storage than of one of 1 MB.
@pytest.mark.parametrize(
    "name", ["a.csv", "a.tsv", "a.json", "a.ipynb", "a.parquet", "a.txt", "a.md", "a.png", "a.log", "nameless"]
)
def test_no_preview_reads_a_large_file(shown, monkeypatch, name):
    asked = []
    real = blobs._BlobFile.readinto
    monkeypatch.setattr(
        blobs._BlobFile, "readinto", lambda file, buffer: asked.append(len(buffer)) or real(file, buffer)
    )

    assert shown(name, b"a,b,c\n1,2,3\n" * 500_000).note or name in ("a.csv", "a.tsv")

    assert sum(asked) <= 2 * reading.WHOLE_BYTES


def test_a_file_whose_bytes_are_gone_says_so(admin):
    artifact = artifacts.upload(make_run(by=admin), "a.txt", io.BytesIO(b"here"), by=admin)
    blobs.discard(artifact.blob.key)

    assert "missing in storage" in previews.of(artifact).note


def test_an_empty_file_is_called_so(shown):
    assert shown("a.json", b"").note == "The file is empty."


# tables -----------------------------------------------------------------------------------------------------


def test_numbers_of_a_table_stand_to_the_right(shown):
    table = shown("a.csv", "name,score,share\na,1,0.5\nb,-2e3,\nc,nan,7\n").content

    assert [(column.name, column.is_number) for column in table.columns] == [
        ("name", False),
        ("score", True),
        ("share", True),
    ]
    assert table.rows[1] == ["b", "-2e3", ""]
    assert table.num_rows == 3


@pytest.mark.parametrize(("name", "text"), [("a.tsv", "a\tb,c\n1\t2"), ("a.csv", "a;b\n1;2"), ("a.csv", "a|b\n1|2")])
def test_the_delimiter_is_found(shown, name, text):
    assert shown(name, text).content.rows == [["1", "2"]]


def test_a_ragged_table_is_made_even(shown):
    table = shown("a.csv", 'a,b\n1\n1,2,3\n"x\ny",2\n').content

    assert len(table.columns) == 3
    assert table.rows == [["1", "", ""], ["1", "2", "3"], ["x\ny", "2", ""]]


def test_of_a_large_table_the_beginning_is_shown(shown):
    header = ",".join(f"c{n}" for n in range(200))
    preview = shown("a.csv", f"{header}\n" + f"{','.join(['1' * 300] * 200)}\n" * 20)

    table = preview.content
    assert (len(table.columns), table.num_columns) == (tables.MAX_COLUMNS, 200)
    assert len(table.rows[0][0]) == tables.MAX_CELL + 1
    assert len(shown("b.csv", "a\n" + "1\n" * 500).content.rows) == tables.MAX_ROWS


def test_a_cell_without_end_is_shown_as_text(shown):
    preview = shown("a.csv", 'a,b\n"' + "x" * 200_000)

    assert preview.kind == "text"
    assert "cannot be read as a table" in preview.note


def test_json_that_is_a_table_is_shown_as_one(shown):
    preview = shown("t.json", json.dumps({"columns": ["a", "b"], "data": [[1, "x"], [None, {"k": 1}]]}))

    assert preview.kind == "table"
    assert preview.content.rows == [["1", "x"], ["", "{'k': 1}"]]


# JSON -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"loss": 0.1,', "line 1"),
        ("", "empty"),
        ("[" * 5_000, "nested too deeply"),
        ("[" * 100_000 + "]" * 100_000, "nested too deeply"),
        ("1" * 5_000, "a number"),
        ("\ufeff[", "line 1"),
        (b"\xff\xfe\x00\xd8", "not text"),
    ],
)
def test_broken_json_is_shown_as_text_with_the_reason(shown, text, reason):
    preview = shown("a.json", text)

    assert preview.kind in ("text", "none")
    assert reason in preview.note


def test_values_of_json_are_kept_as_they_are_written(shown):
    nodes = shown("a.json", '{"a": NaN, "b": "<script>", "c": [], "d": 12345678901234567890, "e": true}').content

    leaves = {node.key: (node.text, node.type) for node in nodes if node.kind == "leaf"}
    assert leaves == {
        "a": ("NaN", "number"),
        "b": ('"<script>"', "string"),
        "c": ("[]", "word"),
        "d": ("12345678901234567890", "number"),
        "e": ("true", "word"),
    }


@pytest.mark.parametrize("value", [list(range(10_000)), {"a": {"b": [1, [2, [3]]]}}, [[]] * 9, {}, 5, "x" * 5_000])
def test_a_json_tree_is_bounded_and_closes_what_it_opens(value):
    nodes = json_trees.tree(value)

    kinds = [node.kind for node in nodes]
    assert kinds.count("open") == kinds.count("close")
    assert len(nodes) <= json_trees.MAX_NODES + json_trees.MAX_DEPTH + 2
    assert all(len(node.text) <= json_trees.MAX_TEXT + 3 for node in nodes)


def test_what_is_nested_deeper_than_a_page_is_cut():
    value = []
    for _ in range(100):
        value = [value, 1]

    assert "nested too deeply to be shown" in [node.text for node in json_trees.tree(value)]


def test_images_are_judged_by_the_head_alone():
    assert images.HEAD_BYTES + images.TAIL_BYTES < reading.TEXT_BYTES
