# ruff: noqa: PLR2004 - drawings are made of numbers
"""Scenes under a roof: drying rooms, mushroom sheds, packing tables, shop shelves, a van at the door."""

import math

from shangeng_web.demo.canvas import HEIGHT, WIDTH, Canvas, Colour, faded, mixed
from shangeng_web.demo.scenes_land import valley
from shangeng_web.demo.scenes_still import planks, shiitake_one

PINE: Colour = (29, 86, 68)
KRAFT: Colour = (188, 148, 98)
PAPER: Colour = (246, 241, 229)
SEAL: Colour = (179, 48, 31)


def drying(canvas: Canvas, goods: Colour) -> None:
    """Racks of trays in the light of a window."""
    rng = canvas.rng
    canvas.wash((198, 182, 152), (124, 104, 78))
    canvas.box(820, 60, 1110, 330, (250, 244, 224))
    for x in (912, 1012):
        canvas.line([(x, 60), (x, 330)], (122, 96, 66), 10)
    canvas.line([(820, 195), (1110, 195)], (122, 96, 66), 10)
    canvas.wash((110, 90, 66), (70, 56, 42), 660, HEIGHT)
    for left in (40, 430):
        for post in (left, left + 350):
            canvas.box(post, 90, post + 16, 740, (96, 72, 46))
        for level in range(6):
            y = 150 + level * 104
            canvas.box(left, y + 18, left + 366, y + 28, (112, 84, 54))
            for number in range(2):
                x = left + 96 + number * 176
                canvas.oval(x, y + 12, 90, 24, (150, 116, 70))
                canvas.oval(x, y + 6, 86, 21, (206, 172, 112))
                canvas.oval(x, y + 4, 78, 17, goods)
                for _ in range(46):
                    turn, away = rng.uniform(0, 6.3), math.sqrt(rng.random())
                    tone = mixed(goods, (236, 226, 190), rng.uniform(0, 0.4))
                    canvas.leaf(
                        x + math.cos(turn) * away * 70,
                        y + 4 + math.sin(turn) * away * 13,
                        12,
                        rng.uniform(0, 6.3),
                        tone,
                        width=0.4,
                    )
    canvas.soften(0.8)
    for number in range(3):
        top = 830 + number * 96
        canvas.polygon([(top, 60), (top + 80, 60), (top - 420, HEIGHT), (top - 660, HEIGHT)], (255, 240, 200, 34))
    canvas.glow(960, 190, 480, (255, 244, 214), 0.55)


def shed(canvas: Canvas, *, fruiting: bool) -> None:
    """A long shed with racks of substrate logs on both sides."""
    rng = canvas.rng
    canvas.wash((196, 206, 192), (148, 150, 132))
    middle, horizon = 600, 330
    for number in range(9):
        share = (number / 8) ** 1.8
        half, rise = 90 + 620 * share, 70 + 380 * share
        arch = [
            (middle + math.cos(turn / 20 * math.pi) * half, horizon + 40 - math.sin(turn / 20 * math.pi) * rise)
            for turn in range(21)
        ]
        canvas.line(arch, faded((108, 116, 104), 200), 2 + 7 * share)
    canvas.glow(middle, horizon, 260, (252, 250, 236), 0.95)
    canvas.polygon(
        [(middle - 36, horizon + 60), (middle + 36, horizon + 60), (900, HEIGHT), (300, HEIGHT)], (128, 110, 84)
    )
    for side in (-1, 1):
        for level in range(4):
            ends = [
                (middle + side * (70 + 480 * share), horizon + 66 + 384 * share - level * (16 + 84 * share))
                for share in (0.01, 1.0)
            ]
            ends = [(x, y + 10 + 16 * (number == 1)) for number, (x, y) in enumerate(ends)]
            canvas.line(ends, (96, 84, 66), 7)
        for number in range(14):
            share = ((number + 1) / 14) ** 1.7
            if number % 3 == 1:
                post = middle + side * (70 + 480 * share)
                canvas.line(
                    [(post, horizon + 70 + 400 * share), (post, horizon + 20 + 80 * share - 230 * share)],
                    (96, 84, 66),
                    3 + 6 * share,
                )
            x = middle + side * (70 + 480 * share)
            for level in range(4):
                y = horizon + 60 + 380 * share - level * (16 + 84 * share)
                _log(canvas, x, y, 10 + 46 * share, side, fruiting=fruiting and rng.random() < 0.9)


