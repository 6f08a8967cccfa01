"""Which coefficients have a maximum-likelihood estimate, by linear programming over the directions that separate."""

import numpy as np
from scipy.optimize import linprog


def design(table, terms):
    """X (n, T) of the terms of an inference: ones, dummies of the levels, numbers."""
    columns = []
    for term in terms:
        name, _, level = term.partition("=")
        if term == "(intercept)":
            columns.append(np.ones(len(table)))
        elif level:
            columns.append((table[name] == level).to_numpy(float))
        else:
            columns.append(table[name].to_numpy(float) / np.abs(table[name]).max())
    return np.stack(columns, axis=1)


def identified(table, terms, classes):
    """(T, K − 1): whether no direction that shrinks no margin moves the coefficient, against the first class."""
    X, y, K = design(table, terms), [classes.index(label) for label in table["y"]], len(classes)
    lines = []
    for x, own in zip(X, y, strict=True):
        for k in set(range(K)) - {own}:
            line = np.zeros((K, len(terms)))
            line[own] += x
            line[k] -= x
            lines.append(line[1:].ravel())
    A, found = np.array(lines), np.zeros(((K - 1) * len(terms)), bool)
    for i in range(len(found)):
        c = np.zeros(len(found))
        c[i] = 1
        ends = [linprog(s * c, A_ub=-A, b_ub=np.zeros(len(A)), bounds=[(-1, 1)] * len(c)).fun for s in (1, -1)]
        found[i] = min(ends) > -1e-7
    return found.reshape(K - 1, len(terms)).T
