DROP FUNCTION
    churn.create_complaints_changed,
    churn.create_profiles_changed,
    churn.create_read_profiles,
    churn.create_repair_functions,
    churn.create_rescore_profiles,
    churn.create_score_function,
    churn.create_score_many_function,
    churn.create_verify_profiles,
    churn.create_write_profiles;

DROP FUNCTION
    churn.predict_query,
    churn.predict_many,
    churn.fetch_rows,
    churn.query_statement,
    churn.query_columns;

DROP FUNCTION churn.load_pickle_reader;
