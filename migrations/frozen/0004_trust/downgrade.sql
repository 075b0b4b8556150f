DROP TABLE churn.rescoring_marks;
