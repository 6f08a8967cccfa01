"""Model files that are cut, flipped, forged or no files at all: each is refused in one line, and quickly.

A model ends in the SHA-256 of the bytes before it. Forged files carry the right one, so that what is behind it is
reached.
"""

import hashlib
import io
import json
import os
import re
import struct
import subprocess
import sys
import tracemalloc
import zipfile

import numpy as np
import pytest

from tests.cli import SMTRAIN, clean_environment

MIB, SEAL = 1 << 20, 64
MEMBERS = ("W", "b", "means", "scales", "classes", "features", "meta", "history")


def refused(cli, folder, data, *, command=("show",)):
    """The model `data` is refused, in one line."""
    (folder / "model.npz").write_bytes(data)
    outcome = cli(*command)
    assert outcome.code == 4, f"{outcome.code}: {outcome.stderr}"
    return outcome


def refused_lightly(cli, folder, data):
    """The model `data` is refused, and takes little memory."""
    tracemalloc.start()
    try:
        outcome = refused(cli, folder, data)
        assert tracemalloc.get_traced_memory()[1] < len(data) + 100 * MIB
    finally:
        tracemalloc.stop()
    return outcome


def header(dtype: str, shape: object, *, fortran: bool = False, pad: int = 118) -> bytes:
    """An .npy header of any texts."""
    text = f"{{'descr': {dtype}, 'fortran_order': {fortran}, 'shape': {shape}, }}"
    text = text.ljust(pad - 1) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


