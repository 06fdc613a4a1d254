"""The files of a run with those of its logged models, or of one model: a tree, and beside it what is chosen there."""

from dataclasses import dataclass, field
from datetime import datetime

from django.urls import reverse
from django.views.decorators.http import require_safe

from core.errors import NotFound
from pages.artifact_places import Owner, Place, place_of
from pages.run_head import answer, head
from tracker import artifact_paths, artifact_tree, previews, run_facts
from tracker.actions import artifacts
from tracker.models import Artifact, Run
from tracker.previews import model_folders
from tracker.previews.model_folders import ModelFolder
from tracker.previews.reading import Preview

MAX_ENTRIES = 500
MAX_OPEN = 30
PARTS = {"folder": "artifacts/_nodes.html", "viewer": "artifacts/_viewer.html"}


@require_safe
def run_artifacts(request, run_id):
    """GET /runs/ID/artifacts[?model=ID&path=PATH&open=ID/PATH]: files of the run and of its logged models."""
    context = head(request, run_id, tab="artifacts")
    context |= browse(request, context["run"], reverse("run-artifacts", args=[run_id]))
    part = PARTS.get(request.GET.get("part", ""), "artifacts/_run_live.html")
    return answer(request, "runs/artifacts.html", part, context)


def browse(request, root: Owner, page: str) -> dict:
    """Return what templates/artifacts/_browser.html needs, for the page at `page` about `root`, a run or a logged model.

    The page answers ?part=folder and ?part=viewer with the templates of PARTS, and ?part=1 with artifacts/_live.html.
    """
    place = place_of(request, root, page)
    artifact = _file_at(place)
    if request.GET.get("part") == "folder":
        return {"nodes": _Tree(request, place, is_file=False).nodes_below(place)}
    tree = _Tree(request, place, is_file=artifact is not None)
    context = {"nodes": tree.roots(), "place": place, "can_delete": artifacts.may_delete(place.owner, by=request.user)}
    if artifact is None:
        context["listing"] = _listing(place, tree)
    elif request.GET.get("part") != "1":
        context["file"] = _File(place, artifact, previews.of(artifact))
    return context


def _file_at(place: Place) -> Artifact | None:
    """Return the file that is chosen, None for a folder. Raises NotFound for neither."""
    if not place.path:
        return None
    artifact = place.owner.artifacts.select_related("blob").filter(path=place.path).first()
    if artifact is None and not place.owner.artifacts.below(place.path).exists():
        raise NotFound(f"There is no file or folder “{place.path}” here.")
    return artifact


@dataclass
class Node:
    """A line of the tree. `children` is None for a file, and for a folder that is folded."""

    place: Place
    is_dir: bool
    icon: str
    size_bytes: int | None = None
    created_at: datetime | None = None
    is_current: bool = False
    children: list["Node"] | None = None
    has_more: bool = False


class _Tree:
    """Draws folders to the depth that is unfolded: what leads to the chosen place, and what ?open=… names."""

    def __init__(self, request, place: Place, *, is_file: bool):
        self.user, self.place = request.user, place
        opened = [artifact_paths.check_folder(key) for key in request.GET.getlist("open")[:MAX_OPEN]]
        trail = place.trail[:-1] if is_file else place.trail
        self.opened = {key.rstrip("/") for key in (*opened, *(one.key for one in trail))}
        self.num_opened = 0

    def roots(self) -> list[Node]:
        root = Place(self.place.root, "", self.place.root, self.place.page)
        models = run_facts.models_out(root.owner, user=self.user) if isinstance(root.owner, Run) else []
        folders = [self._folder(Place(model, "", root.owner, root.page), icon="box") for model in models]
        return folders + self.nodes_below(root)

    def nodes_below(self, folder: Place) -> list[Node]:
        found = artifact_tree.entries(folder.owner, folder.path, limit=MAX_ENTRIES + 1)
        nodes = [self._node(folder.at(entry.path), entry) for entry in found[:MAX_ENTRIES]]
        nodes.sort(key=lambda node: not node.is_dir)
        if len(found) > MAX_ENTRIES:
            nodes.append(Node(folder, False, "ellipsis", has_more=True))
        return nodes

    def _node(self, place: Place, entry: artifact_tree.Entry) -> Node:
        if entry.is_dir:
            return self._folder(place, icon="folder")
        icon = ICONS.get(previews.kinds.of(entry.path), "file")
        return Node(place, False, icon, entry.size_bytes, entry.created_at, is_current=place == self.place)

    def _folder(self, place: Place, *, icon: str) -> Node:
        node = Node(place, True, icon, is_current=place == self.place)
        if place.key.rstrip("/") in self.opened and self.num_opened < MAX_OPEN:
            self.num_opened += 1
            node.children = self.nodes_below(place)
        return node


ICONS = {
    **{"image": "image", "svg": "image", "html": "app-window", "pdf": "file-text", "audio": "audio-lines"},
    **{"video": "film", "table": "table", "parquet": "table", "json": "braces", "notebook": "notebook-text"},
    **{"markdown": "file-text", "text": "file-text", "none": "file", "unknown": "file"},
}


@dataclass
class _File:
    """A file that is chosen, and what is shown of it."""

    place: Place
    artifact: Artifact
    preview: Preview
    template: str = field(init=False)

    def __post_init__(self):
        self.template = f"artifacts/_{TEMPLATES[self.preview.kind]}.html"


# how each kind of preview is drawn
TEMPLATES = {
    **{"image": "image", "svg": "image", "html": "frame", "audio": "player", "video": "player"},
    **{"table": "table", "json": "json", "markdown": "markdown", "text": "text"},
    **{"notebook": "notebook", "pdf": "pdf", "none": "none"},
}


@dataclass
class _Listing:
    """A folder that is chosen."""

    place: Place
    nodes: list[Node]
    extent: artifact_tree.Extent
    model: ModelFolder | None

    @property
    def has_models(self) -> bool:
        return any(node.place.owner != self.place.owner for node in self.nodes)


def _listing(place: Place, tree: _Tree) -> _Listing:
    nodes = tree.roots() if place.path == "" and place.owner == place.root else tree.nodes_below(place)
    extent = artifact_tree.extent(place.owner, place.path)
    return _Listing(place, nodes, extent, model_folders.describe(place.owner, place.path))
