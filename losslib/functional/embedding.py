"""Embedding losses in PyTorch. Each asks that similar samples lie closer together than others do."""

import math

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, logsigmoid

from losslib._arguments import (
    check_at_least_1,
    check_axes,
    check_not_negative,
    check_positive,
    check_reduction,
    check_shape,
    check_vectors,
)
from losslib.functional._checks import check_alike, check_floats, check_pair, check_tensor
from losslib.functional._products import products
from losslib.functional._reduction import reduce


def contrastive_loss(
    distance: Tensor, target: Tensor, *, margin: float = 1.0, reduction: str = "mean"
) -> Tensor:
    """Pulls similar pairs together and pushes dissimilar ones apart until they are a margin away.

        l = (y D² + (1 - y) max(0, m - D)²) / 2,        D = distance, y = target, m = margin
        dl/dD = D where y = 1, -max(0, m - D) where y = 0

    In Hadsell's paper the labels are the other way round: there 1 means dissimilar.

    Shapes: distance (*), target (*) -> (), or (*) with reduction="none".

    Args:
        distance: How far apart the two embeddings of each pair are, >= 0, floating point. Not checked for
            its sign, which would make a GPU wait; the reference checks it.
        target: 1 where the pair is similar, 0 where it is not; not checked either.
        margin: The distance from which on dissimilar pairs cost nothing; >= 0, default 1.0.
        reduction: "mean" (default, over all pairs), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: distance is not floating point.
        ValueError: The shapes differ, margin < 0, or reduction is none of the three.

    Source: Hadsell, Chopra and LeCun (2006), doi:10.1109/CVPR.2006.100.
    PyTorch: none.

    >>> import torch
    >>> distance = torch.tensor([0.4, 0.4, 2.0], requires_grad=True)
    >>> loss = contrastive_loss(distance, torch.tensor([1, 0, 0]), reduction="sum")
    >>> loss.backward()
    >>> distance.grad
    tensor([ 0.4000, -0.6000,  0.0000])
    """
    check_not_negative("contrastive_loss", "margin", margin)
    distance, target, dtype = check_pair("contrastive_loss", distance, target, "distance")
    gap = (margin - distance).relu()
    loss = torch.lerp(gap.square(), distance.square(), target) / 2
    return reduce("contrastive_loss", loss, reduction).to(dtype)


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    margin: float = 1.0,
    p: float = 2,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """Asks that the anchor is closer to its positive than to its negative, by a margin.

        l = max(0, d(a, x⁺) - d(a, x⁻) + m),        d(x, y) = ‖x - y‖ₚ, m = margin

    With swap, d(x⁺, x⁻) stands for d(a, x⁻) where it is the smaller. The gradient of a distance 0 is
    defined to be 0. The distances are not squared.

    Shapes: anchor, positive, negative (*, D) -> (), or (*) with reduction="none".

    Args:
        anchor: Embeddings, floating point.
        positive: Embeddings of samples of the anchors' classes.
        negative: Embeddings of samples of other classes.
        margin: How much farther than the positive a negative must be to cost nothing, in the unit of the
            distance; >= 0, default 1.0.
        p: Which norm measures distances; >= 1, default 2. math.inf takes the largest difference.
        swap: Whether the positive may take the anchor's place; default False.
        reduction: "mean" (default, over all triplets), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: An embedding is not floating point.
        ValueError: The shapes differ, have no axis D, margin < 0, p < 1, or reduction is none of the three.

    Source: Balntas et al. (2016), doi:10.5244/C.30.119, where swap is called anchor swap.
    PyTorch: torch.nn.functional.triplet_margin_loss(anchor, positive, negative, margin=margin, p=p, swap=swap,
        eps=0); its default eps=1e-6 is added to every difference, so that d(x, x) is not 0. NaN over nothing.

    >>> import torch
    >>> anchor = torch.tensor([[0.0, 0.0]], requires_grad=True)
    >>> loss = triplet_margin_loss(anchor, torch.tensor([[0.0, 0.0]]), torch.tensor([[0.6, 0.8]]), margin=1.5)
    >>> loss.backward()
    >>> loss.item(), anchor.grad
    (0.5, tensor([[0.6000, 0.8000]]))
    """
    check_not_negative("triplet_margin_loss", "margin", margin)
    check_at_least_1("triplet_margin_loss", "p", p)
    anchor, positive, negative, dtype = check_alike(
        "triplet_margin_loss", anchor=anchor, positive=positive, negative=negative
    )
    check_vectors("triplet_margin_loss", "anchor", anchor.shape)
    to_negative = _distance(anchor, negative, p)
    if swap:
        to_negative = torch.minimum(to_negative, _distance(positive, negative, p))
    loss = (_distance(anchor, positive, p) - to_negative + margin).relu()
    return reduce("triplet_margin_loss", loss, reduction).to(dtype)