def npy(array: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.lib.format.write_array(out, array, version=(1, 0), allow_pickle=True)
    return out.getvalue()


def zipped(members: list[tuple[str, bytes]], compression: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        archive.comment = b"0" * SEAL
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, compression)
    return sealed(out.getvalue())


def sealed(data: bytes) -> bytes:
    """The archive with the right SHA-256 as its last bytes."""
    return data[:-SEAL] + hashlib.sha256(data[:-SEAL]).hexdigest().encode()


class Forger:
    """A model taken apart, to be put together differently."""

    def __init__(self, data: bytes) -> None:
        with np.load(io.BytesIO(data)) as archive:
            self.arrays = {name: archive[name] for name in archive.files}

    def json(self, name):
        return json.loads(self.arrays[name].tobytes())

    def text(self, name, text: str | bytes):
        """The forger with a member of this text."""
        data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
        self.arrays[name] = np.frombuffer(data, np.uint8)
        return self

    def meta(self, change):
        """The forger with its meta document changed in place."""
        document = self.json("meta")
        change(document)
        return self.text("meta", json.dumps(document))

    def members(self) -> list[tuple[str, bytes]]:
        return [(f"{name}.npy", npy(np.ascontiguousarray(array))) for name, array in self.arrays.items()]

    def bytes(self) -> bytes:
        return zipped(self.members())


@pytest.fixture
def forger(model_bytes):
    return Forger(model_bytes)


def test_a_forger_that_changes_nothing_is_believed(cli, tmp_path, forger):
    (tmp_path / "model.npz").write_bytes(forger.bytes())
    assert cli("show").code == 0


@pytest.mark.parametrize("name", ["x", "1.0", "01", "+1", "-0", " 1", "٣", "1" * 5000])
def test_classes_that_are_said_to_be_integers(cli, tmp_path, forger, name):
    classes = [name, *map(str, range(2, 1 + len(forger.json("classes"))))]
    forger.text("classes", json.dumps(classes)).meta(lambda meta: meta["schema"].update(integers=True))
    assert "classes that are no integers" in refused(cli, tmp_path, forger.bytes()).stderr


# ---- damage ----


def test_cut_at_any_length(cli, tmp_path, model_bytes):
    for length in [*range(120), *range(120, len(model_bytes), 23), *range(len(model_bytes) - 40, len(model_bytes))]:
        refused(cli, tmp_path, model_bytes[:length])


def test_cut_at_the_front(cli, tmp_path, model_bytes):
    for length in [*range(1, 60), *range(60, len(model_bytes), 61)]:
        refused(cli, tmp_path, model_bytes[length:])


def test_any_flipped_bit(cli, tmp_path, model_bytes):
    """In the contents, the headers and the directory; every 13th byte, and every bit of the end."""
    size = len(model_bytes)
    places = [(i, i % 8) for i in range(0, size, 13)] + [(i, bit) for i in range(size - 90, size) for bit in range(8)]
    accepted = []
    for at, bit in places:
        data = bytearray(model_bytes)
        data[at] ^= 1 << bit
        (tmp_path / "model.npz").write_bytes(data)
        if cli("show").code != 4:
            accepted.append((at, bit))
    assert not accepted, f"{len(accepted)} of {len(places)}"


def test_a_flipped_bit_never_changes_what_is_read(cli, tmp_path, model_bytes):
    (tmp_path / "model.npz").write_bytes(model_bytes)
    honest = cli("show", "--json").stdout
    for at in range(0, len(model_bytes), 11):
        data = bytearray(model_bytes)
        data[at] ^= 1 << (at % 8)
        (tmp_path / "model.npz").write_bytes(data)
        outcome = cli("show", "--json")
        assert outcome.code in {2, 4} or outcome.stdout == honest, at


@pytest.mark.parametrize("value", [0x00, 0xFF, 0x20])
def test_overwritten_stretches(value, cli, tmp_path, model_bytes):
    for at in range(0, len(model_bytes) - 40, 97):
        data = bytearray(model_bytes)
        data[at : at + 40] = bytes([value]) * 40
        if data != model_bytes:
            refused(cli, tmp_path, bytes(data))


def test_bytes_left_out_or_put_in(cli, tmp_path, model_bytes):
    for at in range(0, len(model_bytes), 83):
        refused(cli, tmp_path, model_bytes[:at] + model_bytes[at + 1 :])
        refused(cli, tmp_path, model_bytes[:at] + b"\0" + model_bytes[at:])


NO_MODELS = {
    "nothing": b"",
    "a text": b"a,b,y\n1,2,p\n",
    "one byte": b"P",
    "an empty zip": b"PK\x05\x06" + bytes(18),
    "an end of a zip that lies about its size": b"PK\x05\x06" + bytes(4) + b"\xff\xff\xff\xff" + b"\xff" * 10,
    "zeros": bytes(100_000),
    "ones": b"\xff" * 100_000,
    "an .npy": npy(np.ones(3)),
    "a pickle": b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00cos\nsystem\n",
    "gzip": b"\x1f\x8b\x08" + bytes(100),
    "JSON": b'{"format_version": 1}',
    "a zip of a text": zipped([("readme.txt", b"hello")]),
    "a zip of a zip": zipped([("W.npy", zipped([("W.npy", b"")]))]),
}


@pytest.mark.parametrize("name", NO_MODELS)
def test_no_model_at_all(name, cli, tmp_path):
    refused(cli, tmp_path, NO_MODELS[name])


def test_bytes_before_and_after(cli, tmp_path, model_bytes):
    refused(cli, tmp_path, model_bytes + b"x")
    refused(cli, tmp_path, b"#!/bin/sh\n" + model_bytes)
    refused(cli, tmp_path, model_bytes + model_bytes)
    refused(cli, tmp_path, bytes(1000) + model_bytes)


# ---- the archive ----


def test_members_that_are_not_there(cli, tmp_path, forger):
    members = forger.members()
    assert members[-1][0] == "information.npy"  # may be left out
    for i in range(len(members) - 1):
        refused(cli, tmp_path, zipped(members[:i] + members[i + 1 :]))


@pytest.mark.parametrize(
    "name",
    [
        "extra.npy",
        "W",
        "w.npy",
        "W.npy/",
        "../W.npy",
        "/W.npy",
        "a/W.npy",
        "W.npy.npy",
        "a\\W.npy",
        "",
        "Ŵ.npy",
    ],
)
def test_members_that_should_not_be_there(name, cli, tmp_path, forger):
    refused(cli, tmp_path, zipped([*forger.members(), (name, npy(np.ones(2)))]))
    renamed = [(name if old == "W.npy" else old, data) for old, data in forger.members()]
    refused(cli, tmp_path, zipped(renamed))


def test_members_that_are_there_twice(cli, tmp_path, forger):
    members = forger.members()
    with pytest.warns(UserWarning, match="Duplicate name"):
        doubled = zipped([*members, members[0]])
    refused(cli, tmp_path, doubled)
    with pytest.warns(UserWarning, match="Duplicate name"):
        doubled = zipped([members[0], members[0], *members[2:]])
    refused(cli, tmp_path, doubled)


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_compressed_members(compression, cli, tmp_path, forger):
    refused(cli, tmp_path, zipped(forger.members(), compression=compression))


def test_a_bomb(cli, tmp_path, forger):
    """A member of 200 MB of zeros in 200 kB."""
    bomb = npy(np.zeros(25 * MIB))
    members = [(name, bomb if name == "W.npy" else data) for name, data in forger.members()]
    refused_lightly(cli, tmp_path, zipped(members, compression=zipfile.ZIP_DEFLATED))


def test_a_member_that_says_it_is_stored_and_is_not(cli, tmp_path, forger):
    data = bytearray(zipped(forger.members(), compression=zipfile.ZIP_DEFLATED))
    for at in _places(data, b"PK\x01\x02"):
        data[at + 10 : at + 12] = bytes(2)
    for at in _places(data, b"PK\x03\x04"):
        data[at + 8 : at + 10] = bytes(2)
    refused(cli, tmp_path, sealed(bytes(data)))


def test_encrypted_members(cli, tmp_path, forger):
    data = bytearray(forger.bytes())
    for at in _places(data, b"PK\x01\x02"):
        data[at + 8] |= 1
    for at in _places(data, b"PK\x03\x04"):
        data[at + 6] |= 1
    refused(cli, tmp_path, sealed(bytes(data)))


def _places(data, what):
    at = data.find(what)
    while at >= 0:
        yield at
        at = data.find(what, at + 1)


@pytest.mark.parametrize(
    "field",
    [
        (16, 4, "crc"),
        (20, 4, "packed"),
        (24, 4, "size"),
        (28, 2, "name"),
        (30, 2, "extra"),
        (32, 2, "comment"),
        (42, 4, "offset"),
    ],
    ids=str,
)
@pytest.mark.parametrize("value", [0, 1, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFE, 0xFFFF_FFFF])
def test_a_directory_that_lies(field, value, cli, tmp_path, forger):
    start, size, _ = field
    data = bytearray(forger.bytes())
    at = next(_places(data, b"PK\x01\x02"))
    old = bytes(data[at + start : at + start + size])
    new = (value & (256**size - 1)).to_bytes(size, "little")
    data[at + start : at + start + size] = new
    if new != old:
        refused(cli, tmp_path, sealed(bytes(data)))


@pytest.mark.slow
def test_a_directory_of_very_many_members(tmp_path):
    """300,000 entries for one member, 15 MB: refused for less than 100 MB more than the file."""
    count = 300_000
    entry = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 45, 45, 0, 0, 0, 33, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0) + b"W.npy"
    body = entry * count
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, len(body), 0)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, len(body), 1)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFF_FFFF, 0xFFFF_FFFF, SEAL)
    peaks = []
    for name, data in (("small", b""), ("many", sealed(body + record + locator + end + bytes(SEAL)))):
        (tmp_path / name).write_bytes(data)
        process = subprocess.Popen([*SMTRAIN, "show", name], cwd=tmp_path, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 4
        peaks.append(usage.ru_maxrss * 1024)
    assert peaks[1] < peaks[0] + len(body) + 100 * MIB


@pytest.mark.parametrize("name", ["contract_numbers", "contract_levels"])
def test_half_of_a_contract(name, cli, tmp_path, forger):
    del forger.arrays[name]
    refused(cli, tmp_path, forger.bytes())


def test_a_model_without_a_contract_is_whole(cli, trained, forger):
    """As those of earlier versions are; only a check needs one."""
    for name in ("contract_numbers", "contract_levels"):
        del forger.arrays[name]
    (trained / "model.npz").write_bytes(forger.bytes())
    assert cli("show").code == 0
    assert cli("evaluate", "data.csv").code == 0
    assert cli("check", "data.csv").code == 4


# ---- the arrays' headers ----

HUGE = 1 << 40


def with_member(forger, name, data, size=None):
    """The model with one member's bytes; the directory says `size`, if given, however long they are."""
    members = [(old, data if old == f"{name}.npy" else content) for old, content in forger.members()]
    if size is None:
        return zipped(members)
    return stretched(zipped(members), f"{name}.npy".encode(), size)


def stretched(data: bytes, name: bytes, size: int) -> bytes:
    """The archive with a directory that gives the member `name` another size, as zip64 where it must be."""
    at = next(i for i in _places(data, b"PK\x01\x02") if data[i + 46 : i + 46 + len(name)] == name)
    extra = struct.pack("<HHQQ", 1, 16, size, size)
    entry = bytearray(data[at : at + 46])
    entry[20:28] = b"\xff" * 8
    entry[30:32] = struct.pack("<H", len(extra))
    rest = data[at + 46 + len(name) :]
    end = rest.rindex(b"PK\x05\x06")
    tail = bytearray(rest)
    old_size = struct.unpack("<L", rest[end + 12 : end + 16])[0]
    tail[end + 12 : end + 16] = struct.pack("<L", old_size + len(extra))
    return sealed(data[:at] + bytes(entry) + name + extra + bytes(tail))


HEADERS = {
    "complex": ("'<c16'", (5, 3)),
    "float32": ("'<f4'", (5, 3)),
    "big-endian": ("'>f8'", (5, 3)),
    "integers": ("'<i8'", (5, 3)),
    "text": ("'<U8'", (5, 3)),
    "text of a huge width": ("'<U1000000000000'", (5, 3)),
    "objects": ("'|O'", (5, 3)),
    "void": ("'|V8'", (5, 3)),
    "void of nothing": ("'|V0'", (5, 3)),
    "dates": ("'<M8[s]'", (5, 3)),
    "a record": ("[('a', '<f8')]", (5, 3)),
    "a record of objects": ("[('a', '|O')]", (5, 3)),
    "a subarray": ("('<f8', (5, 3))", ()),
    "a type that is none": ("'nonsense'", (5, 3)),
    "a type of a number": ("8", (5, 3)),
    "a type of None": ("None", (5, 3)),
    "fewer rows": ("'<f8'", (4, 3)),
    "more rows": ("'<f8'", (6, 3)),
    "one side": ("'<f8'", (15,)),
    "no side": ("'<f8'", ()),
    "three sides": ("'<f8'", (5, 3, 1)),
    "turned": ("'<f8'", (3, 5)),
    "negative": ("'<f8'", (-5, -3)),
    "one negative": ("'<f8'", (-1, 3)),
    "huge": ("'<f8'", (HUGE, 3)),
    "2^63": ("'<f8'", (1 << 63, 3)),
    "2^64 that wraps to the right size": ("'<f8'", ((1 << 61) + 5, 3)),
    "2^70 by nothing": ("'<f8'", (1 << 70, 0)),
    "nothing": ("'<f8'", (0, 3)),
    "65 sides": ("'<f8'", (1,) * 65),
    "of truths": ("'<f8'", "(True, 15)"),
    "of floats": ("'<f8'", "(5.0, 3.0)"),
    "of text": ("'<f8'", "'53'"),
    "of a list": ("'<f8'", "[5, 3]"),
    "of long integers of Python 2": ("'<f8'", "(5L, 3L)"),
    "of None": ("'<f8'", "None"),
    "of a call": ("'<f8'", "(__import__('os').system('true'),)"),
    "of deep brackets": ("'<f8'", "(" * 400 + ")" * 400),
    "of many signs": ("'<f8'", "(" + "-" * 400 + "1,)"),
    "of a number of 600 digits": ("'<f8'", "(" + "9" * 600 + ", 0)"),
}


@pytest.mark.parametrize("name", HEADERS)
def test_headers_that_lie(name, cli, tmp_path, forger):
    dtype, shape = HEADERS[name]
    body = forger.arrays["W"].tobytes()
    for data in (body, b""):
        refused_lightly(
            cli, tmp_path, with_member(forger, "W", header(dtype, shape, pad=max(118, 90 + len(str(shape)))) + data)
        )


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"\x93NUMPY",
        b"\x93NUMPY\x01\x00",
        b"\x93NUMPY\x01\x00\xff\xff",
        b"\x93NUMPY\x01\x00\x00\x00",
        b"\x93NUMPY\x02\x00\x76\x00\x00\x00",
        b"\x93NUMPY\x03\x00\x76\x00\x00\x00",
        b"\x93NUMPY\x09\x00\x76\x00",
        b"\x80\x04K\x01.",
        header("'<f8'", (5, 3), fortran=True),
        header("'<f8'", (5, 3))[:-1] + b"x",
        header("'<f8'", (5, 3), pad=2000),
        header("'<f8'", (5, 3)).replace(b"descr", b"DESCR"),
        header("'<f8'", (5, 3)).replace(b"shape", b"sh\xffpe"),
        header("'<f8'", (5, 3)).replace(b", }", b", 'more': 1}"),
    ],
    ids=range(15),
)  # fmt: skip
def test_starts_that_are_none(start, cli, tmp_path, forger):
    refused(cli, tmp_path, with_member(forger, "W", start + forger.arrays["W"].tobytes()))


