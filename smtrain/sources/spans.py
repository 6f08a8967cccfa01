"""Spans of text: runs of whole records of a file, each at its offset and line."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from smtrain.errors import SmtrainError
from smtrain.sources.files import File
from smtrain.sources.heading import Heading
from smtrain.sources.interface import Run, Source, Span
from smtrain.sources.ranges import ByteRange, map_of, record_starts
from smtrain.sources.records import RecordReader
from smtrain.sources.text import TextSource


@dataclass(frozen=True)
class FileSpan(Span):
    """A whole file, its header first: one that is compressed, or whose header is to be refused in its turn."""

    heading: Heading
    file: File

    def open(self) -> Source:
        """The rows below the header, which must be that of the first file."""
        return TextSource(self.heading, self._readers())

    def _readers(self) -> Iterator[RecordReader]:
        yield self.heading.reader_of(self.file.name, self.file)


@dataclass(frozen=True)
class TextSpan(Span):
    """Whole records of a plain file, the first of which begins in a `line`."""

    heading: Heading
    text: ByteRange
    line: int
    delimiter: str

    def open(self) -> Source:
        """The records."""
        return TextSource(self.heading, self._readers())

    def _readers(self) -> Iterator[RecordReader]:
        yield RecordReader(
            iter(self.text),
            self.text.file.name,
            self.delimiter,
            piece=self.heading.piece_bytes,
            offset=self.text.begin,
            line=self.line,
        )


def spans_of(files: Sequence[File], heading: Heading, size: int, run: Run) -> list[Span]:
    """Spans of about `size` bytes of files of one table, in order, up to the first whose header is to be refused.

    Raises SmtrainError if a file cannot be read by those who look for its records.
    """
    spans: list[Span] = []
    for file in files:
        try:
            reader, length = heading.reader_of(file.name, file), file.plain_size()
        except SmtrainError:  # it is said in its turn: the rows before may be at fault, too
            return [*spans, FileSpan(heading, file)]
        if length is None:
            spans.append(FileSpan(heading, file))
        else:
            spans += _spans_of_text(heading, reader, ByteRange(file, length, reader.offset, length), size, run)
    return spans


def _spans_of_text(heading: Heading, reader: RecordReader, rows: ByteRange, size: int, run: Run) -> list[Span]:
    """The spans of the rows of a plain file, of which a reader has read the header."""
    maps = run(partial(map_of, delimiter=reader.delimiter), rows.cut(size))
    starts = list(record_starts(maps, reader.line))
    ends = [*(offset for offset, _ in starts[1:]), rows.end]
    texts = (replace(rows, begin=begin, end=end) for (begin, _), end in zip(starts, ends, strict=False))
    return [TextSpan(heading, text, line, reader.delimiter) for text, (_, line) in zip(texts, starts, strict=True)]
