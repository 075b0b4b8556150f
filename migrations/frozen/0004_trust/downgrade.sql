DROP FUNCTION churn.load_examination();
DROP TABLE churn.rescoring_marks;