def triplet_semihard_loss(
    embeddings: Tensor, labels: Tensor, *, margin: float = 1.0, squared: bool = True, reduction: str = "mean"
) -> Tensor:
    """The triplet loss of every anchor-positive pair of a batch, each with its semi-hard negative.

        l_ap = max(0, d(a, p) - d(a, n) + m)        d(x, y) = ‖x - y‖², or ‖x - y‖ with squared=False
        n = the closest negative with d(a, n) > d(a, p); the farthest negative where there is none

    A negative is semi-hard that is farther than the positive, yet by less than the margin; hard ones, closer
    than the positive, make a young network collapse. A farther one than that costs nothing, so the closest
    is semi-hard wherever one is. An anchor with no positive or no negative in the batch costs nothing.

    Shapes: embeddings (N, D), labels (N,) -> (), or (N, N) with reduction="none": entry (a, p) is the loss of
        anchor a and positive p, 0 where they are not a pair.

    Args:
        embeddings: One per sample, floating point. Usually of length 1, for the margin to have a scale.
        labels: The class of each sample, integers.
        margin: How much farther than the positive a negative must be to cost nothing, in the unit of d;
            >= 0, default 1.0. The paper uses 0.2.
        squared: Whether d is the squared distance; default True. In float32 squared distances are exact to
            about a millionth of the largest, and so distances far smaller than that root are not.
        reduction: "mean" (default, over the pairs of an anchor and a positive, in both orders, that have
            a negative), "sum" or "none". The mean over nothing is 0: a batch without a triplet has loss 0
            and gradient 0.

    Raises:
        TypeError: embeddings are not floating point, or labels are not integers.
        ValueError: The shapes do not match, margin < 0, or reduction is none of the three.

    Source: Schroff, Kalenichenko and Philbin (2015), doi:10.1109/CVPR.2015.7298682.
    PyTorch: none.

    >>> import torch
    >>> embeddings = torch.tensor([[0.0], [1.0], [0.9], [1.2]])
    >>> loss = triplet_semihard_loss(embeddings, torch.tensor([0, 0, 1, 2]), reduction="none")
    >>> loss[0, 1], loss[1, 0]  # 1 - 1.44 + 1: the negative at 1.2 is farther; 1 - 0.04 + 1: none is
    (tensor(0.5600), tensor(1.9600))
    """
    check_not_negative("triplet_semihard_loss", "margin", margin)
    embeddings, labels, dtype = _check_labelled("triplet_semihard_loss", embeddings, labels)
    positive, negative = _pairs(labels)
    distances = _squared_distances(embeddings)
    if not squared:
        distances = _square_root(distances)
    with torch.no_grad():
        nearest, order = distances.where(negative, math.inf).sort(dim=1)
        # All but the positives ask for inf, which is found at once: their own distances would take five times as long.
        farther = torch.searchsorted(nearest, distances.where(positive, math.inf), right=True)
        last = negative.sum(dim=1, keepdim=True) - 1
        semihard = order.gather(1, farther.minimum(last).clamp(min=0))
    loss = (distances - distances.gather(1, semihard) + margin).relu()
    is_triplet = positive & (last >= 0)
    return reduce("triplet_semihard_loss", loss, reduction, weight=is_triplet).to(dtype)