def _log(canvas: Canvas, x: float, y: float, size: float, side: int, *, fruiting: bool) -> None:
    rng = canvas.rng
    bark = mixed((150, 116, 80), (110, 80, 54), rng.random())
    canvas.box(x - size * 1.3, y - size * 0.3, x + size * 1.3, y + size * 0.42, (78, 62, 46), radius=size * 0.3)
    canvas.box(x - size * 1.3, y - size * 0.42, x + size * 1.3, y + size * 0.3, bark, radius=size * 0.34)
    canvas.box(
        x - size * 1.2,
        y - size * 0.36,
        x + size * 1.2,
        y - size * 0.16,
        mixed(bark, (226, 210, 180), 0.35),
        radius=size * 0.1,
    )
    canvas.oval(x - side * size * 1.15, y - size * 0.06, size * 0.2, size * 0.36, mixed(bark, (230, 214, 186), 0.5))
    if fruiting:
        for _ in range(5):
            cap = mixed((118, 80, 52), (170, 128, 90), rng.random())
            left, top, wide = (
                x + rng.uniform(-1, 1) * size,
                y - size * rng.uniform(0.2, 0.6),
                size * rng.uniform(0.22, 0.34),
            )
            canvas.box(left - wide * 0.25, top, left + wide * 0.25, top + wide * 0.8, (228, 216, 192))
            canvas.oval(left, top, wide, wide * 0.62, mixed(cap, (60, 40, 26), 0.3))
            canvas.oval(left - wide * 0.1, top - wide * 0.12, wide * 0.8, wide * 0.42, cap)


def mushroom_bed(canvas: Canvas) -> None:
    """Mushrooms just picked, heaped."""
    planks(canvas, (120, 96, 70))
    for _ in range(330):
        shiitake_one(
            canvas, canvas.rng.uniform(-10, WIDTH + 10), canvas.rng.uniform(30, HEIGHT - 10), canvas.rng.uniform(0, 6.3)
        )


def _room(canvas: Canvas) -> None:
    canvas.wash((222, 214, 196), (196, 184, 160), 0, 470)
    canvas.glow(260, 60, 520, (255, 250, 234), 0.8)
    canvas.wash((150, 116, 78), (104, 78, 50), 470, HEIGHT)


def tins(canvas: Canvas) -> None:
    """Tins of tea, filled and closed."""
    _room(canvas)
    for row, (y, size) in enumerate(((500, 84), (610, 108), (750, 136))):
        for number in range(9 - row):
            x = 70 + number * size * 1.32 + row * 26
            canvas.soft_oval(x, y, size * 0.62, size * 0.14, (30, 22, 14), strength=0.8)
            canvas.box(
                x - size * 0.42,
                y - size * 1.25,
                x + size * 0.42,
                y,
                mixed(PINE, (10, 30, 24), 0.25),
                radius=size * 0.08,
            )
            canvas.box(x - size * 0.36, y - size * 1.25, x - size * 0.12, y, faded((120, 168, 146), 90))
            canvas.oval(x, y - size * 1.25, size * 0.42, size * 0.1, (206, 196, 168))
            canvas.oval(x, y - size * 1.27, size * 0.36, size * 0.075, (230, 222, 198))
            canvas.box(x - size * 0.42, y - size * 0.86, x + size * 0.42, y - size * 0.34, PAPER)
            canvas.write(x - size * 0.08, y - size * 0.6, "茶", size * 0.3, (36, 50, 44))
            canvas.box(x + size * 0.14, y - size * 0.7, x + size * 0.32, y - size * 0.5, SEAL, radius=3)


def bags(canvas: Canvas, word: str) -> None:
    """Paper bags, filled and closed, on a table."""
    _room(canvas)
    for row, (y, size) in enumerate(((520, 100), (640, 128), (780, 158))):
        for number in range(8 - row):
            x = 70 + number * size * 1.25 + row * 40
            tone = mixed(KRAFT, (150, 112, 70), canvas.rng.uniform(0, 0.4))
            canvas.soft_oval(x, y, size * 0.66, size * 0.14, (30, 22, 14), strength=0.8)
            canvas.polygon(
                [
                    (x - size * 0.44, y),
                    (x + size * 0.44, y),
                    (x + size * 0.38, y - size * 1.1),
                    (x - size * 0.38, y - size * 1.1),
                ],
                tone,
            )
            canvas.polygon(
                [
                    (x + size * 0.2, y),
                    (x + size * 0.44, y),
                    (x + size * 0.38, y - size * 1.1),
                    (x + size * 0.24, y - size * 1.1),
                ],
                mixed(tone, (96, 68, 40), 0.3),
            )
            canvas.box(
                x - size * 0.4,
                y - size * 1.24,
                x + size * 0.4,
                y - size * 1.06,
                mixed(tone, (110, 80, 48), 0.4),
                radius=4,
            )
            canvas.box(x - size * 0.26, y - size * 0.84, x + size * 0.26, y - size * 0.26, PAPER, radius=4)
            canvas.write(x, y - size * 0.62, word, size * 0.22, PINE)
            canvas.box(x - size * 0.1, y - size * 0.46, x + size * 0.1, y - size * 0.32, (40, 46, 42), radius=2)


