import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import javax.net.SocketFactory;

/**
 * The store by JDBC: {@code java JdbcClient use MODE}.
 *
 * <p>Prints how many complaints each customer has, as JSON.
 */
public class JdbcClient {
    private static final String COMPLAIN =
            "INSERT INTO complaints (customer_id, reference, text) VALUES (?, ?, ?)";
    private static final String FRESH =
            "SELECT c.name, c.complaint_count, c.churn_score, churn.score(c),"
                    + " (SELECT count(*) FROM complaints p WHERE p.customer_id = c.id)"
                    + " FROM customers c WHERE c.name <> 'closed' ORDER BY c.id";
    private static final String KEPT =
            "SELECT c.name, count(p.id) FROM customers c"
                    + " LEFT JOIN complaints p ON p.customer_id = c.id GROUP BY c.name";

    private final boolean inline;

    private JdbcClient(String mode) {
        inline = mode.equals("inline");
    }

    public static void main(String[] arguments) throws SQLException {
        new JdbcClient(arguments[1]).use();
    }

    private void use() throws SQLException {
        // Prepared on the server from the first execution on, in binary form.
        try (Connection connection = connect("prepareThreshold", "-1")) {
            complainOneByOne(connection);
            complainInBatches(connection);
            complainAndReadKeys(connection);
            assertFresh(connection);
        }
        // Every statement has a savepoint of the driver's own.
        try (Connection connection = connect("autosave", "always")) {
            connection.setAutoCommit(false);
            undoInPart(connection);
            changeCustomers(connection);
            readInPieces(connection);
            hearOfAWarning(connection);
            assertFresh(connection);
            connection.commit();
        }
        // Never prepared, as behind a pooler; batches are one INSERT of many rows.
        try (Connection connection =
                connect("prepareThreshold", "0", "reWriteBatchedInserts", "true")) {
            complainInRewrittenBatches(connection);
            assertFresh(connection);
            print(connection);
        }
    }

