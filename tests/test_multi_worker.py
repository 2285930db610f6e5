# SPDX-License-Identifier: Apache-2.0
"""Two worker processes with TF_CONFIG: one is killed, both go on and learn what one learns."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from test_run import ROOT, apart, learnt, prepared  # noqa: F401  the fixture

pytestmark = [pytest.mark.training, pytest.mark.slow]
# No dropout: replicas draw masks of their own.
MODEL = [
    "--architecture",
    "cnn",
    "--dropout",
    "0",
    "--blocks",
    "3",
    "--filters",
    "8",
    "--dense",
    "16",
]
COURSE = ["--frozen-epochs", "1", "--epochs", "2", "--batch", "32", "--rate", "1e-3"]
# Of any one weight. Sums in another order differ in their last bits, and AdamW, which divides small
# gradients by their own size, turns that into a share of a step for some weights.
TOLERANCE = 2e-3


def words(prepared_folder: Path, workdir: Path) -> list[str]:
    begin = [sys.executable, "-m", "training", "train", str(prepared_folder)]
    return [*begin, "--workdir", str(workdir), *MODEL, *COURSE]


def start(prepared_folder: Path, workdir: Path) -> "list[subprocess.Popen[str]]":
    """Two workers on free ports."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(2)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        cluster = {"worker": [f"127.0.0.1:{probe.getsockname()[1]}" for probe in probes]}
    return [
        subprocess.Popen(
            words(prepared_folder, workdir),
            cwd=ROOT,
            env={
                **os.environ,
                "TF_CONFIG": json.dumps(
                    {"cluster": cluster, "task": {"type": "worker", "index": index}}
                ),
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for index in range(2)
    ]


def events(workdir: Path) -> list[dict[str, object]]:
    path = workdir / "events.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_two_workers_learn_what_one_learns_through_a_kill(
    prepared: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    subprocess.run(words(prepared, one), cwd=ROOT, check=True, timeout=900, capture_output=True)

    chief, other = start(prepared, two)
    while not any(event["event"] == "epoch" for event in events(two)):
        assert chief.poll() is None, chief.communicate()[1]
        assert other.poll() is None, other.communicate()[1]
        time.sleep(0.05)
    other.send_signal(signal.SIGKILL)
    other.communicate()
    said = chief.communicate(timeout=900)[1]
    assert chief.returncode == 67, said
    assert "another worker went away" in said
    assert said.splitlines()[-1].startswith("training: training: ")

    for worker in start(prepared, two):
        said = worker.communicate(timeout=900)[1]
        assert worker.returncode == 0, said

    told = events(two)
    begun = [event for event in told if event["event"] == "start"]
    assert len(begun) == 2  # of two processes each: the chief alone writes
    assert begun[0]["step"] == 0
    assert begun[1]["step"] == 4
    assert [event["epoch"] for event in told if event["event"] == "epoch"] == [0, 1, 2]
    assert sorted(path.name for path in two.iterdir()) == sorted(p.name for p in one.iterdir())
    assert apart(one, two) < TOLERANCE
    assert distance(one, two) < 0.05 * distance(untrained(one), one)


def untrained(workdir: Path) -> Path:
    """A folder with the weights that a run began with."""
    from training.backend import keras  # noqa: PLC0415
    from training.config import read_config  # noqa: PLC0415
    from training.finished import build  # noqa: PLC0415

    folder = workdir / "untrained"
    folder.mkdir()
    asked = read_config(workdir)
    keras.utils.set_random_seed(asked.seed)
    build(asked).save_weights(folder / "best.weights.h5")
    return folder


def distance(one: Path, other: Path) -> float:
    """Between the kernels of two runs' best weights."""
    a, b = learnt(one), learnt(other)
    kernels = [name for name in a if name.startswith(("layers/conv2d", "layers/dense"))]
    return float(np.sqrt(sum(np.square(a[name] - b[name]).sum() for name in kernels)))
