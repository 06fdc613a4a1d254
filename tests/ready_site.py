"""A site that is migrated and has its admin and token: made once a test run, by the commands, and copied for its servers.

To migrate and to make both takes 11 s of processor time, a copy next to none. The processes of one run share the site. Tests
of how a site comes to be begin with an empty folder: tests/portal/test_serve.py, tests/browser/test_first_run.py.
"""

import contextlib
import fcntl
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from tests.servers import Server, drop_database


class ReadySite:
    def __init__(self, folder: Path):
        folder.mkdir(exist_ok=True)
        self.folder = folder
        with self._alone() as state:
            state["users"] = state.get("users", 0) + 1

    def server(self, folder: Path, **env: str) -> Server:
        """Return a server on a copy, which is to be started."""
        with self._alone() as state:
            if "token" not in state:
                site = Server(self.folder)
                site.manage("upgrade")
                state |= {"token": site.make_admin().token, "database": site.database.name}
        server = Server(folder, template=state["database"], **env)
        shutil.copytree(self.folder / "home", server.home)
        server.token = state["token"]
        return server

    def close(self) -> None:
        """Drop its database, where no other process of this run may ask for a copy."""
        with self._alone() as state:
            state["users"] -= 1
            if not state["users"] and state.get("database"):
                drop_database(state["database"])
            if not state["users"]:
                shutil.rmtree(self.folder / "home", ignore_errors=True)
                state.clear()

    @contextlib.contextmanager
    def _alone(self) -> Iterator[dict]:
        """Yield what the processes know together; what is changed in it is kept."""
        with (self.folder / "state.json").open("a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            state = json.loads(file.read() or "{}")
            yield state
            file.truncate(0)
            file.write(json.dumps(state))
