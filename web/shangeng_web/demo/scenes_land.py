# ruff: noqa: PLR2004 - drawings are made of numbers
"""Scenes outdoors: terraces, fields, water, orchards, under trees."""

import math

from shangeng_web.demo.canvas import HEIGHT, WIDTH, Canvas, Colour, faded, mixed

RIDGES: tuple[Colour, ...] = ((185, 201, 189), (143, 171, 156), (91, 133, 115), (44, 94, 77))
PAPER: Colour = (246, 241, 229)
DAWN: Colour = (243, 219, 190)
MIST: Colour = (232, 236, 224)
LEAF: Colour = (62, 112, 66)
DARK_LEAF: Colour = (32, 70, 50)
RIVER: Colour = (111, 154, 149)


def valley(canvas: Canvas, *, horizon: float, sky: Colour = DAWN, near: int = 4) -> None:
    """Draw sky, a low sun and ridges with mist between them, down to the horizon."""
    rng = canvas.rng
    canvas.wash(mixed(sky, (214, 226, 222), 0.55), sky, 0, horizon + 20)
    canvas.glow(rng.uniform(250, 950), horizon * 0.55, 260, (255, 244, 220), 0.85)
    for number, colour in enumerate(RIDGES[:near]):
        foot = horizon * (0.62 + 0.13 * number)
        ridge(canvas, foot, 90 - 12 * number, colour)
        canvas.soft_oval(rng.uniform(200, 1000), foot + 60, 700, 60, MIST, strength=0.75)
    canvas.wash(RIDGES[near - 1], mixed(RIDGES[near - 1], DARK_LEAF, 0.4), horizon + 18, HEIGHT)


def ridge(canvas: Canvas, foot: float, height: float, colour: Colour) -> None:
    """Draw one line of mountains."""
    rng = canvas.rng
    waves = [(rng.uniform(0.4, 1.0) / (n + 1), rng.uniform(1.2, 2.4) * (n + 1), rng.uniform(0, 7)) for n in range(5)]
    line = [
        (x, foot - height * sum(a * math.sin(f * x / 260 + p) for a, f, p in waves) - height * 0.3)
        for x in range(-20, WIDTH + 30, 8)
    ]
    canvas.polygon([*line, (WIDTH + 20, HEIGHT), (-20, HEIGHT)], colour)


def terraces(canvas: Canvas) -> None:
    """Tea in rows along the slope, at dawn."""
    rng = canvas.rng
    valley(canvas, horizon=330)
    phase, tilt = rng.uniform(0, 6), rng.uniform(-70, 70)
    rows = 15
    for number in range(rows):
        depth = (number + 1) / rows
        top = 300 + 500 * depth**1.55
        size = 9 + 40 * depth
        colour = mixed((126, 158, 112), LEAF, min(1, depth * 1.4))

        def at(x: float, top: float = top, depth: float = depth) -> float:
            return (
                top + math.sin(x / (190 + 140 * depth) + phase) * (26 + 34 * depth) + tilt * (x / WIDTH - 0.5) * depth
            )

        edge = [(x, at(x)) for x in range(-40, WIDTH + 60, 20)]
        canvas.polygon([*edge, (WIDTH + 60, HEIGHT + 50), (-40, HEIGHT + 50)], mixed(colour, (112, 92, 62), 0.55))
        step = size * 0.62
        x = -40.0
        while x < WIDTH + 40:
            y = at(x)
            jitter = rng.uniform(0.85, 1.15)
            canvas.oval(x, y, size * jitter, size * 0.62, mixed(colour, DARK_LEAF, 0.45))
            canvas.oval(x - size * 0.1, y - size * 0.16, size * 0.82, size * 0.42, colour)
            canvas.oval(x - size * 0.2, y - size * 0.28, size * 0.5, size * 0.2, mixed(colour, (205, 214, 140), 0.5))
            x += step


