"""`slipway …` and `kubectl slipway …`: what a person asks at a keyboard, with the rights of their own.

It writes nothing, and it needs no operator that runs. `app` has the commands; each of them imports what it
needs when it is called, for to load it all takes longer than to print a help text.
"""
