# SPDX-License-Identifier: Apache-2.0
"""open_source on ZIPs, honest and hostile."""

import io
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from device.errors import InputError
from device.pictures import Limits, open_source

FACES = Path(__file__).parent / "data" / "faces"
FACE = sorted((FACES / "pictures").glob("*.jpg"))[0].read_bytes()

OPEN_FILES = Path("/proc/self/fd")

MakeZip = Callable[..., Path]


@pytest.fixture
def make_zip(tmp_path: Path) -> MakeZip:
    def make(*entries: tuple[str | zipfile.ZipInfo, bytes], method: int = 0) -> Path:
        path = tmp_path / "pictures.zip"
        with zipfile.ZipFile(path, "w", method) as archive:
            for name, data in entries:
                archive.writestr(name, data)
        return path

    return make


@pytest.fixture(autouse=True)
def nothing_left_behind(tmp_path: Path) -> Iterator[None]:
    """Nothing is unpacked and no file stays open, whatever the ZIP."""
    before = len(list(OPEN_FILES.iterdir()))
    yield
    assert [path.name for path in tmp_path.iterdir()] == ["pictures.zip"]
    assert len(list(OPEN_FILES.iterdir())) == before


def patched(path: Path, old: bytes, new: bytes) -> Path:
    """Change bytes of the same length everywhere in the file."""
    data = path.read_bytes()
    assert old in data
    assert len(old) == len(new)
    path.write_bytes(data.replace(old, new))
    return path


def reasons(path: Path) -> dict[str, str]:
    with open_source(path) as source:
        assert source.names == ("good.jpg",)
        assert source.read("good.jpg") == FACE
        return {refusal.name: refusal.reason for refusal in source.refused}


def test_an_honest_zip_is_read_in_place(make_zip: MakeZip) -> None:
    entries = [(f"train/{n}.jpg", FACE + bytes([n])) for n in (10, 9, 1)]
    path = make_zip(("train/", b""), *entries, ("labels.csv", b"file\n"), method=8)
    with open_source(path) as source:
        assert source.names == ("train/1.jpg", "train/9.jpg", "train/10.jpg")
        assert source.read("train/9.jpg") == FACE + b"\x09"
        assert source.read_text("labels.csv") == "file\n"
        assert source.refused == ()


def test_a_zip_needs_no_suffix_and_a_false_one_is_refused(make_zip: MakeZip) -> None:
    path = make_zip(("good.jpg", FACE))
    assert reasons(path) == {}
    path.write_bytes(FACE)
    with pytest.raises(InputError, match="not a ZIP that can be read"):
        open_source(path)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../evil.jpg", "climbs out"),
        ("a/../../evil.jpg", "climbs out"),
        ("/etc/evil.jpg", "absolute"),
        ("C:evil.jpg", "absolute"),
        ("..\\evil.jpg", "backslashes"),
        ("\\\\host\\evil.jpg", "backslashes"),
        ("evil\x1b[2J.jpg", "control"),
        ("__MACOSX/._good.jpg", "leftover"),
        ("evil.exe", "not a picture"),
        ("nested.zip", "not a picture"),
        ("x" * 2000 + ".jpg", "too long"),
    ],
)
def test_names_that_are_refused(make_zip: MakeZip, name: str, reason: str) -> None:
    (found,) = reasons(make_zip((name, FACE), ("good.jpg", FACE))).values()
    assert reason in found


def test_a_name_with_a_nul_is_refused(make_zip: MakeZip) -> None:
    path = patched(make_zip(("evil.jpg!.exe", FACE), ("good.jpg", FACE)), b"jpg!", b"jpg\x00")
    assert "control" in reasons(path)["evil.jpg\\x00.exe"]


def test_links_and_devices_are_refused(make_zip: MakeZip) -> None:
    link, device = zipfile.ZipInfo("link.jpg"), zipfile.ZipInfo("device.jpg")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    device.external_attr = (stat.S_IFCHR | 0o600) << 16
    found = reasons(make_zip((link, b"/etc/passwd"), (device, b""), ("good.jpg", FACE)))
    assert found == {"link.jpg": "a link", "device.jpg": "neither a file nor a folder"}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_second_entry_of_a_name_is_refused(make_zip: MakeZip) -> None:
    found = reasons(make_zip(("good.jpg", FACE), ("good.jpg", b"other")))
    assert found == {"good.jpg": "a second entry of the same name"}


def test_encrypted_entries_are_refused(make_zip: MakeZip) -> None:
    path = make_zip(("good.jpg", FACE), ("locked.jpg", FACE))
    data = bytearray(path.read_bytes())
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    assert reasons(path) == {"locked.jpg": "encrypted"}


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compression_is_refused(make_zip: MakeZip, method: int) -> None:
    path = make_zip(("good.jpg", FACE))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("packed.jpg", FACE, compress_type=method)
    assert f"compression method {method}" in reasons(path)["packed.jpg"]


def test_an_entry_that_unpacks_a_thousandfold_is_refused(make_zip: MakeZip) -> None:
    path = make_zip(("bomb.png", bytes(20 * 2**20)), ("good.jpg", FACE), method=8)
    assert "more than 200 times" in reasons(path)["bomb.png"]