def tea_tips(canvas: Canvas) -> None:
    """Young shoots against soft rows."""
    rng = canvas.rng
    terraces(canvas)
    canvas.soften(9)
    for _ in range(420):
        depth = rng.random()
        x, y = rng.uniform(-20, WIDTH + 20), 420 + 400 * math.sqrt(depth)
        shade = mixed(DARK_LEAF, LEAF, rng.random())
        canvas.leaf(
            x, y, rng.uniform(50, 105), rng.uniform(-2.9, -0.25), mixed(shade, (140, 170, 80), 0.15), width=0.42
        )
    for _ in range(34):
        x, y = rng.uniform(30, WIDTH - 30), rng.uniform(430, 760)
        young = mixed((150, 184, 84), (196, 210, 120), rng.random())
        lean = rng.uniform(-0.2, 0.2)
        canvas.line([(x, y + 50), (x + lean * 60, y)], mixed(young, LEAF, 0.4), 4)
        canvas.leaf(x, y + 6, 62, -math.pi / 2 - 0.75 + lean, mixed(young, LEAF, 0.2), width=0.4)
        canvas.leaf(x, y + 4, 58, -math.pi / 2 + 0.7 + lean, mixed(young, LEAF, 0.3), width=0.4)
        canvas.leaf(x, y, 54, -math.pi / 2 + lean, mixed(young, (235, 238, 190), 0.35), width=0.24)


def rice_fish(canvas: Canvas) -> None:
    """Water between young rice, carp in it."""
    rng = canvas.rng
    valley(canvas, horizon=300, sky=(232, 230, 212))
    canvas.wash((196, 210, 200), (92, 126, 116), 318, HEIGHT)
    canvas.soft_oval(600, 420, 520, 90, (250, 240, 216), strength=0.5)
    for number in range(11):
        depth = number / 10
        y = 335 + 430 * depth**1.7
        gap = 22 + 74 * depth
        x = rng.uniform(-gap, 0)
        while x < WIDTH + gap:
            if not 0.35 < depth < 0.8 or not 330 < x < 900:
                _tuft(canvas, x + rng.uniform(-5, 5), y, 18 + 74 * depth)
            x += gap
    for _ in range(4):
        _carp(canvas, rng.uniform(400, 840), rng.uniform(480, 640), rng.uniform(34, 50), rng.uniform(-0.5, 0.5))


def _tuft(canvas: Canvas, x: float, y: float, size: float) -> None:
    canvas.soft_oval(x, y + 3, size * 0.5, size * 0.13, (38, 66, 58), strength=0.6)
    for _ in range(9):
        lean = canvas.rng.gauss(0, 0.32)
        green = mixed((74, 122, 62), (168, 186, 90), canvas.rng.random())
        canvas.leaf(
            x + canvas.rng.uniform(-3, 3),
            y,
            size * canvas.rng.uniform(0.7, 1.1),
            -math.pi / 2 + lean,
            green,
            width=0.09,
        )


def _carp(canvas: Canvas, x: float, y: float, size: float, angle: float) -> None:
    red = mixed((196, 84, 40), (222, 138, 78), canvas.rng.random())
    for reach, shade in ((1.35, 0.28), (1.0, 0.2)):
        canvas.soft_oval(x, y, size * 2.2 * reach, size * reach, (230, 236, 226), strength=shade)
    body = [
        (x + math.cos(angle) * d * size - math.sin(angle) * w * size, y + math.sin(angle) * d * size + math.cos(angle) * w * size)
        for d, w in (
            (1.25, 0), (1.0, -0.25), (0.3, -0.4), (-0.5, -0.26), (-1.0, -0.08), (-1.55, -0.36), (-1.4, 0),
            (-1.55, 0.36), (-1.0, 0.08), (-0.5, 0.26), (0.3, 0.4), (1.0, 0.25),
        )
    ]  # fmt: skip
    canvas.polygon(body, faded(red, 205))
    canvas.leaf(
        x - math.cos(angle) * size * 0.6,
        y - math.sin(angle) * size * 0.6,
        size * 1.6,
        angle,
        faded((250, 210, 170), 90),
        width=0.16,
    )


