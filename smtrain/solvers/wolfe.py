"""The line search of L-BFGS: a step t along a line that lowers the objective enough, and is not too short.

φ(t) is the objective at the step t, minus that at t = 0; φ'(0) < 0 is the slope at the start. A step is accepted if

    φ(t) ≤ ARMIJO · t · φ'(0)    and    φ'(t) ≥ WOLFE · φ'(0)                          (Armijo, weak Wolfe)

The first condition asks for a decrease in proportion to the step; the second says that the function falls much less
steeply there, so that a longer step would gain little. Near the optimum φ(t) drowns in rounding while φ'(t) does not.
There a step is accepted if φ(t) is no more than rounding and

    WOLFE · φ'(0) ≤ φ'(t) ≤ −APPROXIMATE · φ'(0)                                       (Hager & Zhang, 2005)
"""

import numpy as np

from smtrain.softmax.line import LogitLine, PassLine, Trial
from smtrain.softmax.objective import Point

# The share of the decrease that the slope promises which a step must bring (Nocedal & Wright, 2006, section 3.1).
# Larger numbers refuse good steps.
ARMIJO = 1e-4
# The share of the slope that may be left after a step (the same section, for quasi-Newton directions). Smaller numbers
# ask for more exact steps, and so for more passes.
WOLFE = 0.9
# 1 − 2δ for the δ = 0.1 of Hager & Zhang: how steeply the function may rise at a step where its values are rounding.
APPROXIMATE = 0.8
# The most trials of a search. With fewer, a search may end without a step though there is one.
TRIALS = 25
# The share of the bracket that a trial keeps from both of its ends. With a smaller one, trials may crowd at an end.
FROM_THE_ENDS = 0.1

Line = PassLine | LogitLine


def wolfe_step(line: Line, at: Point, slope: float, passes: int, rounding: float) -> tuple[float | None, int]:
    """Return an accepted step along the line, None if there is none, and the number of trials.

    `at` is the point at t = 0, `slope` the slope there, negative. The trials cost at most `passes` passes. `rounding`
    is the relative error of one evaluation of the objective.
    """
    # 1. Try t = 1, the step to the minimum of the quadratic model.
    # 2. If it is accepted, return it.
    # 3. An accepted step lies in the bracket (low, high). If φ(t) is too high, t is the new upper end; else the
    #    function still falls steeply there, and t is the new lower end.
    # 4. Choose the next t in the bracket, and go to 2.
    low, high, t = 0.0, np.inf, 1.0
    for trials in range(1, TRIALS + 1):
        trial = line.trial(t)
        rise = trial.objective - at.objective
        if _accepts(trial, rise, t, slope, rounding * abs(at.objective)):
            return t, trials
        if line.passes(trials + 1) > passes:
            break
        if rise > ARMIJO * t * slope:
            high = t
        else:
            low = t
        t = _next_trial(low, high, t, slope, rise)
    return None, trials


def _accepts(trial: Trial, rise: float, t: float, slope: float, rounding: float) -> bool:
    """Return whether the step t is accepted: see the module. `rise` is φ(t), `rounding` the φ(t) that is rounding."""
    if not np.isfinite(rise):
        return False
    if rise <= ARMIJO * t * slope and trial.slope >= WOLFE * slope:
        return True
    return rise <= rounding and WOLFE * slope <= trial.slope <= -APPROXIMATE * slope


def _next_trial(low: float, high: float, t: float, slope: float, rise: float) -> float:
    """Return the next step to try, after the step t was not accepted."""
    # While no φ(t) was too high, double the step. The first cut is at the minimum of the parabola with the values 0 at
    # 0 and `rise` at t, and the slope at 0; later cuts halve the bracket.
    if high == np.inf:
        return 2 * t
    width = high - low
    cut = low + width / 2
    if low == 0 and np.isfinite(rise) and rise > t * slope:
        cut = -slope * t * t / (2 * (rise - t * slope))
    return float(np.clip(cut, low + FROM_THE_ENDS * width, high - FROM_THE_ENDS * width))
