#!/bin/sh
# Rebuild everything: ./make_all.sh [WORKDIR] [TRAIN_SECONDS]     (Debian 12; about 10 min of synthesis + TRAIN_SECONDS)
# apt-get install espeak-ng libespeak-ng1 flite festival festvox-us-slt-hts festvox-kallpc16k festvox-kdlpc16k ffmpeg python3-venv
set -e
HERE=$(cd "$(dirname "$0")" && pwd); W=${1:-build}; SECS=${2:-3600}
mkdir -p "$W"; cd "$W"; W=$(pwd)
[ -d venv ] || { python3 -m venv venv; venv/bin/pip install -q torch==2.8.0 numpy scipy tiktoken pywhispercpp; venv/bin/pip install -q --no-deps openai-whisper==20250625; }
PY=$W/venv/bin/python; T=$HERE/train
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 GOMP_SPINCOUNT=0
$PY $T/mkcorpus.py 24000 sentences.jsonl
for w in 0 1; do $PY $T/synth.py sentences.jsonl data/train $w 2 train 0 & done; wait
$PY $T/mksalad.py sentences.jsonl salad.jsonl 2600; $PY $T/synth.py salad.jsonl data/train 0 1 train 5
$PY $T/synth.py sentences.jsonl data/test 0 1 test 0
$PY $T/synth.py sentences.jsonl data/test 0 1 testclean 0
$PY $T/train.py data/train ck.pt "$SECS" --pos 2400
for k in f16 q8_0 q5_0; do n=ggml-starter.en.bin; [ $k = f16 ] || n=ggml-starter.en-$k.bin; $PY $T/export.py ck.pt $n $k; $PY $T/export.py ck.pt ${n%.bin}-ts.bin $k ts; done
$PY $T/make_testset.py data/test test-wavs
$PY $T/verify.py ggml-starter.en.bin data/test "testclean*" 1000 tight=256 no_timestamps=True
