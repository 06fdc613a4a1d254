"""What an import took and what it did not, and why: counts by kind, and a line for each thing that was left."""

from collections import defaultdict

MAX_PROBLEMS = 1_000
_MAX_NAME, _MAX_WHY = 200, 500
# in the order in which they come
KINDS = (
    "experiments", "runs", "params", "run tags", "metric points", "dataset inputs", "model inputs", "model outputs",
    "logged models", "logged model metrics", "files", "bytes", "registered models", "model versions", "aliases",
)  # fmt: skip


class Report:
    """Grows while an import runs; `counts` and `problems` are what models.Import keeps."""

    def __init__(self):
        self.counts: dict[str, dict[str, int]] = defaultdict(lambda: {"taken": 0, "there": 0, "left": 0})
        self.problems: list[list[str]] = []
        self.num_problems = 0

    def took(self, kind: str, number: int = 1) -> None:
        self.counts[kind]["taken"] += number

    def found(self, kind: str, number: int = 1) -> None:
        """Count what was there from an earlier import."""
        self.counts[kind]["there"] += number

    def left(self, kind: str, name: str, why: str, number: int = 1) -> None:
        """Say of something that it was not taken."""
        self.counts[kind]["left"] += number
        self.note(kind, name, why)

    def note(self, kind: str, name: str, why: str) -> None:
        """Say something that whoever imports should know."""
        self.num_problems += 1
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append([kind, _line(name, _MAX_NAME), _line(why, _MAX_WHY)])


def table(counts: dict[str, dict[str, int]], *, is_dry_run: bool = False) -> list[str]:
    """Return the counts as lines of text, for a terminal."""
    known = [kind for kind in KINDS if kind in counts] + sorted(kind for kind in counts if kind not in KINDS)
    head = ("", "to take" if is_dry_run else "taken", "there before", "not taken")
    rows = [head] + [(kind, *(f"{counts[kind][n]:,}" for n in ("taken", "there", "left"))) for kind in known]
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    return [f"{row[0]:<{widths[0]}}" + "".join(f"  {row[i]:>{widths[i]}}" for i in (1, 2, 3)) for row in rows]


def _line(text: str, limit: int) -> str:
    """Return a text of somebody else's as one line that a terminal and a database can take."""
    plain = "".join(char if char.isprintable() else " " for char in str(text)[: limit * 2])
    return plain if len(plain) <= limit else f"{plain[: limit - 1]}…"
