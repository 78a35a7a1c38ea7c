"""Takes part in Hadal's benchmark for PyTorch: answers requests, a line of JSON each, on standard input and output (bench/worker.go).

Every workload runs in a fork of this process, which has imported torch and computed nothing yet: each begins with fresh memory, and
OMP_PROC_BIND, which counts when the process starts, is the caller's.
"""

import ctypes
import gc
import json
import math
import os
import sys
import time

import numpy as np
import torch
import torchvision
from torch import nn
from torch.nn import functional as F

WARM_UP, SAMPLE = 0.2, 200e-6


def made(name, *shape):
    """Numbers in [-1, 1): splitmix64 of a counter that begins at a place given by the name."""
    h = 0x811C9DC5
    for byte in name.encode():
        h = (h ^ byte) * 0x01000193 & 0xFFFFFFFF
    n = math.prod(shape)
    with np.errstate(over="ignore"):
        x = np.arange(n, dtype=np.uint64) + np.uint64(((h << 32) + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x = x ^ (x >> np.uint64(31))
    return torch.from_numpy((x >> np.uint64(40)).astype(np.float32) / 2**23 - 1).reshape(shape)


def labels(n, classes):
    return torch.arange(n) * 7 % classes


def fill(model):
    for name, w in model.named_parameters():
        if w.dim() > 1:
            w.data = made(name, *w.shape) * math.sqrt(3 / w[0].numel())
        elif "bias" in name:
            w.data.zero_()
    return model


def sums(*tensors):
    return [v for t in tensors for v in (t.detach().double().abs().sum().item(), t.detach().double().square().sum().item())]


# Kernels: layers with their inputs.


class Function(nn.Module):
    def __init__(self, f):
        super().__init__()
        self.forward = f


def convolution(a):
    kind = nn.ConvTranspose2d if "transposed" in a else nn.Conv2d
    return fill(kind(a["c"], a["o"], a["k"], a["s"], a.get("p", 0), groups=a["groups"], bias=False))


def images(a):
    return made("x", a["n"], a["c"], a["h"], a["h"])


def matrix(a):
    return made("x", a["rows"], a["columns"])


class Recurrent(nn.Module):
    """A layer over a sequence that gives the outputs only. Inputs are T×N×F, PyTorch's own order."""

    def __init__(self, kind, h):
        super().__init__()
        self.cell = fill(kind(h, h))

    def forward(self, x):
        return self.cell(x)[0]


OPERATIONS = {
    "conv": lambda a: (convolution(a), [images(a)]),
    "batchnorm": lambda a: (nn.BatchNorm2d(a["c"]), [images(a)]),
    "layernorm": lambda a: (nn.LayerNorm(a["columns"]), [matrix(a)]),
    "gelu": lambda a: (nn.GELU(), [matrix(a)]),
    "softmax": lambda a: (nn.Softmax(-1), [matrix(a)]),
    "crossentropy": lambda a: (
        Function(lambda x, y=labels(a["rows"], a["columns"]): F.cross_entropy(x, y)), [matrix(a)]),
    "maxpool": lambda a: (nn.MaxPool2d(2), [images(a)]),
    "avgpool": lambda a: (nn.AvgPool2d(2), [images(a)]),
    "tanh": lambda a: (nn.Tanh(), [made("x", a["n"])]),
    "exp": lambda a: (Function(torch.exp), [made("x", a["n"])]),
    "relu": lambda a: (nn.ReLU(), [made("x", a["n"])]),
    "chain": lambda a: (
        Function(lambda x, k=made("a", a["n"]), c=made("b", a["n"]): torch.sigmoid(x * k + c) * x), [made("x", a["n"])]),
    "lstm": lambda a: (Recurrent(nn.LSTM, a["h"]), [made("x", a["t"], a["n"], a["h"])]),
    "gru": lambda a: (Recurrent(nn.GRU, a["h"]), [made("x", a["t"], a["n"], a["h"])]),
    "attention": lambda a: (
        Function(F.scaled_dot_product_attention), [made(x, a["n"], a["heads"], a["t"], a["d"]) for x in "qkv"]),
}


def operation(w, compiled):
    a = w["args"]
    layer, inputs = OPERATIONS[w["kind"]](a)
    f = torch.compile(layer) if compiled else layer
    if "backward" not in a:

        def call():
            with torch.no_grad():
                return f(*inputs)

        return call, sums(call())
    by = list(layer.parameters())
    if "first" not in a:
        for x in inputs:
            x.requires_grad_()
        by += inputs
    y = f(*inputs)
    above = made("above", *y.shape) if y.numel() > 1 else torch.ones_like(y)

    def call():
        for x in by:
            x.grad = None
        y = f(*inputs)
        y.backward(above)
        return y

    return call, sums(call(), *(x.grad for x in by))


def gemm(w, compiled):
    a = w["args"]
    x, y = made("x", a["m"], a["k"]), made("w", a["k"], a["n"])
    out = torch.empty(a["m"], a["n"])
    return lambda: torch.mm(x, y, out=out), sums(torch.mm(x, y))


def adam(w, compiled):
    n = w["args"]["n"] // 10
    params = [nn.Parameter(made(f"w{i}", n)) for i in range(10)]
    for i, p in enumerate(params):
        p.grad = made(f"g{i}", n)
    method = torch.optim.Adam(params, 1e-3, fused=True)
    method.step()
    step = torch.compile(method.step) if compiled else method.step
    check = sums(*params)
    return step, check


# Networks, with the names and orders of PyTorch.


class Tiny(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(4, 32), nn.Linear(32, 32), nn.Linear(32, 2)])

    def forward(self, x):
        return self.layers[2](torch.tanh(self.layers[1](torch.tanh(self.layers[0](x)))))


class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(784, 256), nn.Linear(256, 128), nn.Linear(128, 10)])

    def forward(self, x):
        return self.layers[2](F.relu(self.layers[1](F.relu(self.layers[0](x.flatten(1))))))


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2).flatten(1)
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x)))))


class CNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 32, 3, padding=1), nn.Conv2d(32, 64, 3, padding=1)
        self.fc1, self.fc2 = nn.Linear(3136, 128), nn.Linear(128, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2).flatten(1)
        return self.fc2(F.relu(self.fc1(x)))


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc21, self.fc22 = nn.Linear(784, 400), nn.Linear(400, 20), nn.Linear(400, 20)
        self.fc3, self.fc4 = nn.Linear(20, 400), nn.Linear(400, 784)

    def forward(self, x, noise):
        h = F.relu(self.fc1(x))
        mu, logvar = self.fc21(h), self.fc22(h)
        z = mu + noise * torch.exp(0.5 * logvar)
        return self.fc4(F.relu(self.fc3(z))), mu, logvar


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.project = nn.Linear(100, 128 * 7 * 7, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(128), nn.BatchNorm2d(64)
        self.conv1 = nn.ConvTranspose2d(128, 64, 4, 2, 1, bias=False)
        self.conv2 = nn.ConvTranspose2d(64, 1, 4, 2, 1)

    def forward(self, z):
        x = self.conv1(F.relu(self.bn1(self.project(z).view(-1, 128, 7, 7))))
        return torch.tanh(self.conv2(F.relu(self.bn2(x))))


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 64, 4, 2, 1), nn.Conv2d(64, 128, 4, 2, 1, bias=False)
        self.bn = nn.BatchNorm2d(128)
        self.score = nn.Linear(128 * 7 * 7, 1)

    def forward(self, x):
        x = F.leaky_relu(self.conv1(x), 0.2)
        return self.score(F.leaky_relu(self.bn(self.conv2(x)), 0.2).flatten(1))


class DCGAN(nn.Module):
    def __init__(self):
        super().__init__()
        self.generator, self.discriminator = Generator(), Discriminator()


def small_resnet18():
    net = torchvision.models.resnet18(num_classes=10)
    net.conv1, net.maxpool = nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.Identity()
    return net


