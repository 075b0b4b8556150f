"""Calls of functions that run programs, files or the network, by their names."""

import functools
import pickle

from tests.corpus.assembling import Assembled, call, name, values, whole

# Nothing that is named here exists: what counts is that it is asked for.
PROGRAM = "touch /nonexistent/canary"
CODE = "open('/nonexistent/canary', 'w')"
FILE = "/nonexistent/canary"
ADDRESS = ("127.0.0.1", 9)
INNER = whole(call("os", "system", PROGRAM))

CALLED = {
    ("numpy.testing._private.utils", "runstring"): (CODE, {}),
    ("numpy.f2py.crackfortran", "getlincoef"): (CODE, {}),
    ("numpy.f2py.crackfortran", "myeval"): (CODE,),
    ("numpy.ctypeslib", "load_library"): ("libm.so.6", "/lib/x86_64-linux-gnu"),
    ("numpy", "load"): (FILE, None, True),
    ("numpy", "memmap"): (FILE, "uint8", "w+", 0, (8,)),
    ("numpy", "savetxt"): (FILE, [1.0]),
    ("numpy", "fromfile"): ("/etc/passwd",),
    # Of a file that is not there it does nothing but import what others have, too.
    ("numpy.lib._datasource", "open"): ("http://127.0.0.1:9/",),
    ("sklearn.utils._testing", "check_output"): (["touch", FILE],),
    ("sklearn.utils.discovery", "import_module"): ("antigravity",),
    ("sklearn.datasets._base", "makedirs"): ("/nonexistent/canaries",),
    ("sklearn.datasets._base", "load_files"): ("/nonexistent",),
    ("sklearn.datasets._openml", "urlopen"): ("http://127.0.0.1:9/",),
    ("os", "system"): (PROGRAM,),
    ("posix", "system"): (PROGRAM,),
    ("os", "popen"): (PROGRAM,),
    ("os", "execv"): ("/bin/true", ["true"]),
    ("os", "remove"): (FILE,),
    ("os", "mkdir"): (FILE,),
    ("os", "kill"): (2**22 + 1, 0),
    ("subprocess", "Popen"): (["touch", FILE],),
    ("subprocess", "check_output"): (["touch", FILE],),
    ("builtins", "eval"): (CODE,),
    ("builtins", "exec"): (CODE,),
    ("builtins", "__import__"): ("antigravity",),
    ("builtins", "open"): (FILE, "w"),
    ("importlib", "import_module"): ("antigravity",),
    ("runpy", "run_path"): (FILE,),
    ("timeit", "timeit"): (CODE, "pass", Assembled(name("time", "time")), 1),
    ("cProfile", "run"): (CODE,),
    ("shutil", "rmtree"): ("/nonexistent/canaries",),
    ("socket", "create_connection"): (ADDRESS, 0.1),
    ("ctypes", "CDLL"): ("/nonexistent/canary.so",),
    ("joblib.numpy_pickle", "load"): (FILE,),
    ("pandas", "read_pickle"): (FILE,),
    ("_pickle", "loads"): (INNER,),
    ("pickle", "loads"): (INNER,),
    ("pty", "spawn"): (["true"],),
}


def assembled(module, function, arguments):
    """Return the pickle of a call."""
    return whole(call(module, function, *arguments))


def partial_of_system():
    """Return a call of what ``functools.partial`` makes of os.system."""
    system = Assembled(name("os", "system"))
    return whole(call("functools", "partial", system, PROGRAM), values(), pickle.REDUCE)


def got_attribute():
    """Return a call of a function that getattr finds."""
    module = Assembled(call("builtins", "__import__", "os"))
    return whole(
        call("builtins", "getattr", module, "system"), values(PROGRAM), pickle.REDUCE
    )


def caller_of_method():
    """Return a call by ``operator.methodcaller``."""
    module = Assembled(call("importlib", "import_module", "os"))
    return whole(
        call("operator", "methodcaller", "system", PROGRAM),
        values(module),
        pickle.REDUCE,
    )


def mapped():
    """Return a call by ``map``, when the list is made."""
    system = Assembled(name("os", "system"))
    inner = Assembled(call("builtins", "map", system, [PROGRAM]))
    return whole(call("builtins", "list", inner))


CALLS = {
    **{
        f"call of {module}.{function}": functools.partial(
            assembled, module, function, arguments
        )
        for (module, function), arguments in CALLED.items()
    },
    "call of a partial of os.system": partial_of_system,
    "call of what getattr finds": got_attribute,
    "call by operator.methodcaller": caller_of_method,
    "call by map": mapped,
}

# Names with dots reach through a permitted module to what it has imported.
DOTTED = {
    f"dotted name {module} {dotted}": functools.partial(
        assembled, module, dotted, arguments
    )
    for module, dotted, arguments in (
        ("numpy._core._methods", "os.system", (PROGRAM,)),
        ("sklearn", "os.system", (PROGRAM,)),
        ("sklearn.utils.parallel", "joblib.load", (FILE,)),
        ("numpy", "__builtins__.get", ("eval",)),
        ("numpy", "dtype.__class__.__base__.__subclasses__", ()),
        ("builtins", "slice.__class__", ("canary", (), {})),
        ("sklearn.pipeline", "Pipeline.__init__.__globals__.get", ("np",)),
    )
}
