"""The HTML page in a real browser: drawn, silent, alone with its file, and of use to eyes, keys and screen readers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aiops_cost import reports
from aiops_cost.model import Chart, Column, Report, Table
from aiops_cost.reports import _charts

CHROMIUM = Path("/usr/bin/chromium")
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync")  # fmt: skip

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = [
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no Chromium at {CHROMIUM}"),
    pytest.mark.skipif(not _charts.can_draw(), reason="the extra `html` is not installed"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as running:
        started = running.chromium.launch(executable_path=str(CHROMIUM), args=list(QUIET))
        yield started
        started.close()


@pytest.fixture
def full(report: Report, charts: Mapping[str, Chart]) -> Report:
    long = Table(
        "owners",
        "Owners",
        (Column("owner"), Column("n", "count")),
        tuple((f"team-{i}", (i * 7) % 20) for i in range(20)),
    )
    return replace(
        report, charts=tuple(charts.values()), tables=(*report.tables, long), headline="2,300 USD over the plan, 29.9%"
    )


class Opened:
    """A page, and all that it said or asked for."""

    def __init__(self, browser: Any, report: Report, folder: Path, **options: Any) -> None:
        path = folder / "report.html"
        path.write_bytes(reports.to_bytes(report, "html"))
        self.page = browser.new_page(**options)
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("dialog", lambda dialog: self.said.append(f"dialog: {dialog.message}"))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(path.as_uri())
        assert [url for url in self.asked if url != path.as_uri() and url != "data:,"] == []
        assert self.said == []


def test_the_page_is_drawn_without_an_error_or_a_request(browser, full, tmp_path):
    page = Opened(browser, full, tmp_path).page
    assert page.inner_text(".headline") == "2,300 USD over the plan, 29.9%"
    for picture in page.query_selector_all(".chart .wide svg"):
        box = picture.bounding_box()
        assert box["width"] > 600
        assert box["height"] > 80
    assert page.locator(".chart .wide svg").count() == 3
    assert page.locator(".chart .narrow svg").first.is_hidden()
    assert page.locator("article").count() == 3


def test_hostile_text_stays_text(browser, hostile, tmp_path):
    opened = Opened(browser, hostile, tmp_path)
    assert opened.page.locator("img, iframe, object, embed, form").count() == 0
    assert "<img src=x onerror=alert(1)>" in opened.page.inner_text("body")
    assert opened.said == []


def test_the_policy_stops_what_would_leave_the_page(browser, full, tmp_path):
    """Even a script that got in could not call home: the page's own policy refuses it."""
    opened = Opened(browser, full, tmp_path)
    opened.page.evaluate(
        """() => {
          const image = new Image(); image.src = 'http://127.0.0.1:9/leak'; document.body.append(image);
          const script = document.createElement('script'); script.textContent = 'window.ran = 1';
          document.body.append(script);
          return fetch('http://127.0.0.1:9/leak').catch(() => 0);
        }"""
    )
    assert opened.page.evaluate("window.ran") is None
    assert sum("Content Security Policy" in text for text in opened.said) >= 3


def test_a_dark_screen_gets_a_dark_page_with_dark_charts(browser, full, tmp_path):
    page = Opened(browser, full, tmp_path, color_scheme="dark").page
    paper, ink = _charts.DARK["paper"], _charts.DARK["accent"]
    assert page.evaluate("getComputedStyle(document.querySelector('section.tables')).backgroundColor") == rgb(paper)
    mark = f".wide path[stroke='{_charts.LIGHT['accent']}']"
    assert page.evaluate(f'getComputedStyle(document.querySelector("{mark}")).stroke') == rgb(ink)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_against_its_background(browser, full, tmp_path, scheme):
    """WCAG AA: 4.5 to 1 for text, everywhere on the page."""
    page = Opened(browser, full, tmp_path, color_scheme=scheme).page
    found = page.evaluate(
        """() => {
          const back = (el) => {
            for (; el; el = el.parentElement) {
              const color = getComputedStyle(el).backgroundColor;
              if (color !== 'rgba(0, 0, 0, 0)') return color;
            }
            return 'rgb(255, 255, 255)';
          };
          return [...document.querySelectorAll('body *')].filter((el) => !el.closest('svg, .skip, .unseen') &&
            [...el.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()))
            .map((el) => [getComputedStyle(el).color, back(el), el.className, el.textContent.trim().slice(0, 30)]);
        }"""
    )
    assert len(found) > 50
    low = [(ratio(ink, paper), name, text) for ink, paper, name, text in found if ratio(ink, paper) < 4.5]
    assert low == []