def boxes(canvas: Canvas, word: str) -> None:
    """Cartons stacked at the cold store's door."""
    canvas.wash((190, 202, 202), (160, 172, 172), 0, 560)
    canvas.box(420, 40, 780, 560, (206, 216, 216), radius=8)
    canvas.glow(600, 300, 330, (240, 250, 250), 0.9)
    canvas.wash((126, 128, 124), (92, 92, 88), 560, HEIGHT)
    for left, base, levels in ((60, 740, 4), (330, 770, 3), (640, 760, 4), (900, 735, 3)):
        canvas.soft_oval(left + 120, base, 190, 34, (20, 22, 22), strength=0.8)
        for level in range(levels):
            top = base - (level + 1) * 124
            tone = mixed(PAPER, (206, 190, 156), canvas.rng.uniform(0.2, 0.7))
            canvas.box(left, top, left + 240, top + 120, mixed(tone, (120, 98, 66), 0.2))
            canvas.box(left, top, left + 180, top + 120, tone)
            canvas.box(left, top + 4, left + 240, top + 14, faded((150, 120, 80), 120))
            canvas.write(left + 90, top + 62, word, 34, PINE)
            canvas.box(left + 196, top + 44, left + 226, top + 74, SEAL, radius=3)


def shelf(canvas: Canvas, accent: Colour) -> None:
    """A shelf in the shop."""
    rng = canvas.rng
    canvas.wash((216, 204, 180), (178, 162, 136))
    for level in range(4):
        y = 200 + level * 190
        canvas.wash((120, 90, 60), (92, 68, 44), y, y + 22)
        canvas.soft_oval(600, y + 40, 700, 34, (60, 44, 28), strength=0.5)
        x = 30.0
        while x < WIDTH - 40:
            wide, high = rng.uniform(58, 92), rng.uniform(96, 142)
            tone = mixed(rng.choice((accent, KRAFT, PINE, (222, 210, 182))), (236, 228, 206), rng.uniform(0, 0.3))
            for _ in range(rng.choice((2, 3, 4))):
                canvas.box(x, y - high, x + wide, y, mixed(tone, (40, 36, 28), 0.25), radius=5)
                canvas.box(x, y - high, x + wide * 0.82, y, tone, radius=5)
                canvas.box(x + wide * 0.14, y - high * 0.66, x + wide * 0.68, y - high * 0.28, PAPER, radius=2)
                x += wide + 5
            canvas.box(x - wide - 30, y + 4, x - wide + 30, y + 20, PAPER, radius=2)
            x += rng.uniform(8, 26)
    canvas.glow(600, 40, 620, (255, 248, 226), 0.5)


def van(canvas: Canvas) -> None:
    """A cold van at the foot of the hills."""
    valley(canvas, horizon=430, sky=(240, 220, 196))
    canvas.wash((128, 126, 116), (98, 96, 88), 610, HEIGHT)
    canvas.line([(0, 705), (WIDTH, 705)], (214, 206, 180), 5)
    canvas.soft_oval(600, 700, 470, 44, (20, 22, 20), strength=0.85)
    canvas.box(210, 250, 790, 660, (244, 243, 236), radius=14)
    canvas.box(210, 560, 790, 660, (222, 220, 210), radius=10)
    canvas.polygon([(796, 380), (905, 380), (990, 510), (990, 660), (796, 660)], (236, 235, 227))
    canvas.polygon([(826, 404), (896, 404), (958, 508), (826, 508)], (104, 128, 130))
    canvas.polygon([(826, 404), (856, 404), (826, 470)], (176, 194, 192))
    canvas.box(210, 470, 790, 492, PINE)
    canvas.write(470, 380, "冷链", 74, PINE)
    canvas.box(600, 345, 668, 413, SEAL, radius=7)
    for x in (340, 860):
        canvas.oval(x, 664, 60, 60, (36, 38, 36))
        canvas.oval(x, 664, 30, 30, (176, 178, 172))
    canvas.box(972, 566, 998, 590, (250, 224, 160), radius=5)
