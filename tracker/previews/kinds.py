"""What kind of thing a file is, by its name; and as what its bytes may be sent to a browser that shows them."""

import posixpath

_ENDINGS = {
    "image": "png apng jpg jpeg gif webp avif",
    "svg": "svg",
    "html": "html htm",
    "pdf": "pdf",
    "audio": "wav mp3 ogg oga flac m4a",
    "video": "mp4 webm ogv mov m4v",
    "table": "csv tsv tab",
    "parquet": "parquet pq",
    "json": "json geojson",
    "notebook": "ipynb",
    "markdown": "md markdown",
    "text": (
        "txt text log yaml yml toml ini cfg conf env xml xhtml xsl css js mjs ts py pyi r sql sh bash jl c h cpp hpp "
        "java go rs rst tex diff patch properties jsonl ndjson dockerfile makefile gitignore lock"
    ),
    "none": "pkl pickle joblib pt pth ckpt keras h5 hdf5 onnx safetensors npy npz bin zip gz tar tgz bz2 xz 7z whl so",
}
_KINDS = {ending: kind for kind, endings in _ENDINGS.items() for ending in endings.split()}
_WHOLE_NAMES = {"mlmodel": "text", "mlproject": "text", "dockerfile": "text", "makefile": "text", "license": "text"}

# kinds whose bytes are text, if all else fails
WRITTEN = {"table", "json", "notebook", "markdown", "text", "unknown"}

# the types under which bytes go to an <img>, a player or a frame; what is not here is only ever downloaded
SHOWN_AS = {
    **{"png": "image/png", "apng": "image/apng", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif"},
    **{"webp": "image/webp", "avif": "image/avif", "svg": "image/svg+xml"},
    **{"html": "text/html; charset=utf-8", "htm": "text/html; charset=utf-8", "pdf": "application/pdf"},
    **{"wav": "audio/wav", "mp3": "audio/mpeg", "ogg": "audio/ogg", "oga": "audio/ogg", "flac": "audio/flac"},
    **{"m4a": "audio/mp4", "mp4": "video/mp4", "webm": "video/webm", "ogv": "video/ogg", "mov": "video/mp4"},
    "m4v": "video/mp4",
}


def ending(path: str) -> str:
    """
    >>> ending("plots/roc.PNG"), ending("MLmodel")
    ('png', '')
    """
    return posixpath.splitext(path)[1].lstrip(".").lower()


def of(path: str) -> str:
    """Return the kind of a file; "unknown" where its name does not tell.

    >>> of("plots/roc.PNG"), of("model/MLmodel"), of("weights.pt"), of("notes")
    ('image', 'text', 'none', 'unknown')
    """
    name = posixpath.basename(path).lower()
    return _WHOLE_NAMES.get(name) or _KINDS.get(ending(path), "unknown")
