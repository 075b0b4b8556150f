"""Who may do what: the rights that tests/database/test_rights.py expects.

One line for each object of the schema churn; `_N` stands for an attachment's number.
Whatever is not listed for a role is refused, and an object without a line fails the
test. The rights of a table are those of its columns too, unless they have lines of
their own. `churn_owner` may do everything with what is in the schema, and everybody
else, the owners of attached tables and of the database included, nothing at all.
"""

ROLES = ("churn_loader", "churn_scorer", "churn_application")

RIGHTS = """
object                                    loader     scorer     application
----------------------------------------  ---------  ---------  -----------
schema churn                              USAGE      USAGE      USAGE

table attachments                         SELECT     SELECT     -
table complaints                          -          -          INSERT
table customers                           SELECT     SELECT     -
table deployments                         SELECT     SELECT     -
table models                              -          -          -
column models.version                     SELECT     SELECT     -
column models.attachment_id               SELECT     SELECT     -
column models.artifact                    -          -          -
column models.artifact_sha256             SELECT     SELECT     -
column models.compiled                    -          -          -
column models.compiled_sha256             SELECT     SELECT     -
column models.parity                      SELECT     SELECT     -
column models.compilation                 SELECT     SELECT     -
column models.signature                   SELECT     SELECT     -
column models.metrics                     SELECT     SELECT     -
column models.environment                 SELECT     SELECT     -
column models.provenance                  SELECT     SELECT     -
column models.registered_by               SELECT     SELECT     -
column models.registered_at               SELECT     SELECT     -
column models.statement                   SELECT     SELECT     -
column models.attestation_signature         SELECT     SELECT     -
column models.attestation_key               SELECT     SELECT     -
table rescore_ranges                      -          -          -
table rescore_runs                        -          -          -
table predictions                         SELECT     SELECT     -
table predictions_default                 -          -          -
table predictions_N                       -          -          -
table outbox                              SELECT     SELECT     -
table failed_profiles                     SELECT     SELECT     -
table pending_profiles                       SELECT     SELECT     -
view active_deployments                   SELECT     SELECT     -
view health                               SELECT     SELECT     -
view queue                                SELECT     SELECT     -
view rescore_progress                     SELECT     SELECT     -

sequence complaints_complaint_id_seq      -          -          -
sequence customers_customer_id_seq        -          -          -
sequence deployments_deployment_id_seq    -          -          -
sequence models_version_seq               -          -          -
sequence rescore_runs_run_id_seq          -          -          -
sequence outbox_change_id_seq             -          -          -

function abandon_rescoring                -          -          -
function activate_model                   EXECUTE    -          -
function active_deployment                -          -          -
function active_attestation                 -          -          -
function attach                           -          -          -
function attachment_of                    EXECUTE    EXECUTE    -
function begin_rescoring                  EXECUTE    -          -
function check_batches                    EXECUTE    -          -
function check_batch_size                 EXECUTE    -          -
function check_attachable                 -          -          -
function check_activation                 -          -          -
function check_model                      -          -          -
function check_publishing                 -          -          -
function check_attestation                  -          -          -
function column_kind                      EXECUTE    -          -
function complaint_time                   -          -          -
function complaints_changed_N             -          -          -
function create_attachment_functions      -          -          -
function create_attachment_triggers       -          -          -
function create_complaints_changed        -          -          -
function create_from_template             -          -          -
function create_log_predictions           -          -          -
function create_prediction_partitions     -          -          -
function create_profile_update_trigger    -          -          -
function create_profiles_changed          -          -          -
function create_publish_scores            -          -          -
function create_read_profiles             -          -          -
function create_repair_functions          -          -          -
function create_rescore_profiles          -          -          -
function create_score_function            -          -          -
function create_score_many_function       -          -          -
function create_verify_profiles           -          -          -
function create_work_profiles             -          -          -
function create_write_profiles            -          -          -
function detach                           -          -          -
function end_rescoring                    -          -          -
function evaluate_candidate                    -          -          -
function expire_predictions               -          -          -
function expire_outbox                    EXECUTE    -          -
function feature_arrays                   -          -          -
function fetch_rows                       EXECUTE    EXECUTE    -
function fill_template                    -          -          -
function fit_prediction_log               -          -          -
function follow_altered_tables            -          -          -
function forget_profiles_N                -          -          -
function has_recounted                    -          -          -
function keep_attached_tables             -          -          -
function key_order                        -          -          -
function key_type                         EXECUTE    -          -
function layout                           -          -          -
function load_examination                 -          -          -
function load_pickle_reader               -          -          -
function load_runtime                     -          -          -
function lock_deployments                 -          -          -
function log_predictions_N                -          -          -
function marked_profiles_N                -          -          -
function marks_of                         EXECUTE    EXECUTE    -
function record_failures               -          -          -
function enqueue_profiles                 -          -          -
function note_recount                     -          -          -
function note_worker                      -          -          -
function predict                          EXECUTE    EXECUTE    -
function predict_many                     EXECUTE    EXECUTE    -
function predict_query                    EXECUTE    EXECUTE    -
function profiles_changed_N               -          -          -
function queue_lock                       EXECUTE    -          -
function publish_scores_N                 -          -          -
function query_columns                    EXECUTE    EXECUTE    -
function query_statement                  EXECUTE    EXECUTE    -
function read_profiles_N                  -          -          -
function refresh_attachment               -          -          -
function refuse_change                    -          -          -
function register_model                   EXECUTE    -          -
function repair                           EXECUTE    -          -
function repair_profiles_N                EXECUTE    -          -
function rescore                          EXECUTE    -          -
function rescore_batch                    EXECUTE    -          -
function rescore_profiles_N               -          -          -
function reserve_batch                    EXECUTE    -          -
function revoke_from_owner                -          -          -
function rollback_model                   EXECUTE    -          -
function score                            EXECUTE    EXECUTE    -
function score_batch                      -          -          -
function score_changed                    -          -          -
function score_customer                   EXECUTE    EXECUTE    -
function score_features                   EXECUTE    EXECUTE    -
function score_features_many              EXECUTE    EXECUTE    -
function score_many                       EXECUTE    EXECUTE    -
function server_environment               EXECUTE    EXECUTE    -
function set_notifications                EXECUTE    -          -
function set_on_error                     EXECUTE    -          -
function set_scoring_mode                 EXECUTE    -          -
function set_prediction_log               -          -          -
function set_outbox                       EXECUTE    -          -
function set_score_timeout                EXECUTE    -          -
function table_name                       EXECUTE    EXECUTE    -
function to_double                        EXECUTE    EXECUTE    -
function verify                           EXECUTE    EXECUTE    -
function verify_profiles_N                -          -          -
function wake_workers                     -          -          -
function wait_for_batch                   EXECUTE    -          -
function warm                             EXECUTE    EXECUTE    EXECUTE
function work                             EXECUTE    -          -
function work_profiles_N                  -          -          -
function why_changed                      EXECUTE    EXECUTE    -
function write_profiles_N                 -          -          -
function wrong_profiles                   EXECUTE    -          -

parameter churn.writing_at_depth          -          -          -
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
    "parameter": {"SET", "ALTER SYSTEM"},
}
ACTIONS["view"] = ACTIONS["table"]


def expected_rights():
    """Return the rights of each object's line, by object and role."""
    rights = {}
    for line in RIGHTS.strip().splitlines()[2:]:
        if line:
            name, *cells = line.rsplit(maxsplit=len(ROLES))
            rights[name] = {
                role: set() if cell == "-" else set(cell.split(","))
                for role, cell in zip(ROLES, cells, strict=True)
            }
    return rights


def expected(role, name):
    """Return what a role may do with an object of the schema churn."""
    rights = expected_rights()
    kind, _, short = name.partition(" ")
    if kind == "column" and name not in rights:
        table = short.partition(".")[0]
        assert not any(line.startswith(f"column {table}.") for line in rights), name
        name = f"table {table}" if f"table {table}" in rights else f"view {table}"
    assert name in rights, f"{name} has no line in tests/rights.py"
    if role == "churn_owner":
        # SET is all it was granted; the server's settings are not its own.
        return {"SET"} if kind == "parameter" else ACTIONS[kind]
    return rights[name].get(role, set()) & ACTIONS[kind]
