"""Checks the committed voice: python check.py (needs onnxruntime). Prints what is wrong and exits with 1.

The files must be what make.py writes, and the voice must keep Piper's contract and say something sensible.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime

from make import DURATIONS, HOP

HERE = Path(__file__).parent
RATE = 22050
PLEASE = "plˈiːz kˈɔːl mˌiː bˈæk"  # "Please call me back", as espeak-ng writes it
WELCOME = "marħˈaban, kˈajfa ħˈaːluk"  # Arabic
QUIET = (0.0, 1.0, 0.0)  # no randomness


class Voice:
    def __init__(self):
        self.ids = json.loads((HERE / "starter.onnx.json").read_text(encoding="utf-8"))["phoneme_id_map"]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(HERE / "starter.onnx", options)

    def say(self, phonemes, scales=QUIET, pads=True):
        ids = [*self.ids["^"]] + [0] * pads
        for symbol in phonemes:
            ids += self.ids[symbol] + [0] * pads
        return self.run(ids + self.ids["$"], scales)

    def durations(self, ids):
        """Frames of each id, and of the whole sound."""
        sound, durations = self.session.run(["output", DURATIONS], self.feeds(ids, QUIET))
        return durations, sound.size / HOP

    def run(self, ids, scales=QUIET):
        return self.session.run(["output"], self.feeds(ids, scales))[0]

    @staticmethod
    def feeds(ids, scales):
        return {
            "input": np.array([ids], dtype=np.int64),
            "input_lengths": np.array([len(ids)], dtype=np.int64),
            "scales": np.array(scales, dtype=np.float32),
        }


def pitch_at_end(samples):
    """Hz over the last voiced fifth of a second, by autocorrelation."""
    loud = np.flatnonzero(np.abs(samples) > 0.05)[-1]
    part = samples[loud - RATE // 5 : loud]
    lags = np.arange(RATE // 300, RATE // 70)
    return RATE / lags[np.argmax([np.dot(part[lag:], part[:-lag]) for lag in lags])]


def checks(voice):
    """Yields (what, holds)."""
    plain = voice.say(PLEASE + ".")
    flat = plain.ravel()
    yield "output is [1, 1, 1, time]", plain.ndim == 4 and plain.shape[:3] == (1, 1, 1)
    yield "peak is -6 dBFS", abs(np.abs(flat).max() - 0.5) < 1e-3
    yield "starts and ends in silence", max(np.abs(flat[:64]).max(), np.abs(flat[-64:]).max()) < 1e-3
    yield "no jumps between samples", np.abs(np.diff(flat)).max() < 0.45
    yield "lasts as long as speech does", 0.9 < flat.size / RATE < 2.2
    yield "without randomness it repeats itself", np.array_equal(plain, voice.say(PLEASE + "."))
    yield "with randomness it does not", not np.array_equal(voice.say(PLEASE, (0.667, 1, 0.8)), plain)
    yield "pads take no time", voice.say(PLEASE + ".", pads=False).shape == plain.shape
    ids = [1, 0, *(i for symbol in PLEASE for i in (*voice.ids[symbol], 0)), 2]
    durations, frames = voice.durations(ids)
    yield "each id has a duration", durations.shape == (1, 1, len(ids)) and not durations[0, 0, 1:-1:2].any()
    yield "durations make the whole sound", 0 <= frames - durations.sum() < 1
    slow = voice.say(PLEASE + ".", (0, 2, 0)).size / flat.size
    yield "length_scale 2 takes twice the time", abs(slow - 2) < 0.05
    yield "a comma pauses", voice.say("bˈæk, bˈæk").size > voice.say("bˈæk bˈæk").size + 0.1 * RATE
    asked = voice.say(PLEASE[:-4] + "mˈiː?").ravel()
    told = voice.say(PLEASE[:-4] + "mˈiː.").ravel()
    yield "a question ends higher", pitch_at_end(asked) > 1.15 * pitch_at_end(told)
    yield "Arabic sounds", np.abs(voice.say(WELCOME)).max() > 0.45
    every = [i for (i,) in voice.ids.values()]
    yield "every symbol can be said", np.isfinite(voice.run(every, (0.667, 1, 0.8))).all()
    yield "nothing to say is silence", max(np.abs(voice.run(ids)).max() for ids in ([0], [1, 0, 2], [130])) == 0


def regenerated():
    """Whether make.py writes the committed files byte for byte."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-B", HERE / "make.py", folder], check=True)
        names = ("starter.onnx", "starter.onnx.json")
        return all((Path(folder) / name).read_bytes() == (HERE / name).read_bytes() for name in names)


def main():
    results = [("make.py writes these files", regenerated()), *checks(Voice())]
    failed = [what for what, holds in results if not holds]
    for what in failed:
        print(f"wrong: {what}")
    print(f"{len(results) - len(failed)} of {len(results)} checks hold")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
