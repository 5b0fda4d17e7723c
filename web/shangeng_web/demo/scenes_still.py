# ruff: noqa: PLR2004 - drawings are made of numbers
"""Scenes close by: trays, baskets and what lies in them; paper on a table."""

import math
from collections.abc import Callable

from shangeng_web.demo.canvas import HEIGHT, WIDTH, Canvas, Colour, faded, mixed
from shangeng_web.demo.scenes_land import pear, valley

BAMBOO: Colour = (206, 172, 112)
WOOD: Colour = (150, 112, 72)
CINNABAR: Colour = (165, 42, 28)

Filling = Callable[[Canvas, float, float, float], None]


def planks(canvas: Canvas, colour: Colour = WOOD) -> None:
    """Draw a table of boards, seen from above."""
    rng = canvas.rng
    for number in range(6):
        top = number * 136
        tone = mixed(colour, (70, 48, 30), rng.uniform(0.1, 0.35))
        canvas.wash(tone, mixed(tone, (60, 42, 28), 0.12), top, top + 136)
        for _ in range(22):
            y, x = top + rng.uniform(6, 130), rng.uniform(-100, WIDTH)
            canvas.line(
                [(x, y), (x + rng.uniform(120, 480), y + rng.uniform(-4, 4))],
                faded(mixed(tone, (50, 34, 20), 0.5), 70),
                2,
            )
        canvas.line([(0, top), (WIDTH, top)], (48, 34, 22, 190), 4)
    canvas.glow(280, 120, 640, (255, 238, 206), 0.4)


def tray(canvas: Canvas, fill: Filling, *, bed: Colour, count: int) -> None:
    """A round bamboo tray on boards, filled."""
    planks(canvas)
    x, y, radius = 610, 430, 400
    canvas.soft_oval(x + 26, y + 36, radius * 1.25, radius * 1.2, (28, 20, 12), strength=0.9)
    canvas.oval(x, y, radius, radius, mixed(BAMBOO, (90, 64, 32), 0.35))
    canvas.oval(x, y, radius - 10, radius - 10, BAMBOO)
    canvas.oval(x, y, radius - 30, radius - 30, mixed(BAMBOO, (96, 70, 36), 0.3))
    canvas.oval(x, y, radius - 38, radius - 38, mixed(BAMBOO, bed, 0.45))
    inner = radius - 40
    for number in range(-26, 27):
        offset = number * 15.0
        reach = math.sqrt(max(0.0, inner**2 - offset**2))
        tone = faded(mixed(BAMBOO, (110, 82, 44), 0.4), 110)
        canvas.line([(x + offset, y - reach), (x + offset, y + reach)], tone, 3)
        canvas.line([(x - reach, y + offset), (x + reach, y + offset)], tone, 3)
    for _ in range(count):
        angle, away = canvas.rng.uniform(0, 2 * math.pi), math.sqrt(canvas.rng.random()) * (inner - 26)
        fill(canvas, x + math.cos(angle) * away, y + math.sin(angle) * away, canvas.rng.uniform(0, 6.3))
    canvas.glow(430, 230, 420, (255, 246, 220), 0.28)


def fresh_leaf(canvas: Canvas, x: float, y: float, angle: float) -> None:
    """Place a plucked shoot."""
    green = mixed((66, 116, 58), (168, 192, 96), canvas.rng.random())
    canvas.leaf(x + 2, y + 4, 46, angle, (30, 48, 26, 90), width=0.34)
    canvas.leaf(x, y, 46, angle, green, width=0.34)
    canvas.leaf(x, y, 36, angle + 0.6, mixed(green, (210, 220, 150), 0.3), width=0.28)


def bayberry_one(canvas: Canvas, x: float, y: float, angle: float) -> None:
    """Place one bayberry."""
    rng = canvas.rng
    size = rng.uniform(25, 31)
    red = mixed((128, 18, 34), (176, 38, 48), rng.random())
    canvas.oval(x + 3, y + 5, size, size, (40, 8, 14, 120))
    canvas.oval(x, y, size, size, mixed(red, (50, 6, 16), 0.4))
    for ring in range(1, 4):
        for number in range(ring * 7):
            turn = angle + number * 2 * math.pi / (ring * 7)
            away = size * ring / 3.6
            canvas.oval(
                x + math.cos(turn) * away,
                y + math.sin(turn) * away,
                3.6,
                3.6,
                mixed(red, (224, 96, 96), rng.uniform(0, 0.45)),
            )
    canvas.soft_oval(x - size * 0.3, y - size * 0.35, size * 0.5, size * 0.4, (255, 214, 206), strength=0.6)


