-- A side's own pair of tables: the same columns, indexes and foreign key on every side.
CREATE SCHEMA "@schema@";
CREATE TABLE "@schema@".customers (LIKE "@source@".customers INCLUDING ALL);
CREATE TABLE "@schema@".complaints (LIKE "@source@".complaints INCLUDING ALL);
INSERT INTO "@schema@".customers (customer_id, "@columns@")
SELECT copy * "@source_rows@" + s.customer_id, "@columns@"
FROM generate_series(0, ("@rows@" - 1) / "@source_rows@") copy, "@source@".customers s
WHERE copy * "@source_rows@" + s.customer_id <= "@rows@"
ORDER BY 1;
INSERT INTO "@schema@".complaints (customer_id, complained_at, channel, subject)
SELECT copy * "@source_rows@" + s.customer_id, s.complained_at, s.channel, s.subject
FROM generate_series(0, ("@rows@" - 1) / "@source_rows@") copy, "@source@".complaints s
WHERE copy * "@source_rows@" + s.customer_id <= "@rows@";
ALTER TABLE "@schema@".complaints ADD FOREIGN KEY (customer_id)
    REFERENCES "@schema@".customers ON UPDATE CASCADE ON DELETE CASCADE;
