"""What a person asks about the images that are built here: what stands on what, and how each was built.

reading.py      what is read of a cluster, and the two annotations that are written; `cluster.py` does it
standing.py     the graph of what was read; `graph.py` draws it
prediction.py   what a move of an image leads to; `impact.py` prints it
builds.py       the history of an image
logs.py         what the pods of a build said
requests.py     asks for a build, or for the end of one; `waiting.py` waits until that has come about
"""