@pytest.mark.parametrize("name", MEMBERS)
@pytest.mark.parametrize("bytes_said", [1 << 30, 1 << 36, 1 << 50, 1 << 62], ids=lambda n: f"2^{n.bit_length() - 1}")
def test_a_size_that_is_said_everywhere_but_not_there(name, bytes_said, cli, tmp_path, forger):
    """The header's shape and the directory agree on a gigabyte and more; the file has a few bytes."""
    start = header("'|u1'", (bytes_said,))
    size = bytes_said + len(start)
    refused_lightly(cli, tmp_path, with_member(forger, name, start + bytes(100), size))


def test_a_size_that_is_not_there_takes_no_memory(trained, model_bytes):
    """In a process that may have 1 GB."""
    start = header("'|u1'", (1 << 36,))
    (trained / "model.npz").write_bytes(with_member(Forger(model_bytes), "W", start, (1 << 36) + len(start)))
    limited = "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (1 << 30,) * 2); "
    program = limited + "from smtrain.cli.main import main; sys.argv[0] = 'smtrain'; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "show"],
        cwd=trained,
        capture_output=True,
        text=True,
        timeout=20,
        env=clean_environment(),
        check=False,
    )
    assert done.returncode == 4, done.stderr


# ---- the contents, with a right digest ----


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["W", "b", "means", "scales", "information"])
def test_numbers_that_are_not_finite(name, value, cli, tmp_path, forger):
    array = forger.arrays[name].copy()
    array.flat[-1] = value
    forger.arrays[name] = array
    refused(cli, tmp_path, forger.bytes())


