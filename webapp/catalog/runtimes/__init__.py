"""Models of other libraries than scikit-learn, loaded by each library's own reader of its files.

MLflow's python_function answers with classes for several of them, and its loaders take more than
numbers. Each module here reads one flavor's files, none of which is a pickle, and asks the model
for probabilities as its library gives them.
"""
