"""Queries `athena-local serve` with ADBC's Flight SQL driver: adbc.py CASE,… URI [TOKEN] [CERTIFICATE]."""

import datetime
import decimal
import sys
import threading
import time

import adbc_driver_flightsql.dbapi as flight_sql
import adbc_driver_manager
import pandas
import polars
import pyarrow
from adbc_driver_flightsql import DatabaseOptions

UTC = datetime.timezone.utc


def types(cursor):
    """One row with every type, one of NULLs: names, Arrow's types and values must be exact."""
    cursor.execute("SELECT * FROM msk.customer.types ORDER BY id")
    table = cursor.fetch_arrow_table()
    found = {field.name: field.type for field in table.schema}
    row = pyarrow.struct([("name", pyarrow.string()), ("age", pyarrow.int32())])
    wanted = {
        "id": pyarrow.int64(),
        "price": pyarrow.decimal128(20, 4),
        "at": pyarrow.timestamp("ms", "UTC"),
        "local": pyarrow.timestamp("ms"),
        "day": pyarrow.date32(),
        "ok": pyarrow.bool_(),
        "ratio": pyarrow.float64(),
        "raw": pyarrow.binary(),
        "note": pyarrow.string(),
        "tags": pyarrow.list_(pyarrow.string()),
        "owner": row,
        "counts": pyarrow.map_(pyarrow.string(), pyarrow.int32()),
        "owners": pyarrow.list_(row),
    }
    assert list(found) == list(wanted), found
    for name, type in wanted.items():
        assert found[name] == type, (name, found[name])
    full, empty, nulls = table.to_pylist()
    assert full == {
        "id": 1,
        "price": decimal.Decimal("1234567890123456.7891"),
        "at": datetime.datetime(2023, 3, 14, 3, 30, 0, 250000, UTC),
        "local": datetime.datetime(2023, 3, 14, 9, 0, 0, 125000),
        "day": datetime.date(2023, 3, 14),
        "ok": True,
        "ratio": 0.1,
        "raw": b"\x00\xff",
        "note": "Zürich, it's",
        "tags": ["a", None, ""],
        "owner": {"name": "Ann", "age": 7},
        "counts": [("k", 1), ("l", None)],
        "owners": [{"name": None, "age": 1}, None],
    }, full
    # The empty text and the empty list are not NULL.
    assert (empty["note"], empty["tags"], empty["owners"]) == ("", [], []), empty
    assert nulls == {name: None for name in wanted} | {"id": 3}, nulls
    cursor.execute("SELECT * FROM msk.customer.types ORDER BY id")
    assert polars.from_arrow(cursor.fetch_arrow_table())["price"][0] == full["price"]
    cursor.execute("SELECT id, note, at FROM msk.customer.types ORDER BY id")
    frame = cursor.fetch_df()
    assert frame["note"].isna().tolist() == [False, False, True], frame
    assert frame["at"][0] == pandas.Timestamp("2023-03-14T03:30:00.250Z"), frame
    # Types that no topic has.
    cursor.execute(
        "SELECT NULL, CAST('a' AS CHAR(3)), INTERVAL '1' DAY, INTERVAL '14' MONTH, TIME '01:02:03.004',"
        " CAST(CAST(NULL AS UUID) AS UUID), TIMESTAMP '2020-01-01 09:00:00.123456 Asia/Tokyo',"
        " ARRAY[TIMESTAMP '2020-01-01 00:00:00 UTC'], REAL '1.5', TINYINT '1', SMALLINT '2'"
    )
    (row,) = cursor.fetch_arrow_table().to_pylist()
    assert list(row.values()) == [
        None,
        "a  ",
        "1 00:00:00.000",
        "1-2",
        datetime.time(1, 2, 3, 4000),
        None,
        datetime.datetime(2020, 1, 1, 0, 0, 0, 123456, UTC),
        [datetime.datetime(2020, 1, 1, tzinfo=UTC)],
        1.5,
        1,
        2,
    ], row


def formats(cursor):
    """The same order from topics in four formats."""
    for format in ["json", "csv", "avro", "protobuf"]:
        cursor.execute(f"SELECT id, note, amount FROM msk.customer.{format}_orders ORDER BY id")
        rows = cursor.fetchall()
        amount = decimal.Decimal("19.90")
        assert rows == [(1, "first", amount), (2, None, None)], (format, rows)


