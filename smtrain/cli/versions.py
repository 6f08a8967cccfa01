"""What a report of a bug should say of the program and of what it runs on: `smtrain --version --json`."""

import ctypes
import platform
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from smtrain.partitions.memory import available_threads
from smtrain.version import __version__

LIBRARIES = ("numpy", "pandas", "click", "rich", "orjson", "pyarrow", "scikit-learn", "distributed")
# The kernels that OpenBLAS chose for this processor, by the names that its builds give to the function that tells.
KERNEL = (
    "scipy_openblas_get_corename64_",
    "scipy_openblas_get_corename",
    "openblas_get_corename64_",
    "openblas_get_corename",
)


def versions() -> dict[str, Any]:
    """The versions of smtrain, Python and the libraries, the BLAS and the machine: all that bits may hang on."""
    blas = np.show_config("dicts")["Build Dependencies"]["blas"]
    return {
        "smtrain": __version__,
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "libraries": {name: _installed(name) for name in LIBRARIES},
        "blas": {"name": blas["name"], "version": blas.get("version"), "kernel": _kernel(), "threads": 1},
        "threads": available_threads(),
        "platform": platform.platform(),
        "machine": platform.machine(),
    }


def _installed(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None


def _kernel() -> str | None:
    """The name of the kernels that NumPy's BLAS uses; None for one that does not tell."""
    try:
        # Names are looked up in a library and in those that it needs, and NumPy's own needs the BLAS.
        library = ctypes.CDLL(import_module("numpy._core._multiarray_umath").__file__)
    except (ImportError, OSError):
        return None
    for name in KERNEL:
        if hasattr(library, name):
            tell = getattr(library, name)
            tell.restype = ctypes.c_char_p
            return str(tell().decode())
    return None
