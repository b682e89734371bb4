"""What each phoneme sounds like: the figures behind the starter voice.

Formants and bandwidths (Hz) of English sounds follow D. Klatt, "Software for a cascade/parallel formant
synthesizer", JASA 67 (1980), tables II and III; vowels that Klatt does not list are placed between his by the
averages of G. Peterson and H. Barney, "Control methods used in a study of the vowels", JASA 24 (1952). Inherent
durations follow D. Klatt, "Linguistic uses of segmental duration in English", JASA 59 (1976), shortened to a fluent
rate. The Arabic back consonants are placed by ear and by the usual description (uvulars: low second formant;
pharyngeals: high first formant; emphatics: lowered second formant).

A symbol is up to three segments in time (a stop is closure, burst, aspiration; all else uses one).
"""

from dataclasses import dataclass, field, replace

# Piper's own numbering, so that ids made for any Piper espeak voice mean the same sounds here.
# Ids without a symbol (166..255) are unused.
SYMBOLS = (
    "_^$ !'(),-.:;?abcdefhijklmnopqrstuvwxyzæçðøħŋœǀǁǂǃɐɑɒɓɔɕɖɗɘəɚɛɜɞɟɠɡɢɣɤɥɦɧɨɪɫɬɭɮɯɰɱɲɳɴɵɶɸɹɺɻɽɾʀʁʂʃʄʈʉʊʋʌʍʎʏʐ"
    "ʑʒʔʕʘʙʛʜʝʟʡʢʲˈˌːˑ˞βθχᵻⱱ0123456789\u0327\u0303\u032a\u032f\u0329ʰˤε↓#\"↑\u033a\u033bgʦX\u031d\u030aɝʷ"
)
NUM_SYMBOLS = 256

# Rows of the sound table that no phoneme map names: the graph itself puts them in.
EDGE = 255  # a little silence at both ends
GLIDE_I, GLIDE_U = 254, 253  # the second half of a diphthong: "ɪ" or "ʊ" right after another vowel

# Classes that decide how neighbours change each other's length.
CLASSES = ("none", "vowel", "stop", "fricative", "sonorant", "stress", "weak_stress", "long", "pause", "space", "mark")

# Frication noise: linear gains of bumps around these frequencies (Hz) and of these widths (one sigma).
NOISE_CENTRES = (500, 1100, 1700, 2400, 3100, 4000, 5000, 6200, 7600, 9300)
NOISE_WIDTHS = (300, 300, 320, 360, 380, 480, 550, 650, 750, 900)


@dataclass(frozen=True)
class Segment:
    """One steady target. Milliseconds, Hz, and linear amplitudes.

    `hold` says how strongly the target pulls each formant against its neighbours: 1 for a vowel, near 0 for a sound
    that takes the shape of what surrounds it, such as h.
    """

    ms: float
    formants: tuple = (500, 1500, 2500)
    widths: tuple = (90, 110, 170)
    hold: tuple = (0.02, 0.02, 0.02)
    zero: float = 270  # nasal zero; at 270 Hz it cancels the nasal pole
    voice: float = 0.0
    breath: float = 0.0  # noise through the vocal tract
    noise: tuple = (0,) * len(NOISE_CENTRES)  # noise made at the lips or teeth


@dataclass(frozen=True)
class Sound:
    """A symbol: its class and its segments in time (at most three)."""

    kind: str
    segments: tuple = field(default_factory=tuple)


def vowel(ms, f1, f2, f3, b1=80, b2=100, b3=150, voice=1.0):
    return Sound("vowel", (Segment(ms, (f1, f2, f3), (b1, b2, b3), (1, 1, 1), voice=voice),))


def sonorant(ms, formants, widths, voice=0.75, hold=(0.9, 0.9, 0.9), zero=270):
    return Sound("sonorant", (Segment(ms, formants, widths, hold, zero, voice),))


def nasal(ms, zero, f2, f3):
    return sonorant(ms, (480, f2, f3), (60, 250, 280), 0.75, (0.7, 0.5, 0.4), zero)


def fricative(ms, formants, noise, voice=0.0, breath=0.0, hold=(0.5, 0.6, 0.5)):
    return Sound("fricative", (Segment(ms, formants, (120, 120, 200), hold, 270, voice, breath, noise),))