def rice_harvest(canvas: Canvas) -> None:
    """A field half cut, sheaves standing."""
    rng = canvas.rng
    valley(canvas, horizon=310, sky=(240, 226, 196))
    canvas.wash((214, 184, 104), (170, 128, 58), 326, HEIGHT)
    for _ in range(2600):
        y = 330 + 470 * rng.random() ** 0.7
        depth = (y - 330) / 470
        gold = mixed((224, 194, 112), (150, 112, 48), rng.random())
        canvas.leaf(rng.uniform(0, WIDTH), y, 8 + 42 * depth, -math.pi / 2 + rng.gauss(0, 0.35), gold, width=0.08)
    for number in range(5):
        x, y, size = 140 + number * 235 + rng.uniform(-40, 40), 520 + (number % 2) * 120, 110 + (number % 2) * 50
        canvas.soft_oval(x, y + 4, size * 0.7, size * 0.16, (80, 56, 24), strength=0.7)
        for _ in range(60):
            lean = rng.gauss(0, 0.2)
            straw = mixed((236, 210, 136), (176, 134, 64), rng.random())
            canvas.leaf(
                x + rng.uniform(-14, 14), y, size * rng.uniform(0.8, 1.15), -math.pi / 2 + lean, straw, width=0.06
            )
        canvas.line([(x - 20, y - size * 0.45), (x + 20, y - size * 0.43)], (132, 94, 42), 6)


def ducks(canvas: Canvas) -> None:
    """Brown ducks on a stream."""
    rng = canvas.rng
    valley(canvas, horizon=290, sky=(226, 230, 216))
    canvas.wash((178, 200, 190), (74, 112, 106), 306, HEIGHT)
    for _ in range(70):
        y = rng.uniform(330, 790)
        long = 30 + (y - 300) * 0.3
        x = rng.uniform(-50, WIDTH)
        canvas.line([(x, y), (x + long, y + rng.uniform(-2, 2))], (226, 234, 222, 70), 2 + (y - 300) / 200)
    for y in sorted(rng.uniform(350, 720) for _ in range(13)):
        _duck(canvas, rng.uniform(70, WIDTH - 90), y, 18 + (y - 320) * 0.13, rng.choice((-1, 1)))


def _duck(canvas: Canvas, x: float, y: float, size: float, way: int) -> None:
    brown = mixed((118, 88, 58), (168, 138, 98), canvas.rng.random())
    canvas.soft_oval(x, y + size * 0.75, size * 1.7, size * 0.6, (44, 62, 56), strength=0.6)
    canvas.oval(x, y, size * 1.3, size * 0.68, brown)
    canvas.polygon(
        [
            (x - way * size * 0.9, y - size * 0.3),
            (x - way * size * 1.75, y - size * 0.62),
            (x - way * size * 1.1, y + size * 0.25),
        ],
        mixed(brown, (60, 42, 28), 0.35),
    )
    canvas.oval(x - way * size * 0.2, y - size * 0.1, size * 0.8, size * 0.36, mixed(brown, (80, 58, 38), 0.45))
    canvas.line([(x + way * size * 0.95, y - size * 0.2), (x + way * size * 1.15, y - size * 1.1)], brown, size * 0.42)
    canvas.oval(x + way * size * 1.2, y - size * 1.2, size * 0.38, size * 0.34, mixed(brown, (70, 52, 36), 0.3))
    canvas.polygon(
        [
            (x + way * size * 1.45, y - size * 1.28),
            (x + way * size * 1.95, y - size * 1.1),
            (x + way * size * 1.45, y - size * 1.02),
        ],
        (196, 148, 64),
    )
    canvas.oval(x + way * size * 1.28, y - size * 1.27, size * 0.06, size * 0.06, (24, 20, 16))


