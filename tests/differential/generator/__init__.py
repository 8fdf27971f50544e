"""Random market lives: single moves of every kind, and plans of many steps that lead into deep states."""
