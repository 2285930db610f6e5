# SPDX-License-Identifier: Apache-2.0
"""The composition root: settings become objects here, inside one ExitStack, and nowhere else."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from math import inf
from pathlib import Path

from device.allocator import keep_freed_memory
from device.allowance import Allowance
from device.board import Board
from device.bundle import open_bundle
from device.cameras import make_camera
from device.cameras.looking import look_once
from device.classifier import Classifier
from device.clock import SystemClock
from device.comeback import Comeback, NoComeback, RestartedComeback
from device.control.client import SOCKET_NAME
from device.control.reception import Reception
from device.control.server import ControlServer
from device.daemon import Daemon, Pace
from device.detector import Detector
from device.displays import make_display, waiting
from device.displays.appearing import SCREEN_SECONDS, when_there
from device.errors import ControlError, StoreError
from device.locks import Lock
from device.pacing import Pacing, PacingRules
from device.pipeline import Pipeline
from device.probe import Probe
from device.protocols import Camera, Clock, Display, Sink
from device.resources import Resources
from device.settings import Settings
from device.sinks.journal import Journal
from device.stopping import Stop
from device.store import Store
from device.store.ledger_reader import Count, read_counts
from device.supervisor import InertSupervisor, Supervisor, supervisor_from
from device.tracker import Tracker
from device.vitals import Vitals, memory_bytes

log = logging.getLogger(__name__)

LOCK_NAME = "passerby.lock"
# A day of 25 hours, when summer time ends.
_DAY_QUARTERS = 100
# How long picamera2 may take to load and start on the slowest Pi.
SLOWEST_START_SECONDS = 20.0


@contextmanager
def open_daemon(settings: Settings) -> Iterator[Daemon]:
    """Everything that `passerby run` needs, ready to loop; for the main thread.

    Raises:
        PasserbyError: a part cannot be had (bundle, store, socket), or another daemon runs.
        StopRequested: a signal came before all was there.
    """
    with ExitStack() as stack:
        hold = stack.enter_context
        keep_freed_memory()
        clock = SystemClock()
        stop = hold(Stop(overdue_seconds=settings.daemon.stop_seconds))
        run_directory = _run_directory(settings.run_directory)
        hold(Lock(run_directory / LOCK_NAME, subject=f"the run of {run_directory}", create=True))
        supervisor = supervisor_from(os.environ, clock=clock)
        display = _held_display(stack, settings, supervisor, stop, clock)
        display.wait(waiting.MODELS)
        camera = _camera(settings, clock)
        pipeline = _pipeline(settings, Allowance(_allowance_seconds(settings)))
        sinks = {name: hold(sink) for name, sink in _sinks(settings, clock).items()}
        display.wait(waiting.CAMERA)
        comeback = hold(_comeback(settings, supervisor, clock))
        pace = Pace(_rate(settings), clock=clock)
        resources = _resources(settings, pace, now=clock.monotonic())
        vitals = Vitals(
            camera,
            comeback=comeback,
            pipeline=pipeline,
            sinks=sinks,
            resources=resources,
            clock=clock,
        )
        server = hold(ControlServer(run_directory / SOCKET_NAME, clock=clock))
        yield Daemon(
            camera,
            comeback=comeback,
            pipeline=pipeline,
            sinks=tuple(sinks.values()),
            display=display,
            reception=Reception(server, vitals=vitals, source=camera.name, clock=clock),
            supervisor=supervisor,
            vitals=vitals,
            resources=resources,
            stop=stop,
            pace=pace,
            capture_seconds=settings.camera.timeout_seconds,
        )


@contextmanager
def open_eyes(settings: Settings) -> Iterator[tuple[Camera, Pipeline, Clock]]:
    """Camera, pipeline and clock alone, for a capture without a daemon.

    Raises:
        PasserbyError: camera or bundles cannot be had, or another process holds the camera.
    """
    with ExitStack() as stack:
        clock = SystemClock()
        camera = stack.enter_context(_camera(settings, clock))
        yield camera, _pipeline(settings), clock


def _camera(settings: Settings, clock: Clock) -> Camera:
    return make_camera(settings.camera.source, settings.camera.wish(), clock=clock)


def _comeback(settings: Settings, supervisor: Supervisor, clock: Clock) -> Comeback:
    """Lost cameras are got back over restarts, where somebody restarts us."""
    if isinstance(supervisor, InertSupervisor):
        return NoComeback()
    camera = settings.camera

    def look() -> None:
        look_once(
            _camera(settings, clock),
            timeout=camera.timeout_seconds,
            black_counts=not camera.black_seconds,
        )

    patience = SLOWEST_START_SECONDS + camera.timeout_seconds + camera.black_seconds
    return RestartedComeback(
        settings.run_directory,
        rules=camera.recovery.rules(),
        probe=Probe(look, timeout_seconds=patience, clock=clock),
        clock=clock,
    )


def _held_display(
    stack: ExitStack, settings: Settings, supervisor: Supervisor, stop: Stop, clock: Clock
) -> Display:
    """The screen, waited for under a supervisor; a person who starts this is told at once."""
    screen = _display(settings, clock)
    return when_there(
        lambda: stack.enter_context(screen),
        seconds=0.0 if isinstance(supervisor, InertSupervisor) else SCREEN_SECONDS,
        clock=clock,
        stopped=lambda: stop.requested,
    )


def _display(settings: Settings, clock: Clock) -> Display:
    before = () if settings.display.kind == "none" else _counts_before(settings)
    return make_display(settings.display.options(), clock=clock, before=before)


def _counts_before(settings: Settings) -> tuple[Count, ...]:
    """What the store has of its last day; a store that cannot be read is the store's own matter."""
    if not (settings.store.enabled and settings.store_path.exists()):
        return ()
    try:
        return read_counts(settings.store_path, newest=_DAY_QUARTERS)
    except StoreError as error:
        log.warning("the screen counts from zero: %s", error)
        return ()


