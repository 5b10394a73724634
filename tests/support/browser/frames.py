"""What is drawn outside its frame, on the page that is open."""

from __future__ import annotations

from typing import Any

from tests.support.browser.axe import Page, set_theme
from tests.support.serving import wait_until

WIDTHS = (390, 768, 1440, 2560)  # of screens, CSS pixels
PAPER = 718  # CSS pixels of A4 between margins of 10 mm
ZOOM = 2.0  # at which a screen of 1440 pixels is one of 720

# A clip-path or a scroller cuts what reaches beyond it: that part isn't drawn.
_ESCAPES = """
const ROOM = 2;
const cut = (a, b) => ({
  left: Math.max(a.left, b.left), right: Math.min(a.right, b.right),
  top: Math.max(a.top, b.top), bottom: Math.min(a.bottom, b.bottom),
});
const box = (e) => { const r = e.getBoundingClientRect();
  return {left: r.left, right: r.right, top: r.top, bottom: r.bottom}; };
function clip(holder) {
  const id = /url\\("?#([^")]+)"?\\)/.exec(holder.getAttribute('clip-path') || '')?.[1];
  const rect = id && document.getElementById(id)?.querySelector('rect');
  if (!rect) return null;
  const m = holder.getScreenCTM();
  const at = (x, y) => new DOMPoint(x, y).matrixTransform(m);
  const [x, y, w, h] = ['x', 'y', 'width', 'height'].map((n) => Number(rect.getAttribute(n)));
  const [a, b] = [at(x, y), at(x + w, y + h)];
  return {left: a.x, top: a.y, right: b.x, bottom: b.y};
}
function drawn(element, frame) {
  let r = box(element);
  for (let e = element; e && e !== frame; e = e.parentElement) {
    const edges = e instanceof SVGElement
      ? clip(e)
      : getComputedStyle(e).overflowX !== 'visible' ? box(e) : null;
    if (edges) r = cut(r, edges);
  }
  return r;
}
const outside = (r, f) => r.right > r.left - 1 && r.bottom > r.top - 1 && (
  r.left < f.left - ROOM || r.right > f.right + ROOM ||
  r.top < f.top - ROOM || r.bottom > f.bottom + ROOM);
const CARDS = '.ec-card, .ec-small-multiples';
const SHAPES = 'path, rect, line, circle, polygon, polyline, text';
const BARS = '[class*=ec-forest] > span, .ec-effect-bar > span, .ec-figure, canvas, main svg';
const SKIPPED = 'defs, .modebar, .draglayer, .hoverlayer, .ec-sr, .ec-tip';
const PRESSED = 'header, nav, button:not(.ec-term, tbody button, .ec-sort), .modebar, .ec-button';
const name = (e) => `${e.tagName} ${e.getAttribute('class') || ''} ` +
  `${(e.textContent || '').slice(0, 30)}`;
const faults = [];
const round = (r) => ['left', 'right', 'top', 'bottom'].map((n) => Math.round(r[n])).join(' ');
function check(element, frame) {
  if (!frame || !element.checkVisibility() || element.closest(SKIPPED)) return;
  const {width, height} = element.getBoundingClientRect();
  if (!width && !height) return;  // hidden with what it is in
  const [r, f] = [drawn(element, frame), box(frame)];
  if (outside(r, f)) faults.push(`${name(element)}: ${round(r)} outside ${round(f)}`);
}
for (const svg of document.querySelectorAll('main svg')) {
  for (const shape of svg.querySelectorAll(SHAPES)) check(shape, svg);
}
for (const bar of document.querySelectorAll(BARS)) check(bar, bar.closest(CARDS));
for (const card of document.querySelectorAll(CARDS)) {
  const r = box(card);
  if (card.checkVisibility() && (r.left < -ROOM || r.right > innerWidth + ROOM))
    faults.push(`${name(card)}: ${round(r)} outside the page of ${innerWidth}`);
}
const wide = document.documentElement.scrollWidth;
if (wide > innerWidth) faults.push(`the page is ${wide} wide on a screen of ${innerWidth}`);
for (const path of document.querySelectorAll('main svg *')) {
  for (const part of path.attributes)
    if (!/href/.test(part.name) && /NaN|Infinity/.test(part.value))
      faults.push(`${name(path)}: ${part.name}`);
}
for (const one of matchMedia('print').matches ? document.querySelectorAll(PRESSED) : [])
  if (one.checkVisibility()) faults.push(`${name(one)} is on paper`);
for (const svg of document.querySelectorAll('[data-figure] .main-svg:first-child'))
  if (svg.style.background !== getComputedStyle(svg.closest(CARDS)).backgroundColor)
    faults.push(`a chart of ${svg.closest('[data-figure]').dataset.figure} has another ground`);
return faults;
"""


