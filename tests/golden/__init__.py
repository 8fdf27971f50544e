"""Examples worked by hand, played on the model and on the contracts. How to read one: play.py."""
