"""Divergences, transport and pictures."""

from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from scipy.integrate import quad
from scipy.optimize import linprog, root
from scipy.special import rel_entr
from scipy.stats import norm

from losslib import reference
from tests.site.truth.made import Made


def gaussian_fit(separations, means, widths, share, **look) -> Made:
    """Integrals by quadrature; one direction's choice has the target's moments, the other's is a root of its slopes."""

    def target(x, apart: float):
        return np.logaddexp(
            np.log(share) + norm.logpdf(x, -apart / 2), np.log(1 - share) + norm.logpdf(x, apart / 2)
        )

    def entropy(apart: float) -> float:
        def integrand(x: float) -> float:
            return -np.exp(target(x, apart)) * target(x, apart)

        return quad(integrand, -20, 20, limit=200, epsabs=1e-11)[0]

    def moments(apart: float) -> np.ndarray:
        return np.array([(0.5 - share) * apart, np.sqrt(1 + share * (1 - share) * apart**2)])

    def forward(apart: float, mean: float, width: float) -> float:
        centre, spread = moments(apart)
        cross = np.log(width * np.sqrt(2 * np.pi)) + (spread**2 + (centre - mean) ** 2) / (2 * width**2)
        return cross - entropy(apart)

    def reverse(apart: float, mean: float, width: float) -> float:
        def integrand(t: float) -> float:
            return norm.pdf(t) * (norm.logpdf(t) - np.log(width) - target(mean + width * t, apart))

        return quad(integrand, -9, 9, points=[0], limit=200, epsabs=1e-13)[0]

    @cache
    def chosen(apart: float) -> tuple[float, float]:
        def slopes(fit: np.ndarray, h: float = 1e-3) -> list[float]:
            return [reverse(apart, *(fit + e)) - reverse(apart, *(fit - e)) for e in h * np.eye(2)]

        starts = [moments(apart), (-apart / 2, 1.0), (apart / 2, 1.0)]
        fits = [fit.x for fit in (root(slopes, start, tol=1e-12) for start in starts)]
        return tuple(min(fits, key=lambda fit: reverse(apart, *fit)))

    def numbers(apart: float, mean: float, width: float) -> dict[str, float]:
        found = {}
        rows = {"forward": moments(apart), "reverse": chosen(apart), "yours": (mean, width)}
        for name, fit in rows.items():
            found |= {f"{name}.mean": fit[0], f"{name}.width": fit[1]}
            found |= {f"{name}.forward": forward(apart, *fit), f"{name}.reverse": reverse(apart, *fit)}
        return found

    return Made([[float(f"{v:.12g}") for v in grid] for grid in (separations, means, widths)], numbers)


def earth_mover(source, target, shifts, shares, **look) -> Made:
    """The divergences by their formulas; the distance as the linear programme of the cheapest plan."""
    low, high = min(0, shifts[0]), max(len(source), shifts[-1] + len(target))
    p = np.pad(np.asarray(source, float), (-low, high - len(source))) / np.sum(source)

    @cache
    def between(shift: int, share: float) -> dict[str, float]:
        q = np.pad(np.asarray(target, float), (shift - low, high - shift - len(target))) / np.sum(target)
        q = (1 - share) * q + share / len(q)
        m = (p + q) / 2
        at, here, there = np.arange(len(p)), np.flatnonzero(p), np.flatnonzero(q)
        cost = np.abs(at[here][:, None] - at[there])
        leave, arrive = np.eye(len(here)), np.eye(len(there))
        marginals = np.vstack([np.kron(leave, np.ones(len(there))), np.kron(np.ones(len(here)), arrive)])
        plan = linprog(cost.ravel(), A_eq=marginals, b_eq=np.r_[p[here], q[there]])
        js = (rel_entr(p, m).sum() + rel_entr(q, m).sum()) / 2
        return {"kl": rel_entr(p, q).sum(), "js": js, "w1": plan.fun}

    def numbers(shift: float, share: float) -> dict[str, float]:
        now = between(int(shift), share)
        then = between(int(shift) + 1, share) if shift < shifts[-1] else dict.fromkeys(now, np.nan)
        with np.errstate(invalid="ignore"):
            changes = {f"{key}.change": np.subtract(then[key], now[key]) for key in now}
        return {f"{key}.value": value for key, value in now.items()} | changes

    return Made([list(shifts), list(shares)], numbers)


def _maps_in_numpy(features) -> Callable:
    """From images to the feature maps of a network, both as arrays."""

    def maps(images: np.ndarray) -> list[np.ndarray]:
        with torch.no_grad():
            return [m.double().numpy() for m in features(torch.as_tensor(images).float())]

    return maps


def picture_changes(original, changed, features, **look) -> Made:
    """The losses of the reference, one picture at a time."""
    target = original[None].numpy()
    pictures = {name: [picture[None].numpy() for picture in strengths] for name, strengths in changed.items()}
    errors = {
        name: [reference.mse_loss(picture, target) for picture in kept] for name, kept in pictures.items()
    }
    strengths = [float(f"{value:.3g}") for value in np.mean(list(errors.values()), axis=0)]

    @cache
    def numbers(change: str, mse: float, layer: str) -> dict[str, float]:
        k, maps, found = strengths.index(mse), _maps_in_numpy(features[layer]), {}
        for name, kept in pictures.items():
            found[f"{name}.MSE"] = errors[name][k]
            found[f"{name}.distance"] = reference.perceptual_loss(kept[k], target, maps)
        return found

    return Made([list(changed), strengths, list(features)], numbers)


def style_weights(content, style, results, weights, features, **look) -> Made:
    """The losses of the reference, one result at a time."""
    maps = _maps_in_numpy(features)
    start, goal = maps(content[None].numpy()), maps(style[None].numpy())

    def numbers(weight: float) -> dict[str, float]:
        found = maps(results[list(weights).index(weight)][None].numpy())
        shares = [
            reference.style_loss(m, g) / reference.style_loss(s, g)
            for m, g, s in zip(found, goal, start, strict=True)
        ]
        return {"content": reference.mse_loss(found[-1], start[-1]), "style": float(np.mean(shares))}

    return Made([[float(weight) for weight in weights]], numbers)
