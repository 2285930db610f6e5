# SPDX-License-Identifier: Apache-2.0
"""Settings: every fault at once, by key path, with what is accepted; a sample that cannot drift."""

import dataclasses
import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from device import settings
from device.errors import SettingsError
from device.settings.fields import fill
from device.tracker import TrackerRules


def write(folder: Path, text: str) -> Path:
    path = folder / "passerby.toml"
    path.write_text(text, encoding="utf-8")
    return path


def faults_of(folder: Path, text: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        settings.load(write(folder, text))
    return caught.value.faults


def test_three_faults_are_named_at_once_with_what_is_accepted(tmp_path: Path) -> None:
    faults = faults_of(
        tmp_path,
        '[camera]\nsource = "webcam"\nframes_per_second = -3\n[models]\nthreads = "two"\n',
    )
    name = str(tmp_path / "passerby.toml")
    assert faults == (
        f'{name}: camera.source is "webcam", expected one of "replay", "picamera", "v4l2", "fake"',
        f"{name}: camera.frames_per_second is -3, expected a number from 0 to 240",
        f'{name}: models.threads is "two", expected a whole number from 1 to 16',
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[modles]\n", "modles is no section; did you mean models? known here: state_directory"),
        ("[models]\nruntme = 1\n", "models.runtme is no key; did you mean models.runtime? known"),
        ("zzz = 1\n", "zzz is no key; known here: state_directory"),
        ("camera = 3\n", "camera is 3, expected a table: write [camera]"),
        ("[camera]\nloop = 1\n", "camera.loop is 1, expected true or false"),
        ("[models]\nthreads = true\n", "models.threads is true, expected a whole number from 1 to"),
        ("[models]\nthreads = 1.5\n", "models.threads is 1.5, expected a whole number"),
        ("[tracker]\nmin_iou = nan\n", "tracker.min_iou is nan, expected a number from 0.01 to"),
        ("[daemon]\nstop_seconds = inf\n", "daemon.stop_seconds is inf, expected a number from"),
        ('[models]\nclassifier = "../x"\n', 'models.classifier is "../x", expected a name of'),
        ("[models]\ndirectory = 7\n", 'models.directory is 7, expected a path or ""'),
        ('state_directory = ""\n', 'state_directory is "", expected a path'),
        ('state_directory = "~no-such-user/x"\n', 'state_directory is "~no-such-user/x", expected'),
        ("[store]\nmax_bytes = [1]\n", "store.max_bytes is list, expected a whole number from"),
        ("[tracker]\nkeep_share = 0.9\ndecide_share = 0.6\n", "tracker: keep_share is 0.9, expec"),
        ("[camera]\nwidth = 641\n", "camera: width and height are 641 and 480, expected even"),
        ("[camera]\nrotation_degrees = 45\n", "camera.rotation_degrees is 45, expected one of 0,"),
        ("[camera.fake]\npadding_bytes = 3\n", "camera: fake.padding_bytes is 3, expected an even"),
        ("[camera.recovery]\nattempts = 0\n", "camera.recovery.attempts is 0, expected a whole"),
        ("[camera.recovery]\nsettled_seconds = 1\n", "camera: recovery.settled_seconds is 1.0, ex"),
        ("[camera\n", "is no TOML"),
    ],
)
def test_each_kind_of_fault_is_a_sentence(tmp_path: Path, text: str, fault: str) -> None:
    (seen,) = faults_of(tmp_path, text)
    assert seen.startswith(f"{tmp_path / 'passerby.toml'}: {fault}")


def test_a_long_value_is_cut(tmp_path: Path) -> None:
    (seen,) = faults_of(tmp_path, f'[camera]\nsource = "{"x" * 5000}"\n')
    assert len(seen) < 300


def test_bytes_that_are_no_text_are_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "passerby.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="is no TOML"):
        settings.load(path)


def test_a_named_file_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSERBY_SETTINGS", str(tmp_path / "none.toml"))
    with pytest.raises(SettingsError, match=r"none\.toml: cannot be read \(No such file"):
        settings.load()


def test_the_environment_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, "[models]\nthreads = 3\n")
    monkeypatch.setenv("PASSERBY_SETTINGS", str(path))
    assert settings.find() == path
    assert settings.load().models.threads == 3


