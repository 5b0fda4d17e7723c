"""Looking for what a reader could not see: text beyond the window's edge, or cut off by its own box."""

from tests.e2e.browsing import Visit

CUT_OFF = """() => {
  const found = [], root = document.documentElement;
  const name = (it) => `<${it.tagName.toLowerCase()} class="${it.getAttribute("class") ?? ""}"> ${it.textContent.trim().slice(0, 60)}`;
  if (root.scrollWidth > innerWidth) found.push(`the page is ${root.scrollWidth} px wide`);
  const scrolls = (it) => ["auto", "scroll"].includes(getComputedStyle(it).overflowX);
  const framed = (it) => { for (let up = it; up && up !== document.body; up = up.parentElement) if (scrolls(up)) return true; };
  for (const it of document.body.querySelectorAll("*:not(svg *)")) {
    const style = getComputedStyle(it), box = it.getBoundingClientRect();
    if (!it.textContent.trim() || !box.width || style.visibility === "hidden" || it.closest(".vh, .skip, select, svg")) continue;
    if ((box.right > innerWidth + 1 || box.left < -1) && !framed(it)) found.push(`beyond the edge: ${name(it)}`);
    const hides = (way) => ["hidden", "clip"].includes(style[way]);
    if (hides("overflowX") && it.scrollWidth > it.clientWidth + 1) found.push(`cut at the side: ${name(it)}`);
    if (hides("overflowY") && it.scrollHeight > it.clientHeight + 1) found.push(`cut below: ${name(it)}`);
  }
  return found;
}"""
"""What sticks out of the window or is hidden by its own box; what scrolls in a frame of its own may be wide."""


def cut_off(reader: Visit, text: str = "") -> list[str]:
    """Return what is cut off in the open page, when the reader's text has this size (CSS, of the root)."""
    if text:
        reader.page.evaluate("size => { document.documentElement.style.fontSize = size }", text)
    found: list[str] = reader.page.evaluate(CUT_OFF)
    return found
