"""A logistic model as somebody writes it into a query by hand, constants and all."""

from pgchurn.plpython.runtime.compiled import CompiledModel
from pgchurn.plpython.runtime.signature import Signature


def logistic_expression(bench, version):
    """Return a logistic version's probability as SQL of a customer's columns."""
    ((compiled, signature),) = bench.execute(
        "SELECT compiled, signature::text FROM churn.models WHERE version = %s",
        [version],
    )
    signature = Signature.from_json(signature)
    model = CompiledModel(bytes(compiled), signature)
    total = model.probability.of
    inputs = [*signature.numbers(), *signature.texts()]
    terms = [double(total.constant)]
    for position, weight, fill in zip(
        total.positions.tolist(), total.weights.tolist(), total.fills.tolist()
    ):
        feature = inputs[position]
        cast = "::int" if feature.kind == "boolean" else ""
        value = f"coalesce({feature.name}{cast}::float8, {double(fill)})"
        terms.append(f"{double(weight)} * {value}")
    keys, entries = total.keys.tolist(), total.entries.tolist()
    for position, table, default, _ in total.each_table():
        added = dict(zip(keys[table], entries[table]))
        feature = inputs[position]
        codes = model.codes[feature.name]
        cases = " ".join(
            f"WHEN {literal(text)} THEN {double(added.get(code, default))}"
            for text, code in codes.items()
            if text is not None
        )
        missing = double(added.get(codes[None], default))
        terms.append(
            f"CASE {feature.name} {cases} ELSE CASE WHEN {feature.name} IS NULL"
            f" THEN {missing} ELSE {double(default)} END END"
        )
    return f"1 / (1 + exp(-({' + '.join(terms)})))"


def double(value):
    """Return a number as a constant of SQL."""
    return f"'{value!r}'::float8"


def literal(text):
    """Return a text as a constant of SQL."""
    return "'" + text.replace("'", "''") + "'"