def test_an_entry_over_the_limit_is_refused(make_zip: MakeZip) -> None:
    path = make_zip(("big.bmp", os.urandom(9000)), ("good.jpg", FACE[:8000]))
    with open_source(path, limits=Limits(max_entry_bytes=8500)) as source:
        assert source.names == ("good.jpg",)
        assert "at most 8500" in source.refused[0].reason


def test_a_size_that_lies_low_yields_no_more_than_it_claims(make_zip: MakeZip) -> None:
    size = 3 * 2**20
    path = make_zip(("liar.png", bytes(size)), ("good.jpg", FACE), method=8)
    patched(path, struct.pack("<I", size), struct.pack("<I", 5000))
    with open_source(path) as source, pytest.raises(InputError, match=r"liar\.png .* damaged"):
        source.read("liar.png")


def test_a_size_that_lies_high_is_refused(make_zip: MakeZip) -> None:
    path = make_zip(("good.jpg", FACE), ("liar.png", bytes(1000)), method=8)
    patched(path, struct.pack("<I", 1000), struct.pack("<I", 5000))
    with open_source(path) as source, pytest.raises(InputError, match=r"liar\.png"):
        source.read("liar.png")


def test_damage_in_one_entry_leaves_the_others(make_zip: MakeZip) -> None:
    path = patched(make_zip(("good.jpg", FACE), ("bad.jpg", b"abcdef" * 50)), b"abcdef", b"abcdeg")
    with open_source(path) as source:
        assert source.read("good.jpg") == FACE
        with pytest.raises(InputError, match="damaged"):
            source.read("bad.jpg")


def test_entries_that_share_their_bytes_are_refused(make_zip: MakeZip) -> None:
    path = make_zip(("a.jpg", FACE), ("b.jpg", FACE))
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\x01\x02") + 42
    data[at : at + 4] = struct.pack("<I", 0)
    path.write_bytes(data)
    with pytest.raises(InputError, match="overlapping entries"):
        open_source(path)


def test_a_better_zip_bomb_is_refused(make_zip: MakeZip) -> None:
    """Fifield's quoted overlap: the first entry holds the second one's header, then its data."""
    zeros = bytes(2**20)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    kernel = packer.compress(zeros) + packer.flush()

    def header(name: bytes, content: bytes, packed: int) -> bytes:
        sizes = (zlib.crc32(content), packed, len(content), len(name), 0)
        return struct.pack("<4s5HIIIHH", b"PK\x03\x04", 20, 0, 8, 0, 33, *sizes) + name

    inner = header(b"b.png", zeros, len(kernel))
    quote = struct.pack("<BHH", 0, len(inner), len(inner) ^ 0xFFFF)
    outer = header(b"a.png", inner + zeros, len(quote + inner + kernel))
    body = outer + quote + inner + kernel
    directory = b"".join(
        struct.pack("<4sH", b"PK\x01\x02", 20)
        + local[4:30]
        + struct.pack("<HHHII", 0, 0, 0, 0, offset)
        + local[30:]
        for local, offset in ((outer, 0), (inner, len(outer + quote)))
    )
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 2, 2, len(directory), len(body), 0)
    path = make_zip()
    path.write_bytes(body + directory + end)
    with zipfile.ZipFile(path) as archive:
        assert [entry.file_size for entry in archive.infolist()] == [2**20 + len(inner), 2**20]
    with pytest.raises(InputError, match="overlapping entries"):
        open_source(path, limits=Limits(max_ratio=10_000))


def test_the_whole_may_not_be_too_much(make_zip: MakeZip) -> None:
    path = make_zip(*((f"{n}.jpg", FACE) for n in range(200)))
    with pytest.raises(InputError, match="would unpack to"):
        open_source(path, limits=Limits(max_total_bytes=199 * len(FACE)))
    with pytest.raises(InputError, match="more entries than the limit of 199"):
        open_source(path, limits=Limits(max_pictures=199))
    with open_source(path, limits=Limits(max_pictures=200)) as source:
        assert len(source.names) == 200


def test_an_empty_zip_says_so(make_zip: MakeZip) -> None:
    with pytest.raises(InputError, match="holds no picture"):
        open_source(make_zip())


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.97, 0.999])
def test_a_truncated_zip_is_refused(make_zip: MakeZip, keep: float) -> None:
    path = make_zip(("a.jpg", FACE), ("b.jpg", FACE))
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    with pytest.raises(InputError, match="not a ZIP that can be read"):
        open_source(path)


def test_a_zip_that_shrinks_while_open_is_an_input_error(make_zip: MakeZip) -> None:
    path = make_zip(("a.jpg", FACE), ("b.jpg", FACE * 40))
    with open_source(path) as source:
        os.truncate(path, len(FACE) // 2)
        for name in source.names:
            with pytest.raises(InputError, match=r"damaged|promised"):
                source.read(name)


def test_a_zip_inside_a_zip_is_never_opened(make_zip: MakeZip) -> None:
    inner = io.BytesIO()
    zipfile.ZipFile(inner, "w").close()
    with open_source(make_zip(("good.jpg", FACE), ("inner.jpg", inner.getvalue()))) as source:
        assert source.names == ("good.jpg", "inner.jpg")
        assert source.read("inner.jpg") == inner.getvalue()