def escapes(page: Page) -> list[str]:
    """Every element that reaches out of its drawing, and every drawing or card out of its frame."""
    return list(page.run(_ESCAPES))


def draw_all(page: Page) -> None:
    """Open what is folded, and wait until everything is drawn."""
    wait_until(lambda: page.run(_IS_THERE), 30, "the page")
    page.run("for (const one of document.querySelectorAll('main details')) one.open = true")
    wait_until(lambda: page.run(_IS_DRAWN), 30, "the charts")


_IS_THERE = """
return location.pathname === '/' ? document.documentElement.dataset.ready === '1'
  : !!document.querySelector('[data-figure]');
"""
_IS_DRAWN = """
return [...document.querySelectorAll('[data-figure], .ec-sm-plot')].every(
  (host) => host.querySelector('svg'));
"""


def resize(page: Page, width: int, *, zoom: float = 1.0, media: str = "screen") -> None:
    """Show the open page on another screen, or as on paper, and wait until it is drawn for it."""
    metrics = {
        "width": round(width / zoom),
        "height": round(900 / zoom),
        "deviceScaleFactor": zoom,
        "mobile": width < 600,
    }
    command = page.driver.execute_cdp_cmd
    command("Emulation.setEmulatedMedia", {"media": media})
    command("Emulation.setDeviceMetricsOverride", metrics)
    event = "beforeprint" if media == "print" else "afterprint"
    page.run("window.dispatchEvent(new Event(arguments[0]))", event)
    wait_until(lambda: page.run(_FITS), 30, "the charts have the size of their places")


_FITS = """
if (matchMedia('print').matches) return true;
const charts = [...document.querySelectorAll('.js-plotly-plot')]
  .filter((host) => host.clientWidth && !host.closest('details:not([open])'));
return charts.every((host) => host._fullLayout.width === host.clientWidth) &&
  [...document.querySelectorAll('.ec-sm-plot, .ec-value-chart')].every((host) =>
    host.firstElementChild.clientWidth < host.clientWidth + 1);
"""


def faults_in_dark(page: Page) -> list[str]:
    """What leaves its frame on a phone after a switch to dark, or kept the ground of light."""
    resize(page, WIDTHS[0])
    set_theme(page, "dark")
    wait_until(lambda: page.run(_IS_REDRAWN), 30, "the charts are dark")
    return [f"dark: {fault}" for fault in escapes(page)]


_IS_REDRAWN = """
const card = getComputedStyle(document.querySelector('.ec-card')).backgroundColor;
return [...document.querySelectorAll('[data-figure] .main-svg:first-child')].every(
  (svg) => svg.style.background === card);
"""


def faults_in(page: Page, screens: Any) -> list[str]:
    """What leaves its frame on any of these screens: tuples of width, zoom and medium."""
    faults = []
    for width, zoom, media in screens:
        resize(page, width, zoom=zoom, media=media)
        where = f"{width} px, zoom {zoom:g}, {media}"
        faults += [f"{where}: {fault}" for fault in escapes(page)]
    return faults
