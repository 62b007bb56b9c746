"""From a loss per element to the value that is returned."""

from losslib._arguments import check_reduction


def reduce(name, loss, reduction, weight=None):
    """Mean, sum or nothing; with weights w the mean is sum(w l) / sum(w). The mean over nothing is 0."""
    check_reduction(name, reduction)
    if weight is not None:
        loss = weight * loss
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    total = loss.size if weight is None else weight.sum()
    return loss.sum() / (total or 1)
