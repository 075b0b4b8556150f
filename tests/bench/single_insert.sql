\set customer random(1, :customers)
INSERT INTO complaints (customer_id, channel, subject)
VALUES (:customer, 'phone', 'slow internet');
