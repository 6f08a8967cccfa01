"""The naive truth: loops, one-hot and np.outer, written from docs/maths.md. Never optimised."""

import math

import numpy as np


def softmax_row(z):
    top = max(z)
    e = [math.exp(x - top) for x in z]
    return [x / sum(e) for x in e]


def logits_row(x, W, b):
    return [sum(x[j] * W[j, k] for j in range(len(x))) + b[k] for k in range(len(b))]


def nll_row(z, label):
    top = max(z)
    return math.log(sum(math.exp(x - top) for x in z)) + top - z[label]


def entropy(P):
    """The mean over rows of −Σ p log p."""
    return sum(-sum(p * math.log(p) for p in row if p > 0) for row in P) / len(P)


def one_hot(label, K):
    return [1.0 if k == label else 0.0 for k in range(K)]


def cost_and_gradient(X, y, v, W, b):
    """Σ v·NLL, Σ v x ⊗ (s − y) (p, K), Σ v (s − y) (K,), row by row."""
    cost, G, g = 0.0, np.zeros_like(W), np.zeros_like(b)
    for x, label, weight in zip(X, y, v, strict=True):
        z = logits_row(x, W, b)
        r = np.array(softmax_row(z)) - one_hot(label, len(b))
        cost += weight * nll_row(z, label)
        G += weight * np.outer(x, r)
        g += weight * r
    return cost, G, g


def objective(X, y, v, W, b, l2):
    """J/n: mean NLL plus l2/(2n) ΣW²."""
    cost, _, _ = cost_and_gradient(X, y, v, W, b)
    return cost / sum(v) + l2 / (2 * sum(v)) * float((W**2).sum())


def information_row(x, theta):
    """(diag s − s sᵀ) ⊗ x xᵀ over the classes but the first, x with the intercept's 1: entry by entry."""
    P, K = theta.shape
    s = softmax_row(logits_row(x[:-1], theta[:-1], theta[-1]))
    H = np.zeros(((K - 1) * P, (K - 1) * P))
    for k in range(1, K):
        for m in range(1, K):
            for i in range(P):
                for j in range(P):
                    H[(k - 1) * P + i, (m - 1) * P + j] = s[k] * ((k == m) - s[m]) * x[i] * x[j]
    return H