def stop(formants, noise, closure=52, burst=9, aspiration=34, bar=0.0, hold=(0.5, 0.6, 0.5)):
    """Closure (with a voice bar if `bar`), burst, aspiration that already has the next sound's formants."""
    shut = Segment(closure, (200, *formants[1:]), (70, 150, 200), hold, voice=bar)
    release = Segment(burst, formants, (200, 150, 250), hold, noise=noise)
    after = Segment(aspiration, formants, (160, 130, 200), (0.03, 0.03, 0.03), breath=0.0 if bar else 0.55, voice=bar)
    return Sound("stop", (shut, release, after))


def lengthen(sound, factor):
    return replace(sound, segments=tuple(replace(s, ms=s.ms * factor) for s in sound.segments))


def bands(*gains):
    """Noise gains, low to high, padded with nothing."""
    return tuple(gains) + (0,) * (len(NOISE_CENTRES) - len(gains))


#                  500  1100 1700 2400 3100 4000 5000 6200 7600 9300 Hz
LIP = bands(0.050, 0.06, 0.06, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.04)
TEETH = bands(0.02, 0.03, 0.04, 0.04, 0.04, 0.05, 0.06, 0.08, 0.09, 0.07)
HISS = bands(0, 0, 0, 0.01, 0.03, 0.15, 0.40, 0.60, 0.60, 0.40)
HUSH = bands(0, 0.01, 0.06, 0.45, 0.60, 0.45, 0.35, 0.25, 0.12, 0.06)
PALATE = bands(0, 0, 0.03, 0.12, 0.40, 0.40, 0.20, 0.10, 0.05, 0.02)
VELUM = bands(0.02, 0.22, 0.35, 0.20, 0.08, 0.06, 0.05, 0.02, 0.01, 0)
UVULA = bands(0.06, 0.35, 0.18, 0.12, 0.08, 0.05, 0.03, 0.02, 0.01, 0)
PHARYNX = bands(0.10, 0.14, 0.10, 0.09, 0.05, 0.03, 0.02, 0.01, 0, 0)
LIP_BURST = bands(0.60, 0.45, 0.25, 0.15, 0.10, 0.08, 0.06, 0.05, 0.04, 0.02)
TEETH_BURST = bands(0, 0.02, 0.05, 0.12, 0.25, 0.60, 0.80, 0.80, 0.60, 0.40)
VELUM_BURST = bands(0.05, 0.35, 0.90, 0.85, 0.30, 0.25, 0.18, 0.10, 0.06, 0.03)
UVULA_BURST = bands(0.10, 0.90, 0.60, 0.30, 0.25, 0.15, 0.10, 0.05, 0.02, 0)


def scaled(noise, gain):
    return tuple(gain * n for n in noise)


