"""Who may do what: the rights that tests/database/test_rights.py expects.

One line for each object of churn_owner's schemas, below the line of its schema; `_N`
stands for an attachment's number or a month's, and `*` for whatever has no line of its
own. What is not listed for a role is refused, and an object without a line fails the
test. The rights of a table are those of its columns too, unless they have lines of
their own. `churn_owner` may do everything with what is in the schemas, and everybody
else, the owners of attached tables and of the database included, nothing at all.
"""

import fnmatch

ROLES = ("churn_loader", "churn_scorer", "churn_application")

RIGHTS = """
object                                    loader     scorer     application
----------------------------------------  ---------  ---------  -----------
schema churn                              USAGE      USAGE      USAGE

table actions                             SELECT     SELECT     -
table alert_outbox                        SELECT     SELECT     -
table alerts                              SELECT     SELECT     -
table attachments                         SELECT     SELECT     -
table complaints                          -          -          INSERT
table customers                           SELECT     SELECT     -
table deployments                         SELECT     SELECT     -
table exposures                           SELECT     SELECT     -
table models                              -          -          -
column models.version                     SELECT     SELECT     -
column models.attachment_id               SELECT     SELECT     -
column models.artifact                    -          -          -
column models.artifact_sha256             SELECT     SELECT     -
column models.compiled                    -          -          -
column models.compiled_sha256             SELECT     SELECT     -
column models.parity                      SELECT     SELECT     -
column models.compilation                 SELECT     SELECT     -
column models.explanation                 -          -          -
column models.explanation_sha256          SELECT     SELECT     -
column models.explanation_problem         SELECT     SELECT     -
column models.reference                   -          -          -
column models.reference_sha256            SELECT     SELECT     -
column models.signature                   SELECT     SELECT     -
column models.metrics                     SELECT     SELECT     -
column models.environment                 SELECT     SELECT     -
column models.provenance                  SELECT     SELECT     -
column models.registered_by               SELECT     SELECT     -
column models.registered_at               SELECT     SELECT     -
column models.deleted_by                  SELECT     SELECT     -
column models.deleted_at                  SELECT     SELECT     -
column models.attestation                 SELECT     SELECT     -
column models.attestation_signature       SELECT     SELECT     -
column models.attestation_key             SELECT     SELECT     -
table monitor_results                     SELECT     SELECT     -
table outbox                              SELECT     SELECT     -
table outcomes                            SELECT     SELECT     -
table predictions                         SELECT     SELECT     -
table release_evidence                    SELECT     SELECT     -

view active_deployments                   SELECT     SELECT     -
view calibration                          SELECT     SELECT     -
view data_quality                         SELECT     SELECT     -
view drift                                SELECT     SELECT     -
view experiments                          SELECT     SELECT     -
view health                               SELECT     SELECT     -
view known_outcomes                       SELECT,INSERT  SELECT     -
view latest_results                       SELECT     SELECT     -
view learning                             SELECT     SELECT     -
view learning_batches                     SELECT     SELECT     -
view open_alerts                          SELECT     SELECT     -
view performance                          SELECT     SELECT     -
view queue                                SELECT     SELECT     -
view releases                             SELECT     SELECT     -
view rescore_progress                     SELECT     SELECT     -
view retraining_policies                  SELECT     SELECT     -
view retraining_requests                  SELECT     SELECT     -
view score_drift                          SELECT     SELECT     -

sequence actions_action_id_seq            -          -          -
sequence alerts_alert_id_seq              -          -          -
sequence complaints_complaint_id_seq      -          -          -
sequence customers_customer_id_seq        -          -          -
sequence deployments_deployment_id_seq    -          -          -
sequence exposures_exposure_id_seq        -          -          -
sequence models_version_seq               -          -          -
sequence monitor_results_result_id_seq    -          -          -
sequence outbox_change_id_seq             -          -          -
sequence outcomes_outcome_id_seq          -          -          -
sequence release_evidence_evidence_id_seq -          -          -

function acknowledge_alert                EXECUTE    -          -
function activate_model                   EXECUTE    -          -
function advance_releases                 EXECUTE    -          -
function attach                           -          -          -
function compare                          EXECUTE    EXECUTE    -
function cancel_release                   EXECUTE    -          -
function delete_model                     EXECUTE    -          -
function detach                           -          -          -
function estimate_experiment              EXECUTE    EXECUTE    -
function expire_monitor_results           EXECUTE    -          -
function expire_outbox                    EXECUTE    -          -
function expire_outcomes                  -          -          -
function expire_predictions               -          -          -
function explain                          EXECUTE    EXECUTE    -
function explain_base                     EXECUTE    EXECUTE    -
function explain_prediction               EXECUTE    EXECUTE    -
function explain_query                    EXECUTE    EXECUTE    -
function forget                           -          -          -
function global_explain                   EXECUTE    EXECUTE    -
function hold_release                     EXECUTE    -          -
function matured                          EXECUTE    EXECUTE    -
function monitor                          EXECUTE    -          -
function open_retraining_requests         EXECUTE    -          -
function predict                          EXECUTE    EXECUTE    -
function predict_query                    EXECUTE    EXECUTE    -
function record_action                    EXECUTE    -          -
function record_outcome                   EXECUTE    -          -
function register_model                   EXECUTE    -          -
function release                          EXECUTE    -          -
function repair                           EXECUTE    -          -
function request_retraining               EXECUTE    -          -
function rescore                          EXECUTE    -          -
function rollback_model                   EXECUTE    -          -
function score                            EXECUTE    EXECUTE    -
function score_customer                   EXECUTE    EXECUTE    -
function score_many                       EXECUTE    EXECUTE    -
function server_environment               EXECUTE    EXECUTE    -
function set_learning                     EXECUTE    -          -
function set_notifications                EXECUTE    -          -
function set_on_error                     EXECUTE    -          -
function set_outbox                       EXECUTE    -          -
function set_outcome                      -          -          -
function set_prediction_log               -          -          -
function set_retraining                   EXECUTE    -          -
function set_score_timeout                EXECUTE    -          -
function set_scoring_mode                 EXECUTE    -          -
function set_write_search_path            -          -          -
function simulate_experiment              EXECUTE    EXECUTE    -
function start_experiment                 EXECUTE    -          -
function stop_experiment                  EXECUTE    -          -
function verify                           EXECUTE    EXECUTE    -
function version                          EXECUTE    EXECUTE    EXECUTE
function warm                             EXECUTE    EXECUTE    EXECUTE
function what_would_help                  EXECUTE    EXECUTE    -
function why_changed                      EXECUTE    EXECUTE    -
function work                             EXECUTE    -          -
function worklist                         EXECUTE    EXECUTE    -

schema churn_internal                     USAGE      USAGE      USAGE

table experiment_plans                    -          -          -
table failed_profiles                     SELECT     SELECT     -
table learned_batches                     -          -          -
table learning_streams                    -          -          -
table pending_profiles                    SELECT     SELECT     -
table predictions_N                       -          -          -
table predictions_default                 -          -          -
table release_plans                       -          -          -
table rescore_ranges                      -          -          -
table rescore_runs                        -          -          -
table retraining_plans                    -          -          -
table retrainings                         -          -          -

view known_values                         SELECT     SELECT     -

type *                                    -          -          -

sequence experiment_plans_experiment_id_seq -         -          -
sequence learning_streams_stream_id_seq    -          -          -
sequence own_writes                       -          -          -
sequence release_plans_release_id_seq     -          -          -
sequence rescore_runs_run_id_seq          -          -          -
sequence retrainings_request_id_seq       -          -          -

function abandon_rescoring                -          -          -
function active_attestation               -          -          -
function active_deployment                -          -          -
function arm_hash                         -          -          -
function arm_hashes                       -          -          -
function arms                             -          -          -
function array_image                      EXECUTE    EXECUTE    -
function attachment_of                    EXECUTE    EXECUTE    -
function attachment_of_version            -          -          -
function attachment_placeholders          -          -          -
function base_of_version                  EXECUTE    EXECUTE    -
function base_type                        -          -          -
function begin_learning                   EXECUTE    -          -
function begin_rescoring                  EXECUTE    -          -
function begin_retraining                 EXECUTE    -          -
function cancel_retraining                -          -          -
function candidate_statements             EXECUTE    -          -
function changed_by_writing               -          -          -
function changed_features                 -          -          -
function changed_outcome                  -          -          -
function check_activation                 -          -          -
function check_attachable                 -          -          -
function check_attestation                -          -          -
function check_batch_size                 EXECUTE    -          -
function check_batches                    EXECUTE    -          -
function check_challenger                 -          -          -
function check_comparable                 EXECUTE    EXECUTE    -
function check_deletable                  -          -          -
function check_code_of_others             -          -          -
function check_experiment                 -          -          -
function check_inheritance                -          -          -
function check_isolation                  -          -          -
function check_labels                     -          -          -
function check_model                      -          -          -
function check_not_released               -          -          -
function check_older_than                 -          -          -
function check_publishing                 -          -          -
function check_release                    -          -          -
function check_writing                    -          -          -
function checked_search_path              -          -          -
function code_of_others                   -          -          -
function cohort_scores                    -          -          -
function cohort_statement                 -          -          -
function cohorts_to_judge                 -          -          -
function column_kind                      EXECUTE    -          -
function columns_changed_by_writing       EXECUTE    -          -
function compare_scores                   EXECUTE    EXECUTE    -
function compile_runtime                  -          -          -
function complaint_time                   -          -          -
function complaints_inserted_N            -          -          -
function complaints_recounted_N           -          -          -
function count_later                      -          -          -
function count_unrecorded_labels          EXECUTE    -          -
function create_attachment_functions      -          -          -
function create_from_template             -          -          -
function create_log_predictions           -          -          -
function create_prediction_partitions     -          -          -
function create_publish_scores            -          -          -
function customer_of_row                  -          -          -
function customers_needed                 -          -          -
function cut_text                         EXECUTE    EXECUTE    -
function deployment_for                   -          -          -
function dequeue_missing_profiles_N       -          -          -
function describe_triggers                -          -          -
function end_change                       -          -          -
function end_release                      -          -          -
function end_releases_of_key              -          -          -
function end_rescoring                    -          -          -
function enqueue_profiles                 -          -          -
function enter                            -          -          -
function equals_key                       EXECUTE    -          -
function evaluate_candidate               -          -          -
function experiment_history               -          -          -
function experiment_results               EXECUTE    EXECUTE    -
function explain_change                   EXECUTE    EXECUTE    -
function explain_features                 EXECUTE    EXECUTE    -
function explain_many                     EXECUTE    EXECUTE    -
function explain_values                   EXECUTE    EXECUTE    -
function failed_profiles_N                -          -          -
function failures_of                      EXECUTE    EXECUTE    -
function family_operator                  -          -          -
function feature_arrays                   -          -          -
function feature_expression               -          -          -
function feature_names                    -          -          -
function features_as_json                 -          -          -
function features_changed_by_writing      EXECUTE    -          -
function features_of_version              EXECUTE    EXECUTE    -
function fetch_rows                       EXECUTE    EXECUTE    -
function finish_retraining                EXECUTE    -          -
function fit_functions                    -          -          -
function fit_layout                       -          -          -
function fit_profile_triggers             -          -          -
function fix_key_settings                 -          -          -
function follow_altered_tables            -          -          -
function grant_schemas                    -          -          -
function has_changed_models               EXECUTE    EXECUTE    -
function has_label                        -          -          -
function has_recounted                    -          -          -
function has_unique_key                   -          -          -
function hold_retraining                  EXECUTE    -          -
function in_arm                           -          -          -
function inner_write                      -          -          -
function insert_known_outcome             -          -          -
function is_cast                          -          -          -
function is_clearly_inside                -          -          -
function is_exposed                       -          -          -
function is_integer                       -          -          -
function is_released                      EXECUTE    EXECUTE    -
function judge_experiment                 -          -          -
function keep_attached_tables             -          -          -
function keep_unique_keys                 -          -          -
function key_comparison                   -          -          -
function key_order                        -          -          -
function key_spellings                    -          -          -
function key_text                         EXECUTE    EXECUTE    -
function label_expression                 -          -          -
function label_value                      -          -          -
function layout                           -          -          -
function learnable_rows                   EXECUTE    -          -
function load_runtime                     -          -          -
function lock_deployments                 -          -          -
function log_predictions_N                -          -          -
function logging                          -          -          -
function mark_failures                    -          -          -
function may_have_recounted               -          -          -
function measure_drift                    -          -          -
function measure_loss                     -          -          -
function measure_performance              -          -          -
function mend_attachment                  -          -          -
function most_rows                        -          -          -
function measure_release                  -          -          -
function measure_window                   EXECUTE    -          -
function monitored_rows                   -          -          -
function move_history                     -          -          -
function needs_outcomes                   EXECUTE    EXECUTE    -
function named_objects                    -          -          -
function note_retrained                   EXECUTE    -          -
function note_worker                      -          -          -
function observed_values                  EXECUTE    EXECUTE    -
function operator_name                    -          -          -
function outcome_expression               -          -          -
function own_write                        -          -          -
function plain_snapshot                   EXECUTE    EXECUTE    -
function plan_under_way                   -          -          -
function positive_labels                  -          -          -
function postpone_retraining              EXECUTE    -          -
function predict_many                     EXECUTE    EXECUTE    -
function predict_row                      EXECUTE    EXECUTE    -
function previous_deployment              -          -          -
function profile_changing_N               -          -          -
function profiles_changed_N               -          -          -
function publish_alert                    -          -          -
function profiles_statement               -          -          -
function publish_scores_N                 -          -          -
function query_columns                    EXECUTE    EXECUTE    -
function query_statement                  EXECUTE    EXECUTE    -
function raise_failure                    -          -          -
function read_batches                     EXECUTE    -          -
function read_profiles                    -          -          -
function record_batch                     EXECUTE    -          -
function record_exposures                 -          -          -
function record_performance               -          -          -
function record_snapshot                  EXECUTE    -          -
function reference_digest                 -          -          -
function refuse_retraining                -          -          -
function register_candidate               EXECUTE    -          -
function record_failures                  -          -          -
function record_labels                    -          -          -
function recount_profiles                 -          -          -
function refresh_attachment               -          -          -
function refuse_change                    -          -          -
function remark_renamed                   -          -          -
function repair_profiles_N                EXECUTE    -          -
function replay_release                   -          -          -
function representable                    EXECUTE    -          -
function rescore_batch                    EXECUTE    -          -
function rescore_profiles_N               -          -          -
function reserve_batch                    EXECUTE    -          -
function retraining_cohorts               EXECUTE    -          -
function retraining_due                   EXECUTE    EXECUTE    -
function revoke_from_owner                -          -          -
function row_image                        -          -          -
function score_batch                      -          -          -
function score_by_key                     EXECUTE    EXECUTE    -
function score_changed                    -          -          -
function score_features                   EXECUTE    EXECUTE    -
function score_features_many              EXECUTE    EXECUTE    -
function score_image                      -          -          -
function score_query                      EXECUTE    EXECUTE    -
function score_remembered                 EXECUTE    EXECUTE    -
function session_environment              EXECUTE    EXECUTE    -
function shortest_double                  EXECUTE    EXECUTE    -
function shortest_text                    EXECUTE    EXECUTE    -
function simulate_salt                    -          -          -
function smallest_changes                 EXECUTE    EXECUTE    -
function sole_deployment                  -          -          -
function step_customers                   EXECUTE    EXECUTE    -
function store_profiles_N                 -          -          -
function stored_key                       -          -          -
function table_name                       EXECUTE    EXECUTE    -
function take_failure                     -          -          -
function take_step                        -          -          -
function tells_by_snapshot                EXECUTE    EXECUTE    -
function template_*                       -          -          -
function to_double                        EXECUTE    EXECUTE    -
function trained_until                    EXECUTE    EXECUTE    -
function try_write                        -          -          -
function type_name                        -          -          -
function typical_values                   EXECUTE    EXECUTE    -
function unneeded_snapshots               EXECUTE    -          -
function unrecorded_labels                -          -          -
function update_alerts                    -          -          -
function update_profile_N                  -          -          -
function update_profiles_N                -          -          -
function verify_profiles_N                -          -          -
function version_for                      EXECUTE    EXECUTE    -
function version_of_arm                   -          -          -
function version_of_integer               -          -          -
function wait_for_batch                   EXECUTE    -          -
function wait_for_transactions            -          -          -
function wait_for_writers                 -          -          -
function warm_session                     EXECUTE    EXECUTE    EXECUTE
function warn                             -          -          -
function warn_of_changed_features         -          -          -
function with_columns                     -          -          -
function without_values                   -          -          -
function work_profiles_N                  -          -          -
function write_guarded_N                  -          -          -
function write_profiles_N                 -          -          -
function write_under_way                  -          -          -
function wrong_profiles                   EXECUTE    -          -

schema churn_runtime                      -          -          -

function *                                -          -          -
"""

