"""The README's ways to install watcher, tried as they are written there.

Commands are read from the README: the indented block below a line ``<!-- try: NAME -->``. They
run in a fresh clone of the last commit, in a place that has nothing of ours. In their place of
KeyAPI stands the simulated market, on loopback; nothing else of them is changed.
"""