VOWELS = {
    "i": vowel(72, 300, 2150, 2960, 50, 150, 300),
    "y": vowel(72, 300, 1750, 2200, 50, 120, 200),
    "ɪ": vowel(72, 410, 1850, 2570, 55, 100, 140),
    "ᵻ": vowel(55, 420, 1700, 2550, 60, 110, 150, 0.8),
    "ɨ": vowel(65, 350, 1550, 2400, 60, 110, 150),
    "e": vowel(74, 470, 1800, 2520, 70, 100, 200),
    "ɛ": vowel(86, 550, 1700, 2500, 65, 90, 200),
    "ε": vowel(86, 550, 1700, 2500, 65, 90, 200),
    "æ": vowel(112, 670, 1680, 2440, 75, 130, 300),
    "a": vowel(84, 700, 1300, 2550, 100, 80, 150),
    "ɑ": vowel(88, 720, 1150, 2600, 110, 80, 160),
    "ɒ": vowel(86, 620, 950, 2550, 95, 90, 120),
    "ɔ": vowel(84, 580, 900, 2500, 90, 95, 110),
    "o": vowel(78, 500, 950, 2350, 80, 75, 90),
    "ʊ": vowel(72, 450, 1100, 2350, 75, 100, 90),
    "u": vowel(72, 320, 1000, 2220, 65, 110, 140),
    "ʉ": vowel(72, 330, 1500, 2250, 65, 110, 140),
    "ɯ": vowel(72, 330, 1350, 2350, 65, 110, 140),
    "ʌ": vowel(82, 630, 1220, 2550, 80, 65, 140),
    "ɐ": vowel(58, 600, 1280, 2500, 80, 70, 140, 0.85),
    "ə": vowel(48, 500, 1400, 2450, 75, 80, 140, 0.8),
    "ɘ": vowel(52, 450, 1500, 2450, 75, 80, 140, 0.8),
    "ɵ": vowel(60, 450, 1250, 2300, 75, 80, 140, 0.8),
    "ɤ": vowel(74, 480, 1200, 2400, 75, 80, 140),
    "ɜ": vowel(82, 480, 1310, 1650, 80, 70, 110),
    "ɝ": vowel(90, 470, 1290, 1600, 80, 70, 110),
    "ɚ": vowel(86, 470, 1290, 1600, 80, 70, 110, 0.9),
    "ɞ": vowel(82, 550, 1250, 2400, 80, 70, 140),
    "ø": vowel(74, 400, 1550, 2300, 70, 90, 150),
    "œ": vowel(80, 540, 1450, 2350, 70, 90, 150),
    "ɶ": vowel(84, 650, 1450, 2400, 80, 90, 150),
    "ʏ": vowel(70, 400, 1600, 2250, 60, 100, 150),
}

SONORANTS = {
    "m": nasal(66, 900, 1150, 2130),
    "ɱ": nasal(62, 900, 1150, 2130),
    "n": nasal(60, 1500, 1500, 2550),
    "ɳ": nasal(60, 1500, 1500, 2200),
    "ɲ": nasal(66, 1900, 2000, 2750),
    "ŋ": nasal(72, 2900, 1950, 2650),
    "ɴ": nasal(72, 2900, 1100, 2500),
    "w": sonorant(58, (290, 640, 2150), (60, 90, 90)),
    "ʍ": sonorant(58, (290, 640, 2150), (60, 90, 90), 0.4),
    "ɥ": sonorant(56, (270, 1800, 2200), (50, 150, 250)),
    "j": sonorant(54, (270, 2200, 3020), (50, 180, 350)),
    "ɰ": sonorant(54, (350, 1300, 2400), (60, 120, 200)),
    "ɹ": sonorant(58, (330, 1100, 1420), (75, 100, 120)),
    "ɻ": sonorant(58, (330, 1100, 1420), (75, 100, 120)),
    "l": sonorant(56, (340, 1100, 2800), (60, 110, 260)),
    "ɫ": sonorant(56, (380, 850, 2750), (60, 110, 260)),
    "ɭ": sonorant(56, (340, 1200, 2400), (60, 110, 260)),
    "ʎ": sonorant(58, (300, 1900, 2800), (60, 150, 260)),
    "ʟ": sonorant(58, (380, 900, 2600), (60, 120, 260)),
    "ʋ": sonorant(52, (300, 1100, 2200), (70, 110, 150), 0.6),
    "ɾ": sonorant(22, (350, 1650, 2600), (90, 140, 200), 0.3, (0.4, 0.5, 0.4)),
    "ɽ": sonorant(24, (350, 1400, 2000), (90, 140, 200), 0.3, (0.4, 0.5, 0.4)),
    "ɺ": sonorant(24, (350, 1300, 2600), (90, 140, 200), 0.3, (0.4, 0.5, 0.4)),
    "r": sonorant(62, (430, 1350, 2150), (90, 120, 180), 0.5, (0.6, 0.7, 0.6)),
    "ʕ": sonorant(72, (720, 1150, 2450), (90, 110, 180), 0.6),
    "ʢ": sonorant(72, (720, 1150, 2450), (90, 110, 180), 0.6),
}

