"""How stages, checks and comments are drawn."""

import re

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from pages.templatetags.assay import icon, markdown

register = template.Library()

STAGE_CHIPS = {"Production": "good", "Staging": "accent"}
MARKS = {"passed": ("circle-check", "good"), "failed": ("circle-x", "bad"), "pending": ("circle-dashed", "warn")}
_TAG = re.compile(r"(<[^>]*>)")
_MENTION = re.compile(r"(?<![\w@.])@([\w][\w.+-]*)")
# in code and in links an @ is no mention
_CLOSED = ("code", "pre", "a")


@register.simple_tag
def stage_chip(stage: str, label: str = "") -> SafeString:
    return format_html('<span class="chip stage {}">{}</span>', STAGE_CHIPS.get(stage, ""), label or stage)


@register.simple_tag
def check_mark(state: str) -> SafeString:
    """The state of a check as an icon, in words for readers."""
    name, css = MARKS.get(state, MARKS["pending"])
    return format_html('<span class="mark {}">{}<span class="visually-hidden">{}</span></span>', css, icon(name), state)


@register.filter
def said(text: str) -> SafeString:
    """Markdown as on every page, with @names set apart.

    >>> said("ask @mel")
    '<p>ask <b class="mention">@mel</b></p>\\n'
    """
    parts, depth = [], 0
    for part in _TAG.split(markdown(text)):
        if part.startswith("<"):
            name = part.strip("</>").split()[0] if part.strip("</>") else ""
            depth += (-1 if part.startswith("</") else 1) if name in _CLOSED else 0
        elif not depth:
            part = _MENTION.sub(r'<b class="mention">@\1</b>', part)
        parts.append(part)
    return mark_safe("".join(parts))


@register.filter
def numbers(versions: list[int]) -> str:
    """Numbers of versions as few words.

    >>> numbers([7, 6, 5, 3])
    'v7, v6, v5 and 1 more'
    """
    shown = ", ".join(f"v{number}" for number in versions[:3])
    return f"{shown} and {len(versions) - 3} more" if len(versions) > 3 else shown


@register.filter
def column_type(column: dict) -> str:
    """The type of a column of a signature, of a tensor with its shape.

    >>> column_type({"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 3]}})
    'float32 [-1, 3]'
    """
    tensor = column.get("tensor-spec")
    return f"{tensor.get('dtype')} {tensor.get('shape')}" if isinstance(tensor, dict) else str(column.get("type"))
