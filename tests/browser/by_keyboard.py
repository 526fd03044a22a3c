"""A reader without a pointer: goes from stop to stop with Tab, and must see at each where the focus is.

``Reader`` presses keys only. It fails where the focus falls back to the page as a whole, where a stop shows no sign of
being focused, where it lies outside of what can be seen, and where what is looked for is never reached.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page, expect

#: More stops than any page has before what a test looks for.
FARTHEST = 400

#: Where the focus is. A field inside a box may be marked by its box; the browser itself marks the part of a date that
#: is being written; what was brought into focus and is no stop of its own, a heading or an answer, is text.
STOP = """async () => {
  const node = document.activeElement;
  if (!node || node === document.body || node === document.documentElement) return null;
  await Promise.allSettled(node.getAnimations().map((one) => one.finished));  // the skip link slides into view
  const marked = (one) => {
    const style = one && getComputedStyle(one);
    return Boolean(style) && (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0
      || style.boxShadow !== 'none');
  };
  const box = node.getBoundingClientRect();
  return {
    tag: node.tagName.toLowerCase(),
    text: (node.getAttribute('aria-label') || node.textContent || '').trim().replace(/\\s+/g, ' '),
    id: node.id, name: node.name || '', href: node.getAttribute('href') || '',
    marked: marked(node) || marked(node.closest('.search-box')) || node.type === 'datetime-local' || node.tabIndex < 0,
    seen: box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0
      && box.left < innerWidth,
  };
}"""


@dataclass(frozen=True)
class Reader:
    """Someone at the keyboard before this page."""

    page: Page

    def stop(self) -> dict[str, Any]:
        """Where the focus is; it must be somewhere, be seen and be marked."""
        found: dict[str, Any] | None = self.page.evaluate(STOP)
        assert found is not None, "the focus is lost to the page as a whole"
        assert found["seen"], f"out of sight: {found}"
        assert found["marked"], f"nothing shows that it has the focus: {found}"
        return found

    def go_to(self, text: str | re.Pattern[str], tag: str = "", **more: str) -> dict[str, Any]:
        """Press Tab until a stop with this text (a part of it, or a pattern), tag and attributes has the focus."""
        fits = text.search if isinstance(text, re.Pattern) else lambda said: text in said
        passed = []
        for _stop in range(FARTHEST):
            self.page.keyboard.press("Tab")
            if self.page.evaluate("document.activeElement === document.body"):
                break  # past the last stop of the page
            at = self.stop()
            if fits(at["text"]) and tag in ("", at["tag"]) and all(at[name] == value for name, value in more.items()):
                return at
            passed.append(at["text"][:30])
        raise AssertionError(f"{text!r} is not reached by Tab; passed {passed}")

    def press(self, *keys: str) -> None:
        """Press keys of which the effect stays on this page; the focus must be somewhere afterwards."""
        for key in keys:
            self.page.keyboard.press(key)
        self.stop()

    def follow(self, address: str | re.Pattern[str]) -> None:
        """Press Enter on a link, and wait for the page behind it."""
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(address)
        self.settle()

    def settle(self) -> None:
        """Wait until the page is Dash's, which a reader need not do, so that each run is the same."""
        self.page.wait_for_selector("html.taken")
        for drawing in self.page.locator(".drawing").all():
            expect(drawing).to_have_attribute("data-live", "")
