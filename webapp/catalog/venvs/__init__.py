"""Each version in the environment that it was saved with: its Python, its packages.

``requirements`` what a version's own files ask for
``wishes``       which versions are asked there although PREPARE_ENV is ``here``
``uv``           runs the program uv, with limits
``build``        builds environments and keeps them, by the digest of what was asked for
``plan``         what to ask a model, found here before any of it is loaded (a short process)
``entry``        becomes the environment's Python (a short process)
``program``      loads the model there and asks it; knows nothing of this package
``outcome``      checks the answers and writes the prepared version (a short process)
``runner``       runs these one after the other
"""
