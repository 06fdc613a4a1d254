import doctest
from datetime import timedelta

import pytest
from django.utils import timezone

from pages import cells
from pages.templatetags import assay


def test_the_examples_hold():
    assert doctest.testmod(assay).failed == 0
    assert doctest.testmod(cells).failed == 0


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(5, "just now"), (50, "1 min ago"), (130, "2 min ago"), (7200, "2 h ago"), (3 * 86_400, "3 d ago")],
)
def test_a_time_is_written_in_words(seconds, words):
    assert assay.in_words(timezone.now() - timedelta(seconds=seconds)) == words


@pytest.mark.parametrize("value", [-(2**62), 2**62, 253402300800000])
def test_a_time_that_no_calendar_holds_is_a_dash(value):
    assert assay.ago(value) == "–"


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "<img src=x onerror=alert(1)>",
        "![x](data:text/html,x)",
        "[x](JaVaScRiPt:alert(1))",
    ],
)
def test_markdown_is_inert(text):
    html = assay.markdown(text)

    assert "<script" not in html
    assert "<img" not in html or "data:" not in html
    assert 'href="javascript' not in html.lower()


@pytest.mark.parametrize("text", ["[" * 20_000, "*" * 20_000, "x" * 200_000])
def test_markdown_takes_any_amount(text):
    assert assay.markdown(text)


def test_names_are_escaped():
    assert "<b>" not in assay.middle("<b>" * 20)
    assert "<b>" not in assay.status_chip("<b>")