@pytest.mark.parametrize("name", ["W", "b"])
@pytest.mark.parametrize("value", [1e308, -1e308])
def test_weights_of_any_size_give_no_nan(name, value, cli, trained, forger):
    """Refused, or of use: never an exit code of 0 with NaN."""
    array = forger.arrays[name].copy()
    array.flat[:] = value
    array.flat[0] = -value
    forger.arrays[name] = array
    (trained / "model.npz").write_bytes(forger.bytes())
    for command in (["predict", "data.csv", "--proba"], ["evaluate", "data.csv", "--json"], ["show", "--se", "--json"]):
        outcome = cli(*command)
        assert outcome.code in {0, 4}, outcome.stderr
        assert b"nan" not in outcome.stdout


@pytest.mark.parametrize("size", [0.0, 1e-300, 1e100])
def test_information_of_any_size_gives_no_nan(size, cli, trained, forger):
    """No information matrix that a fit could have made, but of the right shape: shown without a number that is none."""
    rng = np.random.default_rng(0)
    A = rng.uniform(-size, size, forger.arrays["information"].shape) / 2
    forger.arrays["information"] = (A + A.T) / 2
    np.fill_diagonal(forger.arrays["information"], size)
    (trained / "model.npz").write_bytes(forger.bytes())
    for command in (["show", "--se"], ["show", "--se", "--json"]):
        outcome = cli(*command)
        assert outcome.code == 0, outcome.stderr
        assert b"nan" not in outcome.stdout.lower()
        assert not re.search(rb"\binf", outcome.stdout.lower().replace(b"inference", b""))


