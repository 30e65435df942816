"""What model parallelism would do with a model that does not fit one device: computed, not run.

Weights, gradients and AdamW's two averages take 16 bytes a parameter in float32. Data parallel keeps all of them on
every device. Tensor parallel cuts every layer into t parts, pipeline parallel the row of layers into p stages, so a
device holds 1 / (t p) of them.

A pipeline works on a batch in M micro-batches, one behind the other; at its ends devices have nothing to do. With all
forward passes first, then all backward passes (GPipe, Huang et al. 2019), and slots of equal length, the idle share is

    (p - 1) / (M + p - 1)
"""

BYTES_PER_PARAMETER = 16  # float32: weight, gradient, two averages


def bytes_per_device(num_parameters: float, tensor_parts: int = 1, pipeline_stages: int = 1) -> float:
    """
    >>> bytes_per_device(7e9) / 1e9, bytes_per_device(7e9, tensor_parts=2, pipeline_stages=4) / 1e9
    (112.0, 14.0)
    """
    return BYTES_PER_PARAMETER * num_parameters / (tensor_parts * pipeline_stages)


def idle_share(pipeline_stages: int, micro_batches: int) -> float:
    """
    >>> idle_share(4, 4), idle_share(1, 8)
    (0.42857142857142855, 0.0)
    """
    return (pipeline_stages - 1) / (micro_batches + pipeline_stages - 1)


def timetable(pipeline_stages: int, micro_batches: int) -> list[tuple[int, int, int, str]]:
    """(slot, stage, micro-batch, direction) of all work; slots from 0, stages and micro-batches from 1.

    >>> timetable(2, 1)
    [(0, 1, 1, 'forward'), (3, 1, 1, 'backward'), (1, 2, 1, 'forward'), (2, 2, 1, 'backward')]
    """
    p, M = pipeline_stages, micro_batches
    rows = []
    for stage in range(p):
        rows += [(m + stage, stage + 1, m + 1, "forward") for m in range(M)]
        rows += [(M + p - 1 + m + (p - 1 - stage), stage + 1, m + 1, "backward") for m in range(M)]
    return rows
