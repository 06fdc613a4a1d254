"""How the processes of pytest-xdist share a run."""

from xdist.scheduler import LoadFileScheduling


class ByFile(LoadFileScheduling):
    """As `--dist loadfile`, but a file whose tests are of two themes is shared by them: the look at all pages is a third of a run."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        theme = next((theme for theme in ("light", "dark") if nodeid.endswith(f"-{theme}]")), "")
        return f"{file}-{theme}" if theme else file
