"""A real Chromium that notices every error and every request of a page."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from shutil import which

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

PATIENCE = 600_000
"""Milliseconds for whatever a page is waited for, since a busy machine takes its time."""
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDTHS = {"wide": (1280, 900), "narrow": (390, 844)}
LOOKS = [("light", "wide"), ("dark", "narrow")]
"""Schemes and widths under which a page is checked: axe takes seconds for each."""


@dataclass
class Visit:
    """A page that was opened, with what its console said and what it asked for beyond its own file."""

    page: Page
    said: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, page: Page) -> "Visit":
        """Listen to a page from now on."""
        found = cls(page)
        page.on("console", lambda message: found.said.append(message.text))
        page.on("pageerror", lambda error: found.said.append(str(error)))
        page.on("request", lambda request: found.requests.append(request.url))
        return found

    def assert_quiet(self, home: str = "file:") -> None:
        """Check that there was no console message and no request but for what lies where the page does."""
        assert self.said == []
        assert [url for url in self.requests if not url.startswith((home, "data:"))] == []

    def shows(self, text: str) -> bool:
        """Whether a text stands on the page."""
        return text in self.page.inner_text("body")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Chromium; the calling test is skipped where there is none."""
    path = which("chromium") or which("chromium-browser") or which("google-chrome")
    if path is None:
        pytest.skip("no Chromium (Debian's package is `chromium`)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_ARGUMENTS))
        yield browser
        browser.close()


@contextmanager
def new_page(
    browser: Browser, width: str = "wide", scheme: str = "light", is_checked: bool = False
) -> Iterator[Page]:
    """Open an empty page; one that is checked lets axe in, a script that the page's own policy would rightly refuse."""
    size = dict(zip(("width", "height"), WIDTHS[width], strict=True))
    context = browser.new_context(viewport=size, color_scheme=scheme, bypass_csp=is_checked)  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


@contextmanager
def visit(
    browser: Browser,
    path: Path,
    place: str = "",
    width: str = "wide",
    scheme: str = "light",
    waits: bool = True,
) -> Iterator[Visit]:
    """Open a file of the disk; `place` is the part after #."""
    with new_page(browser, width, scheme) as page:
        found = Visit.of(page)
        page.goto(path.resolve().as_uri() + (f"#{place}" if place else ""))
        if waits:
            page.wait_for_selector("html[data-ready]", state="attached")
        yield found


def serious_faults(
    browser: Browser, path: Path, scheme: str = "light", width: str = "wide", waits: bool = True
) -> list[str]:
    """Return what axe-core finds on a file of the disk that is serious or critical, and whether it overflows."""
    with new_page(browser, width, scheme, is_checked=True) as page:
        page.goto(path.resolve().as_uri())
        if waits:
            page.wait_for_selector("html[data-ready]", state="attached")
        fits = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        return faults_of(page) + ([] if fits else ["it is wider than the window"])


def faults_of(page: Page) -> list[str]:
    """Return what axe-core finds on a checked page that is serious or critical."""
    return [
        f"{one['id']}: {one['nodes'][0]['html']}"
        for one in Axe().run(page).response["violations"]
        if one["impact"] in ("serious", "critical")
    ]
