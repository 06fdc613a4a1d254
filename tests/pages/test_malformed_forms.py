"""Forms that no browser sends: refused as a bad request, before and after somebody signed in."""

import pytest

BOUNDARY = "x" * 20


def parts(*heads_and_bodies: tuple[str, str]) -> bytes:
    text = "".join(f"--{BOUNDARY}\r\n{head}\r\n\r\n{body}\r\n" for head, body in heads_and_bodies)
    return f"{text}--{BOUNDARY}--\r\n".encode()


def field(name: str, value: str = "v") -> tuple[str, str]:
    return f'Content-Disposition: form-data; name="{name}"', value


def file(number: int) -> tuple[str, str]:
    return f'Content-Disposition: form-data; name="f{number}"; filename="f{number}"', "x"


MALFORMED = {
    "no boundary": (b"--x\r\n\r\n", "multipart/form-data"),
    "an empty boundary": (b"--x\r\n\r\n", "multipart/form-data; boundary="),
    "a boundary of 5000": (b"--x\r\n\r\n", f"multipart/form-data; boundary={'b' * 5000}"),
    "a boundary that is no ASCII": (b"--x\r\n\r\n", "multipart/form-data; boundary=é"),
    "1000 files": (parts(*map(file, range(1000))), f"multipart/form-data; boundary={BOUNDARY}"),
    "10,000 parts": (parts(*(field(f"n{n}") for n in range(10_000))), f"multipart/form-data; boundary={BOUNDARY}"),
    "10,000 fields": (b"&".join(b"n%d=v" % n for n in range(10_000)), "application/x-www-form-urlencoded"),
    "a head of 100 kB": (parts((f'Content-Disposition: form-data; name="{"n" * 100_000}"', "v")), f"multipart/form-data; boundary={BOUNDARY}"),
}  # fmt: skip


@pytest.mark.parametrize("what", MALFORMED)
@pytest.mark.parametrize("path", ["/sign-in", "/account/appearance"])
def test_a_malformed_form_is_a_bad_request(client, member, path, what):
    body, content_type = MALFORMED[what]
    if path != "/sign-in":
        client.force_login(member)

    answer = client.generic("POST", path, body, content_type=content_type)

    # what is too much has a status of its own
    assert answer.status_code == (413 if what.startswith("1") else 400)


def test_four_megabytes_of_white_space_in_base64_are_read_in_one_go(client, member):
    spaces = f"{field('theme')[0]}\r\nContent-Transfer-Encoding: base64", " " * 3_900_000 + "ZGFyaw=="
    client.force_login(member)

    answer = client.generic(
        "POST", "/account/appearance", parts(spaces), content_type=f"multipart/form-data; boundary={BOUNDARY}"
    )

    assert answer.status_code == 302
