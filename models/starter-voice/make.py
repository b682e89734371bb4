"""Writes the starter voice: a formant synthesizer as an ONNX graph in Piper's voice format.

    python make.py [FOLDER]        # default: this folder; writes starter.onnx and starter.onnx.json

Nothing is trained. Phoneme ids pick targets from a table (phonemes.py); the targets are laid out in time, smoothed
over frames of 128 samples, and drive a voice of two parts: harmonics of a falling pitch, shaped by a cascade of
resonances, and noise shaped in short overlapping blocks. Shapes are noted as [frames, ...]; H harmonics, R resonances.
"""

import json
import math
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto

from onnx_graph import Graph
from phonemes import (
    AFTER,
    BEFORE,
    CLASSES,
    EDGE,
    GLIDE_I,
    GLIDE_U,
    NOISE_CENTRES,
    NOISE_WIDTHS,
    NUM_SYMBOLS,
    SYMBOLS,
    Segment,
    phoneme_id_map,
    sound_table,
)

RATE = 22050  # Hz
HOP = 128  # samples in a frame
SEGMENTS = 3  # segments in time of one symbol
HARMONICS = 64
BLOCK_BINS = HOP + 1  # noise is shaped in blocks of 2 * HOP samples
NOISE_BLOCKS = 128  # random blocks before the noise repeats
PITCH = 116.0  # Hz, at the middle of a plain statement
PEAK = 0.5  # -6 dBFS
# Resonances above the third are the same for all sounds: a 17 cm tube has one about every 1000 Hz.
UPPER = ((3450, 220), (4400, 280), (5400, 400), (6400, 500), (7400, 600), (8400, 700), (9400, 800), (10400, 900))
NASAL_POLE = (270.0, 100.0)
MODEL_NOTES = {"summary": "Untrained formant voice for tests and demos", "voice": "callstead starter"}

# What PyTorch's exporter calls the lengths of the phonemes in a Piper voice (VITS rounds them up).
DURATIONS = "/Ceil_output_0"

# Columns of the target table, and the length (frames, odd) of the window that smooths each of them.
COLUMNS = (
    [(f"pull{i}", 17) for i in range(3)]  # formant times hold
    + [(f"hold{i}", 17) for i in range(3)]
    + [(f"width{i}", 11) for i in range(3)]
    + [("zero", 5), ("voice", 5), ("breath", 5)]
    + [(f"noise{i}", 3) for i in range(len(NOISE_CENTRES))]
)


def target_table():
    """[symbols, segments, columns] targets and [symbols, segments] seconds."""
    targets = np.zeros((NUM_SYMBOLS, SEGMENTS, len(COLUMNS)))
    seconds = np.zeros((NUM_SYMBOLS, SEGMENTS))
    for index, sound in enumerate(sound_table()):
        for n in range(SEGMENTS):
            s = sound.segments[n] if n < len(sound.segments) else Segment(0)
            pull = [f * h for f, h in zip(s.formants, s.hold)]
            targets[index, n] = [*pull, *s.hold, *s.widths, s.zero, s.voice, s.breath, *s.noise]
            seconds[index, n] = s.ms / 1000
    return targets, seconds


def class_of_symbol():
    return np.array([CLASSES.index(sound.kind) for sound in sound_table()])


def pair_table(rules):
    """[neighbour's class * classes + own class, segments] factors on duration."""
    table = np.ones((len(CLASSES), len(CLASSES), SEGMENTS))
    for (neighbour, own), factors in rules.items():
        table[CLASSES.index(neighbour), CLASSES.index(own)] = factors
    return table.reshape(-1, SEGMENTS)


def hann(length):
    window = np.hanning(length + 2)[1:-1]
    return window / window.sum()


