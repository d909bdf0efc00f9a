import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import software.amazon.awssdk.services.athena.AthenaClient;
import software.amazon.awssdk.services.athena.model.*;

/** AWS's SDK for Java: exact results, a million rows in pages, an error, a cancellation. */
class WithJava {
    static final AthenaClient ATHENA = AthenaClient.create();
    static final String TABLE = "msk.formats.";

    public static void main(String[] arguments) throws Exception {
        for (String table : List.of("avro", "csv", "json", "protobuf")) {
            String sql = "SELECT id, amount, at, zoned, tags, item, rates, note FROM " + TABLE + table + " ORDER BY id";
            List<List<String>> rows = rows(run(sql));
            check(rows.get(1), Arrays.asList("1", "1234567890123456.7891", "2023-03-14 01:02:03.004",
                "2023-03-14 01:02:03.004 +05:30", "[a, b c]", "{product_id=7, note=x}", "{eur=1.5}", ""));
            check(rows.get(2).get(1), null);
            check(rows.get(2).get(7), null);
        }
        Set<String> numbers = new HashSet<>();
        for (List<String> row : rows(run("SELECT a.n * 1000 + b.n FROM " + TABLE + "numbers a CROSS JOIN " + TABLE + "numbers b"))) {
            numbers.add(row.get(0));
        }
        check(numbers.size(), 1_000_001);

        QueryExecutionStatus failed = wait(start("SELECT nothing FROM " + TABLE + "json"));
        check(failed.state(), QueryExecutionState.FAILED);
        check(failed.athenaError().errorMessage().startsWith("COLUMN_NOT_FOUND"), true);
        try {
            start("PICK 1");
            throw new AssertionError("it was started");
        } catch (InvalidRequestException error) {
            check(error.athenaErrorCode(), "MALFORMED_QUERY");
        }
        String endless = start("SELECT sum(a.n + b.n + c.n + d.n) FROM " + TABLE + "numbers a, " + TABLE + "numbers b, "
            + TABLE + "numbers c, " + TABLE + "numbers d");
        ATHENA.stopQueryExecution(request -> request.queryExecutionId(endless));
        check(wait(endless).state(), QueryExecutionState.CANCELLED);
        System.out.println("ok");
    }

    static String start(String sql) {
        return ATHENA.startQueryExecution(request -> request.queryString(sql)
            .queryExecutionContext(context -> context.catalog("msk").database("formats"))).queryExecutionId();
    }

    static QueryExecutionStatus wait(String query) throws InterruptedException {
        while (true) {
            QueryExecutionStatus status = ATHENA.getQueryExecution(request -> request.queryExecutionId(query)).queryExecution().status();
            if (status.state() != QueryExecutionState.QUEUED && status.state() != QueryExecutionState.RUNNING) {
                return status;
            }
            Thread.sleep(20);
        }
    }

    static String run(String sql) throws InterruptedException {
        String query = start(sql);
        QueryExecutionStatus status = wait(query);
        check(status.state(), QueryExecutionState.SUCCEEDED);
        return query;
    }

    static List<List<String>> rows(String query) {
        List<List<String>> rows = new ArrayList<>();
        for (GetQueryResultsResponse page : ATHENA.getQueryResultsPaginator(request -> request.queryExecutionId(query))) {
            for (Row row : page.resultSet().rows()) {
                List<String> values = new ArrayList<>();
                row.data().forEach(value -> values.add(value.varCharValue()));
                rows.add(values);
            }
        }
        return rows;
    }

    static void check(Object found, Object wanted) {
        if (!java.util.Objects.equals(found, wanted)) {
            throw new AssertionError("wanted " + wanted + ", found " + found);
        }
    }
}
