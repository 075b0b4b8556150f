DROP TABLE churn.scoring_marks;
DROP FUNCTION churn.check_batch_size;
