"""What a person does, composed of several features: the command line and the page do the same.

Nothing here knows how it is asked for or shown, nor what carries its calls: each module states
the calls it needs as a Protocol.
"""
