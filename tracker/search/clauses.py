"""The clauses of a filter as they were written, so that each can be shown and taken out."""

from core.errors import InvalidFilter
from tracker.search.lexer import PAGES, Kind, tokenize


def clauses(text: str) -> list[str]:
    """Return what stands between the ANDs of a filter; all of it as one where an OR or nothing parts it.

    >>> clauses("metrics.loss < 0.3 and (name = 'a and b' or params.lr = '1')")
    ['metrics.loss < 0.3', "(name = 'a and b' or params.lr = '1')"]
    >>> clauses("a = 1 or b = 2"), clauses("")
    (['a = 1 or b = 2'], [])
    """
    try:
        tokens = tokenize(text, PAGES)
    except InvalidFilter:
        return [text]
    depth, cuts = 0, []
    for token in tokens:
        if token.kind is Kind.PUNCTUATION:
            depth += {"(": 1, ")": -1}.get(token.text, 0)
        elif depth == 0 and token.keyword == "OR":
            return [text]
        elif depth == 0 and token.keyword == "AND":
            cuts.append((token.position, token.position + len(token.text)))
    starts = [0, *(end for _, end in cuts)]
    ends = [*(start for start, _ in cuts), len(text)]
    return [part for start, end in zip(starts, ends, strict=True) if (part := text[start:end].strip())]
