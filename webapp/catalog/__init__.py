"""Model versions: prepared from MLflow models in short processes, read by everyone else.

A *prepared version* is a score table with its facts. It is computed once from a model, after which
no process needs MLflow to serve the version.

For short processes, as they import the libraries of models:

- ``prepare``: an MLflow model to a prepared version or a refusal with its reason;
- ``mlmodel``, ``signature``, ``file_checks``: the file ``MLmodel``, and files that aren't what they
  seem;
- ``failures``: errors of a model's code and of libraries, as reasons;
- ``addition``: a model that somebody saved, looked at and added to a store;
- ``inputs``: the inputs of a model, and all cases in the form it takes them;
- ``flavors``, ``answers``: a model is loaded and asked; what it answers becomes probabilities;
- ``trust``, ``reviewed``, ``structure``: what may be loaded, which excludes pickle, and asked;
- ``description``: what a model's owner says about it;
- ``table_model``: the code of an imported table, which a model's folder gets a copy of;
- ``mends``: what to do about a model that can't be served;
- ``stores/``: where new versions are saved, and where versions come from.

Light, for every process:

- ``prepared``: the files of a prepared version;
- ``baseline``: the file of training counts;
- ``classes``, ``choices``: the two classes of a model, and which of them people chose;
- ``digest``: SHA-256 of a model's files, which ties a table to them;
- ``scan``: the versions in the folder of models, and which prepared files belong to each;
- ``records``: prepare what needs it, in limited child processes, and keep the results;
- ``trial``: prepare a model before it is saved;
- ``index``: the result of the last scan as one file;
- ``reader``, ``versions``: the catalog of a web process, and the interface others see;
- ``listing``, ``verify``: what ``everycase versions`` and ``everycase verify`` report;
- ``environment``: warnings about other versions of Python and libraries;
- ``export``: bundles for AWS Lambda, Google Cloud Functions and pip.
"""
