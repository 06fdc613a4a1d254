"""How counts of runs are drawn."""

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe

from tracker.experiment_list import Counts

register = template.Library()

WIDTH, HEIGHT = 96, 22


@register.simple_tag
def run_bar(counts: Counts) -> str:
    """A bar of what became of the runs, with their number; in words on hover and for readers."""
    total = sum(counts)
    if not total:
        return mark_safe('<span class="muted">none</span>')
    words = ", ".join(f"{num} {state}" for state, num in zip(Counts._fields, counts, strict=True) if num)
    return format_html(
        '<span class="run-bar" title="{}"><span class="num">{}</span>'
        '<svg viewBox="0 0 {} 8" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg></span>',
        words,
        total,
        WIDTH,
        words,
        format_html_join("", '<rect class="{}" x="{}" width="{}" height="8"/>', _pieces(counts, total)),
    )


@register.simple_tag
def spark_line(values: list[float]) -> str:
    """A small curve of a few values, drawn here; what it says in words stands beside it."""
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    span = high - low
    points = " ".join(
        f"{1 + place / (len(values) - 1) * (WIDTH - 2):.1f},{HEIGHT - 2 - _share(value - low, span) * (HEIGHT - 4):.1f}"
        for place, value in enumerate(values)
    )
    return format_html(
        '<svg class="spark" viewBox="0 0 {} {}" aria-hidden="true"><polyline points="{}"/></svg>', WIDTH, HEIGHT, points
    )


def _share(part: float, whole: float) -> float:
    # of values at both ends of the doubles the difference is infinite
    return part / whole if 0 < whole < float("inf") else 0.5


def _pieces(counts: Counts, total: int) -> list[tuple[str, float, float]]:
    """Return class, place and width of each piece; what is there is never too thin to be seen."""
    widths = [max(num / total * WIDTH, 3) if num else 0 for num in counts]
    scale = WIDTH / sum(widths)
    pieces, x = [], 0.0
    for state, width in zip(Counts._fields, widths, strict=True):
        if width:
            pieces.append((state, round(x, 2), round(width * scale, 2)))
            x += width * scale
    return pieces
