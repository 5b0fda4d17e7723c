"""Making the demonstration, once."""

import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from sqlalchemy import inspect
from sqlmodel import Session, select

from shangeng_trace.acting import Office
from shangeng_trace.attachments import Picture, keep_picture
from shangeng_trace.clock import Clock, now
from shangeng_trace.db import Database
from shangeng_trace.errors import ConflictError, ForbiddenError
from shangeng_trace.ledger import table
from shangeng_trace.registry_tables import Organisation, OrganisationKind
from shangeng_web.demo.calendar import Calendar, SeasonClock, calendar_of
from shangeng_web.demo.cast import PASSWORD, Cast, cast_data, register_cast
from shangeng_web.demo.pictures import PHOTOS, draw
from shangeng_web.demo.report import DemoReport, describe_demo
from shangeng_web.demo.stage import Stage, turn_to
from shangeng_web.demo.stories import play
from shangeng_web.platform import Platform
from shangeng_web.settings import Settings

Told = Callable[[], object]

PARTS = 135
"""About how many parts the stories have; only the bar depends on it."""


class DemoRefused(ForbiddenError):
    """The deployment is no demonstration: its logins would have a password that everybody knows."""

    code = "web.demo_refused"
    zh = "这不是演示环境，不能生成演示数据。要看演示，请设 SHANGENG_DEMO=1 并另用一个数据目录。"
    en = "This is no demonstration, so no demo data are made. For one set SHANGENG_DEMO=1 and use another data folder."


class DemoMisplaced(ConflictError):
    """The database holds somebody's data already."""

    code = "web.demo_misplaced"
    zh = "这个数据库里已有别的数据，不能再放入演示数据。请另用一个数据目录。"
    en = "This database holds other data, so no demo data are put into it. Please use another data folder."


def open_demo(settings: Settings, *, clock: Clock = now) -> Platform:
    """Open a demonstration's platform and make its data where there are none.

    The ledger is founded when the stories begin, so that what they log carries the time of the story.
    Raises `DemoRefused`, `DemoMisplaced`, and what `Platform.open` raises.
    """
    if not settings.demo:
        raise DemoRefused
    seasons = SeasonClock(clock)
    if not _was_made(settings):
        seasons.moment = calendar_of(clock()).founding(0, "09:00")
    platform = Platform.open(settings, clock=seasons, story=True)
    try:
        make_demo(platform, clock=clock, told=seasons.release)
    except BaseException:
        platform.writer.stop()
        platform.database.engine.dispose()
        raise
    finally:
        seasons.release()
    return platform


def _was_made(settings: Settings) -> bool:
    """Whether the data are there before the platform is opened: such a ledger goes by the time of today.

    To a ledger at work the stories' beginning is long past, and a clock that shows it cannot be right.
    """
    database = Database(settings.database_url)
    try:
        if not inspect(database.engine).has_table(table(Organisation).name):
            return False
        with database.session() as session:
            return is_made(session)
    finally:
        database.engine.dispose()


def make_demo(platform: Platform, *, clock: Clock = now, told: Told = lambda: None) -> DemoReport:
    """Make the demonstration where there is none, as of the moment that `clock` shows, and describe it.

    On a ledger that was founded today every step is logged today; `open_demo` founds it in time. `told` is called
    when the last story ends, before anybody looks at the clock again.
    Raises `DemoRefused` outside demo mode, `DemoMisplaced` where the database holds other data.
    """
    if not platform.settings.demo:
        raise DemoRefused
    with platform.database.session() as session:
        made = is_made(session)
    if not made:
        with _progress(len(PHOTOS) + PARTS) as advance:
            materials = Materials(
                calendar_of(clock()),
                {name: _kept(platform, name, advance) for name in PHOTOS},
                platform.passwords.hash(PASSWORD),
            )

            def make(session: Session) -> None:
                _make(session, platform.office, materials, advance)
                told()

            platform.writer.run(make)
    return describe_demo(platform, clock=clock)


def is_made(session: Session) -> bool:
    """Whether the demonstration is there; raises `DemoMisplaced` where something else is."""
    numbers = session.exec(select(Organisation.number).where(Organisation.kind != OrganisationKind.PLATFORM)).all()
    if numbers and cast_data().organisations[0].number not in numbers:
        raise DemoMisplaced
    return bool(numbers)


@dataclass(frozen=True)
class Materials:
    """What is slow to make, and made before the writer's turn."""

    calendar: Calendar
    pictures: Mapping[str, Picture]
    password_hash: str


def _make(session: Session, office: Office, materials: Materials, told: Told) -> None:
    """Play everything in one command, unless another process was faster."""
    if is_made(session):
        return
    clock = SeasonClock()
    office = replace(office, clock=clock)
    empty = Stage(session, office, clock, materials.calendar, Cast(), materials.pictures)
    turn_to(empty, materials.calendar.founding(0, "09:30"))
    cast = register_cast(session, office, password_hash=materials.password_hash)
    play(replace(empty, cast=cast), told=told)


def _kept(platform: Platform, name: str, told: Told) -> Picture:
    picture = keep_picture(platform.settings.media_dir, draw(name))
    told()
    return picture


@contextmanager
def _progress(steps: int) -> Generator[Told]:
    """Show a bar on the standard error where that is a terminal."""
    columns = (TextColumn("演示数据 demo data"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("", total=steps)
        yield lambda: progress.advance(task)
