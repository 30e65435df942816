"""Short calls: what a page asks a worker that answers at once, of a step (`steps.py`), of documents (`packing.py`)."""
