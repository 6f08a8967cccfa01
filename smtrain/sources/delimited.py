"""CSV, and other text whose cells are parted by a character: files and pipes, one after another."""

from collections.abc import Iterable, Iterator, Sequence

from smtrain.errors import SmtrainError, UsageError
from smtrain.sources.dialect import Dialect
from smtrain.sources.files import File, is_stream
from smtrain.sources.heading import read_heading
from smtrain.sources.interface import Run, Span
from smtrain.sources.records import RecordReader
from smtrain.sources.spans import spans_of
from smtrain.sources.text import TextSource


class Delimited(TextSource):
    """One or more streams of text with the same header, each with its name.

    `piece` is the size of the pieces that are parsed at once, in bytes, None the usual one.
    """

    def __init__(
        self,
        streams: Sequence[tuple[str, Iterable[bytes]]],
        dialect: Dialect,
        *,
        fitting: bool = False,
        piece: int | None = None,
    ) -> None:
        self._streams = list(streams)
        name, stream = self._streams[0]
        first = RecordReader(iter(stream), name, dialect.delimiter, piece=piece, decimal=dialect.decimal)
        super().__init__(read_heading(first, dialect, piece, fitting=fitting), self._in_turn(first))

    def _in_turn(self, first: RecordReader) -> Iterator[RecordReader]:
        """The readers of all streams, behind their headers."""
        yield first
        for name, stream in self._streams[1:]:
            yield self.heading.reader_of(name, stream)

    def total_bytes(self) -> int:
        """The bytes of all files. Those that are compressed, or cannot be read, do not count."""
        files = [stream for _, stream in self._streams if isinstance(stream, File) and not is_stream(stream.path)]
        return sum(map(_bytes_of, files))

    def spans(self, size: int, run: Run) -> Sequence[Span]:
        """The rows of all files; a compressed file is one span. Raises UsageError if one is read as a stream."""
        files: list[File] = []
        for name, stream in self._streams:
            if not isinstance(stream, File) or is_stream(stream.path):
                what = f"{name}: what comes through a pipe is read by one process, from its start"
                raise UsageError(what, hint="write it to a file, and give its path")
            files.append(stream.anywhere)
        return spans_of(files, self.heading, size, run)


def _bytes_of(file: File) -> int:
    """The bytes of a file that is cut into spans, else 0. What is wrong with it is said where its rows would be."""
    try:
        return file.plain_size() or 0
    except SmtrainError:
        return 0
