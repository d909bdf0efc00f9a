import java.math.BigDecimal;
import java.sql.Array;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;

/** Queries {@code athena-local serve} with the Flight SQL JDBC driver: Jdbc CASE,… URL [PASSWORD]. */
public final class Jdbc {
    public static void main(String[] arguments) throws Exception {
        Properties properties = new Properties();
        if (arguments.length > 2) {
            properties.put("user", "anyone");
            properties.put("password", arguments[2]);
        }
        for (String name : arguments[0].split(",")) {
            try (Connection connection = DriverManager.getConnection(arguments[1], properties)) {
                run(name, connection);
            }
        }
        // Netty's threads would keep the process for a while.
        System.exit(0);
    }

    static void run(String name, Connection connection) throws Exception {
        switch (name) {
            case "types" -> types(connection);
            case "prepared" -> prepared(connection);
            case "catalogs" -> catalogs(connection);
            case "errors" -> errors(connection);
            case "cancel" -> cancel(connection);
            case "many" -> many(connection);
            case "login" -> check(1, count(connection.createStatement().executeQuery("SELECT 1")));
            default -> throw new IllegalArgumentException(name);
        }
    }

    static void types(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT * FROM msk.customer.types ORDER BY id")) {
            ResultSetMetaData columns = rows.getMetaData();
            check(13, columns.getColumnCount());
            check("price", columns.getColumnLabel(2));
            check(Types.DECIMAL, columns.getColumnType(2));
            check(4, columns.getScale(2));
            check(true, rows.next());
            check(1L, rows.getLong("id"));
            check(new BigDecimal("1234567890123456.7891"), rows.getBigDecimal("price"));
            check(Instant.parse("2023-03-14T03:30:00.250Z"), rows.getTimestamp("at").toInstant());
            check("2023-03-14 09:00:00.125", rows.getString("local").replace('T', ' '));
            check("2023-03-14", rows.getString("day"));
            check(true, rows.getBoolean("ok"));
            check(0.1, rows.getDouble("ratio"));
            check("[0, -1]", Arrays.toString(rows.getBytes("raw")));
            check("Zürich, it's", rows.getString("note"));
            Array tags = rows.getArray("tags");
            check("[a, null, ]", Arrays.toString((Object[]) tags.getArray()));
            check("{\"name\":\"Ann\",\"age\":7}", rows.getObject("owner").toString());
            check(true, rows.next());
            check("", rows.getString("note"));
            check(false, rows.wasNull());
            check(true, rows.next());
            check(null, rows.getString("note"));
            check(true, rows.wasNull());
            check(null, rows.getBigDecimal("price"));
            check(null, rows.getTimestamp("at"));
            check(false, rows.next());
        }
    }

    static void prepared(Connection connection) throws SQLException {
        String sql = "SELECT note, amount FROM msk.customer.json_orders WHERE id = ? AND note <> ?";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            check(2, statement.getParameterMetaData().getParameterCount());
            for (int round = 0; round < 2; round++) {
                statement.setLong(1, 1);
                statement.setString(2, "it's");
                try (ResultSet rows = statement.executeQuery()) {
                    check(true, rows.next());
                    check("first", rows.getString(1));
                    check(new BigDecimal("19.90"), rows.getBigDecimal(2));
                    check(false, rows.next());
                }
            }
        }
    }

    static void catalogs(Connection connection) throws SQLException {
        check("athena-local", connection.getMetaData().getDatabaseProductName());
        check("\"", connection.getMetaData().getIdentifierQuoteString());
        check(true, texts(connection.getMetaData().getCatalogs(), "TABLE_CAT").contains("msk"));
        check(true, texts(connection.getMetaData().getSchemas("msk", "cust%"), "TABLE_SCHEM").contains("customer"));
        List<String> tables = texts(connection.getMetaData().getTables("msk", "customer", "%\\_orders", null), "TABLE_NAME");
        check(List.of("avro_orders", "csv_orders", "json_orders", "protobuf_orders"), tables);
        check(List.of("TABLE"), texts(connection.getMetaData().getTableTypes(), "TABLE_TYPE"));
        try (ResultSet columns = connection.getMetaData().getColumns("msk", "customer", "types", "price")) {
            check(true, columns.next());
            check(Types.DECIMAL, columns.getInt("DATA_TYPE"));
            check("decimal(20,4)", columns.getString("TYPE_NAME"));
            check(4, columns.getInt("DECIMAL_DIGITS"));
            check(false, columns.next());
        }
        check(0, count(connection.getMetaData().getPrimaryKeys("msk", "customer", "types")));
        check(0, count(connection.getMetaData().getImportedKeys("msk", "customer", "types")));
    }

    static void errors(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.executeQuery("SELECT nothing\nFROM msk.customer.json_orders");
            throw new AssertionError("it is not refused");
        } catch (SQLException error) {
            check(true, error.getMessage().contains("COLUMN_NOT_FOUND: line 1:8"));
        }
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT 1 / (id - id) FROM msk.customer.json_orders")) {
            count(rows);
            throw new AssertionError("it is not refused");
        } catch (SQLException | RuntimeException error) {
            check(true, error.toString().contains("DIVISION_BY_ZERO"));
        }
        check(1, count(connection.createStatement().executeQuery("SELECT 1")));
    }

    static void cancel(Connection connection) throws Exception {
        String sql = "SELECT a.order_id FROM msk.customer.orders a CROSS JOIN msk.customer.orders b"
                + " CROSS JOIN msk.customer.orders c";
        try (Statement statement = connection.createStatement(); ResultSet rows = statement.executeQuery(sql)) {
            check(true, rows.next());
            new Thread(() -> {
                try {
                    Thread.sleep(200);
                    statement.cancel();
                } catch (Exception error) {
                    error.printStackTrace();
                }
            }).start();
            long limit = System.nanoTime() + 20_000_000_000L;
            while (rows.next()) {
                check(true, System.nanoTime() < limit);
            }
            throw new AssertionError("the query has ended");
        } catch (SQLException | RuntimeException error) {
            check(true, error.toString().toLowerCase().contains("cancel"));
        }
    }

    static void many(Connection connection) throws SQLException {
        String sql = "SELECT t.n FROM msk.customer.orders o CROSS JOIN UNNEST(sequence(1, 1000)) AS t (n)";
        check(1_000_000, count(connection.createStatement().executeQuery(sql)));
    }

    static List<String> texts(ResultSet rows, String column) throws SQLException {
        List<String> texts = new ArrayList<>();
        while (rows.next()) {
            texts.add(rows.getString(column));
        }
        rows.close();
        return texts;
    }

    static int count(ResultSet rows) throws SQLException {
        int count = 0;
        while (rows.next()) {
            count++;
        }
        rows.close();
        return count;
    }

    static void check(Object wanted, Object found) {
        if (wanted == null ? found != null : !wanted.equals(found)) {
            throw new AssertionError("wanted " + wanted + ", found " + found);
        }
    }
}
