"""How a change of a product is divided among its factors, whatever the order in which one thinks of them.

Cost is a product of factors, such as tokens x share of a model x price. When several factors change, the change of the
product belongs to all of them together, and taking them one after another gives another answer for each order. The
Shapley value (Shapley 1953; for the decomposition of sums of products Sun 1998, and Albrecht, Francois and Schoors
2002) is the mean over all orders. For factors 1..n that go from r to a, factor k is given the sum, over all subsets S
of the others, of

    |S|! (n - |S| - 1)! / n!  x  (a_k - r_k)  x  product of a_j, j in S  x  product of r_j, j in neither

It is exact (the parts sum to the change), symmetric, gives nothing to what did not change, and needs no logarithm, so a
factor may be zero: a model that is new, a run that never was.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import combinations
from math import factorial

ZERO = Decimal(0)


def divided(before: Sequence[Decimal], after: Sequence[Decimal]) -> list[Decimal]:
    """What each factor adds when the product goes from `before` to `after`, in the precision of the context.

    >>> divided([Decimal(10), Decimal(2)], [Decimal(20), Decimal(3)])
    [Decimal('25.0'), Decimal('15.0')]
    """
    moved = [index for index, (r, a) in enumerate(zip(before, after, strict=True)) if r != a]
    still = Decimal(1)
    for index, value in enumerate(before):
        if index not in moved:
            still *= value
    found = [ZERO] * len(before)
    if not still:
        return found
    count = len(moved)
    for k in moved:
        others = [j for j in moved if j != k]
        whole = ZERO
        for size in range(count):
            weight = Decimal(factorial(size) * factorial(count - size - 1)) / factorial(count)
            whole += weight * _products(others, size, before, after)
        found[k] = still * (after[k] - before[k]) * whole
    return found


def _products(others: Sequence[int], size: int, before: Sequence[Decimal], after: Sequence[Decimal]) -> Decimal:
    """The sum, over all choices of `size` others that have moved already, of the product of them all."""
    whole = ZERO
    for chosen in combinations(others, size):
        product = Decimal(1)
        for j in others:
            product *= after[j] if j in chosen else before[j]
        whole += product
    return whole