SHAPES = {
    "W transposed": ("W", lambda a: a.T),
    "W flat": ("W", lambda a: a.ravel()),
    "W with a row more": ("W", lambda a: np.vstack([a, a[:1]])),
    "W with a row less": ("W", lambda a: a[:-1]),
    "W with a class less": ("W", lambda a: a[:, :-1]),
    "W of nothing": ("W", lambda a: a[:0]),
    "W with a side more": ("W", lambda a: a[None]),
    "W of bytes": ("W", lambda a: np.zeros(a.shape, np.uint8)),
    "b longer": ("b", lambda a: np.append(a, 0.0)),
    "b shorter": ("b", lambda a: a[:-1]),
    "b of nothing": ("b", lambda a: a[:0]),
    "b a number": ("b", lambda _: np.array([[1.0]])),
    "means shorter": ("means", lambda a: a[:-1]),
    "means others": ("means", lambda a: a + 1),
    "scales others": ("scales", lambda a: a * 2),
    "scales of zero": ("scales", np.zeros_like),
    "classes as numbers": ("classes", lambda _: np.ones(3)),
    "classes of nothing": ("classes", lambda a: a[:0]),
    "classes cut": ("classes", lambda a: a[:-2]),
    "classes with a side more": ("classes", lambda a: a[None]),
    "history flat": ("history", lambda a: a.ravel()),
    "history wide": ("history", lambda a: np.hstack([a, a])),
    "history of bytes": ("history", lambda _: np.zeros((2, 5), np.uint8)),
    "contract with a column less": ("contract_numbers", lambda a: a[:0]),
    "contract with a bin less": ("contract_numbers", lambda a: a[:, :-1]),
    "contract flat": ("contract_numbers", lambda a: a.ravel()),
    "contract of bytes": ("contract_numbers", lambda a: np.zeros(a.shape, np.uint8)),
    "contract not finite": ("contract_numbers", lambda a: np.where(np.arange(22) == 1, np.nan, a)),
    "contract too large": ("contract_numbers", lambda a: np.where(np.arange(22) == 2, 1e200, a)),
    "contract with a range upside down": ("contract_numbers", lambda a: a[:, [0, 2, 1, *range(3, 22)]]),
    "contract with deciles upside down": (
        "contract_numbers",
        lambda a: a[:, [0, 1, 2, *range(11, 2, -1), *range(12, 22)]],
    ),
    "contract with half of the numbers": ("contract_numbers", lambda a: np.where(np.arange(22) > 11, a / 2, a)),
    "contract with more missing than there is": ("contract_numbers", lambda a: np.where(np.arange(22) == 0, 1.5, a)),
    "contract with a level less": ("contract_levels", lambda a: a[:-1]),
    "contract with a level below zero": ("contract_levels", lambda a: a + np.array([-1.0, 0.5, 0.5])),
    "contract with levels square": ("contract_levels", lambda a: a[None]),
    "contract with levels of bytes": ("contract_levels", lambda a: np.zeros(a.shape, np.uint8)),
    "contract with half of the levels": ("contract_levels", lambda a: a / 2),
    "information of a class less": ("information", lambda a: a[:6, :6]),
    "information of a class more": ("information", lambda _: np.eye(18)),
    "information flat": ("information", lambda a: a.ravel()),
    "information not square": ("information", lambda a: a[:-1]),
    "information of nothing": ("information", lambda a: a[:0, :0]),
    "information of bytes": ("information", lambda a: np.zeros(a.shape, np.uint8)),
    "information not symmetric": ("information", lambda a: a + np.triu(np.full(a.shape, 1e-9), 1)),
    "information negative": ("information", lambda a: -a),
    "information beside a zero diagonal": ("information", lambda a: a - np.diag(np.diag(a))),
    "information larger than its diagonal allows": ("information", lambda a: a + 50 * (1 - np.eye(len(a)))),
    "meta of nothing": ("meta", lambda a: a[:0]),
    "meta not UTF-8": ("meta", lambda a: np.append(a, np.uint8(255))),
    "meta with NULs": ("meta", lambda a: np.append(a, np.uint8(0))),
}


