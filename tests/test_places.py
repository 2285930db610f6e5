# SPDX-License-Identifier: Apache-2.0
"""Where things go when the settings do not say."""

import os
from pathlib import Path

import pytest
from strangers import as_stranger, public_folder

from device import places
from device.settings import read

SYSTEM_RUN = places._SYSTEM_RUN


@pytest.fixture
def plain_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Someone without rights on the system's directories; the home directory is returned."""
    for name in ("STATE_DIRECTORY", "RUNTIME_DIRECTORY", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    monkeypatch.setattr(os, "access", lambda *_: False)
    # The host's own daemon, if it has one, is not to be found.
    monkeypatch.setattr(places, "_SYSTEM_RUN", tmp_path / "no" / "system")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TMPDIR", "/some/tmp")
    return tmp_path


def test_a_plain_user_keeps_things_at_home(plain_user: Path) -> None:
    assert places.default_state_directory() == plain_user / ".local" / "state" / "passerby"
    assert places.default_run_directory() == Path("/some/tmp/passerby-4711")


def test_the_desktop_standard_is_followed(
    plain_user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(plain_user / "s"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(plain_user / "r"))
    assert places.default_state_directory() == plain_user / "s" / "passerby"
    assert places.default_run_directory() == plain_user / "r" / "passerby"


@pytest.mark.usefixtures("plain_user")
def test_who_may_write_there_uses_the_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: True)
    monkeypatch.setattr(places, "_SYSTEM_RUN", SYSTEM_RUN)
    assert places.default_state_directory() == Path("/var/lib/passerby")
    assert places.default_run_directory() == Path("/run/passerby")


def test_the_shipped_models_are_found_beside_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "__file__", str(tmp_path / "lib" / "device" / "places.py"))
    monkeypatch.setattr("sys.prefix", str(tmp_path / "repository" / ".venv"))
    assert places.shipped_models() == tmp_path / "lib" / "models"
    shared = tmp_path / "repository" / ".venv" / "share" / "passerby" / "models"
    shared.mkdir(parents=True)
    assert places.shipped_models() == shared
    (tmp_path / "repository" / "models").mkdir()
    assert places.shipped_models() == tmp_path / "repository" / "models"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "default"),
        ("run_directory = '/run/x'", "/run/x"),
        ("run_directory = 'beside'", "beside the file"),
        ("run_directory = '~/x'", "at home"),
        ("camera = 'nonsense'", "default"),
        ("run_directory = ''", None),
        ("run_directory = 7", None),
        ("run_directory = '~nobody-of-that-name/x'", None),
        ("run_directory", None),
    ],
)
def test_the_run_directory_alone_is_as_the_whole_settings_have_it(
    plain_user: Path, tmp_path: Path, text: str, expected: str | None
) -> None:
    path = tmp_path / "passerby.toml"
    path.write_text(text)
    found = places.run_directory(path)
    settings, faults = read(path)
    told = {
        "default": places.default_run_directory(),
        "beside the file": tmp_path / "beside",
        "at home": plain_user / "x",
    }
    assert found == (told.get(expected, Path(expected)) if expected else None)
    assert found == settings.run_directory if found else faults


def test_settings_that_are_not_there_are_for_others_to_tell_of(tmp_path: Path) -> None:
    assert places.run_directory(tmp_path / "missing.toml") is None


@pytest.mark.parametrize(
    ("mode", "own_daemon", "expected"),
    [
        (0o640, False, "system"),  # the group's message comes of connecting
        (0o640, True, "own"),
        (0o755, False, "system"),
        (None, False, "own"),
    ],
)
def test_a_client_asks_the_systems_daemon_even_where_it_is_kept_out(
    monkeypatch: pytest.MonkeyPatch, mode: int | None, own_daemon: bool, expected: str
) -> None:
    """As another user, for whom the real kernel decides."""
    for name in ("RUNTIME_DIRECTORY", "PASSERBY_SETTINGS"):
        monkeypatch.delenv(name, raising=False)
    with public_folder() as folder:
        system, own = folder / "system", folder / "own" / "passerby"
        own.mkdir(parents=True)
        if own_daemon:
            (own / "passerby.sock").touch()
        if mode is not None:
            system.mkdir()
            system.chmod(mode)
        settings = folder / "passerby.toml"
        settings.touch()
        monkeypatch.setattr(places, "_SYSTEM_RUN", system)
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder / "own"))
        asked = as_stranger(lambda: places.run_directory(settings))
        assert asked == str(system if expected == "system" else own)
        # Who runs a daemon of their own has a place for it, whatever the system's.
        ran = as_stranger(places.default_run_directory)
        assert ran == str(system if mode == 0o755 else own)
