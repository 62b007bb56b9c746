"""Losses as one writes them in PyTorch, with no thought to overflow, ties or nothing to average over."""

import torch
from torch.nn import functional as F


def rmse_loss(input, target):
    return (input - target).square().mean().sqrt()


def log_cosh_loss(input, target):
    return (input - target).cosh().log().mean()


def quantile_loss(input, target, q=0.9):
    e = target - input
    return torch.maximum(q * e, (q - 1) * e).mean()


def hinge_loss(input, target):
    return (1 - input * target).relu().mean()


def squared_hinge_loss(input, target):
    return (1 - input * target).relu().square().mean()


def multiclass_hinge_loss(input, target):
    right = target[:, None]
    best_wrong = input.scatter(1, right, -torch.inf).amax(1)
    return (1 + best_wrong - input.gather(1, right).squeeze(1)).relu().mean()


def contrastive_loss(distance, target):
    return (target * distance.square() + (1 - target) * (1 - distance).relu().square()).mean() / 2


def quadruplet_loss(anchor, positive, negative1, negative2):
    to_positive = (anchor - positive).square().sum(1)
    first = (to_positive - (anchor - negative1).square().sum(1) + 1).relu()
    second = (to_positive - (negative1 - negative2).square().sum(1) + 0.5).relu()
    return (first + second).mean()


def n_pairs_loss(anchor, positive):
    return F.cross_entropy(anchor @ positive.T, torch.arange(len(anchor), device=anchor.device))


def info_nce_loss(query, key, temperature=0.1):
    similarity = F.normalize(query) @ F.normalize(key).T / temperature
    return F.cross_entropy(similarity, torch.arange(len(query), device=query.device))


def nt_xent_loss(z1, z2, temperature=0.5):
    z = F.normalize(torch.cat([z1, z2]))
    similarity = (z @ z.T / temperature).fill_diagonal_(-torch.inf)
    return F.cross_entropy(similarity, torch.arange(len(z), device=z.device).roll(len(z1)))


def box_iou_loss(boxes1, boxes2):
    (left1, top1, right1, bottom1), (left2, top2, right2, bottom2) = boxes1.unbind(1), boxes2.unbind(1)
    width = torch.minimum(right1, right2) - torch.maximum(left1, left2)
    height = torch.minimum(bottom1, bottom2) - torch.maximum(top1, top2)
    intersection = width.clamp(min=0) * height.clamp(min=0)
    areas = (right1 - left1) * (bottom1 - top1) + (right2 - left2) * (bottom2 - top2)
    return (1 - intersection / (areas - intersection)).mean()


def gaussian_kl_loss(mu, logvar):
    return -0.5 * (1 + logvar - mu.square() - logvar.exp()).sum(1).mean()


def distillation_loss(student_logits, teacher_logits, temperature=2.0):
    student, teacher = student_logits / temperature, teacher_logits / temperature
    return F.kl_div(student.log_softmax(1), teacher.softmax(1), reduction="batchmean") * temperature**2


def style_loss(input, target):
    def gram(features):
        rows = features.flatten(2)
        return rows @ rows.mT / rows[0].numel()

    return (gram(input) - gram(target)).square().sum((1, 2)).mean()