def orchard(canvas: Canvas) -> None:
    """Pears on the branch."""
    rng = canvas.rng
    valley(canvas, horizon=520, sky=(228, 232, 220))
    canvas.wash((118, 148, 96), (74, 104, 62), 560, HEIGHT)
    for _ in range(26):
        x, y = rng.uniform(-40, WIDTH + 40), rng.uniform(520, 640)
        canvas.oval(x, y, rng.uniform(50, 110), rng.uniform(40, 70), mixed(LEAF, (150, 172, 104), rng.random()))
    canvas.glow(780, 700, 420, (226, 224, 160), 0.5)
    canvas.soften(10)
    for _ in range(5):
        y = rng.uniform(-20, 260)
        canvas.line(
            [(-20, y), (400, y + rng.uniform(20, 90)), (820, y + 30), (WIDTH + 20, y + 120)],
            (92, 74, 56),
            rng.uniform(9, 20),
        )
    for _ in range(330):
        shade = mixed((40, 84, 54), (128, 160, 84), rng.random())
        canvas.leaf(
            rng.uniform(-20, WIDTH), rng.uniform(-30, 470), rng.uniform(44, 88), rng.uniform(0.2, 2.9), shade, width=0.5
        )
    for x, y in ((210, 430), (420, 500), (640, 420), (860, 510), (1040, 410), (540, 330), (950, 320)):
        pear(canvas, x + rng.uniform(-24, 24), y + rng.uniform(-20, 20), rng.uniform(66, 82))
    for _ in range(60):
        shade = mixed((54, 100, 60), (150, 176, 96), rng.random())
        canvas.leaf(
            rng.uniform(-20, WIDTH), rng.uniform(-40, 330), rng.uniform(54, 96), rng.uniform(0.4, 2.7), shade, width=0.5
        )


def pear(canvas: Canvas, x: float, y: float, size: float) -> None:
    """Draw one pear with its stalk, hanging or lying upright."""
    rng = canvas.rng
    skin = mixed((205, 186, 96), (178, 158, 84), rng.random())
    canvas.line([(x, y - size * 1.1), (x + 5, y - size * 1.75)], (84, 66, 44), 6)
    for grow, colour in ((1.0, mixed(skin, (92, 78, 36), 0.5)), (0.94, skin)):
        canvas.oval(x, y, size * grow, size * 0.98 * grow, colour)
        canvas.oval(x, y - size * 0.62, size * 0.62 * grow, size * 0.62 * grow, colour)
    canvas.soft_oval(x - size * 0.3, y - size * 0.25, size * 0.6, size * 0.75, (246, 236, 178), strength=0.8)
    canvas.soft_oval(x + size * 0.45, y + size * 0.35, size * 0.55, size * 0.6, (120, 98, 44), strength=0.45)
    for _ in range(60):
        angle, away = rng.uniform(0, 6.3), rng.random() ** 0.5 * size * 0.86
        canvas.oval(x + math.cos(angle) * away, y + math.sin(angle) * away, 1.7, 1.7, (130, 104, 52, 150))


def lingzhi(canvas: Canvas) -> None:
    """Lingzhi on logs half in the earth, under trees."""
    rng = canvas.rng
    canvas.wash((78, 104, 84), (42, 56, 42), 0, HEIGHT)
    for _ in range(11):
        x = rng.uniform(0, WIDTH)
        canvas.line([(x, -20), (x + rng.uniform(-30, 30), 470)], (44, 50, 40), rng.uniform(16, 44))
    canvas.glow(800, 120, 330, (214, 224, 178), 0.7)
    canvas.soften(12)
    canvas.wash((74, 62, 44), (50, 40, 28), 450, HEIGHT)
    for _ in range(700):
        brown = mixed((110, 84, 52), (52, 42, 28), rng.random())
        canvas.leaf(
            rng.uniform(0, WIDTH), rng.uniform(440, HEIGHT), rng.uniform(14, 40), rng.uniform(0, 6.3), brown, width=0.4
        )
    places = sorted(
        ((rng.uniform(80, WIDTH - 80), rng.uniform(470, 740)) for _ in range(13)), key=lambda place: place[1]
    )
    for x, y in places:
        size = 30 + (y - 440) * 0.22
        canvas.soft_oval(x, y + size * 0.9, size * 1.5, size * 0.4, (20, 16, 10), strength=0.8)
        canvas.polygon([(x - 9, y), (x + 9, y), (x + 13, y + size), (x - 11, y + size)], (70, 30, 20))
        for grow, colour in (
            (1.0, (236, 214, 160)),
            (0.9, (206, 128, 62)),
            (0.78, (152, 62, 34)),
            (0.5, (112, 38, 24)),
        ):
            canvas.oval(x, y - (1 - grow) * size * 0.35, size * 1.35 * grow, size * 0.62 * grow, colour)
        canvas.soft_oval(x - size * 0.4, y - size * 0.25, size * 0.6, size * 0.22, (244, 206, 168), strength=0.7)
