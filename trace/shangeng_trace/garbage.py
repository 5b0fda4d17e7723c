"""How often Python's garbage collector looks for what only points at itself. Everything else goes without it."""

import gc

NEW_OBJECTS = 20_000
"""New objects after which it looks among them; Python's own 700 come together in a single request or statement."""


def spare_the_collector() -> None:
    """Let it leave alone what was made to start with, and look less often, in a process that will now work hard.

    Looking through everything after every few statements cost a third of the time of a request that writes, and of an
    audit.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, *gc.get_threshold()[1:])
