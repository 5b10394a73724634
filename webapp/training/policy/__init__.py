"""Retraining policies as pure steps, and the backtest that replays them."""
