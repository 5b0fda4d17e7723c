"""`shangeng demo`: the demonstration's data."""

import asyncio
from argparse import Namespace

from shangeng_web.cli import Voice
from shangeng_web.demo import describe_demo, open_demo
from shangeng_web.settings import Settings


def run(arguments: Namespace, voice: Voice) -> int:
    """Make the demonstration where it is absent, and tell what is in it."""
    platform = open_demo(Settings.read(demo=True))
    try:
        made = describe_demo(platform)
    finally:
        asyncio.run(platform.close())
    if arguments.json:
        voice.answer_json(made)
    else:
        for login in made["logins"]:
            voice.answer(f"{login['organisation']}  {login['role']}  {login['username']}  {login['password']}")
    return 0
