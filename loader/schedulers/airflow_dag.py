"""Every night: measure, and train anew where that is due."""

from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

# The tasks find pgchurn on the PATH, and its database by DATABASE_URL.
with DAG(
    "pgchurn_retraining",
    schedule="0 4 * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=10)},
) as dag:
    # 1 tells of an open alert, which may be what asks for a retraining.
    monitor = BashOperator(
        task_id="monitor", bash_command="pgchurn monitor || [ $? = 1 ]"
    )
    # 99 is what Airflow calls skipped, and so what comes after it.
    retrain = BashOperator(
        task_id="retrain", bash_command="pgchurn retrain --unless-released 99"
    )
    status = BashOperator(task_id="status", bash_command="pgchurn release status")
    monitor >> retrain >> status