FRICATIVES = {
    "f": fricative(88, (340, 1100, 2080), LIP),
    "ɸ": fricative(84, (340, 1100, 2080), LIP),
    "v": fricative(56, (240, 1100, 2080), scaled(LIP, 0.7), voice=0.45),
    "β": fricative(54, (240, 1000, 2080), scaled(LIP, 0.6), voice=0.5),
    "θ": fricative(86, (320, 1290, 2540), TEETH),
    "ð": fricative(42, (280, 1290, 2540), scaled(TEETH, 0.5), voice=0.5),
    "s": fricative(92, (320, 1500, 2600), HISS),
    "ʦ": fricative(92, (320, 1500, 2600), HISS),
    "z": fricative(66, (250, 1500, 2600), scaled(HISS, 0.5), voice=0.35),
    "ʃ": fricative(98, (300, 1840, 2750), HUSH),
    "ʂ": fricative(98, (300, 1600, 2300), HUSH),
    "ɕ": fricative(98, (300, 2000, 2850), HUSH),
    "ʒ": fricative(64, (260, 1840, 2750), scaled(HUSH, 0.5), voice=0.35),
    "ʐ": fricative(64, (260, 1600, 2300), scaled(HUSH, 0.5), voice=0.35),
    "ʑ": fricative(64, (260, 2000, 2850), scaled(HUSH, 0.5), voice=0.35),
    "ç": fricative(80, (300, 2100, 2900), PALATE),
    "ʝ": fricative(60, (270, 2100, 2900), scaled(PALATE, 0.5), voice=0.5),
    "x": fricative(84, (400, 1500, 2400), VELUM, hold=(0.3, 0.2, 0.2)),
    "X": fricative(84, (500, 1150, 2400), UVULA),
    "χ": fricative(84, (500, 1150, 2400), UVULA),
    "ɣ": fricative(62, (380, 1300, 2300), scaled(VELUM, 0.5), voice=0.5, hold=(0.5, 0.3, 0.3)),
    "ʁ": fricative(62, (450, 1150, 2350), scaled(UVULA, 0.5), voice=0.5),
    "ʀ": fricative(62, (450, 1150, 2350), scaled(UVULA, 0.4), voice=0.55),
    "ħ": fricative(84, (720, 1250, 2500), PHARYNX, breath=0.45),
    "ʜ": fricative(84, (720, 1250, 2500), PHARYNX, breath=0.45),
    "h": fricative(52, (500, 1500, 2500), bands(), breath=0.55, hold=(0.05, 0.04, 0.04)),
    "ɦ": fricative(48, (500, 1500, 2500), bands(), voice=0.4, breath=0.3, hold=(0.05, 0.04, 0.04)),
    "ɧ": fricative(90, (350, 1500, 2500), scaled(HUSH, 0.6)),
    "ɬ": fricative(84, (330, 1300, 2700), scaled(PALATE, 0.6)),
    "ɮ": fricative(64, (300, 1300, 2700), scaled(PALATE, 0.35), voice=0.45),
}

STOPS = {
    "p": stop((400, 1000, 2150), scaled(LIP_BURST, 0.5), 62),
    "b": stop((220, 1000, 2150), scaled(LIP_BURST, 0.35), 52, 8, 4, bar=0.35),
    "t": stop((400, 1700, 2650), scaled(TEETH_BURST, 0.9), 52, 11, 36),
    "d": stop((220, 1700, 2650), scaled(TEETH_BURST, 0.5), 44, 9, 4, bar=0.35),
    "ʈ": stop((400, 1600, 2100), scaled(TEETH_BURST, 0.8), 52, 11, 30),
    "ɖ": stop((220, 1600, 2100), scaled(TEETH_BURST, 0.45), 44, 9, 4, bar=0.35),
    "c": stop((300, 2100, 2900), scaled(VELUM_BURST, 0.6), 54, 14, 36),
    "ɟ": stop((220, 2100, 2900), scaled(VELUM_BURST, 0.4), 46, 11, 5, bar=0.35),
    "k": stop((300, 1800, 2450), scaled(VELUM_BURST, 0.7), 56, 15, 38, hold=(0.5, 0.25, 0.4)),
    "ɡ": stop((220, 1800, 2450), scaled(VELUM_BURST, 0.45), 46, 12, 5, bar=0.35, hold=(0.5, 0.25, 0.4)),
    "q": stop((450, 1100, 2400), scaled(UVULA_BURST, 0.6), 58, 13, 14),
    "ɢ": stop((350, 1100, 2400), scaled(UVULA_BURST, 0.4), 48, 11, 5, bar=0.35),
    "ʔ": stop((500, 1500, 2500), bands(), 42, 1, 1, hold=(0.03, 0.03, 0.03)),
    "ʡ": stop((650, 1300, 2500), scaled(UVULA_BURST, 0.3), 48, 8, 6, hold=(0.5, 0.4, 0.3)),
}
ALIASES = {"g": "ɡ", "ɓ": "b", "ɗ": "d", "ʄ": "ɟ", "ɠ": "ɡ", "ʛ": "ɢ", "ʙ": "b", "ⱱ": "v"}

