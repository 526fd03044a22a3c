"""Make assets/favicon.ico and assets/apple-touch-icon.png from assets/icon.svg. Needs Chromium (Debian `chromium`)."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

ASSETS = Path(__file__).resolve().parents[2] / "assets"
CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def main() -> None:
    """Draw the icon at each size and write the files."""
    svg = (ASSETS / "icon.svg").read_text(encoding="utf-8")
    drawn = {}
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for size in (16, 32, 48, 180):
            page = browser.new_page(viewport={"width": size, "height": size})
            page.set_content(f"<style>body{{margin:0}}svg{{display:block;width:{size}px;height:{size}px}}</style>{svg}")
            drawn[size] = Image.open(io.BytesIO(page.screenshot(omit_background=True))).convert("RGBA")
            page.close()
        browser.close()
    drawn[48].save(ASSETS / "favicon.ico", append_images=[drawn[16], drawn[32]], sizes=[(16, 16), (32, 32), (48, 48)])
    # Apple fills transparent corners with black and rounds the icon itself: give it a full square.
    square = Image.new("RGBA", (180, 180), "#1a1c20")
    square.alpha_composite(drawn[180])
    square.convert("RGB").save(ASSETS / "apple-touch-icon.png", optimize=True)


if __name__ == "__main__":
    main()
