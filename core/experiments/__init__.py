"""The kinds of experiment, a folder each: race, noise, sweep, orders, parallel, step_cost.

In reading order: `kind.py` (what a kind is), `race/` (the one that the others build on: `spec.py` is its data, `run.py`
runs in a worker and yields messages, `results.py` is what a page draws of them), `registry.py` (all kinds, by name).
A new kind is a folder and a line there. No torch here but in the files called `run.py`.
"""
