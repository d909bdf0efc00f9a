"""The tables of the suite, as every client must show them.

Each format has one table in the database `formats`, with the same two rows. The second one is NULL wherever its format
can say so.
"""

import datetime
from decimal import Decimal

CATALOG, DATABASE = "msk", "formats"
TABLES = ["avro", "csv", "json", "protobuf"]
COLUMNS = "id, amount, at, zoned, tags, item, rates, note"

#: Names, types, precision and scale of the columns.
TYPES = [
    ("id", "bigint", 19, 0),
    ("amount", "decimal", 20, 4),
    ("at", "timestamp", 3, 0),
    ("zoned", "timestamp with time zone", 3, 0),
    ("tags", "array", 0, 0),
    ("item", "row", 0, 0),
    ("rates", "map", 0, 0),
    ("note", "varchar", 2147483647, 0),
]

#: Text of the first row.
TEXTS = [
    "1",
    "1234567890123456.7891",
    "2023-03-14 01:02:03.004",
    "2023-03-14 01:02:03.004 +05:30",
    "[a, b c]",
    "{product_id=7, note=x}",
    "{eur=1.5}",
    "",
]

AMOUNT = Decimal("1234567890123456.7891")
AT = datetime.datetime(2023, 3, 14, 1, 2, 3, 4000)
ZONED = AT.replace(tzinfo=datetime.timezone(datetime.timedelta(hours=5, minutes=30)))
ITEM = {"product_id": 7, "note": "x"}

#: A million rows, all different, of a topic with a thousand.
MILLION = f"SELECT a.n * 1000 + b.n AS n, 'row' AS text FROM {CATALOG}.{DATABASE}.numbers a CROSS JOIN {CATALOG}.{DATABASE}.numbers b"
#: A query that would take hours.
ENDLESS = f"SELECT sum(a.n + b.n + c.n + d.n) FROM {', '.join(f'{CATALOG}.{DATABASE}.numbers {a}' for a in 'abcd')}"
MISSING = f"SELECT nothing FROM {CATALOG}.{DATABASE}.json"


def select(table):
    return f"SELECT {COLUMNS} FROM {CATALOG}.{DATABASE}.{table} ORDER BY id"


def nulls(table):
    """Text of the second row."""
    # Protobuf has no lists and maps that are NULL.
    empty = ("[]", None, "{}") if table == "protobuf" else (None, None, None)
    # CSV distinguishes NULL from an empty text by its `nullText`.
    return ["2", None, None, None, *empty, None]


def check(found, wanted, what):
    assert found == wanted, f"{what}: wanted {wanted!r}, found {found!r}"
