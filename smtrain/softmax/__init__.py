"""The mathematics, in NumPy alone: design matrix, loss, sums over blocks of rows, objective, certificate, curvature."""