def _allowance_seconds(settings: Settings) -> float:
    """What classifying may take of each frame: all it needs where nobody watches it happen."""
    if settings.display.kind == "none":
        return inf
    return settings.display.classifier_share / _rate(settings) if not settings.camera.fast else inf


def _pipeline(settings: Settings, allowance: Allowance | None = None) -> Pipeline:
    threads, runtime = settings.models.threads, settings.models.runtime
    detector = open_bundle(settings.detector_path)
    classifier = open_bundle(settings.classifier_path)
    return Pipeline(
        Detector(detector, threads=threads, runtime=runtime),
        classifier=Classifier(classifier, threads=threads, runtime=runtime),
        tracker=Tracker(settings.tracker.rules()),
        allowance=allowance,
    )


def _sinks(settings: Settings, clock: Clock) -> dict[str, Sink]:
    sinks: dict[str, Sink] = {}
    if settings.journal.enabled:
        sinks["journal"] = Journal(sys.stdout.fileno(), verbose=settings.journal.verbose)
    if settings.store.enabled:
        store = settings.store
        sinks["store"] = Store(
            settings.store_path,
            max_bytes=store.max_bytes,
            batch_seconds=store.batch_seconds,
            clock=clock,
        )
    return sinks


def _resources(settings: Settings, pace: Pace, *, now: float) -> Resources:
    """Who looks after memory and rate; what plays as fast as possible, or is watched, never idles.

    On a screen the picture would stutter before whoever is too far away to be detected.
    """
    daemon = settings.daemon
    watched = settings.camera.fast or settings.display.kind != "none"
    rules = PacingRules(
        rate=_rate(settings),
        idle_rate=daemon.idle_frames_per_second,
        idle_seconds=0.0 if watched else daemon.idle_seconds,
    )
    return Resources(
        Pacing(rules, now=now),
        board=Board(),
        memory=memory_bytes,
        max_bytes=daemon.max_bytes,
        slow_down=pace.follow,
    )


def _rate(settings: Settings) -> float:
    return inf if settings.camera.fast else settings.daemon.max_frames_per_second


def _run_directory(path: Path) -> Path:
    """Make the run directory, and see that nobody else may have put a trap into it.

    Raises:
        ControlError: it cannot be made, or belongs to another user.
    """
    try:
        path.mkdir(mode=0o750, parents=True, exist_ok=True)
        owner = path.stat().st_uid
    except OSError as error:
        raise ControlError(
            f"the run directory {path} cannot be made ({error.strerror}), expected one that can be "
            "written: check run_directory"
        ) from error
    if owner not in (os.geteuid(), 0):
        raise ControlError(
            f"the run directory {path} belongs to user {owner}, expected it to be our own: choose "
            "another run_directory"
        )
    return path