    private static Connection connect(String... settings) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", System.getenv("PGUSER"));
        properties.setProperty("password", System.getenv("PGPASSWORD"));
        for (int i = 0; i < settings.length; i += 2) {
            properties.setProperty(settings[i], settings[i + 1]);
        }
        String host = System.getenv("PGHOST");
        if (host.startsWith("/")) {
            properties.setProperty("socketFactory", UnixSockets.class.getName());
            properties.setProperty("sslmode", "disable");
            host = "localhost";
        }
        String place = host + ":" + System.getenv("PGPORT");
        String url = "jdbc:postgresql://" + place + "/" + System.getenv("PGDATABASE");
        return DriverManager.getConnection(url, properties);
    }

    private static void complainOneByOne(Connection connection) throws SQLException {
        int before = history(connection, 1);
        try (PreparedStatement statement = connection.prepareStatement(COMPLAIN)) {
            for (int i = 0; i < 12; i++) {
                fill(statement, 1, "single " + i, "slow");
                check(statement.executeUpdate() == 1, "not one row");
            }
        }
        check(history(connection, 1) == before + 12, "a write too many or too few");
    }

    private static void complainInBatches(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        try (PreparedStatement statement = connection.prepareStatement(COMPLAIN)) {
            for (int i = 0; i < 300; i++) {
                fill(statement, 2 + i % 4, "batch " + i, "");
                statement.addBatch();
            }
            for (int rows : statement.executeBatch()) {
                check(rows == 1, "not one row");
            }
        }
        connection.commit();
        String upsert =
                COMPLAIN + " ON CONFLICT (reference)"
                        + " DO UPDATE SET customer_id = excluded.customer_id";
        try (PreparedStatement statement = connection.prepareStatement(upsert)) {
            // The first two have been complaints of others.
            for (String reference : List.of("batch 0", "batch 1", "new")) {
                fill(statement, 6, reference, "");
                statement.addBatch();
            }
            statement.executeBatch();
        }
        connection.commit();
        try (PreparedStatement statement = connection.prepareStatement(COMPLAIN)) {
            fill(statement, 6, "lost with the next", "");
            statement.addBatch();
            fill(statement, 6, "refused", "abuse");
            statement.addBatch();
            statement.executeBatch();
            throw new AssertionError("not refused");
        } catch (BatchUpdateException error) {
            check(error.getSQLState().equals("ST001"), error.toString());
        }
        connection.rollback();
        connection.setAutoCommit(true);
    }

    private static void complainAndReadKeys(Connection connection) throws SQLException {
        Set<Long> keys = new HashSet<>();
        try (PreparedStatement statement =
                connection.prepareStatement(COMPLAIN, Statement.RETURN_GENERATED_KEYS)) {
            for (int i = 0; i < 20; i++) {
                fill(statement, 7, "with a key " + i, "");
                statement.addBatch();
            }
            statement.executeBatch();
            ResultSet made = statement.getGeneratedKeys();
            while (made.next()) {
                keys.add(made.getLong("id"));
            }
        }
        check(keys.size() == 20, "not twenty keys");
        // What is returned of a customer is what was there before it was scored.
        String change = "UPDATE customers SET usage = usage + 1 WHERE id = 7";
        try (PreparedStatement statement =
                connection.prepareStatement(change, new String[] {"churn_score"})) {
            check(statement.executeUpdate() == 1, "not one row");
            check(statement.getGeneratedKeys().next(), "nothing returned");
        }
    }

    private static void undoInPart(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(COMPLAIN)) {
            fill(statement, 8, "kept", "");
            statement.executeUpdate();
            Savepoint savepoint = connection.setSavepoint();
            run(connection, "UPDATE customers SET usage = 99 WHERE id = 8");
            fill(statement, 8, "undone", "");
            statement.executeUpdate();
            connection.rollback(savepoint);
            fill(statement, 8, "refused", "abuse");
            try {
                statement.executeUpdate();
                throw new AssertionError("not refused");
            } catch (SQLException error) {
                check(error.getSQLState().equals("ST001"), error.toString());
            }
            // The transaction goes on, by the driver's savepoint.
            fill(statement, 9, "kept as well", "");
            statement.executeUpdate();
        }
        connection.commit();
    }

    private static void changeCustomers(Connection connection) throws SQLException {
        run(connection, "SELECT FROM customers WHERE id = 5 FOR UPDATE");
        // As Hibernate locks optimistically: it counts the version itself.
        String change =
                "UPDATE customers SET usage = ?, plan = ?, version = ? + 1"
                        + " WHERE id = 10 AND version = ?";
        try (PreparedStatement statement = connection.prepareStatement(change)) {
            for (int version = 0; version < 3; version++) {
                try (PreparedStatement complaint = connection.prepareStatement(COMPLAIN)) {
                    fill(complaint, 10, "of version " + version, "");
                    complaint.executeUpdate();
                }
                statement.setDouble(1, 40 + version);
                statement.setString(2, "c");
                statement.setInt(3, version);
                statement.setInt(4, version);
                check(statement.executeUpdate() == 1, "stale");
            }
        }
        run(connection, "DELETE FROM complaints WHERE reference = 'single 3'");
        run(connection, "DELETE FROM customers WHERE id = 4");
        run(connection, "UPDATE complaints SET customer_id = 11 WHERE customer_id = 3");
        connection.commit();
    }

    private static void readInPieces(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(FRESH)) {
            statement.setFetchSize(3);
            int rows = 0;
            ResultSet found = statement.executeQuery();
            while (found.next()) {
                if (rows++ == 4) {
                    run(connection, complaintOf(12, "while it is read"));
                }
            }
            check(rows == 11, "not eleven rows");
        }
        connection.commit();
    }

    private static void hearOfAWarning(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.executeUpdate(complaintOf(13, "closed"));
            check(statement.getWarnings() != null, "no warning");
            check(statement.getWarnings().getNextWarning() == null, "several warnings");
        }
        connection.commit();
    }

    private static void complainInRewrittenBatches(Connection connection)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(COMPLAIN)) {
            for (int i = 0; i < 300; i++) {
                fill(statement, 1 + i % 2, "rewritten " + i, "");
                statement.addBatch();
            }
            statement.executeBatch();
        }
    }

    private void assertFresh(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            ResultSet found = statement.executeQuery(FRESH);
            while (found.next()) {
                String name = found.getString(1);
                check(found.getLong(2) == found.getLong(5), name + " is not counted");
                if (inline) {
                    double stored = found.getObject(3, Double.class);
                    check(Math.abs(stored - found.getDouble(4)) < 1e-9, name);
                }
            }
        }
    }

    private static void print(Connection connection) throws SQLException {
        List<String> kept = new ArrayList<>();
        try (Statement statement = connection.createStatement()) {
            ResultSet found = statement.executeQuery(KEPT);
            while (found.next()) {
                kept.add('"' + found.getString(1) + "\": " + found.getLong(2));
            }
        }
        System.out.println("{" + String.join(", ", kept) + "}");
    }

    private static int history(Connection connection, int customer) throws SQLException {
        String count = "SELECT count(*) FROM customer_history WHERE customer_id = ?";
        try (PreparedStatement statement = connection.prepareStatement(count)) {
            statement.setInt(1, customer);
            ResultSet found = statement.executeQuery();
            found.next();
            return found.getInt(1);
        }
    }

    private static void fill(
            PreparedStatement statement, int customer, String reference, String text)
            throws SQLException {
        statement.setLong(1, customer);
        statement.setString(2, reference);
        statement.setString(3, text);
    }

    private static String complaintOf(int customer, String reference) {
        return "INSERT INTO complaints (customer_id, reference) VALUES (%d, '%s')"
                .formatted(customer, reference);
    }

    private static void run(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static void check(boolean condition, String otherwise) {
        if (!condition) {
            throw new AssertionError(otherwise);
        }
    }

    /** Connects the driver, which knows TCP only, by the socket of a private server. */
    public static class UnixSockets extends SocketFactory {
        @Override
        public Socket createSocket() throws IOException {
            String name = ".s.PGSQL." + System.getenv("PGPORT");
            Path path = Path.of(System.getenv("PGHOST"), name);
            return new UnixSocket(SocketChannel.open(UnixDomainSocketAddress.of(path)));
        }

        @Override
        public Socket createSocket(String host, int port) throws IOException {
            return createSocket();
        }

        @Override
        public Socket createSocket(String host, int port, InetAddress from, int fromPort)
                throws IOException {
            return createSocket();
        }

        @Override
        public Socket createSocket(InetAddress host, int port) throws IOException {
            return createSocket();
        }

        @Override
        public Socket createSocket(InetAddress host, int port, InetAddress from, int fromPort)
                throws IOException {
            return createSocket();
        }
    }

    /** As much of a socket as the driver asks for; it waits as long as it takes. */
    private static class UnixSocket extends Socket {
        private final SocketChannel channel;

        UnixSocket(SocketChannel channel) {
            this.channel = channel;
        }

        @Override
        public InputStream getInputStream() {
            return Channels.newInputStream(channel);
        }

        @Override
        public OutputStream getOutputStream() {
            return Channels.newOutputStream(channel);
        }

        @Override
        public boolean isConnected() {
            return true;
        }

        @Override
        public void connect(SocketAddress address, int timeout) {}

        @Override
        public void setTcpNoDelay(boolean on) {}

        @Override
        public void setKeepAlive(boolean on) {}

        @Override
        public void setSoTimeout(int timeout) {}

        @Override
        public int getSoTimeout() {
            return 0;
        }

        @Override
        public boolean isClosed() {
            return !channel.isOpen();
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}
