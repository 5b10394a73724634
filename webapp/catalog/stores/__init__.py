"""Stores of model versions: a folder, a bucket, or an MLflow registry with a local mirror.

A file each:

- ``store``: the base class of all stores, names of new versions, why a version was trained;
- ``folder``, ``bucket``, ``registry``: the three stores;
- ``open``: the store that MODELS_URI names;
- ``origins``: where a model lies that is to be added, and how it is copied from there;
- ``saving``: write a fitted model with its prepared version and add it to a store;
- ``saving_table``: the same for a table that was made elsewhere;
- ``run_metadata``: a new version as an MLflow run, for the registry;
- ``mirror``: copy the versions of a bucket or registry into a local folder;
- ``mirror_state``: what the last sync came to; light, so that web processes can read it;
- ``mlflow_clients``: MLflow's clients with short timeouts and readable errors.
"""