def shiitake_one(canvas: Canvas, x: float, y: float, angle: float) -> None:
    """Place one mushroom cap with its cracks."""
    rng = canvas.rng
    size = rng.uniform(30, 46)
    brown = mixed((112, 78, 52), (154, 116, 82), rng.random())
    canvas.soft_oval(x + 6, y + 9, size * 1.25, size * 1.2, (34, 24, 14), strength=0.7)
    canvas.oval(x, y, size, size * 0.94, mixed(brown, (60, 40, 26), 0.4))
    canvas.oval(x - 2, y - 3, size * 0.93, size * 0.87, brown)
    for _ in range(rng.randrange(5, 10)):
        turn, away = rng.uniform(0, 6.3), rng.uniform(0.05, 0.5) * size
        left, top, way = x + math.cos(turn) * away, y + math.sin(turn) * away, angle + rng.uniform(-1.2, 1.2)
        crack = [(left, top)]
        for _ in range(3):
            way += rng.uniform(-0.7, 0.7)
            left, top = left + math.cos(way) * size * 0.17, top + math.sin(way) * size * 0.17
            crack.append((left, top))
        canvas.line(crack, (230, 214, 184, 160), rng.uniform(1.5, 5))
    canvas.soft_oval(x - size * 0.3, y - size * 0.3, size * 0.6, size * 0.5, (232, 206, 170), strength=0.4)


def jumi_one(canvas: Canvas, x: float, y: float, angle: float) -> None:
    """Place one dried flower bud."""
    rng = canvas.rng
    yellow = mixed((206, 166, 52), (236, 206, 104), rng.random())
    size = rng.uniform(9, 14)
    canvas.oval(x + 2, y + 3, size, size, (66, 50, 20, 120))
    canvas.oval(x, y, size, size, mixed(yellow, (120, 110, 50), 0.3))
    canvas.oval(x - 1, y - 1, size * 0.72, size * 0.72, yellow)
    canvas.leaf(x, y, size * 1.5, angle, mixed((110, 122, 60), yellow, 0.3), width=0.4)


def slice_one(canvas: Canvas, x: float, y: float, angle: float) -> None:
    """Place one slice of lingzhi."""
    rng = canvas.rng
    long, bend = rng.uniform(50, 84), rng.uniform(0.25, 0.6)
    curve = [
        (
            x + math.cos(angle) * long * (step / 8 - 0.5) - math.sin(angle) * long * bend * (step / 8 - 0.5) ** 2,
            y + math.sin(angle) * long * (step / 8 - 0.5) + math.cos(angle) * long * bend * (step / 8 - 0.5) ** 2,
        )
        for step in range(9)
    ]
    canvas.line([(left + 4, top + 6) for left, top in curve], (30, 18, 10, 130), 16)
    canvas.line(curve, mixed((84, 50, 32), (122, 74, 46), rng.random()), 16)
    canvas.line(
        [(left + 1, top + 2) for left, top in curve[1:-1]], mixed((176, 134, 92), (200, 160, 116), rng.random()), 9
    )


def basket(canvas: Canvas, x: float, y: float, width: float, top: Filling, *, count: int) -> None:
    """Draw a round basket, seen from before, heaped with something."""
    rng = canvas.rng
    height = width * 0.62
    canvas.soft_oval(x, y + height, width * 0.85, width * 0.2, (28, 20, 12), strength=0.8)
    side = [(x - width / 2, y), (x + width / 2, y), (x + width * 0.4, y + height), (x - width * 0.4, y + height)]
    canvas.polygon(side, mixed(BAMBOO, (96, 68, 34), 0.3))
    rows = 9
    for row in range(rows):
        share = row / rows
        half = width * (0.5 - 0.1 * share)
        count_across = 13
        for number in range(count_across):
            left = x - half + number * 2 * half / count_across
            tone = mixed(BAMBOO, (112, 82, 42), 0.1 + 0.45 * ((number + row) % 2))
            canvas.box(
                left,
                y + share * height,
                left + 2 * half / count_across - 2,
                y + (share + 0.9 / rows) * height,
                tone,
                radius=4,
            )
    canvas.oval(x, y, width * 0.53, width * 0.15, mixed(BAMBOO, (96, 68, 34), 0.35))
    canvas.oval(x, y, width * 0.49, width * 0.125, (84, 62, 36))
    for _ in range(count):
        angle, away = rng.uniform(0, 6.3), math.sqrt(rng.random())
        lift = (1 - away**2) * width * 0.2
        top(
            canvas,
            x + math.cos(angle) * away * width * 0.42,
            y + math.sin(angle) * away * width * 0.09 - lift,
            rng.uniform(0, 6.3),
        )
    canvas.line(
        [
            (x + math.cos(turn / 12 * math.pi) * width * 0.53, y + math.sin(turn / 12 * math.pi) * width * 0.15)
            for turn in range(13)
        ],
        BAMBOO,
        12,
    )


def bayberry_basket(canvas: Canvas) -> None:
    """A basket of bayberries with leaves, the hills behind."""
    rng = canvas.rng
    valley(canvas, horizon=430, sky=(236, 228, 208))
    canvas.soften(10)
    canvas.wash((128, 96, 62), (94, 68, 42), 600, HEIGHT)
    for _ in range(26):
        canvas.leaf(
            rng.uniform(150, 1050),
            rng.uniform(600, 730),
            rng.uniform(80, 130),
            rng.uniform(-0.6, 3.7),
            mixed((36, 82, 50), (92, 136, 72), rng.random()),
            width=0.28,
        )
    basket(canvas, 600, 360, 640, bayberry_one, count=190)
    for x, y in ((180, 690), (260, 730), (960, 700), (1040, 735), (1010, 660)):
        bayberry_one(canvas, x, y, rng.uniform(0, 6))


