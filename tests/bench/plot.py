"""Two curves in an SVG file: what an append costs as the log grows, and how much memory is held."""

from collections.abc import Callable, Mapping, Sequence

from tests.bench.growth import Point

WIDTH, HEIGHT, MARGIN = 640, 240, 48
COLOURS = ("#2f5d50", "#b0402f")


def draw_growth(points: Mapping[str, Sequence[Point]]) -> str:
    """Return the drawing; an engine has one colour, appending is drawn full and auditing dashed."""
    panels = [
        _panel("microseconds an entry", points, lambda point: point.microseconds),
        _panel("megabytes held", points, lambda point: point.megabytes),
    ]
    drawn = "".join(f'<g transform="translate(0 {at * HEIGHT})">{panel}</g>' for at, panel in enumerate(panels))
    size = f'width="{WIDTH}" height="{HEIGHT * len(panels)}" viewBox="0 0 {WIDTH} {HEIGHT * len(panels)}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="11">{drawn}</svg>\n'


def _panel(title: str, points: Mapping[str, Sequence[Point]], value: Callable[[Point], float]) -> str:
    every = [point for each in points.values() for point in each]
    right, top = max(point.size for point in every), max(map(value, every))
    parts = [f'<text x="{MARGIN}" y="16">{title}, by entries in the log</text>']
    for share in (0, 0.5, 1):
        x, y = MARGIN + share * (WIDTH - 2 * MARGIN), HEIGHT - MARGIN - share * (HEIGHT - 2 * MARGIN)
        parts.append(f'<text x="{x:.0f}" y="{HEIGHT - MARGIN + 16}" text-anchor="middle">{share * right:,.0f}</text>')
        parts.append(f'<text x="{MARGIN - 6}" y="{y + 4:.0f}" text-anchor="end">{share * top:,.0f}</text>')
        parts.append(f'<path d="M{MARGIN} {y:.0f}H{WIDTH - MARGIN}" stroke="#ccc"/>')
    for at, (engine, colour) in enumerate(zip(points, COLOURS, strict=False)):
        for phase, dash in (("append", ""), ("audit", ' stroke-dasharray="4 3"')):
            curve = [point for point in points[engine] if point.phase == phase]
            if curve:
                places = " ".join(
                    f"{MARGIN + point.size / right * (WIDTH - 2 * MARGIN):.1f},"
                    f"{HEIGHT - MARGIN - value(point) / top * (HEIGHT - 2 * MARGIN):.1f}"
                    for point in curve
                )
                parts.append(f'<polyline points="{places}" fill="none" stroke="{colour}"{dash}/>')
        parts.append(f'<text x="{WIDTH - MARGIN}" y="{16 + 14 * at}" text-anchor="end" fill="{colour}">{engine}</text>')
    return "".join(parts)
