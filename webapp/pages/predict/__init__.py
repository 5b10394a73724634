"""The Predict page: switches, probability, explanation, map, score a file."""
