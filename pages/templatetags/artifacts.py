"""Small helps for the viewer of files."""

from django import template

register = template.Library()


@register.filter
def beside(values: list, others: list) -> list[tuple]:
    """Return two lists as one of pairs."""
    return list(zip(values, others, strict=True))
