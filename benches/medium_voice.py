"""Writes a voice with random weights and the compute shape of a Piper voice of medium quality. For benches only.

    python medium_voice.py OUT.onnx     # writes OUT.onnx (about 60 MB) and OUT.onnx.json; needs numpy and onnx

A real medium voice is VITS with a HiFi-GAN decoder (Piper's training defaults: hidden 192, 6 encoder layers of 2
heads, filter 768; 4 coupling layers of 4 gated convolutions; decoder 256 channels, rates 8, 8, 4). The sound is noise;
the work per second of audio is that of a real voice. What differs: the stochastic duration predictor keeps its
convolutions but not its splines, and steers the length only a little; two frames an id are added, so that a clause of
12 phonemes (27 ids with pads and ends) lasts about a second, as it does in a real voice. The count of parameters and
of floating-point operations (without attention scores, activations and norms) is printed: 15.65 M, 62.6 MB and
5.5 GFLOP per second of audio, where published medium voices are files of about 63 MB.
"""

import json
import math
import sys
from pathlib import Path

import numpy as np
from onnx import TensorProto

STARTER = Path(__file__).resolve().parent.parent / "models" / "starter-voice"
sys.path.insert(0, str(STARTER))
sys.dont_write_bytecode = True

from onnx_graph import Graph  # noqa: E402
from phonemes import NUM_SYMBOLS  # noqa: E402

HIDDEN, FILTER, HEADS, LAYERS = 192, 768, 2, 6
RELATIVE_WINDOW = 4  # attention knows distances up to this
FLOWS, FLOW_LAYERS, FLOW_KERNEL = 4, 4, 5
CHANNELS, RATES, KERNELS = 256, (8, 8, 4), (16, 16, 8)
BRANCHES = ((3, (1, 2)), (5, (2, 6)), (7, (3, 12)))  # kernel, dilations of each residual branch
FRAMES_PER_ID = 3.2  # frames of 256 samples
MAX_FRAME_CHANGE = 0.6


