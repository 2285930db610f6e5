# SPDX-License-Identifier: Apache-2.0
"""The soak in small, on the real daemon; and whether its judgement of a slope can be trusted."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.daemon import Daemon, Sample
from benchmarks.slope import slope
from benchmarks.soak import STORE, faults, growth, memory_slope, summary, watch

FRAMES = 5_000
LEAKING_FRAMES = 1_500
# What buffers that fill up still take after so few frames; a leak of the second test is far above.
SETTLING_BYTES_PER_FRAME = 1_500
LEAK_BYTES_PER_FRAME = 16_384

LEAKY = f"""
import sys, os
from device.pipeline import Pipeline
looked, kept = Pipeline.process, []

def process(self, frame, *, thorough=False):
    kept.append((bytearray(os.urandom({LEAK_BYTES_PER_FRAME})), os.open("/dev/null", os.O_RDONLY)))
    if len(kept) > 400:
        os.close(kept[-400][1])
    return looked(self, frame, thorough=thorough)

Pipeline.process = process
from device.cli import main
sys.exit(main(sys.argv[1:]))
"""


def soak(daemon: Daemon, frames: int) -> list[Sample]:
    with daemon:
        samples = list(watch(daemon, frames=frames, every_seconds=0.05))
        assert daemon.stop() == 0
    return samples


@pytest.fixture
def sections(doorway: Path, models_directory: Path) -> dict[str, dict[str, object]]:
    return {
        "models": {"directory": str(models_directory)},
        "camera": {"path": str(doorway), "loop": True},
        "store": STORE,
    }


@pytest.mark.slow
def test_thousands_of_frames_leave_nothing_open_and_next_to_nothing_behind(
    sections: dict[str, dict[str, object]],
) -> None:
    samples = soak(Daemon("--fast", sections=sections), FRAMES)
    assert growth(samples, "descriptors") <= 0
    assert growth(samples, "threads") <= 0
    assert memory_slope(samples).low < SETTLING_BYTES_PER_FRAME


def test_a_leak_is_seen(sections: dict[str, dict[str, object]]) -> None:
    samples = soak(Daemon("--fast", sections=sections, program=("-c", LEAKY)), LEAKING_FRAMES)
    leak = memory_slope(samples)
    assert leak.low > SETTLING_BYTES_PER_FRAME
    assert leak.value == pytest.approx(LEAK_BYTES_PER_FRAME, rel=0.3)
    result = summary(samples, scene="doorway", seconds=1.0)
    assert any("memory grows" in fault for fault in faults(result))


def made_of(resident: list[int], descriptors: list[int]) -> list[Sample]:
    pairs = zip(resident, descriptors, strict=True)
    return [Sample(n, size, size, doors, 2) for n, (size, doors) in enumerate(pairs)]


def test_descriptors_that_come_and_go_are_no_growth() -> None:
    steady = made_of([10] * 100, [12, 13] * 50)
    assert faults(summary(steady, scene="s", seconds=1.0)) == []
    once = made_of([10] * 100, [11] + [12] * 80 + [14] + [12] * 18)
    assert faults(summary(once, scene="s", seconds=1.0)) == []


@pytest.mark.parametrize("grown_after", [50, 86])
def test_descriptors_that_stay_are_growth(grown_after: int) -> None:
    growing = made_of([10] * 100, [12, 14] * (grown_after // 2) + [13] * (100 - grown_after))
    assert faults(summary(growing, scene="s", seconds=1.0)) == [
        "1 more descriptors at the end than in the first half, expected none"
    ]


def test_what_fills_up_while_it_warms_up_is_no_growth() -> None:
    size = [min(n, 90) * 4096 for n in range(500)]
    assert slope(range(500), size).value == 0.0
    assert not slope(range(500), size).is_growth


def remembering(generator: np.random.Generator, count: int, memory: float) -> list[float]:
    """Noise of which each value keeps a share of the last one."""
    values = [0.0]
    for push in generator.normal(size=count - 1):
        values.append(memory * values[-1] + push)
    return values


@pytest.mark.parametrize("memory", [0.0, 0.9, 0.97])
def test_the_interval_holds_for_noise_that_remembers(memory: float) -> None:
    """About one of twenty intervals may miss the true slope; here it is 0."""
    generator = np.random.default_rng(3)
    count, rounds = 1500, 200
    missed = 0
    for _ in range(rounds):
        found = slope(range(count), remembering(generator, count, memory))
        missed += not found.low <= 0 <= found.high
    assert missed <= 0.11 * rounds


def test_a_small_leak_below_much_noise_is_seen() -> None:
    generator = np.random.default_rng(4)
    noise = remembering(generator, 1500, 0.9)
    found = slope(range(1500), [value + 0.02 * n for n, value in enumerate(noise)])
    assert found.is_growth
    assert found.value == pytest.approx(0.02, rel=0.2)


def test_few_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="expected at least 50"):
        slope(range(40), range(40))
