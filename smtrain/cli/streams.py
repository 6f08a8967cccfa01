"""A standard output that is closed, or whose reader has gone. Light: every command loads it."""

import errno
import io
from typing import BinaryIO, TextIO

from smtrain.errors import OutputError


class ClosedOutput(io.TextIOBase):
    """Stands for a standard output that was closed before the start: whoever writes to it fails."""

    def write(self, text: str) -> int:  # noqa: ARG002 - TextIOBase's signature
        """Fail."""
        raise OSError(errno.EBADF, "standard output is closed")

    @property
    def buffer(self) -> BinaryIO:
        """Fail."""
        raise OutputError("standard output is closed")


def buffered(stream: TextIO) -> TextIO:
    """A standard output with a buffer: this one, or where it has none another of the same descriptor."""
    # Under PYTHONUNBUFFERED a full disk or a pipe may take a part of what is written, and Python drops the rest unsaid.
    if not isinstance(getattr(stream, "buffer", None), io.RawIOBase):
        return stream
    return open(stream.fileno(), "w", encoding=stream.encoding, closefd=False)


class BrokenOutput(Exception):  # noqa: N818 - not an error: whoever read our output has seen enough
    """The reader of standard output has gone."""
