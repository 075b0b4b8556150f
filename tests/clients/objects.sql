-- What the store has on its tables: histories, counters of versions, checks. Names are
-- found along the search_path, as most applications write them.
CREATE TABLE plans (plan text PRIMARY KEY);
INSERT INTO plans VALUES ('a'), ('b'), ('c');
CREATE FUNCTION is_offered(wanted text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM plans WHERE plan = wanted);
END $$;
ALTER TABLE customers ADD CONSTRAINT offered CHECK (is_offered(plan));

CREATE TABLE customer_history (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id bigint NOT NULL,
    written_by text NOT NULL DEFAULT current_user,
    former jsonb,
    latter jsonb
);
CREATE FUNCTION keep_customer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO customer_history (customer_id, former, latter)
    VALUES (coalesce(NEW.id, OLD.id), to_jsonb(OLD), to_jsonb(NEW));
    RETURN NULL;
END $$;
CREATE TRIGGER history AFTER INSERT OR UPDATE OR DELETE ON customers
    FOR EACH ROW EXECUTE FUNCTION keep_customer();

CREATE TABLE complaint_history (operation text NOT NULL, complaint_id bigint NOT NULL);
CREATE FUNCTION keep_complaint() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO complaint_history VALUES (TG_OP, coalesce(NEW.id, OLD.id));
    RETURN NULL;
END $$;
CREATE TRIGGER history AFTER INSERT OR DELETE ON complaints
    FOR EACH ROW EXECUTE FUNCTION keep_complaint();

-- For optimistic locking: counts what the application changes, and nothing else. With
-- UPDATE OF these columns, PostgreSQL would not let their types be altered.
CREATE FUNCTION count_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.name, NEW.plan, NEW.usage) IS DISTINCT FROM (OLD.name, OLD.plan, OLD.usage) THEN
        NEW.version := OLD.version + 1;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER version BEFORE UPDATE ON customers
    FOR EACH ROW EXECUTE FUNCTION count_version();

-- Counts every write, pgchurn's among them.
CREATE FUNCTION count_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.revision := OLD.revision + 1;
    RETURN NEW;
END $$;
CREATE TRIGGER revision BEFORE UPDATE ON customers
    FOR EACH ROW EXECUTE FUNCTION count_revision();

-- Refuses a complaint: that one is the application's to hear of.
CREATE FUNCTION refuse_complaint() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.text = 'abuse' THEN
        RAISE EXCEPTION 'this is no complaint' USING ERRCODE = 'ST001';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refuse BEFORE INSERT ON complaints
    FOR EACH ROW EXECUTE FUNCTION refuse_complaint();

-- Refuses what pgchurn writes about one customer: that costs no complaint.
CREATE FUNCTION keep_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.name = 'closed' AND to_jsonb(NEW) ->> 'complaint_count' > '0' THEN
        RAISE EXCEPTION 'the file is closed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER closed BEFORE UPDATE ON customers
    FOR EACH ROW EXECUTE FUNCTION keep_closed();

INSERT INTO customers (name, plan, usage)
SELECT 'customer ' || i, substr('abc', 1 + i % 3, 1), i * 5
FROM generate_series(1, 12) i;
INSERT INTO customers (name, plan, usage) VALUES ('closed', 'a', 20);
INSERT INTO complaints (customer_id, reference, text, complained_at)
SELECT id, 'before ' || id, 'slow', '2026-01-31'
FROM customers WHERE id IN (1, 2, 3) ORDER BY id;
