"""The kinds of experiment, a folder each: race, noise, sweep, orders, parallel, step_cost.

In reading order: `kind.py` (what a kind is), `race/` (the one that the others build on: `spec.py` is its data,
`run.py` runs in a worker and yields the messages of `messages.py`, `results.py` is what is known after some of
them, `offers.py` what pages offer of it), `registry.py` (all kinds, by name), `feed.py` (results for all who look
at an experiment). A new kind is a folder, and a line in the registry. No torch here but in the files called
`run.py`.
"""