class Block(nn.Module):
    """A block of He et al. 2015, section 4.2, with its shortcut A: every other pixel, and zeros for new channels."""

    def __init__(self, c, o, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(c, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o)
        self.conv2, self.bn2 = nn.Conv2d(o, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o)
        self.stride, self.more = stride, o - c

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.more:
            x = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.more // 2, self.more // 2))
        return F.relu(x + y)


class ResNet20(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(*(Block(16, 16, 1) for _ in range(3)))
        self.layer2 = nn.Sequential(Block(16, 32, 2), Block(32, 32, 1), Block(32, 32, 1))
        self.layer3 = nn.Sequential(Block(32, 64, 2), Block(64, 64, 1), Block(64, 64, 1))
        self.fc = nn.Linear(64, 10)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
        return self.fc(x.mean((2, 3)))


class Plain(nn.Module):
    """Convolutions of 3×3 with normalization, poolings where a width is 0, and a linear layer on the mean of what is left."""

    def __init__(self, channels, widths, bias, last):
        super().__init__()
        layers = []
        for width in widths:
            if width == 0:
                layers.append(nn.MaxPool2d(2))
                continue
            layers += [nn.Conv2d(channels, width, 3, padding=1, bias=bias), nn.BatchNorm2d(width), nn.ReLU()]
            channels = width
        self.features = nn.Sequential(*layers)
        self.add_module(last, nn.Sequential(nn.Linear(channels, 10)) if last == "classifier" else nn.Linear(channels, 10))
        self.last = last

    def forward(self, x):
        return self.get_submodule(self.last)(self.features(x).mean((2, 3)))


def digits():
    return Plain(1, (32, 32, 0, 64, 64, 0, 128, 128), False, "fc")


def vgg16():
    """Of a quarter of the width, for pictures of 32×32."""
    return Plain(3, (16, 16, 0, 32, 32, 0, 64, 64, 64, 0, 128, 128, 128, 0, 128, 128, 128, 0), True, "classifier")


def small_mobilenetv2():
    """torchvision's at half width, without the first two steps that halve the picture, and without dropout."""
    net = torchvision.models.mobilenet_v2(width_mult=0.5, num_classes=10, dropout=0)
    net.features[0][0].stride = net.features[2].conv[1][0].stride = (1, 1)
    return net


def small_vit():
    return torchvision.models.VisionTransformer(32, 4, 6, 3, 96, 192, num_classes=10)


class Language(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.encoder = nn.Embedding(10000, hidden)
        self.rnn = nn.LSTM(hidden, hidden, 2, batch_first=True)
        self.decoder = nn.Linear(hidden, 10000)

    def forward(self, ids, state=None):
        y, state = self.rnn(self.encoder(ids), state)
        return self.decoder(y), state


class GPT(nn.TransformerEncoder):
    def __init__(self):
        layer = nn.TransformerEncoderLayer(
            256, 4, 1024, 0, lambda x: F.gelu(x, approximate="tanh"), batch_first=True, norm_first=True
        )
        super().__init__(layer, 4, nn.LayerNorm(256), enable_nested_tensor=False)
        self.embedding, self.positions = nn.Embedding(256, 256), nn.Embedding(128, 256)
        self.causal = nn.Transformer.generate_square_subsequent_mask(128)

    def forward(self, ids, state=None):
        x = self.embedding(ids) + self.positions.weight
        return F.linear(super().forward(x, self.causal, is_causal=True), self.embedding.weight), state


def tokens(n, words):
    return torch.arange(n) * 7919 % words


def language(name, n, ready):
    if name == "transformer":
        model, words, t = fill(GPT()), 256, 128
        method = torch.optim.Adam(model.parameters(), 1e-4)
    else:
        model, words, t = fill(Language(200 if name == "ptb-small" else 650)), 10000, 35
        method = torch.optim.SGD(model.parameters(), 0.1)
    text = tokens(n * t + 1, words)
    x, y = text[:-1].reshape(n, t), text[1:]
    f, state = ready(model), [None]

    def loss_of():
        scores, after = f(x, state[0])
        state[0] = after and tuple(s.detach() for s in after)
        return F.cross_entropy(scores.flatten(0, 1), y)

    return lambda: descend(method, loss_of)


def training(w, compiled):
    name, n = w["net"], w["args"]["n"]
    ready = torch.compile if compiled else lambda f: f
    if name == "dcgan":
        return check(dcgan(n, ready))
    if name == "vae":
        return check(vae(n, ready))
    if name in ("ptb-small", "ptb-medium", "transformer"):
        return check(language(name, n, ready))
    make, x, classes, lr = {
        "tiny": (Tiny, lambda: made("x", n, 4), 2, None),
        "mlp": (MLP, lambda: made("x", n, 1, 28, 28), 10, None),
        "cnn": (CNN, lambda: made("x", n, 1, 28, 28), 10, None),
        "digits": (digits, lambda: made("x", n, 1, 28, 28), 10, None),
        "vit": (small_vit, lambda: made("x", n, 3, 32, 32), 10, None),
        "lenet": (LeNet, lambda: made("x", n, 1, 28, 28), 10, 0.01),
        "vgg16": (vgg16, lambda: made("x", n, 3, 32, 32), 10, 1e-4),
        "mobilenetv2": (small_mobilenetv2, lambda: made("x", n, 3, 32, 32), 10, 1e-4),
        "resnet18": (small_resnet18, lambda: made("x", n, 3, 32, 32), 10, 0.01),
        "resnet20": (ResNet20, lambda: made("x", n, 3, 32, 32), 10, 0.01),
    }[name]
    model, x, y = fill(make()), x(), labels(n, classes)
    if lr:
        decay = 0 if name == "lenet" else 5e-4
        method = torch.optim.SGD(model.parameters(), lr, momentum=0.9, weight_decay=decay)
    elif name == "vit":
        method = torch.optim.AdamW(model.parameters(), 1e-4, weight_decay=0.05)
    else:
        method = torch.optim.Adam(model.parameters(), 1e-4)
    loss_of = ready(lambda: F.cross_entropy(model(x), y))
    return check(lambda: descend(method, loss_of))


def descend(method, loss_of):
    method.zero_grad()
    loss = loss_of()
    loss.backward()
    method.step()
    return loss


def vae(n, ready):
    model = fill(VAE())
    method = torch.optim.Adam(model.parameters(), 1e-3)
    x, noise = made("x", n, 784) * 0.5 + 0.5, made("noise", n, 20)

    def loss_of():
        y, mu, logvar = model(x, noise)
        bce = F.binary_cross_entropy_with_logits(y, x, reduction="sum")
        return bce - 0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())

    loss_of = ready(loss_of)
    return lambda: descend(method, loss_of)


def dcgan(n, ready):
    model = fill(DCGAN())
    forger = torch.optim.Adam(model.generator.parameters(), 2e-4, (0.5, 0.999))
    judge = torch.optim.Adam(model.discriminator.parameters(), 2e-4, (0.5, 0.999))
    x, noise, ones, zeros = made("x", n, 1, 28, 28), made("noise", n, 100), torch.ones(n, 1), torch.zeros(n, 1)
    g, d, bce = ready(model.generator), ready(model.discriminator), F.binary_cross_entropy_with_logits

    def step():
        fakes = g(noise)
        judge.zero_grad()
        loss = bce(d(x), ones) + bce(d(fakes.detach()), zeros)
        loss.backward()
        judge.step()
        forger.zero_grad()
        bce(d(fakes), ones).backward()
        forger.step()
        return loss

    return step


def check(step):
    return step, [step().item() for _ in range(10)]


def speaking(compiled):
    model = fill(Language(650)).eval()
    f = torch.compile(model) if compiled else model
    text = tokens(20, 10000).reshape(20, 1, 1)
    with torch.inference_mode():
        scores, state = f(text.reshape(1, 20))
    carried, at = [state], [0]

    def call():
        with torch.inference_mode():
            y, carried[0] = f(text[at[0]], carried[0])
        at[0] = (at[0] + 1) % 20
        return y

    return call, sums(scores[0, -1])


def inference(w, compiled):
    if w["net"] == "token":
        return speaking(compiled)
    side = w["args"]["h"]
    if w["net"] == "lenet":
        model, x = LeNet(), made("x", 1, 1, side, side)
    else:
        make = {"resnet18": torchvision.models.resnet18, "mobilenetv2": torchvision.models.mobilenet_v2}[w["net"]]
        model, x = make(), made("x", 1, 3, side, side)
    fill(model).eval()
    f = torch.compile(model) if compiled else model

    def call():
        with torch.inference_mode():
            return f(x)

    return call, sums(call())


BUILDERS = {"gemm": gemm, "adam": adam, "step": training, "start": training, "inference": inference}


def measure(f, seconds):
    start = time.perf_counter()
    f()
    together = max(1, int(SAMPLE / (time.perf_counter() - start)))
    times = []
    while together == 1 and not times or time.perf_counter() - start < seconds:
        begin = time.perf_counter()
        for _ in range(together):
            f()
        times.append((time.perf_counter() - begin) / together)
    return times


def status(key):
    with open("/proc/self/status") as f:
        return next(int(line.split()[1]) << 10 for line in f if line.startswith(key))


def resident_memory():
    """Gives back what is free, forgets the greatest size of the process so far and returns the present one, in bytes."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    with open("/proc/self/clear_refs", "w") as f:
        f.write("5")
    return status("VmRSS:")


def rehearse():
    """Touches the code that training touches, so that it does not count as memory of a workload."""
    net = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(128, 8))
    method = torch.optim.Adam(net.parameters())
    for _ in range(2):
        descend(method, lambda: F.cross_entropy(net(torch.rand(4, 3, 8, 8)), torch.arange(4)))


def serve(request, name):
    """Is the life of a fork: from an open to its close."""
    torch.set_num_threads(request["threads"])
    w, compiled = request["open"], request.get("mode") == "compiled"
    answer = {"name": name}
    call, before = None, 0
    try:
        if w["kind"] != "start":
            rehearse()
            before = resident_memory()
        call, answer["check"] = BUILDERS.get(w["kind"], operation)(w, compiled)
        if w["kind"] != "start":
            measure(call, WARM_UP)
            resident_memory()  # what it took to make the workload does not count
    except Exception as problem:
        answer["error"] = f"{type(problem).__name__}: {problem}"[:500]
    send(answer)
    while line := sys.stdin.buffer.raw.readline():
        request = json.loads(line)
        if "close" in request:
            send({"peak": max(0, status("VmHWM:") - before)})
            os._exit(0)
        send({"seconds": measure(call, request["run"])} if call else {"error": "nothing is open"})
    os._exit(0)


def send(answer):
    os.write(1, (json.dumps(answer) + "\n").encode())


if __name__ == "__main__":
    sys.stdout = sys.stderr  # what libraries print goes elsewhere
    name = f"PyTorch {torch.__version__}"
    while line := sys.stdin.buffer.raw.readline():
        if (child := os.fork()) == 0:
            serve(json.loads(line), name)
        os.waitpid(child, 0)
