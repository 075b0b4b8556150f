"""Pickles that attack whoever reads them, each by another way.

An attack is bytes, made on demand by a function without arguments. ``CALLS`` run code
when plain ``pickle.loads`` reads them; the others corrupt memory, burn time or memory,
or bring a model that does so when it is asked.
"""

from tests.corpus.boosters import BOOSTERS
from tests.corpus.calls import CALLS, DOTTED
from tests.corpus.columns import COLUMNS
from tests.corpus.files import FILES
from tests.corpus.opcodes import OPCODES
from tests.corpus.resources import RESOURCES
from tests.corpus.searched import SEARCHED
from tests.corpus.states import STATES

ATTACKS = {
    **CALLS,
    **DOTTED,
    **OPCODES,
    **STATES,
    **SEARCHED,
    **FILES,
    **RESOURCES,
    **BOOSTERS,
    **COLUMNS,
}

# What the reader imports only for what it refuses: where imports are watched, they are
# done beforehand.
IMPORTED_LATE = (
    "pgchurn.plpython.runtime.foreign_files",
    "pgchurn.plpython.runtime.foreign_libraries",
    "pgchurn.plpython.runtime.foreign_names",
    "pgchurn.plpython.runtime.joblib_files",
    "bz2",
    "lzma",
    "zlib",
)