class Medium:
    """Builds the graph; sequences are [1, channels, length]. Counts what it makes."""

    def __init__(self):
        self.g = Graph()
        self.random = np.random.Generator(np.random.PCG64(1))
        self.parameters = 0
        self.flops_per = {"id": 0, "frame": 0}  # multiply-adds count as two
        self.clock, self.rate = "id", 1  # which length the layer being built runs over, and its upsampling

    def weight(self, *shape, fan_in):
        self.parameters += math.prod(shape)
        return self.random.standard_normal(shape) / math.sqrt(fan_in)

    def conv(self, x, inputs, outputs, kernel=1, dilation=1, groups=1, gain=1.0):
        fan_in = inputs // groups * kernel
        weight = self.weight(outputs, inputs // groups, kernel, fan_in=fan_in) * gain
        bias = self.weight(outputs, fan_in=100 * fan_in)
        self.flops_per[self.clock] += 2 * outputs * fan_in * self.rate
        pad = (kernel - 1) * dilation // 2
        return self.g.op("Conv", x, weight, bias, kernel_shape=[kernel], dilations=[dilation], group=groups,
                         pads=[pad, pad])  # fmt: skip

    def norm(self, x):
        """Layer norm over the channels; opset 15 has no operator for it, so a voice carries it in parts, too."""
        g = self.g
        self.parameters += 2 * HIDDEN
        turned = g.op("Transpose", x, perm=[0, 2, 1])
        centred = turned - g.op("ReduceMean", turned, axes=[-1], keepdims=1)
        spread = g.op("Sqrt", g.op("ReduceMean", centred * centred, axes=[-1], keepdims=1) + 1e-5)
        scaled = centred / spread * np.full(HIDDEN, 1.0) + np.full(HIDDEN, 0.01)
        return g.op("Transpose", scaled, perm=[0, 2, 1])

    def heads(self, x, last):
        """[1, channels, n] to [1, heads, n, channels / heads], or with the last two turned for keys."""
        split = self.g.op("Reshape", x, [1, HEADS, HIDDEN // HEADS, -1])
        return split if last == "length" else self.g.op("Transpose", split, perm=[0, 1, 3, 2])

    def attention(self, x, count):
        g, size = self.g, HIDDEN // HEADS
        query, key, value = (self.conv(x, HIDDEN, HIDDEN) for _ in range(3))
        query = self.heads(query, "size") / math.sqrt(size)
        scores = query @ self.heads(key, "length")
        near = 2 * RELATIVE_WINDOW + 1
        relative = query @ self.weight(1, 1, size, near, fan_in=size)  # [1, heads, n, near]
        scores = scores + self.by_distance(relative, count)
        weights = g.op("Softmax", scores, axis=-1)
        mixed = weights @ self.heads(value, "size")
        self.parameters += near * size  # the table on the value side is left out of the graph: its cost is nothing
        mixed = g.op("Reshape", g.op("Transpose", mixed, perm=[0, 1, 3, 2]), [1, HIDDEN, -1])
        return self.conv(mixed, HIDDEN, HIDDEN)

    def by_distance(self, relative, count):
        """Spreads [.., n, near] scores of distances over [.., n, n] positions: skewing by padding and reshaping."""
        g = self.g
        side = g.op("Max", count - (RELATIVE_WINDOW + 1), np.array([0]))
        zero = np.array([0])
        unused = g.op("Max", RELATIVE_WINDOW + 1 - count, np.array([0]))  # distances longer than a very short text
        relative = g.op("Slice", relative, unused, 2 * RELATIVE_WINDOW + 1 - unused, [3])
        lead = g.op("Concat", *[zero] * 3, side, *[zero] * 3, side, axis=0)
        wide = g.op("Pad", relative, lead)  # [.., n, 2n - 1]
        wide = g.op("Pad", wide, [0, 0, 0, 0, 0, 0, 0, 1])
        flat = g.op("Reshape", wide, [1, HEADS, -1])
        flat = g.op("Pad", flat, g.op("Concat", *[zero] * 5, count - 1, axis=0))
        shape = g.op("Concat", np.array([1, HEADS]), count + 1, count * 2 - 1, axis=0)
        square = g.op("Reshape", flat, shape)
        square = g.op("Slice", square, [0], count, [2])
        return g.op("Slice", square, count - 1, [2**31 - 1], [3])

    def encoder(self, ids, count):
        g = self.g
        table = self.weight(NUM_SYMBOLS, HIDDEN, fan_in=1)
        x = g.op("Transpose", g.op("Gather", table, ids, axis=0), perm=[0, 2, 1])
        for _ in range(LAYERS):
            x = self.norm(x + self.attention(x, count))
            inner = g.op("Relu", self.conv(x, HIDDEN, FILTER, 3))
            x = self.norm(x + self.conv(inner, FILTER, HIDDEN, 3))
        return x, self.conv(x, HIDDEN, HIDDEN), self.conv(x, HIDDEN, HIDDEN, gain=0.3)

    def separable(self, x):
        """Three depth-separable dilated convolutions with GELU, as in the duration predictor."""
        for n in range(3):
            y = self.gelu(self.norm(self.conv(x, HIDDEN, HIDDEN, 3, 3**n, groups=HIDDEN)))
            x = x + self.gelu(self.norm(self.conv(y, HIDDEN, HIDDEN)))
        return x

    def gelu(self, x):
        return x * 0.5 * (self.g.op("Erf", x * math.sqrt(0.5)) + 1.0)

    def durations(self, x, noise_w, length_scale):
        """[1, 1, n] frames of each id. Three convolutional flows run in a voice; a voice's splines are left out."""
        g = self.g
        x = self.conv(self.separable(self.conv(x, HIDDEN, HIDDEN)), HIDDEN, HIDDEN)
        z = g.op("RandomNormalLike", g.slice(x, 0, 1, 1)) * noise_w
        for _ in range(3):
            step = self.conv(self.separable(self.conv(z, 1, HIDDEN) + x), HIDDEN, 29)
            z = z + 0.1 * g.op("Tanh", g.slice(step, 0, 1, 1))
        change = g.op("Tanh", z) * MAX_FRAME_CHANGE
        return (change + FRAMES_PER_ID) * length_scale

    def spread(self, durations, *tracks):
        """Repeats each id's column over its frames: [1, c, n] to [1, c, frames], by a 0/1 matrix as Piper does."""
        g = self.g
        ends = g.op("CumSum", g.op("Ceil", durations - 0.5), np.array(2))
        total = g.op("Max", g.op("ReduceMax", ends, keepdims=0), np.array(1.0))
        frames = g.op("Range", np.array(0), g.op("Cast", total, to=TensorProto.INT64), np.array(1))
        frame = g.op("Reshape", g.to_float(frames), [1, 1, -1])
        ends = g.op("Transpose", ends, perm=[0, 2, 1])
        before = g.to_float(g.op("Less", frame, ends))  # [1, n, frames]: 1 while the id has not ended
        earlier = g.op("Concat", np.zeros((1, 1, 1)), g.slice(ends, 0, -1, 1), axis=1)
        path = before - g.to_float(g.op("Less", frame, earlier))
        return [track @ path for track in tracks]

    def flow(self, x):
        """The coupling layers, run backwards: half of the channels moves the other half."""
        g, half = self.g, HIDDEN // 2
        for _ in range(FLOWS):
            x = g.op("Gather", x, np.arange(HIDDEN)[::-1].copy(), axis=1)
            fixed, moved = g.slice(x, 0, half, 1), g.slice(x, half, HIDDEN, 1)
            hidden = self.conv(fixed, half, HIDDEN)
            total = None
            for layer in range(FLOW_LAYERS):
                gates = self.conv(hidden, HIDDEN, 2 * HIDDEN, FLOW_KERNEL)
                left, right = g.slice(gates, 0, HIDDEN, 1), g.slice(gates, HIDDEN, 2 * HIDDEN, 1)
                acts = g.op("Tanh", left) * g.op("Sigmoid", right)
                last = layer == FLOW_LAYERS - 1
                out = self.conv(acts, HIDDEN, HIDDEN if last else 2 * HIDDEN)
                if not last:
                    hidden = hidden + g.slice(out, 0, HIDDEN, 1)
                    out = g.slice(out, HIDDEN, 2 * HIDDEN, 1)
                total = out if total is None else total + out
            x = g.op("Concat", fixed, moved - self.conv(total, HIDDEN, half, gain=0.3), axis=1)
        return x

    def decoder(self, x):
        g = self.g
        x = self.conv(x, HIDDEN, CHANNELS, 7)
        channels = CHANNELS
        for rate, kernel in zip(RATES, KERNELS):
            x = g.op("LeakyRelu", x, alpha=0.1)
            half = channels // 2
            weight = self.weight(channels, half, kernel, fan_in=channels * kernel / rate)
            self.flops_per["frame"] += 2 * channels * half * kernel * self.rate
            self.rate *= rate
            pad = (kernel - rate) // 2
            x = g.op("ConvTranspose", x, weight, self.weight(half, fan_in=1e4), kernel_shape=[kernel],
                     strides=[rate], pads=[pad, pad])  # fmt: skip
            channels = half
            total = None
            for size, dilations in BRANCHES:
                y = x
                for dilation in dilations:
                    y = y + self.conv(g.op("LeakyRelu", y, alpha=0.1), channels, channels, size, dilation, gain=0.5)
                total = y if total is None else total + y
            x = total / float(len(BRANCHES))
        x = self.conv(g.op("LeakyRelu", x, alpha=0.01), channels, 1, 7, gain=0.5)
        return g.op("Tanh", x)

    def build(self):
        g = self.g
        ids = g.input("input", TensorProto.INT64, ["batch_size", "phonemes"])
        lengths = g.input("input_lengths", TensorProto.INT64, ["batch_size"])
        scales = g.input("scales", TensorProto.FLOAT, [3])
        noise_scale, length_scale, noise_w = (g.slice(scales, n, n + 1, 0) for n in range(3))
        ids = g.op("Slice", ids, [0], lengths, [1])
        x, mean, spread = self.encoder(ids, lengths)
        durations = self.durations(x, noise_w, length_scale)
        self.clock = "frame"
        mean, spread = self.spread(durations, mean, spread)
        latent = mean + g.op("RandomNormalLike", mean) * g.op("Exp", spread) * noise_scale
        sound = g.op("Unsqueeze", self.decoder(self.flow(latent)), [1])
        notes = {"summary": "Random weights in the shape of a medium Piper voice; says nothing"}
        return g.model(sound, ["batch_size", 1, 1, "time"], "medium_voice", notes)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: medium_voice.py OUT.onnx")
    out = Path(sys.argv[1])
    medium = Medium()
    out.write_bytes(medium.build().SerializeToString(deterministic=True))
    config = json.loads((STARTER / "starter.onnx.json").read_text(encoding="utf-8"))
    config["audio"]["quality"] = "medium"
    config["dataset"] = "callstead-random-medium"
    out.with_name(out.name + ".json").write_text(json.dumps(config, ensure_ascii=False, indent=2) + "\n", "utf-8")
    per_second = medium.flops_per["frame"] * 22050 / 256 + medium.flops_per["id"] * 22050 / 256 / FRAMES_PER_ID
    print(f"{medium.parameters / 1e6:.2f} M parameters, {out.stat().st_size / 1e6:.1f} MB, "
          f"{per_second / 1e9:.1f} GFLOP per second of audio")  # fmt: skip


if __name__ == "__main__":
    main()
