"""Standard output and standard error, as they are: possibly closed, broken, no terminal, or not to be coloured."""

import contextlib
import io
import os
import sys
from typing import IO, TYPE_CHECKING, Any, TextIO, cast

if TYPE_CHECKING:
    from rich.console import Console


class Quietly(io.TextIOBase):
    """A stream that falls silent when it breaks: nobody reading the progress is no reason to stop the work."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, or fall silent."""
        # Flushed at once: what a person is to see while the work goes on must not wait for a buffer to fill.
        if self._stream is not None:
            try:
                self._stream.write(text)
                self._stream.flush()
            except (OSError, ValueError):
                self._stream = None
        return len(text)

    def isatty(self) -> bool:
        """Whether a person may be looking."""
        with contextlib.suppress(OSError, ValueError):
            return self._stream is not None and self._stream.isatty()
        return False

    def fileno(self) -> int:
        """The descriptor, for asking the terminal's size."""
        if self._stream is None:
            raise OSError("closed")
        return self._stream.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]  # TextIOBase declares an attribute
        """The stream's encoding."""
        return getattr(self._stream, "encoding", None) or "utf-8"


def errors() -> TextIO:
    """Standard error, silent where it is closed or broken."""
    return cast("TextIO", Quietly(sys.stderr))


def animated(stream: TextIO) -> bool:
    """Whether to move things on this stream: a terminal, not a dumb one, and not a CI job's."""
    return stream.isatty() and os.environ.get("TERM", "dumb") != "dumb" and not os.environ.get("CI")


def make_console(stream: IO[str]) -> "Console":
    """Return the one kind of console: no markup, emoji, highlighting or wrapping, no animation in a pipe."""
    from rich import console

    class Console(console.Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # rich would exit with 1 on the spot

    text = cast("TextIO", stream)
    unwanted = bool(os.environ.get("NO_COLOR")) or os.environ.get("FORCE_COLOR") == "0"
    plain = not text.isatty() or unwanted or os.environ.get("TERM", "dumb") == "dumb"
    options: dict[str, Any] = {"no_color": True, "color_system": None} if plain else {}
    if not text.isatty():
        options["width"] = 10_000  # a pipe has no width; rich would wrap at 80
    return Console(
        file=stream,
        markup=False,
        emoji=False,
        highlight=False,
        soft_wrap=True,
        force_terminal=text.isatty(),
        force_interactive=animated(text),
        legacy_windows=False,
        **options,
    )
