"""What a notebook shows of the app's own doings, written out plainly: one model, one process, nothing stacked.

The source goes into what is taken away, so a module here may use only what stands there too: the batches and the model,
what is written beside it here, numpy, pandas and torch. Tests hold each against the app.
"""
