"""`slipway …` and `kubectl slipway …`: what a person asks at a keyboard, with the rights of their own.

It needs no operator that runs, and writes nothing but the annotations by which a build, or the end of one,
is asked for: see `building`. `app` has the commands; each of them imports what it needs when it is called,
for to load it all takes longer than to print a help text.
"""
