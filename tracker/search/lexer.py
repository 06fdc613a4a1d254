"""Filter text → tokens, for the two dialects.

On the wire a word is what MLflow's client can send: letters, digits and _, keys below it after dots, everything else in
quotes. In pages a word may hold whatever is no operator, so that `val-loss`, `system/cpu` and `plain-stoat-312` need none.
"""

import re
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from core.errors import InvalidFilter

# sized for run_id IN (…10,000 ids…), which scripts send
MAX_LENGTH = 400_000
MAX_SHOWN = 100

IN_BACKTICKS = "a key with more than letters, digits, dots and _ stands in backticks: metrics.`a/b c`"


class Kind(Enum):
    WORD = "word"  # `a`, `metrics.loss`, `tags."a b"`; its parts are split at the first dots
    STRING = "string"
    NUMBER = "number"
    OPERATOR = "operator"
    PUNCTUATION = "punctuation"
    END = "end"


class Part(NamedTuple):
    text: str
    is_quoted: bool
    position: int


class Token(NamedTuple):
    kind: Kind
    text: str  # as written
    position: int
    parts: tuple[Part, ...] = ()

    @property
    def keyword(self) -> str:
        """The word in upper case if it might be a keyword, else an empty text."""
        return self.text.upper() if self.kind is Kind.WORD else ""


class Lexicon(NamedTuple):
    """How the tokens of a dialect look."""

    word: re.Pattern
    key: re.Pattern
    number: re.Pattern


_SPACE = re.compile(r"\s+")
_OPERATOR = re.compile(r"[<>=~!]+")
_BACKTICKS = re.compile(r"`(?:``|[^`])*`")
_DOUBLE = re.compile(r'"(?:""|\\"|[^"])*"')
_SINGLE = re.compile(r"'(?:''|\\'|[^'])*'")
_NUMBER = r"-?(?:\d+(?:\.\d+)?[eE]-?\d+|\d+\.\d*|\.\d+|\d+)"

WIRE = Lexicon(
    word=re.compile(r"\w+"),
    key=re.compile(r"\w+(?:\.\w+)*"),
    number=re.compile(_NUMBER + r"(?!\w)", re.ASCII),
)
# logged models: MLflow's other parser, which takes keys with - and / as they are
WIRE_LENIENT = WIRE._replace(key=re.compile(r"\w[\w\-/]*(?:\.[\w\-/]+)*"))
_BARE = r"[^\s()'\"`<>=~!,]"
PAGES = Lexicon(
    word=re.compile(rf"(?:(?!\.){_BARE})+"),
    key=re.compile(rf"{_BARE}+"),
    number=re.compile(_NUMBER.replace("[eE]-?", "[eE][+-]?") + rf"(?!{_BARE})", re.ASCII),
)


def tokenize(text: str, lexicon: Lexicon) -> list[Token]:
    """Return the tokens of `text` with an END behind them; raise InvalidFilter where one cannot be read."""
    _check_characters(text)
    tokens = []
    position = 0
    while position < len(text):
        if space := _SPACE.match(text, position):
            position = space.end()
            continue
        token = _token_at(text, position, lexicon)
        tokens.append(token)
        position += len(token.text)
    return [*tokens, Token(Kind.END, "", len(text))]


def _check_characters(text: str) -> None:
    if len(text) > MAX_LENGTH:
        raise InvalidFilter(f"The filter has {len(text)} characters; at most {MAX_LENGTH} are read.", MAX_LENGTH)
    if (nul := text.find("\0")) >= 0:
        raise InvalidFilter("The filter holds the character NUL.", nul)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidFilter("The filter holds half of a character (a lone surrogate).", error.start)


def _token_at(text: str, position: int, lexicon: Lexicon) -> Token:
    character = text[position]
    if character in "(),":
        return Token(Kind.PUNCTUATION, character, position)
    if found := _OPERATOR.match(text, position):
        return Token(Kind.OPERATOR, found[0], position)
    if character in "'\"":
        if found := (_SINGLE if character == "'" else _DOUBLE).match(text, position):
            return Token(Kind.STRING, found[0], position)
        raise InvalidFilter(f"Invalid clause(s) in filter string: a quote {character} is not closed.", position)
    if found := lexicon.number.match(text, position):
        return Token(Kind.NUMBER, found[0], position)
    parts = tuple(_parts_at(text, position, lexicon))
    if not parts:
        found = text[position : position + 20]
        raise InvalidFilter(f"Invalid clause(s) in filter string: {found!r}; {IN_BACKTICKS}", position)
    last = parts[-1]
    end = last.position + len(last.text) + 2 * last.is_quoted
    return Token(Kind.WORD, text[position:end], position, parts)


def _parts_at(text: str, position: int, lexicon: Lexicon) -> Iterator[Part]:
    """Yield the entity before the first dot, the key behind it, and behind a quoted key one more word (pages: `.min`)."""
    part = _part_at(text, position, lexicon.word)
    while part is not None:
        yield part
        after = part.position + len(part.text) + 2 * part.is_quoted
        if text[after : after + 1] != ".":
            return
        part = _part_at(text, after + 1, lexicon.key, strings=True)


def _part_at(text: str, position: int, bare: re.Pattern, *, strings: bool = False) -> Part | None:
    quoted = _BACKTICKS.match(text, position)
    if not quoted and strings:
        quoted = _DOUBLE.match(text, position) or _SINGLE.match(text, position)
    if quoted:
        return Part(quoted[0][1:-1], True, position)
    found = bare.match(text, position)
    return Part(found[0], False, position) if found else None


def shown(text: str) -> str:
    """Return text as an error message shows it."""
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
