"""The schemas of pgchurn, to ask the catalog for what is in them."""

# Those of churn_owner; churn_trust is the migrating superuser's.
SCHEMAS = ("churn", "churn_internal", "churn_runtime")

# In SQL: `p.pronamespace = ANY (OURS)`.
OURS = f"'{{{','.join(SCHEMAS)}}}'::regnamespace[]"
