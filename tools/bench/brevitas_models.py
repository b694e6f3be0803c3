"""Random networks of Brevitas, of every kind that triggernet reads: equal seeds, equal networks."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import onnx

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # brevitas imports its own deprecated modules
    import brevitas.nn as qnn
    import torch
    from brevitas.quant import (
        Int8ActPerTensorFixedPoint,
        Int8ActPerTensorFloat,
        Int8Bias,
        Int8WeightPerChannelFloat,
        Int8WeightPerTensorFixedPoint,
        Int8WeightPerTensorFloat,
        Int16Bias,
        Uint8ActPerTensorFixedPoint,
        Uint8ActPerTensorFloat,
    )
    from brevitas.quant.fixed_point import Int8WeightPerChannelFixedPoint
    from torch import Tensor, nn

WEIGHTS = {
    "po2": Int8WeightPerTensorFixedPoint,
    "float": Int8WeightPerTensorFloat,
    "po2 each": Int8WeightPerChannelFixedPoint,
    "float each": Int8WeightPerChannelFloat,
}
BIASES = {"none": None, "int16": Int16Bias, "int8": Int8Bias}


@dataclass
class Recipe:
    """What a random network is made of; drawn from a seed."""

    seed: int
    kind: str
    weight: str
    floating: bool
    bits: int
    bias: str
    norm: bool
    quantised_end: bool
    rng: np.random.Generator = field(repr=False)

    @classmethod
    def of(cls, seed: int) -> Recipe:
        rng = np.random.default_rng(seed)
        names = sorted(KINDS)
        floating = bool(rng.integers(0, 2))
        return cls(
            seed,
            names[seed % len(names)],
            str(rng.choice(["float", "float each"] if floating else ["po2", "po2 each"])),
            floating,
            int(rng.integers(3, 9)),
            str(rng.choice(list(BIASES))),
            bool(rng.integers(0, 2)),
            bool(rng.random() < 0.85),
            rng,
        )

    def __str__(self) -> str:
        parts = [self.kind, f"{self.weight} scales", f"{self.bits} bits", f"{self.bias} bias"]
        parts += ["batch norms"] if self.norm else []
        parts += [] if self.quantised_end else ["output not quantised"]
        return ", ".join(parts)

    # Pieces

    def between(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))

    def chance(self, share: float = 0.5) -> bool:
        return bool(self.rng.random() < share)

    def identity(self, bits: int | None = None) -> nn.Module:
        kind = Int8ActPerTensorFloat if self.floating else Int8ActPerTensorFixedPoint
        return qnn.QuantIdentity(
            kind, bit_width=bits or self.bits, return_quant_tensor=True,
            narrow_range=self.chance(0.2),
        )  # fmt: skip

    def relu(self) -> nn.Module:
        kind = Uint8ActPerTensorFloat if self.floating else Uint8ActPerTensorFixedPoint
        return qnn.QuantReLU(kind, bit_width=self.bits, return_quant_tensor=True)

    def activation(self) -> nn.Module:
        draw = self.rng.random()
        kind = Int8ActPerTensorFloat if self.floating else Int8ActPerTensorFixedPoint
        if draw < 0.1:
            return qnn.QuantHardTanh(
                kind, bit_width=self.bits, min_val=-1.0, max_val=1.0, return_quant_tensor=True
            )
        if draw < 0.2:
            return nn.Sequential(nn.LeakyReLU(0.25), self.identity())
        return self.relu()

    def options(self) -> dict:
        given = {
            "weight_quant": WEIGHTS[self.weight],
            "weight_bit_width": self.bits,
            "bias": self.bias != "none",
        }
        if self.bias != "none":
            given["bias_quant"] = BIASES[self.bias]
        return given

    def linear(self, inputs: int, outputs: int) -> nn.Module:
        return qnn.QuantLinear(inputs, outputs, **self.options())

    def end(self, inputs: int, outputs: int = 5) -> nn.Module:
        last = self.linear(inputs, outputs)
        return nn.Sequential(last, self.identity(12)) if self.quantised_end else last

    def dense(self, *sizes: int) -> nn.Sequential:
        layers: list[nn.Module] = []
        for a, b in itertools.pairwise(sizes):
            layers.append(self.linear(a, b))
            layers += [nn.BatchNorm1d(b)] if self.norm else []
            layers.append(self.activation())
        return nn.Sequential(*layers)

    def rows(self, *sizes: int) -> nn.Sequential:
        """Layers of each particle."""
        layers: list[nn.Module] = []
        for a, b in itertools.pairwise(sizes):
            layers += [self.linear(a, b), self.activation()]
        return nn.Sequential(*layers)


class Network(nn.Module):
    """Any function of its parts."""

    def __init__(self, forward: Callable[[Network, Tensor], Tensor], **parts: nn.Module) -> None:
        super().__init__()
        for name, part in parts.items():
            setattr(self, name, part)
        self.function = forward

    def forward(self, x: Tensor) -> Tensor:
        y = self.function(self, x)
        return getattr(y, "value", y)


Made = tuple[nn.Module, tuple[int, ...]]


def mlp(r: Recipe) -> Made:
    n, h = r.between(4, 16), r.between(6, 20)
    return Network(
        lambda m, x: m.end(m.body(m.q(x))), q=r.identity(), body=r.dense(n, h, h), end=r.end(h)
    ), (n,)


def deepsets(r: Recipe) -> Made:
    m, f, h = r.between(3, 8), r.between(2, 4), r.between(4, 10)
    how = r.between(0, 2)

    def forward(net: Network, x: Tensor) -> Tensor:
        y = net.phi(net.q(x))
        y = getattr(y, "value", y)
        pooled = [y.sum(1), y.mean(1), y.amax(1)][how]
        return net.end(net.rho(net.pooled(pooled)))

    return Network(
        forward, q=r.identity(), phi=r.rows(f, h, h), pooled=r.identity(), rho=r.rows(h, h),
        end=r.end(h),
    ), (m, f)  # fmt: skip


def jedi(r: Recipe) -> Made:
    m, f, h, gathers = r.between(3, 5), 3, r.between(4, 8), r.chance()
    receivers, senders = map(list, zip(*((i, j) for i in range(m) for j in range(m) if i != j),
                                       strict=True))  # fmt: skip
    one = np.zeros((m, len(receivers)), np.float32)
    other = one.copy()
    one[receivers, range(len(receivers))] = 1
    other[senders, range(len(senders))] = 1

    def forward(net: Network, x: Tensor) -> Tensor:
        x = getattr(net.q(x), "value", x)
        if gathers:
            pairs = torch.cat([x[:, receivers], x[:, senders]], dim=2)
        else:
            t = x.transpose(1, 2)
            pairs = torch.cat([t @ net.one, t @ net.other], dim=1).transpose(1, 2)
        edges = net.edge(net.q1(pairs))
        edges = getattr(edges, "value", edges)
        back = (edges.transpose(1, 2) @ net.one.T).transpose(1, 2)
        nodes = net.node(net.q3(torch.cat([x, getattr(net.q2(back), "value", back)], dim=2)))
        nodes = getattr(nodes, "value", nodes)
        return net.end(net.q4(nodes.sum(1)))

    net = Network(
        forward, q=r.identity(), q1=r.identity(), q2=r.identity(), q3=r.identity(),
        q4=r.identity(), edge=r.rows(2 * f, h, 4), node=r.rows(f + 4, h, 4), end=r.end(4),
    )  # fmt: skip
    net.register_buffer("one", torch.from_numpy(one))
    net.register_buffer("other", torch.from_numpy(other))
    return net, (m, f)


def cnn2d(r: Recipe) -> Made:
    c, size, deep = r.between(1, 2), r.between(7, 8), r.between(2, 4)
    stride, padding, pool = r.between(1, 2), r.between(0, 1), r.between(0, 3)
    groups = deep if r.chance(0.3) else 1
    first = qnn.QuantConv2d(c, deep, 3, stride=stride, padding=padding, **r.options())
    second = qnn.QuantConv2d(deep, deep, 2, groups=groups, **r.options())
    pools: list[nn.Module] = [
        nn.Identity(), nn.MaxPool2d(2), nn.AvgPool2d(2), nn.AdaptiveAvgPool2d(1)
    ]  # fmt: skip
    norm = nn.BatchNorm2d(deep) if r.norm else nn.Identity()

    def forward(net: Network, x: Tensor) -> Tensor:
        y = net.act1(net.norm(net.first(net.q(x))))
        y = net.act2(net.second(y))
        y = net.pool(getattr(y, "value", y))
        return net.end(net.flat(y.flatten(1)))

    net = Network(
        forward, q=r.identity(), first=first, norm=norm, act1=r.relu(), second=second,
        act2=r.relu(), pool=pools[pool], flat=r.identity(),
    )  # fmt: skip
    with torch.no_grad():
        net.end = nn.Identity()
        features = net.eval()(torch.zeros(1, c, size, size)).shape[1]
    net.end = r.end(features)
    return net, (c, size, size)


def cnn1d(r: Recipe) -> Made:
    c, length, deep = r.between(1, 3), r.between(6, 10), r.between(2, 5)
    first = qnn.QuantConv1d(c, deep, 3, stride=r.between(1, 2), padding=r.between(0, 1),
                            **r.options())  # fmt: skip
    transposed = r.chance()

    def forward(net: Network, x: Tensor) -> Tensor:
        x = x.transpose(1, 2) if transposed else x
        y = net.act1(net.first(net.q(x)))
        y = getattr(y, "value", y)
        y = y.mean(2) if net.mean else y.amax(2)
        return net.end(net.act2(y))

    net = Network(
        forward, q=r.identity(), first=first, act1=r.relu(), act2=r.identity(), end=r.end(deep)
    )
    net.mean = r.chance()
    return net, ((length, c) if transposed else (c, length))


def residual(r: Recipe) -> Made:
    n = r.between(4, 12)
    shared = r.identity()

    def forward(net: Network, x: Tensor) -> Tensor:
        x = net.q(x)
        y = net.shared(net.two(net.one(x)))
        total = net.shared(x) + y if net.same else getattr(x, "value", x) + getattr(y, "value", y)
        return net.end(net.act(total))

    net = Network(
        forward, q=r.identity(), one=r.rows(n, n), two=r.linear(n, n), shared=shared, act=r.relu(),
        end=r.end(n),
    )  # fmt: skip
    net.same = r.chance()
    return net, (n,)


def concat(r: Recipe) -> Made:
    n, h = r.between(4, 10), r.between(3, 8)

    def forward(net: Network, x: Tensor) -> Tensor:
        x = net.q(x)
        a, b = net.a(x), net.b(x)
        joined = torch.cat([getattr(t, "value", t) for t in (a, x, b)], dim=1)
        return net.end(net.q2(joined))

    return Network(
        forward, q=r.identity(), a=r.rows(n, h), b=r.rows(n, h), q2=r.identity(),
        end=r.end(2 * h + n),
    ), (n,)  # fmt: skip


def mixer(r: Recipe) -> Made:
    m, f = r.between(3, 8), r.between(3, 6)

    def forward(net: Network, x: Tensor) -> Tensor:
        y = net.tokens(net.q1(getattr(net.q(x), "value", x).transpose(1, 2)))
        y = getattr(y, "value", y).transpose(1, 2)
        y = net.channels(net.q2(y))
        return net.end(net.q3(getattr(y, "value", y).mean(1)))

    return Network(
        forward, q=r.identity(), q1=r.identity(), q2=r.identity(), q3=r.identity(),
        tokens=r.rows(m, m), channels=r.rows(f, f), end=r.end(f),
    ), (m, f)  # fmt: skip


def gate(r: Recipe) -> Made:
    n, h = r.between(4, 10), r.between(3, 8)
    function = [torch.sigmoid, torch.tanh, nn.functional.silu, nn.functional.gelu][r.between(0, 3)]

    def forward(net: Network, x: Tensor) -> Tensor:
        x = net.q(x)
        a, b = net.a(x), net.before(net.b(x))
        b = net.after(function(getattr(b, "value", b)))
        return net.end(net.q2(getattr(a, "value", a) * getattr(b, "value", b)))

    return Network(
        forward, q=r.identity(), a=r.rows(n, h), b=r.linear(n, h), before=r.identity(),
        after=r.identity(), q2=r.identity(), end=r.end(h),
    ), (n,)  # fmt: skip


def attention(r: Recipe) -> Made:
    m, f, d = r.between(3, 6), 3, r.between(3, 6)

    def forward(net: Network, x: Tensor) -> Tensor:
        x = net.emb(net.q(x))
        q, k, v = (getattr(net.get_submodule(n)(net.get_submodule(layer)(x)), "value", None)
                   for n, layer in (("qq", "lq"), ("qk", "lk"), ("qv", "lv")))  # fmt: skip
        scores = torch.einsum("bid,bjd->bij", q, k) if net.einsum else q @ k.transpose(1, 2)
        scores = net.scores(scores)
        y = net.q2(getattr(scores, "value", scores) @ v)
        return net.end(net.q3(getattr(y, "value", y).mean(1)))

    net = Network(
        forward, q=r.identity(), emb=r.rows(f, d), lq=r.linear(d, d), lk=r.linear(d, d),
        lv=r.linear(d, d), qq=r.identity(), qk=r.identity(), qv=r.identity(), scores=r.relu(),
        q2=r.identity(), q3=r.identity(), end=r.end(d),
    )  # fmt: skip
    net.einsum = r.chance()
    return net, (m, f)


def slices(r: Recipe) -> Made:
    n = 2 * r.between(3, 6)

    def forward(net: Network, x: Tensor) -> Tensor:
        x = net.q(x)
        x = getattr(x, "value", x)
        low, high = x.chunk(2, dim=1)
        both = torch.stack([low, high.flip(1)], dim=1)
        largest = torch.maximum(low, high)
        return net.end(net.q2(torch.cat([both.amax(1) - low, largest, x[:, ::2]], dim=1)))

    return Network(
        forward, q=r.identity(), q2=r.identity(), end=r.end(n + n // 2)
    ), (n,)  # fmt: skip


KINDS: dict[str, Callable[[Recipe], Made]] = {
    "MLP": mlp,
    "DeepSets": deepsets,
    "JEDI": jedi,
    "2-D CNN": cnn2d,
    "1-D CNN": cnn1d,
    "residual": residual,
    "concatenation": concat,
    "mixer": mixer,
    "gate": gate,
    "ReLU attention": attention,
    "slices and maxima": slices,
}


def random_model(seed: int) -> tuple[Recipe, onnx.ModelProto]:
    """A network with random weights and settled scales, and its QONNX graph."""
    recipe = Recipe.of(seed)
    torch.manual_seed(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch and brevitas announce what they will change
        network, shape = KINDS[recipe.kind](recipe)
        network.train()
        for _ in range(6):  # scales of activations and batch norms follow what they see
            network(torch.randn(24, *shape))
        network.eval()
        from brevitas.export import export_qonnx

        example = torch.zeros(1, *shape)
        model = export_qonnx(network, args=(example,), dynamo=False, input_names=["x"],
                             output_names=["y"])  # fmt: skip
    return recipe, model