class Voice:
    """Builds the graph. Each method adds one stage and returns its values."""

    def __init__(self):
        self.g = Graph()
        self.ids = self.g.input("input", TensorProto.INT64, ["batch_size", "phonemes"])
        self.lengths = self.g.input("input_lengths", TensorProto.INT64, ["batch_size"])
        scales = self.g.input("scales", TensorProto.FLOAT, [3])
        self.noise_scale, self.length_scale, self.noise_w = (self.g.slice(scales, n, n + 1, 0) for n in range(3))

    def symbols(self):
        """The ids of the one sentence without pads, between two edges, and the same shifted by one either way; then how
        many ids there are with pads [1], and which of them are none [symbols - 2]."""
        g = self.g
        first = g.op("Reshape", g.slice(self.ids, 0, 1, 0), [-1])
        ids = g.op("Slice", first, [0], g.slice(self.lengths, 0, 1, 0), [0])
        count = g.op("Shape", ids)
        kept = g.op("Reshape", g.op("NonZero", g.op("Cast", ids, to=TensorProto.BOOL)), [-1])
        ids = g.op("Gather", ids, kept, axis=0)
        own = g.op("Concat", [EDGE], ids, [EDGE], axis=0)
        before = g.op("Concat", [EDGE], g.slice(own, 0, -1, 0), axis=0)
        after = g.op("Concat", g.slice(own, 1, 2**31 - 1, 0), [EDGE], axis=0)
        return (before, own, after), count, kept

    def durations(self, lengths, count, kept):
        """How many frames each id takes, the pads none, as PyTorch's exporter leaves them in a Piper voice: [1, 1, ids].

        The silence of the edges counts with the first and the last id, so that all of them make the whole sound.
        """
        g = self.g
        lengths = g.sum(lengths, 1)
        places = g.op("Concat", [0], kept + 1, count + 1, axis=0)
        zeros = g.op("ConstantOfShape", count + 2)
        spread = g.op("ScatterElements", zeros, places, lengths, axis=0)
        first = g.op("Pad", g.slice(spread, 0, 1, 0), g.op("Concat", [0], count - 1, axis=0))
        last = g.op("Pad", g.slice(spread, -1, 2**31 - 1, 0), g.op("Concat", count - 1, [0], axis=0))
        return g.op("Reshape", g.slice(spread, 1, -1, 0) + first + last, [1, 1, -1])

    def layout(self, symbols, count, kept):
        """Targets [segments, columns], segment ends [segments] in frames, stress [segments, 1]."""
        g = self.g
        before, own, after = symbols
        classes = class_of_symbol()
        class_before, class_own, class_after = (g.op("Gather", classes, ids) for ids in (before, own, after))
        glide = np.arange(NUM_SYMBOLS)
        glide[SYMBOLS.index("ɪ")], glide[SYMBOLS.index("ʊ")] = GLIDE_I, GLIDE_U
        after_vowel = g.op("Equal", class_before, CLASSES.index("vowel"))
        rows = g.op("Where", after_vowel, g.op("Gather", glide, own), own)
        targets, seconds = target_table()
        lengths = g.op("Gather", seconds * RATE / HOP, rows)  # [symbols, segments] in frames
        lengths = lengths * g.op("Gather", pair_table(AFTER), class_before * len(CLASSES) + class_own)
        lengths = lengths * g.op("Gather", pair_table(BEFORE), class_after * len(CLASSES) + class_own)
        lengths = lengths * g.op("Unsqueeze", self.slowing(class_own), [1]) * self.length_scale
        random = g.op("RandomNormalLike", lengths)
        lengths = lengths * g.op("Exp", g.op("Clip", random, -2.0, 2.0) * self.noise_w * 0.06)
        g.also_gives(self.durations(lengths, count, kept), DURATIONS, [1, 1, "ids"])
        ends = g.op("CumSum", g.op("Reshape", lengths, [-1]), np.array(0))
        columns = g.op("Reshape", g.op("Gather", targets, rows), [-1, len(COLUMNS)])
        stressed = g.to_float(g.op("Equal", class_before, CLASSES.index("stress")))
        stressed = g.op("Reshape", g.op("Unsqueeze", stressed, [1]) * np.ones((1, SEGMENTS)), [-1, 1])
        return columns, ends, stressed

    def slowing(self, class_own):
        """[symbols] factor on duration: speech slows down over the last sounds before a pause."""
        g = self.g
        pause = g.op("Reshape", g.to_float(g.op("Equal", class_own, CLASSES.index("pause"))), [1, 1, -1])
        reach = np.array([0, 0.55, 1, 0.8, 0.4]).reshape(1, 1, -1)
        near = g.op("Conv", pause, reach, pads=[0, 4], kernel_shape=[5])
        return 1.0 + 0.3 * g.op("Clip", g.op("Reshape", near, [-1]), 0.0, 1.0)

    def frames(self, columns, ends, stressed):
        """Tracks by name, each [frames, 1] or wider, and the sentence's position 0..1 of every frame [frames, 1].

        A frame takes the mean of the segments that it overlaps, so that lengths need no rounding to frames.
        """
        g = self.g
        starts = g.op("Concat", [0.0], g.slice(ends, 0, -1, 0), axis=0)
        total = g.op("Max", g.op("Ceil", g.slice(ends, -1, 2**31 - 1, 0)), [2.0])
        count = g.op("Cast", g.op("Reshape", total, np.array([], dtype=np.int64)), to=TensorProto.INT64)
        index = g.op("Range", np.array(0), count, np.array(1))
        left = g.op("Unsqueeze", g.to_float(index), [1])
        overlap = g.op("Relu", g.op("Min", left + 1.0, ends) - g.op("Max", left, starts))
        raw = overlap @ g.op("Concat", columns, stressed, axis=1)
        smooth = self.smooth(raw, [window for _, window in COLUMNS] + [25])
        names = [name for name, _ in COLUMNS] + ["accent"]
        tracks = {name: g.slice(smooth, n, n + 1, 1) for n, name in enumerate(names)}
        noise = names.index("noise0")
        tracks["noise"] = g.slice(smooth, noise, noise + len(NOISE_CENTRES), 1)
        return tracks, left / total, index

    def smooth(self, tracks, windows):
        """Each column of [frames, columns] through a Hann window of its own length."""
        g = self.g
        longest = max(windows)
        kernels = np.zeros((len(windows), 1, longest))
        for row, length in enumerate(windows):
            start = (longest - length) // 2
            kernels[row, 0, start : start + length] = hann(length)
        wide = g.op("Unsqueeze", g.op("Transpose", tracks, perm=[1, 0]), [0])
        half = longest // 2
        wide = g.op("Pad", wide, [0, 0, half, 0, 0, half], mode="edge")
        wide = g.op("Conv", wide, kernels, group=len(windows), kernel_shape=[longest])
        return g.op("Transpose", g.op("Squeeze", wide, [0]), perm=[1, 0])

    def pitch(self, accent, position):
        """[frames, 1] Hz: falls over the sentence, rises at stresses and at the end of a question."""
        g = self.g
        question = g.to_float(g.op("Equal", self.ids, SYMBOLS.index("?")))
        question = g.op("Reshape", g.op("ReduceMax", question), [1, 1])
        rise = g.op("Relu", position - 0.6) * question * 1.4
        drift = self.smooth(g.op("RandomNormalLike", position), [21]) * self.noise_scale * 0.05
        return PITCH * (1.13 - 0.24 * position) * (1.0 + 0.16 * accent) * (1.0 + rise) * (1.0 + drift)

    def resonances(self, tracks):
        """Cosine and radius of each pole (and the nasal zero) [frames, R], and their signs (R) in the log response."""
        g = self.g
        centres, widths = [], []
        for n in range(3):
            centres.append(tracks[f"pull{n}"] / (tracks[f"hold{n}"] + 1e-4))
            widths.append(tracks[f"width{n}"])
        same = tracks["zero"] * 0.0
        fixed = [NASAL_POLE, *UPPER]
        centres += [tracks["zero"], same + np.array([[f for f, _ in fixed]], dtype=float)]
        widths += [same + NASAL_POLE[1], same + np.array([[b for _, b in fixed]], dtype=float)]
        theta = g.op("Concat", *centres, axis=1) * (2 * math.pi / RATE)
        radius = g.op("Exp", g.op("Concat", *widths, axis=1) * (-math.pi / RATE))
        signs = np.array([-1.0] * 3 + [1.0] + [-1.0] * len(fixed))
        return theta, radius, signs

    def response(self, resonances, omega, with_phase):
        """Log gain (and phase) [frames, points] of the vocal tract at the angles `omega` [frames or 1, points].

        A resonance is a digital two-pole filter with unit gain at 0 Hz (Klatt 1980, section II.A).
        """
        g = self.g
        theta, radius, signs = resonances
        theta, radius = g.op("Unsqueeze", theta, [1]), g.op("Unsqueeze", radius, [1])
        omega = g.op("Unsqueeze", omega, [2])
        square = 1.0 + radius * radius
        gain, phase = None, None
        at_zero = g.op("Log", square - 2.0 * radius * g.op("Cos", theta))  # ln of the gain at 0 Hz, for both poles
        for angle in (omega - theta, omega + theta):
            cosine = radius * g.op("Cos", angle)
            term = 0.5 * (g.op("Log", square - 2.0 * cosine) - at_zero)
            gain = term if gain is None else gain + term
            if with_phase:
                term = g.op("Atan", radius * g.op("Sin", angle) / (1.0 - cosine))
                phase = term if phase is None else phase + term
        column = signs.reshape(-1, 1)
        gain = g.op("Squeeze", gain @ column, [2])
        return (gain, g.op("Squeeze", phase @ column, [2])) if with_phase else gain

    def following(self, track):
        """The track one frame later."""
        return self.g.op("Concat", self.g.slice(track, 1, 2**31 - 1, 0), self.g.slice(track, -1, 2**31 - 1, 0), axis=0)

    def harmonics(self, pitch, voice, resonances):
        """[frames, HOP] the voiced part: sums of sines whose sizes glide from frame to frame."""
        g = self.g
        numbers = np.arange(1, HARMONICS + 1, dtype=float).reshape(1, -1)
        hertz = pitch * numbers
        gain, phase = self.response(resonances, hertz * (2 * math.pi / RATE), True)
        audible = g.op("Clip", (10400.0 - hertz) / 600.0, 0.0, 1.0)
        size = g.op("Exp", gain) * voice * audible * (0.35 / numbers)
        in_phase, quadrature = (
            g.op("Concat", *(g.op("Unsqueeze", t, [1]) for t in (part, self.following(part))), axis=1)
            for part in (size * g.op("Cos", phase), size * g.op("Sin", phase))
        )  # each [frames, 2, H]: now and one frame later

        ahead = self.following(pitch)
        cycles = g.op("CumSum", (pitch + ahead) * (0.5 * HOP / RATE), np.array(0), exclusive=1)
        cycles = cycles - g.op("Floor", cycles)
        step = np.arange(HOP, dtype=float).reshape(1, -1)
        angle = cycles + pitch * (step / RATE) + (ahead - pitch) * (step**2 / (2 * HOP * RATE))
        angle = g.op("Unsqueeze", angle * (2 * math.pi), [1])
        both = 0.0
        for low in range(0, HARMONICS, 16):  # a few at a time: [frames, H, HOP] at once would be much memory
            some = angle * numbers[:, low : low + 16].reshape(1, -1, 1)
            both = g.slice(in_phase, low, low + 16, 2) @ g.op("Sin", some) + both
            both = g.slice(quadrature, low, low + 16, 2) @ g.op("Cos", some) + both
        now, then = (g.op("Squeeze", g.slice(both, n, n + 1, 1), [1]) for n in range(2))
        mix = step / HOP
        return now * (1.0 - mix) + then * mix

    def noise(self, index, tracks, resonances):
        """[frames, HOP] the noisy part: random spectra, shaped and overlapped by half a block.

        The randomness is a table, not a random operator: with noise_scale and noise_w 0 the voice always says a
        sentence in the same way, in any runtime.
        """
        g = self.g
        hertz = np.arange(BLOCK_BINS) * RATE / (2 * HOP)
        bumps = [np.exp(-0.5 * ((hertz - c) / w) ** 2) for c, w in zip(NOISE_CENTRES, NOISE_WIDTHS)]
        shape = tracks["noise"] @ np.array(bumps)
        tract = self.response(resonances, (hertz * 2 * math.pi / RATE).reshape(1, -1), False)
        tilt = np.minimum(1, hertz / 400) * np.sqrt(1000 / (1000 + hertz))
        shape = shape + g.op("Exp", g.op("Clip", tract, -20.0, 3.5)) * tracks["breath"] * (0.22 * tilt)
        table = np.random.Generator(np.random.PCG64(3)).standard_normal((NOISE_BLOCKS, 2 * BLOCK_BINS))
        rows = g.op("Mod", index, np.array(NOISE_BLOCKS))
        spectrum = g.op("Gather", table, rows) * g.op("Concat", shape, shape, axis=1)
        blocks = spectrum @ inverse_transform()
        late = g.slice(blocks, HOP, 2 * HOP, 1)
        late = g.op("Concat", np.zeros((1, HOP)), g.slice(late, 0, -1, 0), axis=0)
        return g.slice(blocks, 0, HOP, 1) + late

    def build(self):
        g = self.g
        tracks, position, index = self.frames(*self.layout(*self.symbols()))
        resonances = self.resonances(tracks)
        voiced = self.harmonics(self.pitch(tracks["accent"], position), tracks["voice"], resonances)
        sound = g.op("Reshape", voiced + self.noise(index, tracks, resonances), [1, 1, 1, -1])
        loudest = g.op("Max", g.op("ReduceMax", g.op("Abs", sound)), np.array(0.05))
        return g.model(sound * PEAK / loudest, ["batch_size", 1, 1, "time"], "starter_voice", MODEL_NOTES)


