"""`shangeng serve`: the server."""

import asyncio
import os
from argparse import Namespace
from importlib import import_module

import uvicorn

from shangeng_trace.one_server import sole_server
from shangeng_web.cli import Voice
from shangeng_web.middleware import LOGGING
from shangeng_web.platform import Platform
from shangeng_web.settings import PREFIX, Settings

GRACE_SECONDS = 10


def run(arguments: Namespace, voice: Voice) -> int:
    """Serve until told to stop; in a demonstration make its data first."""
    settings = Settings.read(host=arguments.host, port=arguments.port, demo=arguments.demo)
    if arguments.workers > 1 and settings.database_url.startswith("sqlite"):
        voice.say("多个进程需要 PostgreSQL。", "Several processes need PostgreSQL.")
        return 2
    # Opened here once, so that what is wrong is said in words and not by every process.
    with sole_server(settings.database_url):
        if settings.demo:
            voice.say("正在准备演示数据……", "Preparing the demonstration…")
            platform = import_module("shangeng_web.demo").open_demo(settings)
        else:
            platform = Platform.open(settings)
        if (cause := platform.standstill.cause) is not None:
            voice.complain(cause)
        asyncio.run(platform.close())
    voice.say(f"打开 {settings.origin}", f"Open {settings.origin}")
    given = {"host": arguments.host, "port": arguments.port, "demo": arguments.demo}
    os.environ |= {PREFIX + name.upper(): str(value) for name, value in given.items() if value is not None}
    uvicorn.run(
        "shangeng_web.app:create_app",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=arguments.workers,
        log_config=LOGGING,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trust_proxy),
        forwarded_allow_ips=settings.trust_proxy or None,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    return 0