def triplet_hard_loss(
    embeddings: Tensor,
    labels: Tensor,
    *,
    margin: float = 1.0,
    soft: bool = False,
    squared: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """The triplet loss of every anchor of a batch with its farthest positive and its closest negative.

        l_a = max(0, max_p d(a, p) - min_n d(a, n) + m)        d(x, y) = ‖x - y‖, or ‖x - y‖² with squared=True
              log(1 + exp(max_p d(a, p) - min_n d(a, n)))      with soft=True

    Batch-hard mining. At collapse, when all embeddings are equal, the loss is m, or log 2 with soft=True. An
    anchor with no positive or no negative in the batch costs nothing.

    Shapes: embeddings (N, D), labels (N,) -> (), or (N,) with reduction="none": one per anchor.

    Args:
        embeddings: One per sample, floating point.
        labels: The class of each sample, integers.
        margin: How much farther than every positive all negatives must be to cost nothing, in the unit of d;
            >= 0, default 1.0. Without effect where soft is True.
        soft: Whether to use the softplus, which has no margin and never stops pulling; default False.
        squared: Whether d is the squared distance; default False.
        reduction: "mean" (default, over the anchors that have a positive and a negative), "sum" or "none".
            The mean over nothing is 0: a batch without a triplet has loss 0 and gradient 0.

    Raises:
        TypeError: embeddings are not floating point, or labels are not integers.
        ValueError: The shapes do not match, margin < 0, or reduction is none of the three.

    Source: Hermans, Beyer and Leibe (2017), arXiv:1703.07737.
    PyTorch: none.

    >>> import torch
    >>> embeddings = torch.tensor([[0.0], [1.0], [1.5]], requires_grad=True)
    >>> loss = triplet_hard_loss(embeddings, torch.tensor([0, 0, 1]), reduction="none")
    >>> loss.sum().backward()
    >>> embeddings.grad.T
    tensor([[-1.,  3., -2.]])
    """
    check_not_negative("triplet_hard_loss", "margin", margin)
    embeddings, labels, dtype = _check_labelled("triplet_hard_loss", embeddings, labels)
    if not len(embeddings):  # nothing has no maximum
        return reduce("triplet_hard_loss", embeddings.sum(dim=1), reduction).to(dtype)
    positive, negative = _pairs(labels)
    with torch.no_grad():
        distances = _squared_distances(embeddings)
        farthest = distances.where(positive, -math.inf).argmax(dim=1)
        closest = distances.where(negative, math.inf).argmin(dim=1)
    # Only the chosen distances are differentiated: nothing of size (N, N) is kept for the gradient.
    to_positive = _distance(embeddings, embeddings.index_select(0, farthest), 2)
    to_negative = _distance(embeddings, embeddings.index_select(0, closest), 2)
    if squared:
        to_positive, to_negative = to_positive.square(), to_negative.square()
    loss = -logsigmoid(to_negative - to_positive) if soft else (to_positive - to_negative + margin).relu()
    is_triplet = positive.any(dim=1) & negative.any(dim=1)
    return reduce("triplet_hard_loss", loss, reduction, weight=is_triplet).to(dtype)


def quadruplet_loss(
    anchor: Tensor,
    positive: Tensor,
    negative1: Tensor,
    negative2: Tensor,
    *,
    margin1: float = 1.0,
    margin2: float = 0.5,
    reduction: str = "mean",
) -> Tensor:
    """The triplet loss, plus the same with two negatives in the place of anchor and negative.

        l = max(0, d(a, x⁺) - d(a, n₁) + m₁) + max(0, d(a, x⁺) - d(n₁, n₂) + m₂),        d(x, y) = ‖x - y‖²

    The second term makes classes tight compared with all distances between classes, the anchor's or not.
    The paper learns d by a network of its own; here d is the squared Euclidean distance.

    Shapes: anchor, positive, negative1, negative2 (*, D) -> (), or (*) with reduction="none".

    Args:
        anchor: Embeddings, floating point.
        positive: Embeddings of samples of the anchors' classes.
        negative1: Embeddings of samples of other classes.
        negative2: Embeddings of samples of other classes than those of anchor and negative1.
        margin1: The margin to a negative, in the unit of d; >= 0, default 1.0.
        margin2: The margin between two negatives, in the unit of d, in the paper smaller than margin1; >= 0,
            default 0.5.
        reduction: "mean" (default, over all quadruplets), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: An embedding is not floating point.
        ValueError: The shapes differ, have no axis D, a margin < 0, or reduction is none of the three.

    Source: Chen et al. (2017), arXiv:1704.01719.
    PyTorch: none.

    >>> import torch
    >>> anchor, positive, negative1, negative2 = torch.tensor([[[0.0]], [[1.0]], [[1.2]], [[1.5]]])
    >>> loss = quadruplet_loss(anchor, positive, negative1, negative2)
    >>> round(loss.item(), 2)  # 1 - 1.44 + 1 and 1 - 0.09 + 0.5
    1.97
    """
    check_not_negative("quadruplet_loss", "margin1", margin1)
    check_not_negative("quadruplet_loss", "margin2", margin2)
    anchor, positive, negative1, negative2, dtype = check_alike(
        "quadruplet_loss", anchor=anchor, positive=positive, negative1=negative1, negative2=negative2
    )
    check_vectors("quadruplet_loss", "anchor", anchor.shape)
    to_positive = _squared_distance(anchor, positive)
    first = (to_positive - _squared_distance(anchor, negative1) + margin1).relu()
    second = (to_positive - _squared_distance(negative1, negative2) + margin2).relu()
    return reduce("quadruplet_loss", first + second, reduction).to(dtype)


def n_pairs_loss(anchor: Tensor, positive: Tensor, *, reduction: str = "mean") -> Tensor:
    """Asks each anchor to tell its positive from the positives of all others in the batch.

        l_i = log(1 + Σ_{j≠i} exp(aᵢ·pⱼ - aᵢ·pᵢ)),        the cross-entropy of logits A Pᵀ with target i

    Row i of anchor and of positive are one pair, and no two pairs share a class. The paper adds a small
    multiple of the embeddings' squared length, since nothing else bounds it: that is left to the caller.

    Shapes: anchor, positive (N, D) -> (), or (N,) with reduction="none": one per anchor.

    Args:
        anchor: Embeddings, floating point, not normalized.
        positive: Embeddings of a second sample of each anchor's class.
        reduction: "mean" (default, over the anchors), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: An embedding is not floating point.
        ValueError: The shapes differ or are not (N, D), or reduction is none of the three.

    Source: Sohn (2016), NIPS 29; with a temperature it is InfoNCE, arXiv:1807.03748.
    PyTorch: torch.nn.functional.cross_entropy(anchor @ positive.T, torch.arange(N)); NaN over nothing.

    >>> import torch
    >>> anchor = 2 * torch.eye(3)
    >>> n_pairs_loss(anchor, anchor, reduction="none")  # log(1 + 2 exp(-4))
    tensor([0.0360, 0.0360, 0.0360])
    """
    anchor, positive, dtype = check_alike("n_pairs_loss", anchor=anchor, positive=positive)
    check_axes("n_pairs_loss", "anchor", "(N, D)", anchor.shape)
    logits = products(anchor, positive)
    return _cross_entropy("n_pairs_loss", logits, _indices(logits), reduction).to(dtype)


def info_nce_loss(query: Tensor, key: Tensor, *, temperature: float = 0.1, reduction: str = "mean") -> Tensor:
    """Asks each query to tell its own key from the keys of all others in the batch, by cosine similarity.

        l_i = -log(exp(sᵢᵢ) / Σ_j exp(sᵢⱼ)),        sᵢⱼ = cos(qᵢ, kⱼ) / T, T = temperature

    One direction: query to key. CLIP's loss is the mean of this one and of that with the two exchanged.
    log N less the expected loss is at most the mutual information of query and key. A vector of zeros has no
    direction; its similarity to all others is 0.

    Shapes: query, key (N, D) -> (), or (N,) with reduction="none": one per query.

    Args:
        query: Embeddings, floating point, of any length.
        key: Embeddings; row i is the positive of query i, the others are its negatives.
        temperature: What similarities are divided by; > 0, default 0.1. The smaller, the more the negatives
            most similar to the query count.
        reduction: "mean" (default, over the queries), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: An embedding is not floating point.
        ValueError: The shapes differ or are not (N, D), temperature <= 0, or reduction is none of the three.

    Source: van den Oord, Li and Vinyals (2018), arXiv:1807.03748.
    PyTorch: none; torch.nn.functional.cross_entropy(similarity / temperature, torch.arange(N)) is its last step.

    >>> import torch
    >>> query = torch.eye(4)
    >>> info_nce_loss(query, query, temperature=0.5, reduction="none")  # log(1 + 3 exp(-2))
    tensor([0.3408, 0.3408, 0.3408, 0.3408])
    """
    check_positive("info_nce_loss", "temperature", temperature)
    query, key, dtype = check_alike("info_nce_loss", query=query, key=key)
    check_axes("info_nce_loss", "query", "(N, D)", query.shape)
    similarity = products(_unit(query) / temperature, _unit(key))
    return _cross_entropy("info_nce_loss", similarity, _indices(similarity), reduction).to(dtype)


def nt_xent_loss(z1: Tensor, z2: Tensor, *, temperature: float = 0.5, reduction: str = "mean") -> Tensor:
    """Asks each of two views of a sample to tell the other from all other views in the batch.

        l_i = -log(exp(sᵢⱼ) / Σ_{k≠i} exp(sᵢₖ)),        sᵢⱼ = cos(zᵢ, zⱼ) / T, T = temperature

    The loss of SimCLR. Of the 2N views each is compared with its partner j and 2N - 2 negatives, those of its
    own side among them; InfoNCE compares with the N - 1 of the other side. A vector of zeros has no
    direction; its similarity to all others is 0.

    Shapes: z1, z2 (N, D) -> (), or (2N,) with reduction="none": one per view, those of z1 first.

    Args:
        z1: Embeddings of one view of each sample, floating point, of any length.
        z2: Embeddings of another view of the same samples.
        temperature: What similarities are divided by; > 0, default 0.5. The smaller, the more the negatives
            most similar to a view count.
        reduction: "mean" (default, over the 2N views), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: An embedding is not floating point.
        ValueError: The shapes differ or are not (N, D), temperature <= 0, or reduction is none of the three.

    Source: Chen et al. (2020), arXiv:2002.05709.
    PyTorch: none.

    >>> import torch
    >>> z = torch.eye(2)
    >>> nt_xent_loss(z, z, temperature=0.5, reduction="none")  # log(1 + 2 exp(-2))
    tensor([0.2395, 0.2395, 0.2395, 0.2395])
    """
    check_positive("nt_xent_loss", "temperature", temperature)
    z1, z2, dtype = check_alike("nt_xent_loss", z1=z1, z2=z2)
    check_axes("nt_xent_loss", "z1", "(N, D)", z1.shape)
    z = _unit(torch.cat([z1, z2])) / math.sqrt(temperature)
    similarity = products(z, z)
    similarity.detach().diagonal().fill_(-math.inf)  # detached: what gets probability 0 has gradient 0 anyway
    return _cross_entropy("nt_xent_loss", similarity, _indices(z).roll(len(z1)), reduction).to(dtype)


def _check_labelled(name, embeddings, labels):
    embeddings, dtype = check_floats(name, embeddings=embeddings)
    check_axes(name, "embeddings", "(N, D)", embeddings.shape)
    check_tensor(name, "labels", labels)
    check_shape(name, "labels", embeddings.shape[:1], labels.shape)
    if labels.is_floating_point() or labels.is_complex() or labels.dtype == torch.bool:
        raise TypeError(f"{name}: expected labels of an integer dtype, got {labels.dtype}")
    return embeddings, labels, dtype


def _pairs(labels):
    """Which samples are another's positive, and which its negative: both (N, N)."""
    alike = labels == labels[:, None]
    itself = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    return alike & ~itself, ~alike


def _distance(x, y, p):
    return torch.linalg.vector_norm(x - y, p, dim=-1)  # gradient 0 at distance 0


def _squared_distance(x, y):
    return (x - y).square().sum(dim=-1)


def _squared_distances(x):
    """Between all rows, (N, N), by one matrix product: ‖x‖² + ‖y‖² - 2 x·y."""
    x = x - x[:1].detach()  # far from the origin the three terms would cancel
    dots = products(x, x)
    squares = dots.diagonal()  # of the same product, so that the distance of x to itself is 0
    return squares[:, None] + squares - 2 * dots


def _square_root(x):
    """With gradient 0 at 0, and 0 where rounding made a squared distance negative."""
    root = x.where(x > 0, 1).sqrt()
    return root.where(x > 0, 0)


def _unit(x):
    length = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    return x / length.where(length > 0, 1)


def _indices(rows):
    return torch.arange(len(rows), device=rows.device)


def _cross_entropy(name, logits, target, reduction):
    check_reduction(name, reduction)
    if reduction == "mean" and not len(logits):
        reduction = "sum"  # the mean over nothing is 0
    return cross_entropy(logits, target, reduction=reduction)
