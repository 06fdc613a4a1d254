"""Cells of a comparison, thousands on a page: written here, because a template's loop takes ten times as long for each."""

from django import template
from django.utils.html import conditional_escape as escaped
from django.utils.safestring import SafeString, mark_safe

from pages.compare_grids import Cell

register = template.Library()


@register.filter
def named(names: dict[str, str], run_id: str) -> str:
    """Return the name of a run, or the beginning of its id where there is none."""
    return names.get(run_id) or run_id[:8]


@register.filter
def cells(found: list[Cell]) -> SafeString:
    """Return the cells of one row as HTML; whatever a script logged is text."""
    return mark_safe("".join(map(_cell, found)))


def _cell(cell: Cell) -> str:
    title = f' title="{escaped(cell.title)}"' if cell.title else ""
    text = escaped(cell.text)
    inner = f'<a href="{escaped(cell.url)}">{text}</a>' if cell.url else f"<span>{text}</span>"
    return f'<td class="{cell.css}"{title}>{inner}{_delta(cell) if cell.delta else ""}</td>'


def _delta(cell: Cell) -> str:
    than = f' title="{cell.verdict} than the base"' if cell.verdict else ""
    return f' <span class="delta {cell.verdict}"{than}>{escaped(cell.delta)}</span>'