def leaf_baskets(canvas: Canvas) -> None:
    """Three baskets of leaf, brought in before noon."""
    canvas.wash((214, 206, 188), (190, 178, 156), 0, 420)
    canvas.glow(220, 90, 420, (255, 250, 232), 0.8)
    canvas.wash((150, 142, 128), (108, 100, 88), 420, HEIGHT)
    for x, y, width in ((260, 340, 330), (930, 330, 320), (600, 420, 400)):
        basket(canvas, x, y, width, fresh_leaf, count=230)


def weighing(canvas: Canvas) -> None:
    """A basket of leaf on the scale."""
    canvas.wash((206, 200, 184), (186, 176, 156), 0, 470)
    canvas.glow(900, 80, 460, (255, 248, 228), 0.8)
    canvas.wash((142, 134, 120), (100, 94, 84), 470, HEIGHT)
    canvas.soft_oval(600, 740, 480, 70, (24, 22, 18), strength=0.8)
    canvas.box(330, 660, 870, 710, (86, 98, 96), radius=10)
    canvas.box(300, 630, 900, 664, (168, 178, 174), radius=8)
    canvas.box(905, 250, 935, 650, (120, 130, 126), radius=6)
    canvas.box(840, 150, 1010, 262, (62, 76, 74), radius=12)
    canvas.box(858, 172, 992, 230, (196, 214, 190), radius=4)
    canvas.write(925, 201, "58.0 kg", 34, (30, 50, 40))
    basket(canvas, 590, 370, 430, fresh_leaf, count=260)


def pear_tray(canvas: Canvas) -> None:
    """Pears on boards."""
    planks(canvas, (134, 108, 78))
    for row, y in enumerate((230, 430, 640)):
        for number in range(5):
            x = 170 + number * 215 + (row % 2) * 60
            canvas.soft_oval(x + 14, y + 50, 130, 90, (30, 22, 14), strength=0.7)
            pear(canvas, x, y, 78 + canvas.rng.uniform(-6, 8))


def egg_carton(canvas: Canvas) -> None:
    """Duck eggs in a carton, pale green and white."""
    rng = canvas.rng
    planks(canvas, (142, 116, 84))
    canvas.soft_oval(610, 430, 620, 420, (26, 20, 14), strength=0.7)
    canvas.box(120, 70, 1080, 740, (166, 160, 146), radius=26)
    for row in range(5):
        for number in range(7):
            x, y = 205 + number * 132, 140 + row * 132
            canvas.oval(x, y, 60, 60, (128, 122, 108))
            shell = mixed((206, 220, 206), (238, 234, 218), rng.random())
            canvas.oval(x + 4, y + 6, 47, 52, (92, 88, 78))
            canvas.oval(x, y, 47, 53, mixed(shell, (130, 140, 128), 0.35))
            canvas.oval(x - 2, y - 3, 43, 48, shell)
            canvas.soft_oval(x - 14, y - 18, 26, 28, (255, 255, 250), strength=0.9)


def report(canvas: Canvas, *, passed: bool) -> None:
    """A test report on a table, its stamp in cinnabar."""
    planks(canvas, (128, 104, 78))
    sheet = Canvas(canvas.rng.randbytes(8).hex())
    sheet.wash((253, 251, 245), (247, 243, 233))
    sheet.write(600, 90, "检 测 报 告", 58, (36, 42, 38))
    sheet.line([(90, 150), (1110, 150)], (60, 66, 62), 3)
    for row in range(4):
        sheet.box(100, 182 + row * 34, 230, 192 + row * 34, (120, 126, 120), radius=3)
        sheet.box(260, 182 + row * 34, 260 + sheet.rng.uniform(200, 620), 192 + row * 34, (166, 170, 164), radius=3)
    for row in range(8):
        y = 340 + row * 50
        sheet.line([(90, y), (1110, y)], (140, 144, 138), 2)
        for column, width in ((110, 190), (470, 90), (700, 80), (930, 90)):
            if row < 7:
                tone: Colour = (110, 116, 110) if row == 0 else (168, 172, 166)
                sheet.box(column, y + 19, column + width * sheet.rng.uniform(0.6, 1), y + 31, tone, radius=3)
    for x in (90, 440, 670, 900, 1110):
        sheet.line([(x, 340), (x, 690)], (140, 144, 138), 2)
    for radius, colour in ((118, CINNABAR), (108, (250, 246, 238)), (100, CINNABAR), (97, (250, 246, 238))):
        sheet.oval(930, 620, radius, radius * 0.75, faded(colour, 215))
    sheet.write(930, 620, "合格" if passed else "不合格", 54 if passed else 44, CINNABAR)
    canvas.paste(sheet, canvas.rng.uniform(-6, 6), (980, 660), (600, 400))
    canvas.line([(150, 700), (420, 610)], (38, 52, 48), 16)
    canvas.line([(408, 614), (436, 604)], (206, 190, 150), 12)
