"""Over the past: replays, backtests, rule tests, explanations, scores, forecasts."""