def test_the_users_own_file_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PASSERBY_SETTINGS", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "passerby").mkdir()
    path = write(tmp_path / "passerby", "[camera]\nloop = true\n")
    if Path("/etc/passerby/passerby.toml").exists():
        pytest.skip("this machine has system-wide settings, which come first")
    assert settings.find() == path
    assert settings.load().camera.loop


def test_paths_are_taken_from_the_files_folder(tmp_path: Path) -> None:
    text = 'state_directory = "state"\n[models]\ndirectory = "/srv/models"\n[store]\npath = ""\n'
    loaded = settings.load(write(tmp_path, text))
    assert loaded.state_directory == tmp_path / "state"
    assert loaded.store_path == tmp_path / "state" / "visits.db"
    assert loaded.detector_path == Path("/srv/models/blazeface-short")
    assert loaded.classifier_path == Path("/srv/models/default")


def test_what_systemd_gives_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", "/srv/state:/srv/other")
    monkeypatch.setenv("RUNTIME_DIRECTORY", "/srv/run")
    made = settings.Settings()
    assert (made.state_directory, made.run_directory) == (Path("/srv/state"), Path("/srv/run"))


def test_an_empty_file_gives_the_defaults(tmp_path: Path) -> None:
    assert settings.load(write(tmp_path, "")) == settings.Settings()


def sections(table: dict[str, object], prefix: str = "") -> set[str]:
    """The names of all tables in a table, with those that hold them."""
    inner = {prefix + name: value for name, value in table.items() if isinstance(value, dict)}
    deeper = [sections(value, f"{name}.") for name, value in inner.items()]
    return set(inner).union(*deeper)


def test_the_sample_is_all_comments_and_uncommented_it_is_the_defaults(tmp_path: Path) -> None:
    sample = settings.sample()
    assert settings.load(write(tmp_path, sample)) == settings.Settings()
    keys = [line[2:] for line in sample.splitlines() if " = " in line and line.startswith("# ")]
    heads = {line for line in sample.splitlines() if line.startswith("[")}
    bare = "\n".join(line[2:] if line[2:] in keys else line for line in sample.splitlines() if line)
    table = tomllib.loads(bare)
    assert heads == {f"[{name}]" for name in sections(table)}
    assert settings.load(write(tmp_path, bare)) == settings.Settings()
    counted = sum(len(v) if isinstance(v, dict) else 1 for v in table.values())
    plain = settings.as_plain(settings.Settings())
    assert counted == sum(len(v) if isinstance(v, dict) else 1 for v in plain.values())


def test_every_key_has_a_sentence_and_says_what_it_accepts() -> None:
    lines = settings.sample().splitlines()
    for number, line in enumerate(lines):
        if line.startswith("# ") and " = " in line and lines[number - 1].startswith("# Accepted"):
            assert lines[number - 1].removeprefix("# Accepted: ").endswith(".")
            assert lines[number - 2].startswith("# ")
            assert lines[number - 2].endswith((".", ";"))


def test_as_toml_reads_back(tmp_path: Path) -> None:
    text = 'run_directory = "/x/\\"quoted\\""\n[tracker]\nmin_sightings = 9\n[camera]\nloop=true\n'
    loaded = settings.load(write(tmp_path, text))
    again = settings.load(write(tmp_path, settings.as_toml(loaded, documented=False)))
    assert again == loaded
    assert again.tracker.min_sightings == 9


def test_the_trackers_rules_are_the_trackers_own() -> None:
    assert settings.Settings().tracker.rules() == TrackerRules()


def test_settings_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.Settings().camera.loop = True  # type: ignore[misc]


_toml_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text("ab~/\0", max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["camera", "models", "path", "threads", "loop", "kind", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(
        st.sampled_from([field.name for field in dataclasses.fields(settings.Settings)] + ["y"]),
        _toml_values,
        max_size=6,
    )
)
def test_no_table_breaks_the_reader(table: dict[str, object]) -> None:
    made, faults = fill(settings.Settings, table, base=Path("/base"))
    assert isinstance(made, settings.Settings)
    assert all(len(fault) > 10 for fault in faults)
