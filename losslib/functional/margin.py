"""Margin losses in PyTorch. Each asks of a score or a distance that it clear a margin, and no more."""

import torch
from torch import Tensor

from losslib._arguments import check_not_negative, check_shape
from losslib.functional._checks import check_alike, check_class_pair, check_pair, check_tensor
from losslib.functional._reduction import reduce


def hinge_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    """How far a score falls short of a margin of 1 on its label's side; the support vector machine's loss.

        l = max(0, 1 - y f),        f = input, y = target        dl/df = -y where y f < 1, 0 elsewhere

    It is not PyTorch's HingeEmbeddingLoss, whose input is a distance.

    Shapes: input (*), target (*) -> (), or (*) with reduction="none".

    Args:
        input: Scores, any real numbers, floating point; no sigmoid before it.
        target: The labels, -1 or 1; not checked here, which would make a GPU wait. The reference checks them.
        reduction: "mean" (default), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: input is not floating point.
        ValueError: The shapes differ, or reduction is none of the three.

    Source: Cortes and Vapnik (1995), doi:10.1007/BF00994018.
    PyTorch: none; torch.nn.functional.margin_ranking_loss(input, zeros, target, margin=1.0) has its value.

    >>> import torch
    >>> input = torch.tensor([0.25, -2.0, -0.5], requires_grad=True)
    >>> loss = hinge_loss(input, torch.tensor([1, -1, 1]), reduction="sum")
    >>> loss.backward()
    >>> loss.item(), input.grad
    (2.25, tensor([-1.,  0., -1.]))
    """
    input, target, dtype = check_pair("hinge_loss", input, target)
    loss = (1 - target * input).relu()
    return reduce("hinge_loss", loss, reduction).to(dtype)


def squared_hinge_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    """The hinge loss squared: smooth where the margin is met, and hard on large shortfalls.

        l = max(0, 1 - y f)²,        f = input, y = target        dl/df = -2 y max(0, 1 - y f)

    Its best constant score is 2 P(y = 1) - 1, from which the probability can be read.

    Shapes: input (*), target (*) -> (), or (*) with reduction="none".

    Args:
        input: Scores, any real numbers, floating point; no sigmoid before it.
        target: The labels, -1 or 1; not checked here, which would make a GPU wait. The reference checks them.
        reduction: "mean" (default), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: input is not floating point.
        ValueError: The shapes differ, or reduction is none of the three.

    Source: Tang (2013), arXiv:1306.0239.
    PyTorch: none.

    >>> import torch
    >>> input = torch.tensor([0.5, -2.0, -0.5], requires_grad=True)
    >>> squared_hinge_loss(input, torch.tensor([1, -1, 1]), reduction="sum").backward()
    >>> input.grad
    tensor([-1.,  0., -3.])
    """
    input, target, dtype = check_pair("squared_hinge_loss", input, target)
    loss = (1 - target * input).relu().square()
    return reduce("squared_hinge_loss", loss, reduction).to(dtype)


def multiclass_hinge_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    """How far the right class's score falls short of a margin of 1 above the best wrong one.

        l = max(0, 1 + max over c ≠ y of f_c - f_y),        f = input, y = target
        where l > 0: dl/df = 1 at the best wrong class, -1 at y, 0 elsewhere

    This is Crammer and Singer's loss. PyTorch's multi_margin_loss is Weston and Watkins's: it sums over the
    wrong classes that come too close, and divides by C. With one class there is no wrong one, and l = 0.

    Shapes: input (N, C, *), target (N, *) -> (), or (N, *) with reduction="none".

    Args:
        input: Scores of the classes, any real numbers, floating point; no softmax before it.
        target: Class indices from 0 to C - 1; the range is not checked here, which would make a GPU wait. The
            reference checks it.
        reduction: "mean" (default), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: input is not floating point, or target is not of integers.
        ValueError: The shapes do not fit, or reduction is none of the three.

    Source: Crammer and Singer (2001), https://www.jmlr.org/papers/v2/crammer01a.html; textbook Shalev-Shwartz and
        Ben-David (2014), doi:10.1017/CBO9781107298019.
    PyTorch: none.

    >>> import torch
    >>> input = torch.tensor([[3.2, 5.1, -1.7], [2.0, 0.5, 0.0]], requires_grad=True)
    >>> multiclass_hinge_loss(input, torch.tensor([0, 0]), reduction="sum").backward()
    >>> input.grad
    tensor([[-1.,  1.,  0.],
            [ 0.,  0.,  0.]])
    """
    name = "multiclass_hinge_loss"
    check_tensor(name, "input", input)
    check_tensor(name, "target", target)
    check_shape(name, "target", input.shape[:1] + input.shape[2:], target.shape)
    input, target, dtype = check_class_pair(name, input, target)
    y = target.unsqueeze(1)
    right = input.gather(1, y).squeeze(1)
    best_wrong = input.scatter(1, y, -torch.inf).max(1).values
    loss = (1 + best_wrong - right).relu()
    return reduce(name, loss, reduction).to(dtype)


