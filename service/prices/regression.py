"""Least squares in a few columns, with errors that allow for months that resemble each other.

Pure Python: a hundred rows and four columns need no library. Sources: Newey and West 1987
(Bartlett weights); `method.md` 2.8 and settled reading 13.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, sqrt

Vector = Sequence[float]
Matrix = list[list[float]]


@dataclass(frozen=True, slots=True)
class Fit:
    """Coefficients, residuals, and (X'X)^-1; `sigma` is the residual standard deviation."""

    rows: tuple[tuple[float, ...], ...]
    coefficients: tuple[float, ...]
    residuals: tuple[float, ...]
    inverse: Matrix

    @property
    def freedom(self) -> int:
        return len(self.rows) - len(self.coefficients)

    @property
    def squares(self) -> float:
        return sum(each * each for each in self.residuals)

    @property
    def sigma(self) -> float:
        return sqrt(self.squares / self.freedom)

    @property
    def aicc(self) -> float:
        """Akaike's criterion corrected for short series, up to a constant."""
        n, k = len(self.rows), len(self.coefficients)
        return n * log(self.squares / n) + 2 * k + 2 * k * (k + 1) / (n - k - 1)


def least_squares(rows: Sequence[Sequence[float]], values: Vector) -> Fit:
    """Ordinary least squares. Raises `ZeroDivisionError` when columns are not independent."""
    inverse = invert(_gram(rows))
    moments = [dot(column, values) for column in zip(*rows, strict=True)]
    coefficients = tuple(dot(line, moments) for line in inverse)
    residuals = tuple(
        value - dot(row, coefficients) for row, value in zip(rows, values, strict=True)
    )
    return Fit(tuple(tuple(row) for row in rows), coefficients, residuals, inverse)


def newey_west(fit: Fit, lag: int) -> Matrix:
    """Covariance of the coefficients; rows that follow each other are neighbours.

    Scaled by T/(T - k): without it the test finds seasons that are not there in short series.
    """
    scores = [
        [cell * residual for cell in row]
        for row, residual in zip(fit.rows, fit.residuals, strict=True)
    ]
    width = len(fit.coefficients)
    meat = [[0.0] * width for _ in range(width)]
    for apart in range(lag + 1):
        weight = 1 - apart / (lag + 1)
        for sooner, later in zip(scores, scores[apart:], strict=False):
            _add_pair(meat, sooner, later, weight if apart else weight / 2)
    scale = len(scores) / fit.freedom
    middle = multiply(multiply(fit.inverse, meat), fit.inverse)
    return [[scale * cell for cell in line] for line in middle]


def pair_tail(fit: Fit, covariance: Matrix, first: int, second: int) -> float:
    """p-value of the joint F test that two coefficients are nought, T - k degrees of freedom.

    With two of them the tail of F is exact in closed form: (1 + 2F/d)^(-d/2).
    """
    both = [first, second]
    inside = invert([[covariance[i][j] for j in both] for i in both])
    values = [fit.coefficients[i] for i in both]
    statistic = dot(values, [dot(line, values) for line in inside]) / 2
    return f_tail(statistic, fit.freedom)


def f_tail(statistic: float, freedom: int) -> float:
    """P(F > statistic) for 2 and `freedom` degrees of freedom."""
    return float((1 + 2 * statistic / freedom) ** (-freedom / 2))


def dot(left: Vector, right: Vector) -> float:
    return sum(a * b for a, b in zip(left, right, strict=True))


def multiply(left: Matrix, right: Matrix) -> Matrix:
    columns = list(zip(*right, strict=True))
    return [[dot(line, column) for column in columns] for line in left]


def invert(matrix: Matrix) -> Matrix:
    """Gauss-Jordan with pivots. Raises `ZeroDivisionError` when there is no inverse."""
    size = len(matrix)
    work = [[*line, *(float(i == j) for j in range(size))] for i, line in enumerate(matrix)]
    for at in range(size):
        best = max(range(at, size), key=lambda i: abs(work[i][at]))
        work[at], work[best] = work[best], work[at]
        work[at] = [cell / work[at][at] for cell in work[at]]
        for i in range(size):
            if i != at:
                work[i] = [a - work[i][at] * b for a, b in zip(work[i], work[at], strict=True)]
    return [line[size:] for line in work]


def _gram(rows: Sequence[Sequence[float]]) -> Matrix:
    columns = list(zip(*rows, strict=True))
    return [[dot(a, b) for b in columns] for a in columns]


def _add_pair(into: Matrix, left: Vector, right: Vector, weight: float) -> None:
    """Add weight (left right' + right left') to a symmetric sum."""
    for i, _ in enumerate(into):
        for j, _ in enumerate(into):
            into[i][j] += weight * (left[i] * right[j] + right[i] * left[j])
