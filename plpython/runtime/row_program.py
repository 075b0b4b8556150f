"""A model as a Python function of one row.

ONNX Runtime scores thousands of rows in no time, but one row in the middle of an INSERT
costs it more than its 3 microseconds in a loop: measured there, 40 to 60. The same sums
and trees, written out as Python conditionals, took 2 to 5 microseconds in a loop and
hardly more in the INSERT.
"""

import math

SIGMOID = "sigmoid"
EQUAL = 4


def row_function(program):
    """Return the function that a row program describes.

    Parameters
    ----------
    program : dict
        ``width``, how many inputs there are; ``nodes``, how many comparisons its trees
        make up; ``constant``; ``weights``, a list of
        [position, weight, what stands for NaN or null]; ``trees``, each a number or
        [position, mode, constant, whether NaN is true, tree if true, tree if false];
        ``link``, "sigmoid" or "share"; ``complement``, whether the probability of the
        other class is asked for.

    Returns
    -------
    callable
        Taking one float for each input.
    """
    inputs = ", ".join(f"x{position}" for position in range(int(program["width"])))
    lines = [f"def score({inputs}):", f" s = {number(program['constant'])}"]
    lines += [f" s += {weighted(*term)}" for term in program["weights"]]
    lines += [f" s += {conditional(tree)}" for tree in program["trees"]]
    if program["link"] == SIGMOID:
        # Beyond that the exponential is too large for a double.
        lines.append(" s = 0.0 if s <= -700.0 else 1.0 / (1.0 + exp(-s))")
    else:
        lines.append(" s = 0.0 if s < 0.0 else 1.0 if s > 1.0 else s")
    lines.append(" return 1.0 - s" if program["complement"] else " return s")
    namespace = {"exp": math.exp, "inf": math.inf, "nan": math.nan}
    exec("\n".join(lines), namespace)
    return namespace["score"]


def number(value):
    """Return a float as Python reads it back; nothing else can come out of here."""
    return repr(float(value))


def weighted(position, weight, fill):
    """Return the source of one term of a linear model."""
    value = f"x{int(position)}"
    if fill is not None:
        value = f"({value} if {value} == {value} else {number(fill)})"
    return f"{number(weight)} * {value}"


def conditional(tree):
    """Return the source of a tree."""
    if not isinstance(tree, list):
        return number(tree)
    position, mode, constant, missing, true, false = tree
    value = f"x{int(position)}"
    if mode == EQUAL:
        test = f"{value} == {number(constant)}"
        if missing:
            test = f"{test} or {value} != {value}"
    elif missing:
        # Turned around: every comparison with NaN is false.
        test = f"{value} > {number(constant)}"
        true, false = false, true
    else:
        test = f"{value} <= {number(constant)}"
    return f"({conditional(true)} if {test} else {conditional(false)})"
