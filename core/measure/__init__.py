"""What is measured of training, each file with its formula and its source on top.

In reading order: `estimate.py` (a number with its interval), `noise.py` (how a loss jumps from step to step),
`intervals.py` and `comparison.py` (what can be told of a few values, and of two that share seeds), `batch_noise.py` and
`noise_scale.py` (batches around the truth, at frozen weights), `targets.py` (steps to a loss), `correlation.py` and
`coverage.py` (orders of windows), `memory.py`, `activations.py`, `step_time.py`, `capacity.py`, `throughput.py` and
`bench.py` (what a step costs, and how fast it is). One step from inside: `predictions.py`, `gradients.py`,
`updates.py`, `accumulation.py`, `packing.py`; what they find is in `reports.py`.
"""
