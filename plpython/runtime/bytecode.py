"""What Python has compiled of other modules, after churn_internal.compile_runtime.

The function that holds this text holds it then, and is never called.
"""
