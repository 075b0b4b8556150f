CREATE TABLE "@schema@".new_complaints AS
SELECT 1 + i % "@customers@" AS customer_id, 'phone' AS channel, 'slow internet' AS subject
FROM generate_series(1, "@complaints@") i
ORDER BY md5(i::text);
ANALYZE "@schema@".new_complaints;