def parameters(cursor):
    cursor.execute("SELECT note FROM msk.customer.json_orders WHERE id = ? AND note <> ?", (1, "it's"))
    assert cursor.fetchall() == [("first",)]
    cursor.execute("SELECT ?, ?, ?, ?", (None, True, 1.5, decimal.Decimal("-0.10")))
    assert cursor.fetchall() == [(None, True, 1.5, decimal.Decimal("-0.10"))]
    cursor.execute("SELECT ?, ?", (datetime.date(2020, 2, 29), b"\x00\xff"))
    assert cursor.fetchall() == [(datetime.date(2020, 2, 29), b"\x00\xff")]
    cursor.execute("SELECT id FROM msk.customer.types WHERE at = ?", (datetime.datetime(2023, 3, 14, 3, 30, 0, 250000, UTC),))
    assert cursor.fetchall() == [(1,)]


def catalogs(cursor):
    objects = cursor.connection.adbc_get_objects(depth="all", table_name_filter="types").read_all().to_pylist()
    (catalog,) = [found for found in objects if found["catalog_name"] == "msk"]
    (schema,) = [found for found in catalog["catalog_db_schemas"] if found["db_schema_name"] == "customer"]
    (table,) = schema["db_schema_tables"]
    assert (table["table_name"], table["table_type"]) == ("types", "TABLE"), table
    columns = [column["column_name"] for column in table["table_columns"]]
    assert columns[:3] == ["id", "price", "at"], columns
    found = cursor.connection.adbc_get_table_schema("types", catalog_filter="msk", db_schema_filter="customer")
    assert found.field("price").type == pyarrow.decimal128(20, 4), found
    assert cursor.connection.adbc_get_info()["vendor_name"] == "athena-local"
    schema = cursor.adbc_execute_schema("SELECT 1 AS one, 'a' AS a")
    assert [str(field.type) for field in schema] == ["int32", "string"], schema


def many(cursor):
    """A million rows, batch by batch."""
    cursor.execute("SELECT t.n, o.order_id FROM msk.customer.orders o CROSS JOIN UNNEST(sequence(1, 1000)) AS t (n)")
    rows, total = 0, 0
    for batch in cursor.fetch_record_batch():
        rows += batch.num_rows
        total += sum(batch.column(0).to_pylist()) if rows < 100_000 else 0
        assert batch.column(1).null_count == 0
    assert rows == 1_000_000, rows


def errors(cursor):
    for statement, kind, wanted in [
        ("SELECT nothing\nFROM msk.customer.json_orders", adbc_driver_manager.ProgrammingError, "COLUMN_NOT_FOUND: line 1:8"),
        ("SELECT 1\nFRM x", adbc_driver_manager.ProgrammingError, "SYNTAX_ERROR: line 2:"),
        ("SELECT 1 / (id - id) FROM msk.customer.json_orders", adbc_driver_manager.Error, "DIVISION_BY_ZERO"),
        ("SELECT * FROM msk.customer.absent", adbc_driver_manager.Error, "absent"),
    ]:
        try:
            cursor.execute(statement)
            cursor.fetchall()
            raise AssertionError(f"{statement} is not refused")
        except kind as error:
            assert wanted in str(error), str(error)
    # The connection stays of use.
    cursor.execute("SELECT 1")
    assert cursor.fetchall() == [(1,)]


def cancel(cursor):
    """A query without an end that is near, cancelled from another thread."""
    cursor.execute(
        "SELECT a.order_id FROM msk.customer.orders a CROSS JOIN msk.customer.orders b CROSS JOIN msk.customer.orders c"
    )
    reader = cursor.fetch_record_batch()
    assert reader.read_next_batch().num_rows > 0
    threading.Timer(0.2, cursor.adbc_cancel).start()
    begun = time.monotonic()
    try:
        while True:
            reader.read_next_batch()
            assert time.monotonic() < begun + 20, "the query is not cancelled"
    except StopIteration as end:
        raise AssertionError("the query has ended") from end
    except (adbc_driver_manager.Error, pyarrow.lib.ArrowException, OSError) as error:
        assert "cancel" in str(error).lower(), error


def main():
    cases, uri, token, certificate = (*sys.argv[1:], "", "")[:4]
    options = {}
    if token:
        # As the password; the driver exchanges it for a bearer token.
        options |= {"username": "anyone", "password": token}
    if certificate:
        with open(certificate) as file:
            options[DatabaseOptions.TLS_ROOT_CERTS.value] = file.read()
    for case in cases.split(","):
        with flight_sql.connect(uri, db_kwargs=options, autocommit=True) as connection, connection.cursor() as cursor:
            globals()[case](cursor)


def login(cursor):
    cursor.execute("SELECT 1")
    assert cursor.fetchall() == [(1,)]


if __name__ == "__main__":
    main()
