# SPDX-License-Identifier: Apache-2.0
"""Mutated pictures and ZIPs: pixels or InputError come out, nothing else."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from device.errors import InputError
from device.pictures import Limits, decode, open_source
from device.pictures.base import fault_in_name, natural_key

LIMITS = Limits(max_pixels=1_000_000, max_entry_bytes=100_000, max_total_bytes=1_000_000)
KINDS = ("JPEG", "PNG", "BMP", "WEBP")
FUZZ = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

Mutations = list[tuple[float, int]]
mutations = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=12)


def sample(kind: str) -> bytes:
    image = Image.fromarray(np.random.default_rng(1).integers(0, 255, (24, 20, 3), dtype=np.uint8))
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(buffer, kind, **({} if kind == "BMP" else {"exif": exif}))
    return buffer.getvalue()


SAMPLES = {kind: sample(kind) for kind in KINDS}


def archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for number, kind in enumerate(KINDS):
            file.writestr(f"faces/{number}.jpg", SAMPLES[kind])
        file.writestr("labels.csv", "file,gender\nfaces/0.jpg,Female\n")
    return buffer.getvalue()


ARCHIVE = archive()


def mutated(data: bytes, changes: Mutations, keep: float) -> bytes:
    broken = bytearray(data)
    for place, value in changes:
        broken[min(int(place * len(broken)), len(broken) - 1)] = value
    return bytes(broken[: max(1, round(keep * len(broken)))])


@FUZZ
@given(kind=st.sampled_from(KINDS), changes=mutations, keep=st.sampled_from([1.0, 1.0, 0.7, 0.1]))
def test_mutated_pictures(kind: str, changes: Mutations, keep: float) -> None:
    try:
        pixels = decode(mutated(SAMPLES[kind], changes, keep), name="a.jpg", limits=LIMITS)
    except InputError as error:
        assert str(error).startswith("a.jpg ")
    else:
        assert pixels.dtype == np.uint8
        assert pixels.ndim == 3
        assert pixels.shape[2] == 3


@FUZZ
@given(data=st.binary(max_size=200), kind=st.sampled_from(KINDS), head=st.integers(0, 60))
def test_rubbish_after_a_good_beginning(data: bytes, kind: str, head: int) -> None:
    with pytest.raises(InputError):
        decode(SAMPLES[kind][:head] + data, name="a.jpg", limits=LIMITS)


@FUZZ
@given(changes=mutations, keep=st.sampled_from([1.0, 1.0, 1.0, 0.9]), tail=st.booleans())
def test_mutated_archives(tmp_path: Path, changes: Mutations, keep: float, tail: bool) -> None:
    # Half of the mutations go to the central directory, where the lies are.
    shift = 0.75 if tail else 0.0
    moved = [(shift + place * (1 - shift), value) for place, value in changes]
    path = tmp_path / "fuzz.zip"
    path.write_bytes(mutated(ARCHIVE, moved, keep))
    try:
        with open_source(path, limits=LIMITS) as source:
            for name in (*source.names, *source.others):
                try:
                    assert len(source.read(name)) <= LIMITS.max_entry_bytes
                    source.read_text(name)
                except InputError:
                    continue
    except InputError as error:
        assert str(error)


@given(names=st.lists(st.text(max_size=30)))
def test_any_name_can_be_judged_and_sorted(names: list[str]) -> None:
    assert sorted(sorted(names, key=natural_key)) == sorted(names)
    for name in names:
        if fault_in_name(name) is None:
            assert not name.startswith("/")
            assert ".." not in name.split("/")
            assert name.isprintable()


def test_numbers_sort_as_numbers_however_long() -> None:
    names = ["9" * 5000, "10", "9", "a2b10", "a2b9", "007"]
    expected = ["007", "9", "10", "9" * 5000, "a2b9", "a2b10"]
    assert sorted(names, key=natural_key) == expected
