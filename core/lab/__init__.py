"""What runs experiments, whatever they are, and keeps what they tell.

In reading order: `store.py` (where experiments and their messages are kept), `cluster.py` (who runs what, and when),
`worker.py` (what runs in a worker process), `remote.py` (what is asked of one), `local_cluster.py` (a cluster of our
own), `recording.py` (an experiment kept in a file).
"""