def hinge_embedding_loss(
    input: Tensor, target: Tensor, *, margin: float = 1.0, reduction: str = "mean"
) -> Tensor:
    """Similar pairs cost their distance, dissimilar ones how far it falls short of a margin.

        l = d                where y = 1,         d = input, y = target, m = margin
            max(0, m - d)    where y = -1         dl/dd = 1, or -1 where d < m and 0 elsewhere

    The input is a distance: a classifier's score belongs into hinge_loss, which is another loss.

    Shapes: input (*), target (*) -> (), or (*) with reduction="none".

    Args:
        input: The distance of each pair, >= 0, floating point; the loss is in its unit. The sign is not
            checked.
        target: 1 where the pair is similar, -1 where it is dissimilar; not checked here, which would make a GPU
            wait. The reference checks it.
        margin: The distance from which on dissimilar pairs cost nothing; >= 0, default 1.0.
        reduction: "mean" (default), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: input is not floating point.
        ValueError: The shapes differ, margin < 0, or reduction is none of the three.

    Source: Hadsell, Chopra and LeCun (2006), doi:10.1109/CVPR.2006.100, there with both distances squared.
    PyTorch: torch.nn.functional.hinge_embedding_loss(input, target, margin=margin); NaN over nothing.

    >>> import torch
    >>> distance = torch.tensor([0.4, 0.4, 1.5], requires_grad=True)
    >>> hinge_embedding_loss(distance, torch.tensor([1, -1, -1]), reduction="sum").backward()
    >>> distance.grad
    tensor([ 1., -1.,  0.])
    """
    check_not_negative("hinge_embedding_loss", "margin", margin)
    input, target, dtype = check_pair("hinge_embedding_loss", input, target)
    loss = input.where(target == 1, (margin - input).relu())
    return reduce("hinge_embedding_loss", loss, reduction).to(dtype)


def margin_ranking_loss(
    input1: Tensor, input2: Tensor, target: Tensor, *, margin: float = 0.0, reduction: str = "mean"
) -> Tensor:
    """How far the item that should rank higher falls short of outscoring the other by a margin.

        l = max(0, m - y (f1 - f2)),        f1 = input1, f2 = input2, y = target, m = margin
        dl/df1 = -y = -dl/df2 where y (f1 - f2) <= m, 0 elsewhere

    With m = 1 it is the hinge loss of the difference. At a tie with m = 0 the loss is 0, but its gradient is
    that of a pair in the wrong order, as in PyTorch: scores that all start equal still come apart.

    Shapes: input1 (*), input2 (*), target (*) -> (), or (*) with reduction="none".

    Args:
        input1: Scores of the first items, floating point.
        input2: Scores of the second items, floating point.
        target: 1 where the first should rank higher, -1 where the second should; not checked here, which would
            make a GPU wait. The reference checks it.
        margin: The lead that is asked for, in the scores' unit, the loss's unit too; >= 0, default 0.0.
        reduction: "mean" (default), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: input1 or input2 is not floating point.
        ValueError: The shapes differ, margin < 0, or reduction is none of the three.

    Source: Joachims (2002), doi:10.1145/775047.775067.
    PyTorch: torch.nn.functional.margin_ranking_loss(input1, input2, target, margin=margin); NaN over nothing.

    >>> import torch
    >>> score = torch.tensor([0.5, 0.2, 1.0], requires_grad=True)
    >>> margin_ranking_loss(score, torch.ones(3), torch.tensor([-1, 1, 1]), reduction="sum").backward()
    >>> score.grad
    tensor([ 0., -1., -1.])
    """
    check_not_negative("margin_ranking_loss", "margin", margin)
    input1, input2, dtype = check_alike("margin_ranking_loss", input1=input1, input2=input2)
    _, target, dtype = check_pair("margin_ranking_loss", input1.to(dtype), target, "input1")
    loss = (margin - target * (input1 - input2)).clamp(min=0)  # unlike relu, with a gradient at a tie
    return reduce("margin_ranking_loss", loss, reduction).to(dtype)
