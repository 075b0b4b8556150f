"""The rival outside of the database: an application that scores what it inserts."""

import pandas


class Application:
    """Inserts a complaint, reads the profile, predicts, and updates it.

    Parameters
    ----------
    connection : psycopg2 connection
        Not in autocommit: a complaint and its score are one transaction.
    estimator : scikit-learn classifier
    features : str
        The SELECT list of the features, as they are after the complaint.
    names : list of str or None
        Names of the features, for an estimator fitted on named columns.
    """

    def __init__(self, connection, estimator, features, names):
        self.connection = connection
        self.estimator = estimator
        self.names = names
        self.read = (
            f"SELECT {features} FROM customers WHERE customer_id = %s FOR NO KEY UPDATE"
        )

    def complain(self, customer):
        """Insert one complaint and bring the customer's score up to date."""
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO complaints (customer_id, channel, subject)"
                " VALUES (%s, 'phone', 'slow internet') RETURNING complained_at",
                [customer],
            )
            (complained_at,) = cursor.fetchone()
            cursor.execute(self.read, [customer])
            rows = [cursor.fetchone()]
            if self.names:
                rows = pandas.DataFrame(rows, columns=self.names)
            score = float(self.estimator.predict_proba(rows)[0, 1])
            cursor.execute(
                "UPDATE customers SET complaint_count = complaint_count + 1,"
                " last_complaint_at = greatest(last_complaint_at, %s),"
                " churn_score = %s, churn_scored_at = clock_timestamp()"
                " WHERE customer_id = %s",
                [complained_at, score, customer],
            )
