# SPDX-License-Identifier: Apache-2.0
"""A screen that is not there yet: a Pi may boot before it, and somebody may plug it in later."""

import logging
from collections.abc import Callable

from device.errors import DisplayError
from device.protocols import Clock, Display
from device.stopping import StopRequested

log = logging.getLogger(__name__)

# How long a screen is waited for before the process ends, to be restarted: with older systemds so
# long that the unit's budget of restarts lasts for ever.
SCREEN_SECONDS = 60.0
_TURN_SECONDS = 0.5


def when_there(
    enter: Callable[[], Display], *, seconds: float, clock: Clock, stopped: Callable[[], bool]
) -> Display:
    """What `enter` returns, tried again and again for so many `seconds`.

    Raises:
        DisplayError: the screen is not there after that.
        StopRequested: a signal came meanwhile.
    """
    deadline = clock.monotonic() + seconds
    told = False
    while True:
        try:
            return enter()
        except DisplayError as error:
            if clock.monotonic() >= deadline:
                raise
            if not told:
                log.warning("%s; looking for it for %g s", error, seconds)
            told = True
        if stopped():
            raise StopRequested
        clock.sleep(_TURN_SECONDS)
