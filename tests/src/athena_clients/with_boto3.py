"""boto3: every operation, exact results, a million rows in pages, an error, a cancellation, fifty queries at once."""

import time
from concurrent.futures import ThreadPoolExecutor

import boto3
import botocore.config
from botocore.exceptions import ClientError

from expected import *

athena = boto3.client("athena", config=botocore.config.Config(max_pool_connections=60))
s3 = boto3.client("s3")


def start(sql, **request):
    return athena.start_query_execution(QueryString=sql, **request)["QueryExecutionId"]


def wait(query, state="SUCCEEDED"):
    while True:
        found = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]
        if found["Status"]["State"] not in ("QUEUED", "RUNNING"):
            check(found["Status"]["State"], state, found["Status"].get("StateChangeReason"))
            return found
        time.sleep(0.02)


def texts(page):
    return [[value.get("VarCharValue") for value in row["Data"]] for row in page["ResultSet"]["Rows"]]


def run(sql, **request):
    query = start(sql, **request)
    return wait(query), athena.get_query_results(QueryExecutionId=query)


for table in TABLES:
    query, answer = run(select(table), QueryExecutionContext={"Catalog": CATALOG, "Database": DATABASE})
    check(texts(answer), [[name for name, *_ in TYPES], TEXTS, nulls(table)], table)
    columns = answer["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    check([(c["Name"], c["Type"], c["Precision"], c["Scale"]) for c in columns], TYPES, table)
    assert query["Statistics"]["DataScannedInBytes"] > 0, query

# The file of a result: every value has quotes, NULL is nothing, the empty text is "".
query, _ = run(f"SELECT id, note FROM {CATALOG}.{DATABASE}.json ORDER BY id", ResultConfiguration={"OutputLocation": "s3://mine/out"})
location = query["ResultConfiguration"]["OutputLocation"]
check(location, f"s3://mine/out/{query['QueryExecutionId']}.csv", "location")
content = s3.get_object(Bucket="mine", Key=location.removeprefix("s3://mine/"))["Body"].read()
check(content, b'"id","note"\n"1",""\n"2",\n', "file")
keys = [found["Key"] for found in s3.list_objects_v2(Bucket="mine", Prefix="out/")["Contents"]]
assert any(key.endswith(".csv.metadata") for key in keys), keys

# A million rows.
big = start(f"SELECT n FROM ({MILLION})")
wait(big)
numbers = set()
for page in athena.get_paginator("get_query_results").paginate(QueryExecutionId=big):
    numbers.update(row["Data"][0]["VarCharValue"] for row in page["ResultSet"]["Rows"])
check(len(numbers), 1_000_001, "rows and the header")

# Parameters, and statements that are prepared by the API and by SQL.
context = {"QueryExecutionContext": {"Catalog": CATALOG, "Database": DATABASE}}
_, answer = run("SELECT sum(n), ? FROM numbers WHERE n < ?", ExecutionParameters=["'it''s'", "10"], **context)
check(texts(answer)[1], ["45", "it's"], "execution parameters")
athena.create_prepared_statement(
    StatementName="least", WorkGroup="primary", QueryStatement="SELECT count(*) FROM numbers WHERE n >= ?", Description="d"
)
_, answer = run("EXECUTE least USING 990", **context)
check(texts(answer)[1], ["10"], "EXECUTE")
run("PREPARE other FROM SELECT 1")
statements = athena.list_prepared_statements(WorkGroup="primary")["PreparedStatements"]
check([s["StatementName"] for s in statements], ["least", "other"], "prepared statements")
statement = athena.get_prepared_statement(StatementName="other", WorkGroup="primary")["PreparedStatement"]
check(statement["QueryStatement"], "SELECT 1", "a statement that SQL has prepared")
athena.delete_prepared_statement(StatementName="least", WorkGroup="primary")
wait(start("EXECUTE least USING 990"), "FAILED")

# Statements that write.
query, answer = run(f"UNLOAD (SELECT n FROM numbers) TO 's3://mine/unloaded/' WITH (format = 'PARQUET')", **context)
check((answer["UpdateCount"], texts(answer)), (1000, []), "UNLOAD")
manifest = query["Statistics"]["DataManifestLocation"].removeprefix("s3://athena-results/")
files = s3.get_object(Bucket="athena-results", Key=manifest)["Body"].read().decode().split()
assert files and all(file.startswith("s3://mine/unloaded/") for file in files), files
check(query["SubstatementType"], "UNLOAD", "kind")
run("CREATE VIEW small AS SELECT n FROM numbers WHERE n < 3", **context)
table = athena.get_table_metadata(CatalogName=CATALOG, DatabaseName=DATABASE, TableName="small")["TableMetadata"]
check(table["TableType"], "VIRTUAL_VIEW", "view")
_, answer = run("SELECT count(*) FROM small", **context)
check(texts(answer)[1], ["3"], "view")
run("DROP VIEW small", **context)

# An error.
failed = wait(start(MISSING), "FAILED")
reason = failed["Status"]["StateChangeReason"]
assert reason.startswith("COLUMN_NOT_FOUND: line 1:8: "), reason
check(failed["Status"]["AthenaError"]["ErrorCategory"], 2, "error category")
for sql in ["PICK 1", "SELECT 1 FROM"]:
    try:
        start(sql)
        raise AssertionError(f"{sql} was started")
    except athena.exceptions.InvalidRequestException as error:
        check(error.response["AthenaErrorCode"], "MALFORMED_QUERY", sql)

# A cancellation.
endless = start(ENDLESS)
while athena.get_query_execution(QueryExecutionId=endless)["QueryExecution"]["Status"]["State"] == "QUEUED":
    time.sleep(0.02)
time.sleep(0.5)
athena.stop_query_execution(QueryExecutionId=endless)
began = time.monotonic()
wait(endless, "CANCELLED")
assert time.monotonic() - began < 5, "the cancellation is slow"

# The same token is the same query.
token = "t" * 40
check(start("SELECT 1", ClientRequestToken=token), start("SELECT 1", ClientRequestToken=token), "token")

# Fifty at once.
sums = f"SELECT count(*), sum(n) FROM {CATALOG}.{DATABASE}.numbers WHERE n >= 0"
with ThreadPoolExecutor(50) as pool:
    for _, answer in pool.map(lambda number: run(f"{sums} + {number} * 0"), range(50)):
        check(texts(answer)[1], ["1000", "499500"], "sums")

# What can be queried.
check([c["CatalogName"] for c in athena.list_data_catalogs()["DataCatalogsSummary"] if c["Type"] == "LAMBDA"], [CATALOG], "catalogs")
check(athena.get_data_catalog(Name=CATALOG)["DataCatalog"]["Type"], "LAMBDA", "catalog")
databases = [d["Name"] for d in athena.list_databases(CatalogName=CATALOG)["DatabaseList"]]
assert DATABASE in databases, databases
check(athena.get_database(CatalogName=CATALOG, DatabaseName=DATABASE)["Database"]["Name"], DATABASE, "database")
tables = athena.list_table_metadata(CatalogName=CATALOG, DatabaseName=DATABASE, Expression="a.*|j.*")["TableMetadataList"]
check([t["Name"] for t in tables], ["avro", "json"], "tables")
columns = athena.get_table_metadata(CatalogName=CATALOG, DatabaseName=DATABASE, TableName="json")["TableMetadata"]["Columns"]
check(
    [(c["Name"], c["Type"]) for c in columns],
    [
        ("id", "bigint"),
        ("amount", "decimal(20,4)"),
        ("at", "timestamp"),
        ("zoned", "timestamp with time zone"),
        ("tags", "array<varchar>"),
        ("item", "struct<product_id:int,note:varchar>"),
        ("rates", "map<varchar,double>"),
        ("note", "varchar"),
    ],
    "columns",
)
try:
    athena.get_table_metadata(CatalogName=CATALOG, DatabaseName=DATABASE, TableName="nothing")
    raise AssertionError("a table that does not exist")
except athena.exceptions.MetadataException:
    pass
_, answer = run(f"SHOW TABLES IN {CATALOG}.{DATABASE}")
check([row[0] for row in texts(answer)], ["avro", "csv", "json", "numbers", "protobuf"], "SHOW TABLES has no header")

# The rest.
check(athena.get_work_group(WorkGroup="primary")["WorkGroup"]["State"], "ENABLED", "work group")
check([g["Name"] for g in athena.list_work_groups()["WorkGroups"]], ["primary"], "work groups")
named = athena.batch_get_named_query(NamedQueryIds=athena.list_named_queries()["NamedQueryIds"])["NamedQueries"]
check({n["Name"] for n in named}, {"Every item of every order", "The ten products that sold most"}, "named queries")
assert big in athena.list_query_executions()["QueryExecutionIds"] or len(athena.list_query_executions()["QueryExecutionIds"]) == 50
statistics = athena.get_query_runtime_statistics(QueryExecutionId=big)["QueryRuntimeStatistics"]["Rows"]
check((statistics["InputRows"], statistics["OutputRows"]), (2000, 1_000_000), "statistics")
print("ok")
