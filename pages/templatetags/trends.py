"""How the trend of a model's metric is drawn."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from pages.cells import Digits
from pages.templatetags.assay import middle
from pages.templatetags.runs import spark_line
from registry.trends import Trend

register = template.Library()


@register.simple_tag
def trend_line(trend: Trend, named: str = "") -> SafeString:
    """A small curve with its first and last number; all numbers in words. `named` is the metric that stands beside it already."""
    write = Digits(point.value for point in trend.points)
    said = ", ".join(f"v{point.version} {write(point.value)}" for point in trend.points)
    words = f"{trend.key} of the last {len(trend.points)} versions that have it: {said}"
    values = [point.value for point in trend.points]
    return format_html(
        '<span class="trend" role="img" aria-label="{0}" title="{0}">{1}{2}<span class="nowrap">{3} → {4}</span></span>',
        words,
        "" if trend.key == named else format_html('<span class="key">{} </span>', middle(trend.key)),
        spark_line(values),
        write(values[0]),
        write(values[-1]),
    )
