"""Parts of files, and files that are known already."""

import pytest

from tests.api.artifacts import fetch, put, url


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-3", b"0123"),
        ("bytes=7-", b"789"),
        ("bytes=-2", b"89"),
        ("bytes=-99", b"0123456789"),
        ("bytes=5-99", b"56789"),
    ],
)
def test_a_range_is_partial_content(api, run, header, expected):
    put(api, url(run, "digits"), b"0123456789")

    answer, received = fetch(api, url(run, "digits"), HTTP_RANGE=header)

    assert (answer.status_code, received) == (206, expected)
    assert answer["Content-Length"] == str(len(expected))
    assert answer["Content-Range"].endswith("/10")


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=5-2", "bytes=-0", "bytes=x-y", "bytes=-", "bytes=--1"])
def test_a_range_outside_of_the_file_is_416(api, run, header):
    put(api, url(run, "digits"), b"0123456789")

    answer, _ = fetch(api, url(run, "digits"), HTTP_RANGE=header)

    assert (answer.status_code, answer["Content-Range"]) == (416, "bytes */10")


def test_several_ranges_are_parts(api, run):
    put(api, url(run, "digits"), b"0123456789")

    answer, received = fetch(api, url(run, "digits"), HTTP_RANGE="bytes=0-1,4-5, -1")

    assert answer.status_code == 206
    assert answer["Content-Type"].startswith("multipart/byteranges; boundary=")
    assert len(received) == int(answer["Content-Length"])
    assert [part.split(b"\r\n\r\n")[1] for part in received.split(b"\r\n--")[1:-1]] == [b"01", b"45", b"9"]


@pytest.mark.parametrize("header", ["bytes=" + "0-1," * 10_000 + "2-3", "bytes=0-5,2-3", "lines=1-2", "nonsense"])
def test_ranges_that_nobody_needs_are_ignored(api, run, header):
    put(api, url(run, "digits"), b"0123456789")

    answer, received = fetch(api, url(run, "digits"), HTTP_RANGE=header)

    assert (answer.status_code, received) == (200, b"0123456789")


def test_a_file_that_is_known_is_not_sent_again(api, run):
    put(api, url(run, "a"), b"x")
    etag = fetch(api, url(run, "a"))[0]["ETag"]

    assert fetch(api, url(run, "a"), HTTP_IF_NONE_MATCH=etag)[0].status_code == 304
    assert fetch(api, url(run, "a"), HTTP_IF_RANGE='"other"', HTTP_RANGE="bytes=0-0")[0].status_code == 200


def test_head_says_what_get_would(api, run):
    put(api, url(run, "a.txt"), b"molten")

    answer = api.call("HEAD", url(run, "a.txt"))

    assert (answer.status_code, answer["Content-Length"], answer.content) == (200, "6", b"")
