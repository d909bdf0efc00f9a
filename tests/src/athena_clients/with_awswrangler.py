"""awswrangler: frames without CTAS, in chunks, an error."""

import awswrangler as wr

from expected import *


def read(sql, **options):
    return wr.athena.read_sql_query(sql, database=DATABASE, data_source=CATALOG, ctas_approach=False, **options)


for table in TABLES:
    frame = read(select(table))
    check(list(frame["id"]), [1, 2], table)
    check(frame["amount"][0], AMOUNT, table)
    check(frame["at"][0].to_pydatetime(), AT, table)
    check(frame["note"].isna()[1], True, table)
    check((frame["amount"].isna()[1], frame["at"].isna()[1], frame["item"].isna()[1]), (True, True, True), table)

frame = read(MILLION)
check((len(frame), int(frame["n"].sum())), (1_000_000, 499_999_500_000), "a million")
chunks = [len(chunk) for chunk in read("SELECT n FROM numbers", chunksize=300)]
check(sum(chunks), 1000, "chunks")
frame = wr.athena.read_sql_query(
    "SELECT id, amount, at, note, tags FROM avro ORDER BY id",
    database=DATABASE,
    data_source=CATALOG,
    ctas_approach=False,
    unload_approach=True,
    s3_output="s3://athena-results/unloaded/",
)
check(list(frame["id"]), [1, 2], "UNLOAD")
check(frame["amount"][0], AMOUNT, "UNLOAD")
check((frame["at"][0].to_pydatetime(), frame["note"][0], list(frame["tags"][0])), (AT, "", ["a", "b c"]), "UNLOAD")
check(frame["note"].isna()[1], True, "UNLOAD")
check(len(read("SELECT n FROM numbers WHERE n < ?", params=["10"], paramstyle="qmark")), 10, "parameters")
try:
    read(MISSING)
    raise AssertionError("a column that does not exist")
except wr.exceptions.QueryFailed as error:
    assert "COLUMN_NOT_FOUND" in str(error), error
print("ok")
