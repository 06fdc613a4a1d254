"""Text for files that people open in a spreadsheet."""

# what a spreadsheet would take for a formula; some of them read the wide forms alike
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def safe(text: str) -> str:
    """Return text that no spreadsheet runs as a formula; numbers stay as they are.

    >>> [safe(text) for text in ("=1+1", "-0.5", "adam", "@x")]
    ["'=1+1", '-0.5', 'adam', "'@x"]
    """
    if not text.startswith(_FORMULA):
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    return text
