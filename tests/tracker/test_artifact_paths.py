"""Names of files: the classes B01 to B06, B10 and B13 of bad input, and names that people do use."""

import pytest

from core.errors import InvalidValue
from tracker.artifact_paths import MAX_NAME_BYTES, MAX_PATH_BYTES, check, check_folder, decoded, locate

RUN = "0123456789abcdef0123456789abcdef"

BAD = [
    *("../c", "a/../../c", "./../c", "a/..", ".."),
    *("/etc/passwd", "//etc/passwd", "C:\\x", "c:/x", "\\\\srv\\x", "..\\..\\x", "a\\..\\..\\x"),
    *(
        "%2e%2e%2fc",
        "%252e%252e%252fc",
        "%25252e%25252e%25252fc",
        "a/%2e%2e/c",
        "%c0%ae%c0%ae/c",
        "%e0%80%af",
        "．．/c",
        "a/‥/c",
    ),
    *("a#/../c", "a?/../c", "a;/../c", "a#b", "a;..;b"),
    *("a\0", "a\rb", "a\nb", "a\x7f", "a\u202eb", "a\u2028b", "a\ud800"),
    "%" + "25" * 20 + "41",
    "%2fetc/passwd",
]


@pytest.mark.parametrize("path", BAD)
def test_a_path_that_leads_elsewhere_is_refused(path):
    for judge in (check, check_folder, lambda path: locate(f"0/{RUN}/artifacts/{path}")):
        if judge in (check, check_folder) or not path.startswith(("/", "\\", "C:", "c:", "%2f")):
            with pytest.raises(InvalidValue, match="Invalid path"):
                judge(path)


@pytest.mark.parametrize("path", ["", ".", "a/", "a//b", "./a", "a/./b"])
def test_a_file_has_one_name(path):
    with pytest.raises(InvalidValue, match="must name a file"):
        check(path)


@pytest.mark.parametrize(
    "path",
    [
        "a b+c.txt",
        'it\'s "x"',
        "50% off",
        "100%.csv",
        "-rf",
        "trailing.",
        "e\u0301",
        "\u00e9",
        "A",
        "a",
        "....",
        "a..b",
        "结果/图 1.png",
        "wait….png",
        "a:b",
    ],
)
def test_names_that_people_use_are_kept(path):
    assert check(path) == path
    assert check_folder(path) == path


@pytest.mark.parametrize(
    ("path", "normal"), [("", ""), ("a/", "a"), ("a//b///", "a/b"), ("./a/.", "a"), ("....//", "....")]
)
def test_a_folder_is_read_in_its_normal_form(path, normal):
    assert check_folder(path) == normal


def test_limits_count_bytes():
    assert check("é" * (MAX_NAME_BYTES // 2))
    for path in ("é" * (MAX_NAME_BYTES // 2 + 1), "a/" * (MAX_PATH_BYTES // 2) + "a"):
        with pytest.raises(InvalidValue):
            check(path)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (f"0/{RUN}/artifacts/a/b", (RUN, "", "a/b")),
        (f"some/where/else/{RUN}/artifacts", (RUN, "", "")),
        (f"0/{RUN}/artifacts/{'f' * 32}/artifacts/x", (RUN, "", f"{'f' * 32}/artifacts/x")),
        (f"0/models/m-{RUN}/artifacts/MLmodel", ("", f"m-{RUN}", "MLmodel")),
    ],
)
def test_a_path_names_its_owner(path, expected):
    place = locate(path)

    assert (place.run_id, place.model_id, place.path) == expected


@pytest.mark.parametrize(
    "path", ["", "0", f"0/{RUN}", f"0/{RUN.upper()}/artifacts/x", "0/traces/tr-1/artifacts/x", f"m-{RUN}/artifacts/x"]
)
def test_other_paths_name_nobody(path):
    assert locate(path) is None


def test_what_stands_before_the_id_cannot_lead_elsewhere_either():
    with pytest.raises(InvalidValue):
        locate(f"../../{RUN}/artifacts/x")


def test_a_name_is_decoded_as_the_client_does():
    assert decoded("a%2541%25") == "aA%"


@pytest.mark.parametrize(
    "name",
    [
        "sample%step%10%timestamp%1795531576304%0d5db918-e12f.png",
        "sample%step%0%timestamp%1795531576304%c0ffee18-e12f.webp",
        "sample%step%0%timestamp%1795531576304%23ffee18-e12f.webp",
        "sample%step%0%timestamp%1795531576304%2fffee18-e12f.webp",
    ],
)
def test_the_images_of_2x_clients_have_percent_signs_before_hex(name):
    assert check(f"images/{name}") == f"images/{name}"
