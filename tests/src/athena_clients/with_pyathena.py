"""PyAthena: the cursor, pandas, Arrow, SQLAlchemy."""

import functools
import os
import sys
import threading

import pyarrow.compute
import sqlalchemy
from pyarrow import fs
from pyathena import connect
from pyathena.arrow.cursor import ArrowCursor
from pyathena.error import OperationalError
from pyathena.pandas.cursor import PandasCursor

from expected import *

connection = connect(catalog_name=CATALOG, schema_name=DATABASE, work_group="primary", poll_interval=0.05)


def with_cursor():
    cursor = connection.cursor()
    for table in TABLES:
        cursor.execute(select(table))
        check([(c[0], c[1]) for c in cursor.description], [(name, type) for name, type, *_ in TYPES], table)
        first, second = cursor.fetchall()
        check(first[:3], (1, AMOUNT, AT), table)
        check(first[3], ZONED, table)
        # Values inside of rows and maps are texts to PyAthena.
        check(first[4:6], (["a", "b c"], {"product_id": "7", "note": "x"}), table)
        check((first[6], first[7]), ({"eur": "1.5"}, ""), table)
        check((second[0], second[1:4], second[5], second[7]), (2, (None,) * 3, None, None), table)
    # Unqualified names are those of the connection.
    check(cursor.execute("SELECT count(*) FROM numbers").fetchone(), (1000,), "context")
    parameters = {"least": 990, "text": "it's"}
    cursor.execute("SELECT count(*), %(text)s FROM numbers WHERE n >= %(least)d", parameters)
    check(cursor.fetchone(), (10, "it's"), "parameters")
    cursor.execute("SELECT count(*) FROM numbers WHERE n < ?", ["10"], paramstyle="qmark")
    check(cursor.fetchone(), (10,), "execution parameters")
    # A million rows in pages.
    cursor.arraysize = 1000
    cursor.execute("SELECT a.n * 1000 + b.n FROM numbers a CROSS JOIN numbers b")
    check(sum(row[0] for row in cursor), 499_999_500_000, "a million")
    check([row[0] for row in cursor.execute("SHOW TABLES").fetchall()], ["avro", "csv", "json", "numbers", "protobuf"], "SHOW")
    try:
        cursor.execute(MISSING)
        raise AssertionError("a column that does not exist")
    except OperationalError as error:
        assert "COLUMN_NOT_FOUND" in str(error), error
    other = connection.cursor()
    cancel = threading.Timer(1, lambda: cursor.cancel())
    cancel.start()
    try:
        cursor.execute(ENDLESS)
        raise AssertionError("an endless query ended")
    except OperationalError as error:
        assert "cancelled" in str(error).lower(), error
    check(other.execute("SELECT 1").fetchone(), (1,), "afterwards")


def with_pandas():
    cursor = connection.cursor(PandasCursor)
    for table in TABLES:
        frame = cursor.execute(select(table)).as_pandas()
        check(list(frame["id"]), [1, 2], table)
        check(frame["amount"][0], AMOUNT, table)
        check(frame["at"][0].to_pydatetime(), AT, table)
        check((frame["at"].isna()[1], frame["item"].isna()[1]), (True, True), table)
    frame = cursor.execute(MILLION).as_pandas()
    check((len(frame), frame["n"].nunique(), int(frame["n"].sum())), (1_000_000, 1_000_000, 499_999_500_000), "a million")


def with_arrow():
    # Arrow's own client of S3 does not read AWS_ENDPOINT_URL.
    fs.S3FileSystem = functools.partial(fs.S3FileSystem, endpoint_override=os.environ["AWS_ENDPOINT_URL"])
    cursor = connection.cursor(ArrowCursor)
    for table in TABLES:
        found = cursor.execute(select(table)).as_arrow()
        check(found.column("id").to_pylist(), [1, 2], table)
        # PyAthena reads decimals as text here, and shows NULL as the empty one.
        check(found.column("amount").to_pylist(), [str(AMOUNT), ""], table)
        check(found.column("at").to_pylist(), [AT, None], table)
    found = cursor.execute(MILLION).as_arrow()
    check((found.num_rows, pyarrow.compute.sum(found.column("n")).as_py()), (1_000_000, 499_999_500_000), "a million")


def with_sqlalchemy():
    url = f"awsathena+rest://@athena.us-east-1.amazonaws.com:443/{DATABASE}?catalog_name={CATALOG}&work_group=primary&poll_interval=0.05"
    engine = sqlalchemy.create_engine(url)
    inspector = sqlalchemy.inspect(engine)
    assert DATABASE in inspector.get_schema_names(), inspector.get_schema_names()
    check(inspector.get_table_names(), ["avro", "csv", "json", "numbers", "protobuf"], "tables")
    types = {column["name"]: str(column["type"]) for column in inspector.get_columns("json")}
    check((types["id"], types["amount"], types["note"]), ("BIGINT", "DECIMAL(20, 4)", "VARCHAR"), "types")
    assert not sqlalchemy.inspect(engine).has_table("nothing")
    numbers = sqlalchemy.Table("numbers", sqlalchemy.MetaData(), autoload_with=engine)
    json = sqlalchemy.Table("json", sqlalchemy.MetaData(), autoload_with=engine)
    with engine.connect() as session:
        query = sqlalchemy.select(sqlalchemy.func.sum(numbers.c.n)).where(numbers.c.n < 10)
        check(session.execute(query).scalar(), 45, "sum")
        rows = session.execute(sqlalchemy.select(json.c.id, json.c.amount, json.c.note).order_by(json.c.id)).all()
        check([tuple(row) for row in rows], [(1, AMOUNT, ""), (2, None, None)], "rows")


{"cursor": with_cursor, "pandas": with_pandas, "arrow": with_arrow, "sqlalchemy": with_sqlalchemy}[sys.argv[1]]()
print("ok")
