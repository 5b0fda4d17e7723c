"""The PostgreSQL that tests run on."""

import os

import psycopg
from sqlalchemy import create_engine, make_url, text

from tests.postgres import postgres_url


def test_each_call_gives_an_empty_database_of_its_own() -> None:
    first, second = postgres_url(), postgres_url()
    assert first != second
    for url in (first, second):
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE only_here (id int)"))
            assert connection.execute(text("SHOW server_encoding")).scalar_one() == "UTF8"
        engine.dispose()


def test_the_server_does_not_run_as_root_and_cannot_be_reached_over_the_network() -> None:
    host = make_url(postgres_url()).query["host"]
    with psycopg.connect(f"host={host} user=postgres dbname=postgres") as connection:
        addresses = connection.execute("SHOW listen_addresses").fetchone()
        data = connection.execute("SHOW data_directory").fetchone()
    assert addresses == ("",)
    assert data is not None
    assert os.stat(str(data[0])).st_uid != 0  # noqa: PTH116 - the path is a string from the server
