# SPDX-License-Identifier: Apache-2.0
"""Which replicas take part: TF_CONFIG read with care, batches that can be shared, GPUs used."""

import types

import pytest

from device.errors import InputError

pytestmark = pytest.mark.training
TWO = '"worker": ["a:1", "b:1"]'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        ("{}", ()),
        ('{"task": {"type": "worker", "index": 0}}', ()),  # as clouds set it for one machine
        (f'{{"cluster": {{{TWO}}}, "task": {{"type": "worker", "index": 1}}}}', ("a:1", "b:1")),
        (
            f'{{"cluster": {{{TWO}, "chief": ["c:1"]}}, "task": {{"type": "chief", "index": 0}}}}',
            ("c:1", "a:1", "b:1"),
        ),
    ],
)
def test_the_cluster_is_read(text: str, expected: tuple[str, ...]) -> None:
    from training.strategy import workers  # noqa: PLC0415

    assert workers(text) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("worker", "Expecting value"),
        ("[]", "no attribute"),
        (f'{{"cluster": {{{TWO}}}}}', "'index'"),
        (f'{{"cluster": {{{TWO}}}, "task": {{"type": "worker", "index": 2}}}}', "no worker 2"),
        (f'{{"cluster": {{{TWO}}}, "task": {{"type": "chief", "index": 0}}}}', "'chief'"),
        ('{"cluster": {"ps": ["a:1"]}, "task": {"type": "ps", "index": 0}}', "it names ps"),
    ],
)
def test_a_cluster_of_no_use_is_named_in_a_sentence(text: str, said: str) -> None:
    from training.strategy import workers  # noqa: PLC0415

    with pytest.raises(InputError, match="TF_CONFIG cannot be used") as caught:
        workers(text)
    assert said in str(caught.value)


def test_a_batch_that_cannot_be_shared_is_refused() -> None:
    from training.strategy import Crew  # noqa: PLC0415

    three = types.SimpleNamespace(num_replicas_in_sync=3, cluster_resolver=None)
    assert Crew(three, batch=63).chief
    with pytest.raises(InputError, match="multiple of 3"):
        Crew(three, batch=64)


def test_models_are_placed_and_the_precision_is_put_back() -> None:
    from training.backend import keras, tf  # noqa: PLC0415
    from training.strategy import placed, refuse_several  # noqa: PLC0415

    with placed("mixed_bfloat16"):
        layer = keras.layers.Dense(1)
        layer.build((1, 4))
        refuse_several("this")
    assert layer.compute_dtype == "bfloat16"
    assert layer.kernel.dtype == tf.float32
    assert keras.mixed_precision.global_policy().name == "float32"