@pytest.mark.parametrize("name", SHAPES)
def test_arrays_that_do_not_fit(name, cli, tmp_path, forger):
    member, change = SHAPES[name]
    forger.arrays[member] = np.ascontiguousarray(change(forger.arrays[member]))
    refused(cli, tmp_path, forger.bytes())


TEXTS = {
    "classes twice": ("classes", '["p","p","q"]'),
    "one class": ("classes", '["p"]'),
    "no classes": ("classes", "[]"),
    "classes as numbers": ("classes", "[1,2,3]"),
    "classes of null": ("classes", '["p","q",null]'),
    "classes as an object": ("classes", '{"p":1,"q":2,"r":3}'),
    "classes as a text": ("classes", '"pqr"'),
    "an empty class": ("classes", '["","q","r"]'),
    "a class of half a character": ("classes", '["\\ud800","q","r"]'),
    "classes deep": ("classes", "[" * 100_000),
    "classes with a comma too many": ("classes", '["p","q","r",]'),
    "features others": ("features", '["a","b","c","d","e"]'),
    "features of nothing": ("features", "[]"),
    "meta a list": ("meta", "[]"),
    "meta a number": ("meta", "1"),
    "meta null": ("meta", "null"),
    "meta empty": ("meta", "{}"),
    "meta no JSON": ("meta", "{'format_version': 1}"),
    "meta deep": ("meta", '{"a":' * 100_000),
    "meta deep and closed": ("meta", '{"format_version":1,"schema":' + "[" * 50_000 + "]" * 50_000 + "}"),
    "meta of a number of 5,000 digits": ("meta", '{"format_version":' + "1" * 5000 + "}"),
    "meta of 1e999": ("meta", '{"format_version":1e999}'),
    "meta of UTF-16": ("meta", '{"format_version": 1}'.encode("utf-16")),
    "meta with a BOM": ("meta", b"\xef\xbb\xbf{}"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_texts_that_do_not_fit(name, cli, tmp_path, forger):
    refused(cli, tmp_path, forger.text(*TEXTS[name]).bytes())


@pytest.mark.parametrize(
    "version", [3, 4, 10**9, 1.5, "2", "1", None, [], {}, 0, -1, float("nan"), float("inf")], ids=repr
)
def test_versions_that_are_not_known(version, cli, tmp_path, forger):
    outcome = refused(cli, tmp_path, forger.meta(lambda m: m.update(format_version=version)).bytes())
    if isinstance(version, int) and version > 1:
        assert "newer" in outcome.stderr


def without(*path):
    def change(document):
        for key in path[:-1]:
            document = document[key]
        del document[path[-1]]

    return change


def put(value, *path):
    def change(document):
        for key in path[:-1]:
            document = document[key]
        document[path[-1]] = value

    return change


SCHEMA = {
    "no version": without("format_version"),
    "no schema": without("schema"),
    "no fit": without("fit"),
    "a fit of nothing": put({}, "fit"),
    "a fit of text": put("good", "fit"),
    "a fit of null": put(None, "fit"),
    **{f"no {key} in fit": without("fit", key) for key in ("rows", "class_counts", "options", "nll", "gap", "status")},
    **{f"{key} a text": put("x", "fit", key) for key in ("rows", "class_counts", "options", "status", "epochs")},
    **{f"{key} a text": put("x", "fit", key) for key in ("nll", "objective", "gap")},
    **{f"{key} NaN": put(float("nan"), "fit", key) for key in ("nll", "objective", "gap")},
    "collinear a list": put([], "fit", "collinear"),
    "collinear with a number": put({"a": 1}, "fit", "collinear"),
    "collinear with numbers": put({"a": [1]}, "fit", "collinear"),
    "collinear half a character": put({"\ud800": []}, "fit", "collinear"),
    "a likelihood of fewer columns": put(
        {"weight": 4.0, "null_nll": 1.0, "degrees": 3, "columns": []}, "fit", "likelihood"
    ),
    "a likelihood without weight": put(
        {"weight": 0, "null_nll": 1.0, "degrees": 3, "columns": [{"degrees": 1, "nll": 1.0, "settled": True}] * 2},
        "fit",
        "likelihood",
    ),
    "a separation of text": put("complete", "fit", "separation"),
    "a separation of nothing": put({}, "fit", "separation"),
    "a separation of one class": put({"complete": True, "columns": [], "pairs": [["p"]]}, "fit", "separation"),
    "a separation of numbers": put({"complete": True, "columns": [], "pairs": [[1, 2]]}, "fit", "separation"),
    "a separation of numbered columns": put({"complete": True, "columns": [1], "pairs": []}, "fit", "separation"),
    "a separation complete by half": put({"complete": 0.5, "columns": [], "pairs": []}, "fit", "separation"),
    "a leave-one-out of text": put("x", "fit", "loo_nll"),
    "a leave-one-out of NaN": put(float("nan"), "fit", "loo_nll"),
    "fewer counts": put([1], "fit", "class_counts"),
    "negative rows": put(-1, "fit", "rows"),
    "an unknown status": put("FINE", "fit", "status"),
    "no columns": put([], "schema", "columns"),
    "columns of text": put(["a", "b"], "schema", "columns"),
    "columns of null": put(None, "schema", "columns"),
    "a column twice": lambda m: m["schema"]["columns"].append(m["schema"]["columns"][0]),
    "a column of the name of the target": put("y", "schema", "columns", 0, "name"),
    "a column without a name": without("schema", "columns", 0, "name"),
    "a column of an unknown kind": put("date", "schema", "columns", 0, "kind"),
    "a column of a number as name": put(5, "schema", "columns", 0, "name"),
    "a category of a number as name": put(5, "schema", "columns", 1, "name"),
    "a category of null as name": put(None, "schema", "columns", 1, "name"),
    "a category of half a character": put("\ud800", "schema", "columns", 1, "name"),
    "a mean of text": put("x", "schema", "columns", 0, "mean"),
    "a mean as text": put("3.1", "schema", "columns", 0, "mean"),
    "a mean of NaN": put(float("nan"), "schema", "columns", 0, "mean"),
    "a mean of null": put(None, "schema", "columns", 0, "mean"),
    "another mean": put(7.0, "schema", "columns", 0, "mean"),
    "a scale of 0": put(0.0, "schema", "columns", 0, "scale"),
    "a negative scale": put(-1.0, "schema", "columns", 0, "scale"),
    "an infinite scale": put(float("inf"), "schema", "columns", 0, "scale"),
    "no indicator": put(False, "schema", "columns", 0, "missing"),
    "levels as numbers": put([1, 2, 3], "schema", "columns", 1, "levels"),
    "levels as text": put("uvw", "schema", "columns", 1, "levels"),
    "levels of null": put(None, "schema", "columns", 1, "levels"),
    "no levels": put([], "schema", "columns", 1, "levels"),
    "levels twice": put(["u", "u", "w"], "schema", "columns", 1, "levels"),
    "rare levels that are no levels": put([None], "schema", "columns", 1, "rare"),
    "rare levels twice": put(["x", "x"], "schema", "columns", 1, "rare"),
    "rare levels that are levels": put(["u"], "schema", "columns", 1, "rare"),
    "rare levels without a weight": put(["x"], "schema", "columns", 1, "rare"),
    "rare levels as text": put("x", "schema", "columns", 1, "rare"),
    "more levels": put(["u", "v", "w", "x"], "schema", "columns", 1, "levels"),
    "no target": without("schema", "target"),
    "a target of a number": put(5, "schema", "target"),
    "a target of null": put(None, "schema", "target"),
    "a target of a list": put(["y"], "schema", "target"),
    "a target of half a character": put("\ud800", "schema", "target"),
    "a weight of a number": put(5, "schema", "weight"),
    "the target as weight": put("y", "schema", "weight"),
    "a feature as weight": put("a", "schema", "weight"),
    "no dialect": without("schema", "dialect"),
    "a dialect of null": put(None, "schema", "dialect"),
    "a header of text": put("yes", "schema", "dialect", "header"),
    "a long delimiter": put("||", "schema", "dialect", "delimiter"),
    "an empty delimiter": put("", "schema", "dialect", "delimiter"),
    "a delimiter of a line end": put("\n", "schema", "dialect", "delimiter"),
    "a delimiter of a quote": put('"', "schema", "dialect", "delimiter"),
    "a delimiter of a number": put(5, "schema", "dialect", "delimiter"),
    "a delimiter outside ASCII": put("§", "schema", "dialect", "delimiter"),
    "a long decimal": put(",,", "schema", "dialect", "decimal"),
    "a decimal of null": put(None, "schema", "dialect", "decimal"),
    "a decimal of a digit": put("5", "schema", "dialect", "decimal"),
    "missing texts as text": put("abc", "schema", "dialect", "na_values"),
    "missing texts of numbers": put([1], "schema", "dialect", "na_values"),
    "missing texts of null": put(None, "schema", "dialect", "na_values"),
    "missing texts of lists": put([["x"]], "schema", "dialect", "na_values"),
    "ignored of numbers": put([[1, 2]], "schema", "ignored"),
    "ignored of lists": put([[["a"], "b"]], "schema", "ignored"),
    "ignored of three": put([["a", "b", "c"]], "schema", "ignored"),
    "ignored of null": put(None, "schema", "ignored"),
}  # fmt: skip


@pytest.mark.parametrize("name", SCHEMA)
def test_documents_that_do_not_fit(name, cli, trained, model_bytes):
    """What is no use to one command is refused by all."""
    forger = Forger(model_bytes).meta(SCHEMA[name])
    if name == "no indicator":
        forger.text("features", json.dumps([f for f in forger.json("features") if f != "a is missing"]))
    for field in ("levels", "name"):  # let the features agree, so that only the schema's own check can refuse it
        _agree(forger, field)
    for command in (["predict", "data.csv"], ["evaluate", "data.csv"], ["show"]):
        refused(cli, trained, forger.bytes(), command=command)


def _agree(forger, field):
    """Name the features as the columns of the schema would, where that can be done at all."""
    try:
        one, two = forger.json("meta")["schema"]["columns"]
        names = [one["name"], *([f"{one['name']} is missing"] if one["missing"] else [])]
        names += [f"{two['name']}={level}" for level in two["levels"]]
    except (KeyError, TypeError, ValueError):
        return
    if len(names) == len(forger.json("features")):
        forger.text("features", json.dumps(names))


@pytest.mark.parametrize("name", ["nothing", "a text", "an .npy", "an empty zip", "zeros"])
def test_no_model_to_start_from(name, cli, trained):
    command = ("fit", "data.csv", "-o", "new.npz", "--init", "model.npz")
    refused(cli, trained, NO_MODELS[name], command=command)


@pytest.mark.parametrize("option", ["--init", "--checkpoint"])
def test_a_file_of_data_is_no_model_to_go_on_from(option, cli, trained):
    """And it is still there afterwards."""
    (trained / "notes.csv").write_bytes(b"precious")
    outcome = cli("fit", "data.csv", "-o", "new.npz", option, "notes.csv")
    assert outcome.code in {2, 4}
    assert (trained / "notes.csv").read_bytes() == b"precious"
    assert cli("fit", "data.csv", "-o", "new.npz", option, "data.csv").code in {2, 4}


def test_a_model_is_no_checkpoint(cli, trained, model_bytes):
    assert cli("fit", "data.csv", "-o", "new.npz", "--checkpoint", "model.npz").code in {2, 4}
    assert (trained / "model.npz").read_bytes() == model_bytes


def test_a_model_of_other_columns_is_no_start(cli, trained):
    (trained / "other.csv").write_bytes(b"a,c,y\n1,u,p\n2,v,q\n3,u,r\n")
    outcome = cli("fit", "other.csv", "-o", "new.npz", "--init", "model.npz")
    assert outcome.code == 4, outcome.stderr


# ---- what is no plain file ----


def run_show(folder, *arguments, seconds=5):
    done = subprocess.run(
        [*SMTRAIN, "show", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=seconds,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.stderr.startswith("smtrain: error: "), done.stderr
    assert done.stderr.count("\n") <= 2
    return done.returncode


def test_a_fifo_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    assert run_show(tmp_path, "fifo") == 4


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "/dev/urandom", "/dev/stdin", "/proc/self/mem", "."])
def test_devices_and_folders(path, tmp_path):
    assert run_show(tmp_path, path) in {2, 4}


@pytest.mark.parametrize("path", ["", "nothing", "nothing/model.npz", "n" * 5000, "data.csv/model.npz", "-"])
def test_files_that_are_not_there(path, cli, trained):
    outcome = cli("show", path)
    assert outcome.code == 2


def test_sparse_files_of_100_gigabytes(tmp_path, model_bytes):
    for tail in (b"", model_bytes):
        with (tmp_path / "sparse.npz").open("wb") as file:
            file.truncate(100 << 30)
            file.seek(0, os.SEEK_END)
            file.write(tail)
        assert run_show(tmp_path, "sparse.npz") == 4
    (tmp_path / "sparse.npz").unlink()


def test_a_link_that_goes_round(tmp_path):
    (tmp_path / "model.npz").symlink_to("model.npz")
    assert run_show(tmp_path) == 2


def test_another_seal(cli, tmp_path, forger):
    """A changed weight with a right CRC and the old SHA-256; and the other way round."""
    old = forger.bytes()
    forger.arrays["W"] = forger.arrays["W"] + 1
    new = forger.bytes()
    for data in (new[:-SEAL] + old[-SEAL:], old[:-SEAL] + new[-SEAL:], old[:-SEAL] + old[-SEAL:].upper()):
        outcome = refused(cli, tmp_path, data)
        assert "SHA-256" in outcome.stderr
