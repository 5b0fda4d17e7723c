"""A server process that writes to a batch with others: `python -m tests.trace.writing URL BATCH NAME AUTHORS`.

Reads one line first, so that several can start together; prints how many events were acknowledged.
"""

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

from sqlmodel import Session

from shangeng_trace.db import Database
from shangeng_trace.entry import Kind, Receipt
from shangeng_trace.ledger import Ledger, append
from shangeng_trace.publishing import Publisher, always
from shangeng_trace.writer import Writer
from tests.trace.desk import LOG_KEY, ORIGIN

EACH = 5
"""Events of one author."""


def main(arguments: Sequence[str]) -> None:
    """Write with this many authors at once."""
    url, batch, name, authors = arguments
    database = Database(url)
    writer = Writer(database, Ledger(ORIGIN), Publisher(always(LOG_KEY)))
    writer.start()
    sys.stdin.readline()

    def write(author: int) -> int:
        done = 0
        for n in range(EACH):
            body = f"{name} {author} {n}".encode()

            def command(session: Session, body: bytes = body) -> Receipt:
                digest = sha256(body).hexdigest()
                return append(session, kind=Kind.EVENT, digest=digest, body=body, chains=[f"batch:{batch}"])

            done += not writer.run(command).repeated
        return done

    with ThreadPoolExecutor(int(authors)) as pool:
        print(sum(pool.map(write, range(int(authors)))))  # noqa: T201 - the parent reads it
    writer.stop()
    database.engine.dispose()


if __name__ == "__main__":
    main(sys.argv[1:])
