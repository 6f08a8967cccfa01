"""The mathematics, in NumPy alone: rows, sums over them, the objective, its bounds and curvature."""
