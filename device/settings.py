# SPDX-License-Identifier: Apache-2.0
"""Frozen, typed settings read from TOML. Each default is stated here and nowhere else.

Only the composition root (`device/app.py`) and the command line see `Settings`; everybody else
takes plain values by keyword. Every fault of a file is reported at once, by key path.
"""

import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from device.errors import SettingsError
from device.places import default_run_directory, default_state_directory, shipped_models
from device.settings_fields import as_plain, as_toml, fill

__all__ = ["Settings", "as_plain", "as_toml", "find", "load", "sample"]

_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
_NAME_WORDS = "a name of letters, digits, dots, dashes and underscores"


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """Where frames come from."""

    source: Annotated[
        Literal["replay"], Meta(description="The kind of camera; replay plays recorded pictures.")
    ] = "replay"
    path: Annotated[
        Path | None,
        Meta(description="What replay plays: a folder, a ZIP of JPEG or PNG, or a scene file."),
    ] = None
    frames_per_second: Annotated[
        float,
        Meta(description="Frames asked for each second; 0 is the source's own rate.", ge=0, le=240),
    ] = 0.0
    loop: Annotated[bool, Meta(description="Replay from the start again after the end.")] = False
    fast: Annotated[
        bool,
        Meta(description="Replay every frame without waiting; stamps advance at the nominal rate."),
    ] = False
    timeout_seconds: Annotated[
        float, Meta(description="How long to wait for a frame before giving up.", ge=0.1, le=60)
    ] = 5.0


@dataclass(frozen=True, slots=True)
class ModelsSettings:
    """Which model bundles run, and how."""

    directory: Annotated[
        Path | None,
        Meta(description="The folder of bundles; empty is the one that came with Passerby."),
    ] = None
    detector: Annotated[
        str,
        Meta(
            description="The face detector's bundle; blazeface-back sees faces further away.",
            pattern=_NAME,
            title=_NAME_WORDS,
        ),
    ] = "blazeface-short"
    classifier: Annotated[
        str,
        Meta(
            description="The bundle that estimates perceived gender.",
            pattern=_NAME,
            title=_NAME_WORDS,
        ),
    ] = "default"
    threads: Annotated[int, Meta(description="Processor threads for each model.", ge=1, le=16)] = 1
    runtime: Annotated[
        Literal["auto", "litert", "tflite"],
        Meta(description="The TFLite runtime; auto takes LiteRT first, then tflite-runtime."),
    ] = "auto"


@dataclass(frozen=True, slots=True)
class TrackerSettings:
    """When faces in a row are one visit."""

    iou: Annotated[
        float, Meta(description="Least overlap of two boxes of one person.", ge=0.05, le=0.95)
    ] = 0.25
    min_sightings: Annotated[
        int, Meta(description="Sightings that make a visit; fewer are a flicker.", ge=1, le=100)
    ] = 4
    max_gap_seconds: Annotated[
        float, Meta(description="How long a face may be lost within one visit.", ge=0, le=30)
    ] = 1.0


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """The database of visits and counts."""

    enabled: Annotated[bool, Meta(description="Keep visits and counts on disk.")] = True
    path: Annotated[
        Path | None, Meta(description="The database; empty is visits.db in the state directory.")
    ] = None
    max_bytes: Annotated[
        int,
        Meta(description="Most bytes on disk; the oldest visits go first.", ge=262_144, le=2**40),
    ] = 64 * 1024 * 1024
    batch_seconds: Annotated[
        float,
        Meta(description="How long ended visits wait in memory before a write.", ge=0, le=3600),
    ] = 10.0


@dataclass(frozen=True, slots=True)
class JournalSettings:
    """JSON lines on standard output."""

    enabled: Annotated[bool, Meta(description="One line for each ended visit.")] = True
    verbose: Annotated[bool, Meta(description="Also one line for each frame.")] = False


@dataclass(frozen=True, slots=True)
class DisplaySettings:
    """The screen."""

    kind: Annotated[
        Literal["none", "memory"],
        Meta(description="none draws nothing; memory keeps the last drawn picture, for tests."),
    ] = "none"


@dataclass(frozen=True, slots=True)
class DaemonSettings:
    """The loop."""

    max_frames_per_second: Annotated[
        float, Meta(description="Frames looked at each second, at most.", ge=0.1, le=240)
    ] = 15.0
    stop_seconds: Annotated[
        float, Meta(description="How long stopping may take after a signal.", ge=0.5, le=60)
    ] = 4.0


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings; `load` reads them, `sample` documents them."""

    state_directory: Annotated[
        Path, Meta(description="Everything that is kept is written below this directory.")
    ] = field(default_factory=default_state_directory)
    run_directory: Annotated[
        Path, Meta(description="The socket and the lock; gone after a restart of the machine.")
    ] = field(default_factory=default_run_directory)
    camera: CameraSettings = field(default_factory=CameraSettings)
    models: ModelsSettings = field(default_factory=ModelsSettings)
    tracker: TrackerSettings = field(default_factory=TrackerSettings)
    store: StoreSettings = field(default_factory=StoreSettings)
    journal: JournalSettings = field(default_factory=JournalSettings)
    display: DisplaySettings = field(default_factory=DisplaySettings)
    daemon: DaemonSettings = field(default_factory=DaemonSettings)

    @property
    def store_path(self) -> Path:
        """The database's path, resolved."""
        return self.store.path or self.state_directory / "visits.db"

    @property
    def models_directory(self) -> Path:
        """The folder of bundles, resolved."""
        return self.models.directory or shipped_models()

    @property
    def detector_path(self) -> Path:
        """The folder of the detector's bundle."""
        return self.models_directory / self.models.detector

    @property
    def classifier_path(self) -> Path:
        """The folder of the classifier's bundle."""
        return self.models_directory / self.models.classifier


def find(path: Path | None = None) -> Path | None:
    """The file that applies: `path`, $PASSERBY_SETTINGS, the system's, the user's, or none."""
    if path is not None:
        return path
    named = os.environ.get("PASSERBY_SETTINGS", "")
    if named:
        return Path(named)
    own = os.environ.get("XDG_CONFIG_HOME", "")
    home = Path(own) if own else Path("~/.config").expanduser()
    places = (Path("/etc/passerby/passerby.toml"), home / "passerby" / "passerby.toml")
    return next((place for place in places if place.is_file()), None)


def load(path: Path | None = None) -> Settings:
    """Read the settings file that applies, or take every default when there is none.

    Raises:
        SettingsError: the file cannot be read or has faults; it holds all of them.
    """
    found = find(path)
    if found is None:
        return Settings()
    try:
        table = tomllib.loads(found.read_text(encoding="utf-8"))
    except OSError as error:
        fault = f"{found}: cannot be read ({error.strerror}), expected a TOML file: name another"
        raise SettingsError((fault,)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        fault = f"{found}: is no TOML ({error}): correct that line or see `passerby config sample`"
        raise SettingsError((fault,)) from error
    settings, faults = fill(Settings, table, base=found.resolve().parent)
    if faults:
        raise SettingsError(tuple(f"{found}: {fault}" for fault in faults))
    return settings


def sample() -> str:
    """A sample settings file, derived from the dataclasses: every key, its meaning, its default."""
    return as_toml(Settings(), documented=True)
