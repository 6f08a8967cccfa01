"""What becomes of a process that may not have the memory it needs: exit code 6, whoever finds it out.

Under `ulimit -v` or `-d` the libraries below NumPy do not fail, they end the process with code 1 and a line of their
own, while NumPy is loaded or when a thread multiplies for the first time; and pandas' parser crashes.
"""

import os
import signal
import sys
from typing import NoReturn

from smtrain.errors import ExitCode

# What a person is told; TOLD is kept here, for the C library has its address only.
MESSAGE = "not enough memory"
TOLD = f"smtrain: error: {MESSAGE}".encode()
# What the dynamic loader, and NumPy when it cannot be loaded, say of a library that there was no room for.
NO_ROOM = ("failed to map segment", "cannot allocate memory", "cannot create shared object descriptor", "cannot map")


def limited() -> bool:
    """Whether there is a limit to the memory of this process; on a system that sets none there is not."""
    if sys.platform == "win32":
        return False
    import resource

    kinds = (resource.RLIMIT_AS, resource.RLIMIT_DATA)
    return any(resource.getrlimit(kind)[0] != resource.RLIM_INFINITY for kind in kinds)


def exit_as_memory() -> None:
    """From now on whatever ends the process from below ends it with exit code 6, and our line; `leave` does not.

    The C library calls the functions that are registered for its end, the last first, each with its argument. A crash
    is an end too, by a handler in C: Python's own would wait for the crashed code to return.
    """
    import ctypes

    library = ctypes.CDLL(None)
    names = ("__cxa_atexit", "_exit", "perror", "signal", "exit")
    register, end, tell, handle, leave_by = (getattr(library, name, None) for name in names)
    if register is None or end is None or tell is None or handle is None or leave_by is None:
        return
    register(end, ctypes.c_void_p(int(ExitCode.OUTPUT)), None)
    register(tell, ctypes.c_char_p(TOLD), None)
    for crash in (signal.SIGSEGV, signal.SIGABRT):
        handle(int(crash), leave_by)


def leave(code: int) -> NoReturn:
    """End the process past what `exit_as_memory` has registered; the streams must have been flushed."""
    if sys.stderr is not None:
        sys.stderr.flush()
    os._exit(code)


def lacks_room(error: BaseException | None) -> bool:
    """Whether something failed for want of memory: an import, or what C code did not say a reason for."""
    if error is None:
        return False
    broken = isinstance(error, ImportError | SystemError) and not isinstance(error, ModuleNotFoundError)
    said = any(words in str(error).casefold() for words in NO_ROOM)
    here = isinstance(error, MemoryError) or said or (broken and limited())
    return here or lacks_room(error.__cause__ or error.__context__)
