"""Whose file an address names, and the addresses of a file: its page, its bytes, what MLflow calls it."""

from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode

from django.urls import reverse

from accounts.access import Level
from core.errors import NotFound
from tracker import artifact_paths
from tracker.lookups import logged_model_by_id, run_by_id
from tracker.models import LoggedModel, Run

Owner = Run | LoggedModel


def owner_by_id(owner_id: str, *, user, level: Level = Level.VIEW) -> Owner:
    """Return the run or the logged model that an id names; models' ids begin with m-. Raises NotFound."""
    if owner_id.startswith("m-"):
        return logged_model_by_id(owner_id, user=user, level=level)
    return run_by_id(owner_id, user=user, level=level)


@dataclass(frozen=True)
class Place:
    """A file or a folder of an owner; `path` is "" for the folder of all. `page` shows it, and `root` is whose page that is."""

    owner: Owner
    path: str
    root: Owner
    page: str

    @property
    def owner_id(self) -> str:
        return self.owner.run_id if isinstance(self.owner, Run) else self.owner.model_id

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2] or (self.owner.name if self.owner != self.root else "All files")

    @property
    def key(self) -> str:
        """Name the place among those of its page, for ?open=…"""
        return f"{self.owner_id}/{self.path}"

    @property
    def url(self) -> str:
        model = {"model": self.owner_id} if self.owner != self.root else {}
        path = {"path": self.path} if self.path else {}
        return self._with(self.page, {**model, **path})

    @property
    def viewer_url(self) -> str:
        return f"{self.url}{'&' if '?' in self.url else '?'}part=viewer"

    @property
    def folder_url(self) -> str:
        return f"{self.url}{'&' if '?' in self.url else '?'}part=folder"

    @property
    def raw_url(self) -> str:
        return self._door("artifact-raw")

    @property
    def download_url(self) -> str:
        return self._door("artifact-download")

    @property
    def uris(self) -> list[str]:
        """Return the addresses by which MLflow's client knows the place."""
        quoted = quote(self.path)
        stored = f"{self.owner.artifact_uri}/{quoted}".rstrip("/")
        if isinstance(self.owner, Run):
            return [f"runs:/{self.owner_id}/{quoted}".rstrip("/"), stored]
        # the client knows no files below models:/m-…
        return [stored] if self.path else [f"models:/{self.owner_id}", stored]

    def at(self, path: str) -> "Place":
        return Place(self.owner, path, self.root, self.page)

    @property
    def trail(self) -> list["Place"]:
        """Return the folders above the place, the root first, and the place itself."""
        names = self.path.split("/") if self.path else []
        above = [self.at("/".join(names[:i])) for i in range(len(names) + 1)]
        whole = [Place(self.root, "", self.root, self.page)] if self.owner != self.root else []
        return whole + above

    @property
    def zip_url(self) -> str:
        return self._door("artifact-zip")

    @property
    def delete_url(self) -> str:
        return self._door("artifact-delete")

    def _door(self, name: str) -> str:
        return self._with(reverse(name, args=[self.owner_id]), {"path": self.path})

    @staticmethod
    def _with(url: str, query: dict) -> str:
        return f"{url}?{urlencode(query)}" if query else url


def place_of(request, root: Owner, page: str) -> Place:
    """Return what ?model=…&path=… names on the page of `root`, which is the run that the model came of, or the model."""
    path = artifact_paths.check_folder(request.GET.get("path", ""))
    model_id = request.GET.get("model", "")
    if not model_id:
        return Place(root, path, root, page)
    model = logged_model_by_id(model_id, user=request.user)
    if model.source_run_id != root.pk or not isinstance(root, Run) or model.is_deleted:
        raise NotFound("The run has no such model.")
    return Place(model, path, root, page)


def shown_on(owner: Owner, path: str = "") -> Place:
    """Return a file or folder as the page of its own run or model shows it."""
    page = "run-artifacts" if isinstance(owner, Run) else "logged-model-artifacts"
    place = Place(owner, path, owner, "")
    return replace(place, page=reverse(page, args=[place.owner_id]))