MARKS = {
    "ˈ": Sound("stress"),
    "ˌ": Sound("weak_stress"),
    "ː": Sound("long"),
    "ˑ": Sound("long"),
    # An emphatic consonant darkens the start of its vowel.
    "ˤ": Sound("mark", (Segment(22, (600, 1000, 2450), (90, 100, 160), (1, 1.6, 0.5), voice=0.5),)),
    "ʲ": Sound("mark", (Segment(22, (300, 2100, 2850), (60, 150, 250), (0.8, 1, 0.5), voice=0.5),)),
    "ʷ": Sound("mark", (Segment(22, (320, 700, 2200), (60, 100, 150), (0.8, 1, 0.5), voice=0.5),)),
    "ʰ": Sound("mark", (Segment(30, breath=0.5),)),
    "˞": Sound("mark", (Segment(30, (470, 1290, 1600), (80, 70, 110), (0.8, 0.8, 1), voice=0.9),)),
    "\u0329": Sound("mark", (Segment(25, (480, 1300, 2450), (80, 110, 160), (0.1, 0.1, 0.1), voice=0.5),)),
    " ": Sound("space"),
}


def pause(ms):
    return Sound("pause", (Segment(ms),))


PAUSES = {"^": pause(25), "$": pause(60), ",": pause(190), ";": pause(240), ":": pause(240), "-": pause(60),
          ".": pause(90), "!": pause(90), "?": pause(90)}  # fmt: skip


def sound_table():
    """Sound of every id; ids without a phoneme have no segments and so take no time."""
    named = {**VOWELS, **SONORANTS, **FRICATIVES, **STOPS, **MARKS, **PAUSES}
    named.update({alias: named[symbol] for alias, symbol in ALIASES.items()})
    table = [Sound("none")] * NUM_SYMBOLS
    for index, symbol in enumerate(SYMBOLS):
        table[index] = named.get(symbol, Sound("none"))
    table[EDGE] = pause(10)
    table[GLIDE_I] = vowel(62, 360, 2000, 2580, 60, 110, 180, 0.85)
    table[GLIDE_U] = vowel(62, 400, 880, 2300, 70, 90, 120, 0.85)
    return table


def phoneme_id_map():
    """Piper's phoneme_id_map: symbol to a list of one id."""
    return {symbol: [index] for index, symbol in enumerate(SYMBOLS)}


# How a neighbour stretches a sound: (neighbour's class, own class) to factors for its three segments.
AFTER = {  # the neighbour comes before
    ("stress", "vowel"): (1.22, 1, 1),
    ("weak_stress", "vowel"): (1.05, 1, 1),
    ("fricative", "stop"): (0.9, 1, 0.25),  # "st", "sp": no aspiration
    ("stop", "fricative"): (0.75, 1, 1),  # affricates
    ("stop", "sonorant"): (0.85, 1, 1),
    ("pause", "stop"): (0.6, 1, 1),
}
BEFORE = {  # the neighbour comes after
    ("long", "vowel"): (1.5, 1, 1),
    ("long", "fricative"): (1.5, 1, 1),
    ("long", "sonorant"): (1.6, 1, 1),
    ("long", "stop"): (1.9, 1, 1),
    ("fricative", "stop"): (0.85, 0.6, 0.0),  # affricates
    ("stop", "stop"): (0.9, 0.7, 0.2),
    ("sonorant", "stop"): (1, 1, 0.8),
    ("space", "stop"): (0.9, 0.8, 0.4),
    ("pause", "stop"): (1, 1, 0.9),
    ("vowel", "vowel"): (0.9, 1, 1),
}