# What churn.attach grants on a company's own tables; no other role gets anything.
RIGHTS_ON_ATTACHED_TABLES = {
    "schema company": {"USAGE"},
    "table company.clients": {"SELECT", "TRIGGER"},
    "table company.calls": {"SELECT"},
    "column company.clients.complaint_count": {"SELECT", "UPDATE"},
    "column company.clients.last_complaint_at": {"SELECT", "UPDATE"},
    "column company.clients.churn_score": {"SELECT", "UPDATE"},
    "column company.clients.churn_model_version": {"SELECT", "UPDATE"},
    "column company.clients.churn_scored_at": {"SELECT", "UPDATE"},
    "column company.clients.id": {"SELECT"},
    "column company.clients.usage": {"SELECT"},
    "column company.calls.client": {"SELECT"},
    "column company.calls.at": {"SELECT"},
}

# Everything there is to be allowed, by kind of object.
ACTIONS = {
    "schema": {"USAGE", "CREATE"},
    "table": {
        *("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
    },
    "column": {"SELECT", "INSERT", "UPDATE", "REFERENCES"},
    "sequence": {"USAGE", "SELECT", "UPDATE"},
    "function": {"EXECUTE"},
    "type": {"USAGE"},
}
ACTIONS["view"] = ACTIONS["table"]


def expected_rights():
    """Return the rights of each line, by object and role.

    Objects are named in full: "table churn.models", "column churn.models.version".
    """
    rights = {}
    for line in RIGHTS.strip().splitlines()[2:]:
        if line:
            kind, name, *cells = line.split()
            if kind == "schema":
                schema, full_name = name, name
            else:
                full_name = f"{schema}.{name}"
            assert f"{kind} {full_name}" not in rights, (
                f"{full_name} stands there twice"
            )
            rights[f"{kind} {full_name}"] = {
                role: set() if cell == "-" else set(cell.split(","))
                for role, cell in zip(ROLES, cells, strict=True)
            }
    return rights


def line_of(rights, name):
    """Return which line an object goes by; None: it has none."""
    if name in rights:
        return name
    kind, _, full_name = name.partition(" ")
    if kind == "column":
        table = full_name.rpartition(".")[0]
        assert not any(line.startswith(f"column {table}.") for line in rights), name
        return line_of(rights, f"table {table}") or line_of(rights, f"view {table}")
    found = [line for line in rights if fnmatch.fnmatchcase(name, line)]
    return found[0] if found else None


def expected(role, name):
    """Return what a role may do with an object, named in full."""
    rights = expected_rights()
    line = line_of(rights, name)
    assert line, f"{name} has no line in tests/rights.py"
    kind = name.partition(" ")[0]
    if role == "churn_owner":
        return ACTIONS[kind]
    return rights[line].get(role, set()) & ACTIONS[kind]
