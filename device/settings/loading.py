# SPDX-License-Identifier: Apache-2.0
"""Frozen, typed settings read from TOML. Defaults and ranges: `device/settings/sections.py`.

Only the composition root (`device/app.py`) and the command line see `Settings`; everybody else
takes plain values by keyword. Every fault of a file is reported at once, by key path.
"""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from device.errors import SettingsError
from device.places import (
    default_run_directory,
    default_state_directory,
    find_settings,
    shipped_models,
)
from device.settings.camera import CameraSettings
from device.settings.display import DisplaySettings
from device.settings.fields import as_toml, fill
from device.settings.sections import (
    DaemonSettings,
    JournalSettings,
    ModelsSettings,
    StoreSettings,
    TrackerSettings,
)


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


def load(path: Path | None = None) -> Settings:
    """Read the settings file that applies, or take every default when there is none.

    Raises:
        SettingsError: the file cannot be read or has faults; it holds all of them.
    """
    settings, faults = read(path)
    if faults:
        raise SettingsError(faults)
    return settings


def read(path: Path | None = None) -> tuple[Settings, tuple[str, ...]]:
    """What `load` reads, with its faults beside it; what is faulty keeps its default."""
    found = find_settings(path)
    if found is None:
        return Settings(), ()
    try:
        table = tomllib.loads(found.read_text(encoding="utf-8"))
    except OSError as error:
        fault = f"cannot be read ({error.strerror}), expected a TOML file: name another"
        return Settings(), (f"{found}: {fault}",)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        fault = f"is no TOML ({error}): correct that line or see `passerby config sample`"
        return Settings(), (f"{found}: {fault}",)
    settings, faults = fill(Settings, table, base=found.resolve().parent)
    return settings, tuple(f"{found}: {fault}" for fault in faults)


def sample() -> str:
    """A sample settings file, derived from the dataclasses: every key, its meaning, its default."""
    return as_toml(Settings(), documented=True)
