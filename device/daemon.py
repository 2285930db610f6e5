# SPDX-License-Identifier: Apache-2.0
"""The loop: pace, capture, process, publish, show, beat, answer, stop. Nothing else.

One thread, no queues: a frame is looked at, told of and forgotten before the next one is fetched.
Whatever ends the loop, the visits that were under way are ended and published. Before the loop, a
lost camera is waited for; the watchdog is then fed by turns of that wait, which nothing in a driver
can hang, since only a child process looks.
"""

import logging
from collections.abc import Sequence
from contextlib import ExitStack

from device.comeback import Comeback
from device.control.reception import Reception
from device.displays import waiting
from device.errors import BusyError, CameraEndedError, CameraError
from device.pipeline import Pipeline
from device.protocols import Camera, Clock, Display, Sink
from device.records import Frame, Observation
from device.resources import Resources
from device.stills import blackened
from device.stopping import Stop, StopRequested
from device.supervisor import Supervisor
from device.vitals import Vitals

log = logging.getLogger(__name__)


class Pace:
    """Says how long to wait before the next frame; time lost is not caught up on.

    Args:
        frames_per_second: the highest rate; infinity never waits.
        clock: tells the time.
    """

    def __init__(self, frames_per_second: float, *, clock: Clock) -> None:
        self._period = 1 / frames_per_second
        self._clock = clock
        self._due = clock.monotonic()

    def follow(self, frames_per_second: float) -> None:
        """From the next frame on, this is the highest rate."""
        self._period = 1 / frames_per_second

    def left(self) -> float:
        """Seconds until the next frame may be fetched; 0 or less: now."""
        return self._due - self._clock.monotonic()

    def begin(self) -> None:
        """A frame is fetched now."""
        self._due = max(self._due + self._period, self._clock.monotonic())

    def patience(self, seconds: float) -> float:
        """How long to wait for a frame, that a loss be seen `seconds` after the one before.

        At least half of them: a camera may have only just been asked for it.
        """
        return max(seconds - self._period, seconds / 2)


class Daemon:
    """Watches until it is stopped, the recording ends, or something breaks.

    Args:
        camera: not opened yet; opened and closed here.
        comeback: says when, and remembers what became of it.
        pipeline: looks at frames.
        sinks: take results, in this order.
        display: shows frames.
        reception: answers clients; waiting between frames is spent there.
        supervisor: is fed a beat for each finished frame.
        vitals: counts for status.
        resources: ends the loop where memory has grown too far, and sets the pace.
        stop: says when a signal came.
        pace: limits the rate.
        capture_seconds: so long after a frame the next one must be there.
    """

    def __init__(
        self,
        camera: Camera,
        *,
        comeback: Comeback,
        pipeline: Pipeline,
        sinks: Sequence[Sink],
        display: Display,
        reception: Reception,
        supervisor: Supervisor,
        vitals: Vitals,
        resources: Resources,
        stop: Stop,
        pace: Pace,
        capture_seconds: float,
    ) -> None:
        self._camera = camera
        self._comeback = comeback
        self._pipeline = pipeline
        self._sinks = sinks
        self._display = display
        self._reception = reception
        self._supervisor = supervisor
        self._vitals = vitals
        self._resources = resources
        self._stop = stop
        self._pace = pace
        self._capture_seconds = capture_seconds
        self._last: Observation | None = None

    def run(self) -> None:
        """Wait for the camera, then loop until asked to stop or until the camera's orderly end.

        Raises:
            CameraError: the camera stalled or went away; all that was seen is published first.
            BusyError: somebody else holds the camera.
            MemoryCeilingError: the process has grown too far.
        """
        self._supervisor.ready()
        with ExitStack() as held:
            try:
                self._await_camera()
                self._comeback.opening()
                held.enter_context(self._camera)
                log.info("watching %s", self._camera.name)
                while True:
                    self._step()
            except StopRequested:
                log.info("stopping, as asked")
            except CameraEndedError as end:
                log.info("stopping: %s", end)
            except (CameraError, BusyError) as error:
                self._comeback.failed(error)
                self._reception.turn_away(error)
                raise
            finally:
                self._stop.finish()
                self._supervisor.stopping()
                self._finish()
                if self._last is not None:
                    log.info("stopped after %s", self._vitals.sentence())

    def _await_camera(self) -> None:
        while (seconds := self._comeback.wait_seconds()) is not None:
            self._display.wait(waiting.camera_lost(self._comeback.sentence()))
            self._reception.turn_away(self._comeback.error())
            with self._stop.waiting():
                self._reception.attend(seconds)
            for sink in self._sinks:
                sink.tick()
            self._supervisor.beat(self._comeback.sentence)
        self._reception.turn_away(None)

    def _step(self) -> None:
        with self._stop.waiting():
            frame = self._next_frame()
        self._comeback.works()
        if self._reception.paused:
            # The camera goes on being watched over, but nobody is seen: not even on the screen.
            frame = blackened(frame)
            observation = self._pipeline.look_away(frame)
        else:
            observation = self._pipeline.process(frame, thorough=self._reception.expected)
        self._last = observation
        self._publish(observation)
        self._display.show(frame, observation)
        self._supervisor.beat(self._vitals.sentence)
        company = bool(
            observation.sightings or self._pipeline.following or self._reception.expected
        )
        self._reception.serve(frame, observation)
        self._resources.watch(company=company, now=observation.taken_at.monotonic)

    def _next_frame(self) -> Frame:
        while (left := self._pace.left()) > 0:
            self._reception.attend(left)
        self._pace.begin()
        frame = self._camera.capture(self._pace.patience(self._capture_seconds))
        # Whoever asked while the camera was waited for is answered with this very frame.
        self._reception.attend(0)
        return frame

    def _publish(self, observation: Observation) -> None:
        self._vitals.observe(observation)
        for sink in self._sinks:
            sink.publish(observation)

    def _finish(self) -> None:
        if self._last is not None:
            self._publish(self._pipeline.finish(self._last))
        self._reception.close()
