"""How values are written on pages: times, numbers, sizes, names, states, Markdown, icons."""

import math
from datetime import UTC, datetime
from functools import lru_cache

import lucide
import nh3
from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

from accounts.access import Scope

register = template.Library()

MAX_MARKDOWN_BYTES = 100_000

STATUS_CHIPS = {"RUNNING": "live", "SCHEDULED": "accent", "FINISHED": "good", "FAILED": "bad", "KILLED": "warn"}


@register.simple_tag
def icon(name: str) -> SafeString:
    """An icon of Lucide, 16 px, silent for screen readers."""
    return _icon(name + "")


@lru_cache
def _icon(name: str) -> SafeString:
    return mark_safe(lucide._render_icon(name, 16, **{"class": "icon", "aria-hidden": "true"}))


@register.filter
def moment(value) -> datetime | None:
    """Milliseconds since 1970 (or a datetime) as an aware datetime; None for what no calendar holds."""
    if value is None or isinstance(value, datetime):
        return value
    try:
        return datetime.fromtimestamp(value / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None


@register.filter
def ago(value) -> str:
    """A time in words, the exact one on hover: <time datetime=… title=…>2 min ago</time>."""
    at = moment(value)
    if at is None:
        return "–"
    exact = at.strftime("%Y-%m-%d %H:%M:%S UTC")
    return format_html('<time datetime="{}" title="{}">{}</time>', at.isoformat(), exact, in_words(at))


def in_words(at: datetime) -> str:
    """
    >>> in_words(timezone.now())
    'just now'
    """
    seconds = (timezone.now() - at).total_seconds()
    if seconds < 0:
        return at.strftime("%-d %b %Y, %H:%M") if seconds < -60 else "just now"
    for limit, size, word in ((45, 1, ""), (3600, 60, "min"), (86_400, 3600, "h"), (7 * 86_400, 86_400, "d")):
        if seconds < limit:
            return f"{max(round(seconds / size), 1)} {word} ago" if word else "just now"
    return at.strftime("%-d %b %Y")


@register.filter
def duration(ms) -> str:
    """
    >>> duration(65_000)
    '1 min 5 s'
    """
    if ms is None or ms < 0:
        return "–"
    seconds = ms / 1000
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"


@register.filter
def number(value) -> str:
    """A metric's value in at most six significant digits, as text that means what it says.

    >>> [number(v) for v in (0.123456789, 1234567.0, 1e-9, float("nan"), None)]
    ['0.123457', '1.23457e+06', '1e-09', 'NaN', '']
    """
    if value is None or value == "":
        return ""
    if math.isnan(value):
        return "NaN"
    if abs(value) >= 1.7976931348623157e308:
        return "∞" if value > 0 else "−∞"
    if value == int(value) and abs(value) < 1e6:
        return str(int(value))
    return f"{value:.6g}"


@register.filter
def size(num_bytes) -> str:
    """
    >>> [size(n) for n in (0, 999, 84_100_000)]
    ['0 B', '999 B', '84.1 MB']
    """
    if num_bytes is None:
        return "–"
    value = float(num_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} TB"


@register.filter
def middle(text: str) -> str:
    """A long name that gives way in its middle, whole on hover: the end is what tells names apart."""
    text = str(text)
    if len(text) <= 24:
        return text
    return format_html(
        '<span class="middle" title="{}"><span>{}</span><span>{}</span></span>', text, text[:-10], text[-10:]
    )


@register.filter
def status_chip(status: str) -> str:
    return format_html('<span class="chip {}">{}</span>', STATUS_CHIPS.get(status, ""), status.capitalize())


@register.filter
def run_chip(run) -> str:
    """The status of a run; one that fell silent says so."""
    if not run.is_stalled:
        return status_chip(run.status)
    title = f"It says it runs, and has written nothing for long; noticed {in_words(run.stalled_at)}"
    return format_html('<span class="chip warn" title="{}">Stalled</span>', title)


@register.filter
def scope(value: int) -> str:
    """The scope of a token in one word: Read, Log or Full."""
    return Scope(value).name.capitalize()


@register.inclusion_tag("_copyable.html")
def copyable(text: str, shown: str | None = None):
    """An id or an address in monospace with a button that copies it."""
    return {"text": text, "shown": shown or text}


@register.filter
def markdown(text: str) -> SafeString:
    """Markdown as safe HTML: raw HTML in it is text, links lead out without telling where from."""
    if len(text.encode()) > MAX_MARKDOWN_BYTES:
        return format_html("<pre>{}</pre>", text[:MAX_MARKDOWN_BYTES])
    html = _markdown().render(text)
    return mark_safe(nh3.clean(html, link_rel="noopener noreferrer nofollow", url_schemes={"http", "https", "mailto"}))


@register.filter
def first_line(text: str) -> str:
    """The first line of Markdown without its marks, for where there is one line for it."""
    return text.strip().partition("\n")[0].lstrip("#> ").replace("**", "").replace("`", "")


@lru_cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
