"""Reading the pickle of an estimator, and nothing else.

What a pickle names, calls and sets is decided here, exactly: names that are permitted,
calls with arguments of the known form, states that fit what they are given to. The
standard library's unpickler in Python is extended, because the one in C leaves REDUCE
and BUILD as they are.
"""

import io
import pickle
from typing import Any

import numpy as np

from .errors import ScoringError, is_of_server
from .pacing import Pausing, no_pause
from .permitted import BY_NAME, Permitted, state_setter
from .pickle_scan import scan_pickle, unreadable
from .pickle_trees import BALL_TREE, KD_TREE
from .pickle_values import (
    LARGEST_NUMBER_KEY,
    MOST_GENERATORS,
    MOST_NUMBER_KEYS,
    MOST_OBJECT_ARRAYS,
    TREE,
    Token,
    class_name,
    described,
    is_array_of_objects,
    printable,
)
from .unread import READ_AS, UNREAD, Unread, stand_in

BUNCH = "sklearn.utils._bunch.Bunch"
# What every file of joblib's mentions, and no pickle.
JOBLIB = b"joblib.numpy_pickle"

# The stubs leave out what the class in Python offers to be extended.
Unpickler: Any = pickle._Unpickler


class StrictUnpickler(Unpickler):
    """Builds estimators out of arrays and plain values, see ``scan_pickle``."""

    dispatch = dict(Unpickler.dispatch)

    def __init__(
        self,
        artifact: bytes,
        pause: Pausing = no_pause,
        outer: "StrictUnpickler | None" = None,
    ) -> None:
        self.file = io.BytesIO(artifact)
        super().__init__(self.file, fix_imports=False)
        self.pause = pause
        self.tokens: dict[tuple[str, str], Any] = {}
        # What was made and waits for its state, by id; held on to, so that no id
        # comes to mean another object.
        self.stateless: dict[int, Any] = {}
        # Of a pickle within another one, what was counted in that.
        self.number_keys: int = outer.number_keys if outer else 0
        self.generators: int = outer.generators if outer else 0
        self.object_arrays: int = outer.object_arrays if outer else 0

    def read_estimator(self) -> Any:
        """Return the object that the pickle describes, verified piece by piece."""
        root = self.load()
        for waiting in self.stateless.values():
            if needs_state(waiting):
                raise unreadable(f"A {type(waiting).__name__} was given no state.")
        return root

    def find_class(self, module: str, name: str) -> Any:
        """Return a token for a permitted name, which only this class can resolve."""
        key = module, name = READ_AS.get((module, name), (module, name))
        token = self.tokens.get(key)
        if token is None:
            if not self.permits(module, name):
                raise not_permitted(printable(module), printable(name))
            token = Token(module, name)
            known = BY_NAME.get(key)
            if known and (known.as_is or known.function):
                token = token.resolve()
            self.tokens[key] = token
        return token

    def permits(self, module: str, name: str) -> bool:
        """Return whether a name may be mentioned."""
        return (module, name) in BY_NAME or (module, name) in UNREAD

    def load_frame(self) -> None:
        """Pass over the length: everything is in memory."""
        self.read(8)

    def load_text(self, length_bytes: int) -> None:
        """Push a text of whole characters.

        The library lets half of a surrogate pair through, which neither the server nor
        a terminal can write.
        """
        length = int.from_bytes(self.read(length_bytes), "little")
        try:
            self.append(str(self.read(length), "utf-8"))
        except UnicodeDecodeError:
            raise unreadable("It holds a text that is no UTF-8.") from None

    def load_short_binunicode(self) -> None:
        """Push a text of up to 255 bytes."""
        self.load_text(1)

    def load_binunicode(self) -> None:
        """Push a text of up to 4 GB."""
        self.load_text(4)

    def load_binunicode8(self) -> None:
        """Push a text of any length."""
        self.load_text(8)

    def load_appends(self) -> None:
        """Extend a list, and no object that calls itself one."""
        items = self.pop_mark()
        self.top(list).extend(items)

    def load_append(self) -> None:
        """Append to a list."""
        value = self.stack.pop()
        self.top(list).append(value)

    def load_setitem(self) -> None:
        """Set one entry of a dict."""
        value = self.stack.pop()
        key = self.stack.pop()
        self.set_items([key, value])

    def load_setitems(self) -> None:
        """Set entries of a dict."""
        self.set_items(self.pop_mark())

    def set_items(self, items: list[Any]) -> None:
        """Set entries whose keys are quick to hash and seldom collide."""
        target = self.stack[-1]
        if isinstance(target, Unread):
            return
        if type(target) is not dict and class_name(target) != BUNCH:
            raise unreadable(f"Items are set on a {type(target).__name__}.")
        for key in items[::2]:
            if type(key) in (str, np.str_):
                continue
            if not is_small_number(key):
                raise unreadable(f"A {type(key).__name__} is the key of a dict.")
            self.number_keys += 1
            if self.number_keys > MOST_NUMBER_KEYS and len(target) > MOST_NUMBER_KEYS:
                raise unreadable("A dict has too many numbers as keys.")
        # An odd one out has no value.
        for i in range(0, len(items) - 1, 2):
            key = items[i].item() if isinstance(items[i], np.generic) else items[i]
            dict.__setitem__(target, key, items[i + 1])

    def top(self, kind: type) -> Any:
        """Return the top of the stack, which has to be of a kind."""
        found = self.stack[-1]
        if type(found) is not kind:
            raise unreadable(
                f"A {type(found).__name__} stands where a {kind.__name__} belongs."
            )
        return found

    def load_newobj(self) -> None:
        """Make an estimator without a state."""
        arguments = self.stack.pop()
        token = self.stack.pop()
        if is_unread(token):
            self.wait_for_state(stand_in(token.module, token.name))
            return
        known = permitted(token)
        if known and known.named_tuple and known.make and type(arguments) is tuple:
            self.append(known.make(token, *self.complete(token, arguments)))
            return
        made_empty = known and not (known.make or known.argument)
        if not made_empty or arguments != ():
            raise unreadable(f"The opcode NEWOBJ is used on {described(token)}.")
        made = token.resolve()
        self.wait_for_state(made.__new__(made))

    def load_reduce(self) -> None:
        """Call what has to be called to make arrays, and other things without names."""
        arguments = self.stack.pop()
        token = self.stack.pop()
        if is_unread(token):
            self.wait_for_state(stand_in(token.module, token.name))
            return
        known = permitted(token)
        if known is None or known.make is None or type(arguments) is not tuple:
            raise unreadable(f"The opcode REDUCE is used on {described(token)}.")
        if token.module.startswith("numpy.random"):
            self.generators += 1
            if self.generators > MOST_GENERATORS:
                raise unreadable("It holds too many random generators.")
        self.wait_for_state(known.make(token, *self.complete(token, arguments)))

    def complete(self, token: Token, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the arguments of a call, all of which have their states."""
        for argument in arguments:
            if id(argument) in self.stateless and needs_state(argument):
                raise unreadable(f"{token} is given what has no state yet.")
        return arguments

    def wait_for_state(self, made: Any) -> None:
        """Push an object that the next BUILD may give a state."""
        self.stateless[id(made)] = made
        self.append(made)

    def load_build(self) -> None:
        """Give an object its one state."""
        state = self.stack.pop()
        target = self.stack[-1]
        if id(target) not in self.stateless:
            raise unreadable(f"The opcode BUILD is used on {described(target)}.")
        if not isinstance(target, Unread):
            state_setter(class_name(target))(target, state)
        self.count_object_array(target)
        self.pause()
        del self.stateless[id(target)]
        # The id is free from here on only if nothing else holds the object, and then
        # nothing can refer to it.

    def count_object_array(self, made: Any) -> None:
        """Refuse one array of estimators too many."""
        self.object_arrays += is_array_of_objects(made)
        if self.object_arrays > MOST_OBJECT_ARRAYS:
            raise unreadable(
                f"It holds more than {MOST_OBJECT_ARRAYS} arrays of estimators."
            )

    dispatch |= {
        pickle.FRAME[0]: load_frame,
        pickle.SHORT_BINUNICODE[0]: load_short_binunicode,
        pickle.BINUNICODE[0]: load_binunicode,
        pickle.BINUNICODE8[0]: load_binunicode8,
        pickle.APPENDS[0]: load_appends,
        pickle.APPEND[0]: load_append,
        pickle.SETITEM[0]: load_setitem,
        pickle.SETITEMS[0]: load_setitems,
        pickle.NEWOBJ[0]: load_newobj,
        pickle.REDUCE[0]: load_reduce,
        pickle.BUILD[0]: load_build,
    }


def needs_state(made: Any) -> bool:
    """Return whether an object is unsafe to use before it was given a state."""
    if type(made) is np.ndarray:
        return made.dtype.char == "S"
    if isinstance(made, np.dtype):
        return made.kind == "V"
    return class_name(made) in (TREE, BALL_TREE, KD_TREE, "functools.partial")


def permitted(token: Any) -> Permitted | None:
    """Return the row of a name that a pickle has mentioned; None for anything else."""
    if type(token) is not Token:
        return None
    return BY_NAME.get((token.module, token.name))


def is_unread(token: Any) -> bool:
    """Return whether this is a name of which nothing is made."""
    return type(token) is Token and (token.module, token.name) in UNREAD


def is_small_number(key: Any) -> bool:
    """Return whether a key is a number as in class weights."""
    if isinstance(key, np.generic):
        # As ``np.unique`` gives the classes.
        key = key.item()
    if key is None or type(key) is bool:
        return True
    return type(key) in (int, float) and abs(key) < LARGEST_NUMBER_KEY


def not_permitted(module: str, name: str) -> ScoringError:
    """Return the error for a name that no pickle of a model needs, or not here."""
    if module.startswith("numpy.core."):
        return unreadable(
            f"It was pickled under numpy 1, which names {module}, and here is numpy "
            f"{np.__version__}.",
            hint="Train and pickle it again under this version; that of scikit-learn "
            "has to be the same, too.",
        )
    # Only here, so that no session pays for it before its first score.
    from .foreign_libraries import foreign_model
    from .foreign_names import advice

    booster = foreign_model(module, name)
    if booster is not None:
        return unreadable(booster[0], hint=booster[1])
    told, hint = advice(module, name)
    said = f"The name {module}.{name} is not permitted."
    return unreadable(f"{said} {told}" if told else said, hint=hint)


def read_pickle(artifact: bytes, pause: Pausing = no_pause) -> Any:
    """Return the object that a pickle describes, if it is one that may be described.

    The pickle may be one of joblib's, and compressed.
    """
    content = artifact
    try:
        if artifact[:1] != pickle.PROTO:
            from .unpacking import unpacked

            content = unpacked(artifact, pause)
        return read_unpacked(content, pause)
    except MemoryError:
        raise
    except ScoringError as error:
        # Only here, so that no session pays for it before its first score.
        from .foreign_files import explain

        raise explain(content, error) from None
    except Exception as error:
        if is_of_server(error):
            raise
        raise unreadable(f"{type(error).__name__}: {error}.") from error


def read_unpacked(content: bytes, pause: Pausing) -> Any:
    """Return the object that a pickle or a file of joblib's describes."""
    if JOBLIB in content:
        from .joblib_files import JoblibUnpickler

        return JoblibUnpickler(content, pause).read_estimator()
    scan_pickle(content)
    pause()
    return StrictUnpickler(content, pause).read_estimator()
