"""The AWS CLI: a query from its start to its result, an error, a cancellation."""

import json
import subprocess
import sys
import time
from pathlib import Path

from expected import *

AWS = Path(sys.executable).parent / "aws"


def aws(service, command, *arguments):
    done = subprocess.run([AWS, service, command, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout else None


def start(sql):
    context = f"Catalog={CATALOG},Database={DATABASE}"
    answer = aws("athena", "start-query-execution", "--query-string", sql, "--query-execution-context", context)
    return answer["QueryExecutionId"]


def wait(query, state):
    while True:
        found = aws("athena", "get-query-execution", "--query-execution-id", query)["QueryExecution"]["Status"]
        if found["State"] not in ("QUEUED", "RUNNING"):
            check(found["State"], state, found.get("StateChangeReason"))
            return found
        time.sleep(0.1)


query = start(select("avro"))
wait(query, "SUCCEEDED")
rows = aws("athena", "get-query-results", "--query-execution-id", query)["ResultSet"]["Rows"]
texts = [[value.get("VarCharValue") for value in row["Data"]] for row in rows]
check(texts[1:], [TEXTS, nulls("avro")], "rows")

# A million rows, whose pages the CLI puts together.
query = start(f"SELECT n FROM ({MILLION})")
wait(query, "SUCCEEDED")
count = aws("athena", "get-query-results", "--query-execution-id", query, "--query", "length(ResultSet.Rows)")
check(count, 1_000_001, "rows and the header")

assert wait(start(MISSING), "FAILED")["StateChangeReason"].startswith("COLUMN_NOT_FOUND")
query = start(ENDLESS)
aws("athena", "stop-query-execution", "--query-execution-id", query)
wait(query, "CANCELLED")

copied = subprocess.run([AWS, "s3", "ls", "s3://athena-results/"], capture_output=True, text=True)
assert ".csv" in copied.stdout, copied
print("ok")