def inverse_transform():
    """[2 * bins, 2 * HOP] inverse Fourier transform (real parts, then imaginary) under a sine window of unit power."""
    n, k = np.arange(2 * HOP), np.arange(BLOCK_BINS).reshape(-1, 1)
    angle = 2 * np.pi * ((k * n) % (2 * HOP)) / (2 * HOP)
    window = np.sin(np.pi * (n + 0.5) / (2 * HOP)) / math.sqrt(BLOCK_BINS)
    return np.concatenate([np.cos(angle), -np.sin(angle)]) * window


def config():
    return {
        "audio": {"sample_rate": RATE, "quality": "starter"},
        "espeak": {"voice": "en-us"},
        "inference": {"noise_scale": 0.667, "length_scale": 1.0, "noise_w": 0.8},
        "phoneme_type": "espeak",
        "phoneme_map": {},
        "phoneme_id_map": phoneme_id_map(),
        "num_symbols": NUM_SYMBOLS,
        "num_speakers": 1,
        "speaker_id_map": {},
        "piper_version": "1.0.0",
        "language": {
            "code": "en_US",
            "family": "en",
            "region": "US",
            "name_native": "English",
            "name_english": "English",
            "country_english": "United States",
        },
        "dataset": "callstead-starter",
    }


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    model = Voice().build()
    onnx.checker.check_model(model, full_check=True)
    (folder / "starter.onnx").write_bytes(model.SerializeToString(deterministic=True))
    text = json.dumps(config(), ensure_ascii=False, indent=2) + "\n"
    (folder / "starter.onnx.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
