# SPDX-License-Identifier: Apache-2.0
"""How a training run's events look on a terminal."""

import sys
from typing import Any


class Bar:
    """Shows the run's events: a bar on a terminal, one line for each epoch everywhere."""

    def __init__(self) -> None:
        from tqdm import tqdm  # noqa: PLC0415

        self._bar = tqdm(unit=" steps", disable=not sys.stderr.isatty(), leave=False)

    def __enter__(self) -> "Bar":
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def __call__(self, event: dict[str, Any]) -> None:
        """Show an event."""
        if "steps" in event:
            self._bar.total = event["steps"]
            self._bar.update(event["step"] - self._bar.n)
            if "loss" in event:
                self._bar.set_postfix(loss=event["loss"], accuracy=event["accuracy"])
        elif event["event"] == "epoch":
            self._bar.write(
                f"epoch {event['epoch']} ({event['phase']}): loss {event['loss']:.4f}, accuracy "
                f"{event['accuracy']:.4f}; on held-out faces {event['select_loss']:.4f}, "
                f"{event['select_accuracy']:.4f}"
            )