def test_every_control_is_reached_and_worked_by_key(browser, full, tmp_path):
    page = Opened(browser, full, tmp_path).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    heads = page.locator("#t-owners thead button")
    heads.nth(1).focus()
    page.keyboard.press("Enter")
    assert page.locator("#t-owners thead th").nth(1).get_attribute("aria-sort") == "descending"
    numbers = [int(text) for text in page.locator("#t-owners tbody td").all_inner_texts()]
    assert numbers == sorted(numbers, reverse=True)
    page.keyboard.press("Space")
    assert page.locator("#t-owners tbody td").first.inner_text() == "0"
    page.get_by_label("Filter rows of Owners").fill("team-13")
    assert page.locator("#t-owners tbody tr:visible").count() == 1


def test_a_mark_says_its_amount_under_the_pointer(browser, full, tmp_path):
    page = Opened(browser, full, tmp_path).page
    page.locator(".wide path[aria-label^='volume']").hover()
    assert page.inner_text(".tip") == "volume:\n+50.12"


def test_a_screen_reader_finds_its_way(browser, full, tmp_path):
    page = Opened(browser, full, tmp_path).page
    assert page.locator("html[lang=en]").count() == 1
    for landmark in ("banner", "navigation", "main", "contentinfo"):
        assert page.get_by_role(landmark).count() >= 1, landmark
    assert page.get_by_role("heading", level=1).count() == 1
    assert page.locator("table:not(:has(caption))").count() == 0
    assert page.locator("thead th:not([scope=col]), tbody th:not([scope=row])").count() == 0
    assert page.locator(".chart [role=img]:not([aria-label])").count() == 0
    assert page.locator(".scroll:not([aria-label]), .scroll:not([tabindex='0'])").count() == 0
    identifiers = page.evaluate("[...document.querySelectorAll('[id]')].map((el) => el.id)")
    assert len(identifiers) == len(set(identifiers))


def test_a_phone_shows_it_without_scrolling_sideways(browser, full, tmp_path):
    page = Opened(browser, full, tmp_path, viewport={"width": 390, "height": 844}).page
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator(".chart .narrow svg").first.is_visible()
    assert page.locator(".chart .wide svg").first.is_hidden()


def test_it_is_whole_without_scripts(browser, full, tmp_path):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    path = tmp_path / "report.html"
    path.write_bytes(reports.to_bytes(full, "html"))
    page.goto(path.as_uri())
    assert page.locator(".chart .wide svg").first.is_visible()
    assert page.locator("#t-owners tbody tr:visible").count() == 20
    context.close()


def test_paper_has_all_of_it_in_ink(browser, full, tmp_path):
    page = Opened(browser, full, tmp_path, color_scheme="dark").page
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(27, 31, 39)"
    assert page.locator("nav").is_hidden()
    assert page.locator(".evidence li").first.is_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")


def rgb(color: str) -> str:
    return f"rgb({int(color[1:3], 16)}, {int(color[3:5], 16)}, {int(color[5:7], 16)})"


def ratio(one: str, other: str) -> float:
    """The contrast of two colours, as https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio defines it."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(color: str) -> float:
    parts = [int(part) / 255 for part in re.findall(r"\d+", color)[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
