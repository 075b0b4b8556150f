-- What a company's own profile has: a trigger that keeps every change.
CREATE TABLE "@schema@".history (
    history_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    old_row jsonb,
    new_row jsonb
);
CREATE FUNCTION "@schema@".keep_history() RETURNS trigger
LANGUAGE plpgsql
AS $body$
BEGIN
    INSERT INTO "@schema@".history (old_row, new_row)
    VALUES (to_jsonb(OLD), to_jsonb(NEW));
    RETURN NULL;
END
$body$;
CREATE TRIGGER keep_history AFTER UPDATE ON "@schema@".customers
    FOR EACH ROW EXECUTE FUNCTION "@schema@".keep_history();
