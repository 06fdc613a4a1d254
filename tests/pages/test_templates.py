"""What every template and sheet keeps to, so that the Content-Security-Policy holds and both themes are whole."""

import re

import pytest
from django.conf import settings

TEMPLATES = sorted((settings.ASSETS_DIR / "templates").rglob("*.html"))
TOKENS = (settings.ASSETS_DIR / "static" / "css" / "tokens.css").read_text()
SHEETS = sorted((settings.ASSETS_DIR / "static" / "css").glob("*.css"))


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_nothing_is_inline_that_the_policy_refuses(template):
    text = template.read_text()

    assert not re.findall(r"\sstyle\s*=", text)
    assert not re.findall(r"\son[a-z]+\s*=", text)
    assert not re.findall(r"<script(?![^>]*\ssrc=)[^>]*>", text)
    assert "javascript:" not in text


def values(block):
    return dict(re.findall(r"(--[\w-]+|color-scheme): ([^;]+);", block))


def dark_blocks():
    return [values(block) for block in re.findall(r"\{([^{}]*color-scheme: dark;[^{}]*)\}", TOKENS)]


def test_the_switch_and_the_system_agree_on_what_dark_is():
    by_system, by_switch = dark_blocks()

    assert by_system == by_switch


def test_dark_leaves_no_colour_of_light_standing():
    light = values(re.search(r":root \{([^{}]*color-scheme: light;[^{}]*)\}", TOKENS)[1])
    colours = {name for name, value in light.items() if re.search(r"#|rgb", value)}

    assert colours <= set(dark_blocks()[0])


@pytest.mark.parametrize("sheet", [sheet for sheet in SHEETS if sheet.name != "tokens.css"], ids=lambda path: path.name)
def test_colours_are_named_in_tokens_alone(sheet):
    # a half transparent black or grey is a shade, and fits either theme
    text = re.sub(r"rgb\((0 0 0|128 128 128) / [.\d]+\)|/\*.*?\*/", "", sheet.read_text(), flags=re.DOTALL)

    assert not re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[^{}]*[;}])|\brgba?\(|\bhsla?\(", text)


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_every_token_that_is_used_is_there(sheet):
    own = set(re.findall(r"(--[\w-]+):", sheet.read_text() + TOKENS))

    assert set(re.findall(r"var\((--[\w-]+)\)", sheet.read_text())) <= own
