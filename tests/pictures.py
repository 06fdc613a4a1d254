"""Takes the pictures of the README, of a portal filled by tests/seed.py: `python -m tests.pictures`."""

import io
import os
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "pictures"
PICTURES = {"runs.png": "light", "runs-dark.png": "dark"}
SIZE = {"width": 1440, "height": 860}
PAGE = "/experiments/{experiment}"


def main():
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    from playwright.sync_api import sync_playwright

    from tests.browser.conftest import Portal
    from tests.parts import CHROMIUM
    from tests.servers import Server

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        server = Server(Path(folder))
        try:
            portal = Portal(server.start("--workers", "1").make_admin())
            remove_odd(portal)
            for name, theme in PICTURES.items():
                take(browser, portal, theme, FOLDER / name)
        finally:
            server.close()
            browser.close()


def remove_odd(portal) -> None:
    """Remove the runs that are there to make tables ugly; those that are registered must stay, and get a usual name."""
    runs = portal.server.post("runs/search", experiment_ids=[str(portal.ids["experiment"])])["runs"]
    for info in (run["info"] for run in runs):
        if info["run_name"].startswith(("<", "sweep-", "diverged", "nothing-")):
            status, _ = portal.server.request("POST", "runs/delete", {"run_id": info["run_id"]})
            if status != 200:
                portal.server.post("runs/update", run_id=info["run_id"], run_name=f"calm-heron-{info['run_id'][:3]}")


def take(browser, portal, theme: str, path: Path) -> None:
    from PIL import Image

    with portal.context(browser, theme=theme) as context:
        tab = context.new_page()
        tab.set_viewport_size(SIZE)
        tab.goto(portal.address(PAGE))
        tab.wait_for_timeout(1000)
        picture = Image.open(io.BytesIO(tab.screenshot())).convert("RGB")
    # 256 colours are enough for a page, at a third of the size
    picture.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
