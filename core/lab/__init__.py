"""What runs experiments, whatever they are, and keeps what they tell.

In reading order: `store.py` (where experiments and their messages are kept), and what it stands on: `tables.py`,
`migrations/` (from one version of the tables to the next), `database.py` (one that may be away), `servers.py` (which
servers share it); `writer.py` (keeps in order what comes, later where it must); `cluster.py` (who runs what, and when),
`worker.py` (what runs in a worker process), `remote.py` (what is asked of one), `local_cluster.py` (a cluster of our
own), `recording.py` (an experiment kept in a file).
"""
