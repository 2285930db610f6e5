# SPDX-License-Identifier: Apache-2.0
"""open_source on folders and single files."""

import os
import shutil
from pathlib import Path

import pytest

from device.errors import InputError
from device.pictures import Limits, open_source

FACES = Path(__file__).parent / "data" / "faces"
FACE = sorted((FACES / "pictures").glob("*.jpg"))[0].read_bytes()


def write(path: Path, data: bytes = FACE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def reasons(path: Path) -> dict[str, str]:
    with open_source(path) as source:
        return {refusal.name: refusal.reason for refusal in source.refused}


def test_a_folder_is_searched_to_the_end_in_natural_order(tmp_path: Path) -> None:
    for name in ("10.jpg", "2.JPG", "b/1.png", "a/deep/02.webp", "a/deep/1.bmp", "1.jpeg"):
        write(tmp_path / name)
    write(tmp_path / "labels.csv", b"\xef\xbb\xbffile,gender\n")
    with open_source(tmp_path) as source:
        assert source.names == (
            "1.jpeg",
            "2.JPG",
            "10.jpg",
            "a/deep/1.bmp",
            "a/deep/02.webp",
            "b/1.png",
        )
        assert source.others == ("labels.csv",)
        assert source.read_text("labels.csv") == "file,gender\n"
        assert source.read_text("other.csv") is None
        assert source.read("a/deep/02.webp") == FACE
        assert source.refused == ()


def test_one_picture_is_a_source_of_its_own(tmp_path: Path) -> None:
    with open_source(write(tmp_path / "me.picture")) as source:
        assert source.names == ("me.picture",)
        assert source.read("me.picture") == FACE


def test_what_is_no_picture_is_refused_with_its_reason(tmp_path: Path) -> None:
    write(tmp_path / "a.jpg")
    write(tmp_path / "film.mp4")
    write(tmp_path / "inner.zip")
    write(tmp_path / ".thumbs" / "a.jpg")
    write(tmp_path / "bell\x07.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    found = reasons(tmp_path)
    assert "not a picture" in found["film.mp4"]
    assert "not a picture" in found["inner.zip"]
    assert "hidden" in found[".thumbs"]
    assert "control" in found["bell\\x07.jpg"]
    assert "neither a file" in found["pipe.jpg"]


def test_a_name_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "a.jpg")
    write(Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.jpg")))
    assert list(reasons(tmp_path).values()) == ["its name holds control or undecodable characters"]


def test_links_are_followed_only_inside(tmp_path: Path) -> None:
    secret = write(tmp_path / "outside.jpg")
    inside = write(tmp_path / "folder" / "a.jpg")
    (tmp_path / "folder" / "same.jpg").symlink_to(inside)
    (tmp_path / "folder" / "secret.jpg").symlink_to(secret)
    (tmp_path / "folder" / "gone.jpg").symlink_to("nowhere.jpg")
    (tmp_path / "folder" / "loop.jpg").symlink_to("loop.jpg")
    (tmp_path / "folder" / "again").symlink_to(tmp_path / "folder")
    with open_source(tmp_path / "folder") as source:
        assert source.names == ("a.jpg", "same.jpg")
        assert {r.name for r in source.refused} == {"secret.jpg", "gone.jpg", "loop.jpg", "again"}


def test_a_file_swapped_for_a_link_is_not_followed(tmp_path: Path) -> None:
    secret = write(tmp_path / "outside.jpg")
    picture = write(tmp_path / "folder" / "a.jpg")
    with open_source(tmp_path / "folder") as source:
        picture.unlink()
        picture.symlink_to(secret)
        with pytest.raises(InputError, match="cannot be read"):
            source.read("a.jpg")


def test_a_folder_that_vanishes_is_an_input_error(tmp_path: Path) -> None:
    write(tmp_path / "folder" / "a.jpg")
    with open_source(tmp_path / "folder") as source:
        shutil.rmtree(tmp_path / "folder")
        with pytest.raises(InputError, match="it was there when listed"):
            source.read("a.jpg")


def test_a_file_swapped_for_a_pipe_does_not_hang(tmp_path: Path) -> None:
    picture = write(tmp_path / "a.jpg")
    with open_source(tmp_path) as source:
        picture.unlink()
        os.mkfifo(picture)
        with pytest.raises(InputError, match="no longer a file"):
            source.read("a.jpg")


def test_only_listed_names_are_read(tmp_path: Path) -> None:
    write(tmp_path / "secret.jpg")
    write(tmp_path / "folder" / "a.jpg")
    with open_source(tmp_path / "folder") as source:
        for name in ("../secret.jpg", str(tmp_path / "secret.jpg"), "b.jpg", "", "\0"):
            with pytest.raises(InputError, match="not among the files listed"):
                source.read(name)


def test_limits_hold_in_folders(tmp_path: Path) -> None:
    for number in range(4):
        write(tmp_path / f"{number}.jpg")
    with pytest.raises(InputError, match="more than 3 files"):
        open_source(tmp_path, limits=Limits(max_pictures=3))
    with (
        open_source(tmp_path, limits=Limits(max_entry_bytes=len(FACE) - 1)) as source,
        pytest.raises(InputError, match="larger than"),
    ):
        source.read("0.jpg")


def test_nothing_to_read_is_one_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        open_source(tmp_path / "missing")
    with pytest.raises(InputError, match="holds no picture: give"):
        open_source(tmp_path)
    write(tmp_path / "notes.doc")
    with pytest.raises(InputError, match=r"holds no picture \(1 refused, first notes\.doc"):
        open_source(tmp_path)
    with pytest.raises(InputError, match="neither a file nor a folder"):
        open_source(Path("/dev/null"))
    with pytest.raises(InputError, match="cannot be read"):
        open_source(Path("a\0b"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_files_and_folders(tmp_path: Path) -> None:
    write(tmp_path / "closed" / "a.jpg")
    write(tmp_path / "a.jpg").chmod(0)
    (tmp_path / "closed").chmod(0)
    try:
        with open_source(tmp_path) as source:
            assert "cannot be listed" in source.refused[0].reason
            with pytest.raises(InputError, match="Permission denied"):
                source.read("a.jpg")
    finally:
        (tmp_path / "closed").chmod(0o700)


def test_text_that_is_not_utf8_says_so(tmp_path: Path) -> None:
    write(tmp_path / "a.jpg")
    write(tmp_path / "labels.csv", "file,Größe".encode("utf-16"))
    with open_source(tmp_path) as source, pytest.raises(InputError, match="not UTF-8"):
        source.read_text("labels.csv")
