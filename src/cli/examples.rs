//! What `--help` ends with: commands to try, which teach more than a list of flags.

pub(super) const PROGRAM: &str = "\
Examples:
  callstead serve                            start the server, then open http://localhost:8080
  callstead models pull starter              fetch models that work without a network afterwards
  callstead converse caller.wav -o reply.wav answer a recording with a recording
  callstead doctor                           find out what is wrong, and what to do

Exit codes:
  0 done   1 failed   2 wrong command line   3 unusable input   4 model missing or unusable
  5 download failed   6 port or data folder in use   7 wrong setting   130 interrupted";

pub(super) const SERVE: &str = "\
Examples:
  callstead serve                            pages and API on http://localhost:8080
  callstead serve --listen 127.0.0.1:9000    another port
  callstead serve --dev                      for development: callers need no key, loopback only
  callstead --data-dir /srv/desk serve       another box on the same machine (give it its own ports)
  CALLSTEAD_LOG_FORMAT=json callstead serve  logs for a collector, on stderr

SIGTERM and Ctrl-C let running requests finish, then end with code 0.";

pub(super) const MODELS: &str = "\
Examples:
  callstead models list                      what there is, and what is installed
  callstead models pull starter              the smallest set that works everywhere: tests and demo only
  callstead models pull standard-en          English calls on two cores
  callstead models pull whisper-small.en     one model by its id
  callstead models verify                    compare what is installed with its digests
  callstead models rm whisper-base.en        remove one, and say what was freed

An interrupted pull goes on where it stopped. Behind a company proxy: HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE. With a
mirror: HF_ENDPOINT for the model hub, PIP_INDEX_URL and PIP_EXTRA_INDEX_URL for the package index.";

pub(super) const TRANSCRIBE: &str = "\
Examples:
  callstead transcribe call.wav              what was said
  callstead transcribe call.mp3 --json       with times, for a program
  ffmpeg -v error -i call.mp4 -f wav - | callstead transcribe -";

pub(super) const SAY: &str = "\
Examples:
  callstead say 'Your order is on its way.' -o order.wav
  callstead say --language ar 'مرحبا، كيف حالك؟' -o hello.wav
  callstead say --voice en_US-ljspeech-medium --speed 1.2 'Faster.' -o fast.wav
  callstead say --voice ./my-voice.onnx 'A Piper voice from elsewhere.' -o mine.wav
  fortune | callstead say - -o - | aplay";

pub(super) const CHAT: &str = "\
Examples:
  callstead chat                             type, and read what the agent would say
  callstead chat --system 'You sell bicycles.' --max-tokens 60
  callstead chat --model ./my-model.gguf     a language model from elsewhere
  echo 'When are you open?' | callstead chat --json

/quit, Ctrl-D and Ctrl-C end the conversation.";

pub(super) const SCRIPT: &str = "\
Examples:
  callstead script list                                  the scripts to begin with
  callstead script show payment-en > mine.toml           one of them, to change
  callstead script check mine.toml                       what is wrong with it, line by line
  callstead script graph mine.toml -o mine.svg           its steps as a drawing
  callstead script chat mine.toml --set userName=Sam --set amountDue=250
  callstead script simulate mine.toml                    the simulated calls of its own tests
  callstead script simulate builtin:payment-ar --persona all --runs 50
  callstead script simulate mine.toml --persona terse --caller llama   a language model plays the caller

In a chat an empty line is silence; /quit, Ctrl-D and Ctrl-C end it. A script with faults ends a command with code 3, a
simulated call that goes otherwise than expected with code 1. docs/scripts.md says how scripts are written.";

pub(super) const CONVERSE: &str = "\
Examples:
  callstead converse caller.wav -o reply.wav          a recording answered by a recording
  callstead converse caller.wav -o reply.wav --json   what was heard and replied, and how long it took
  arecord -d 5 -f S16_LE -r 16000 | callstead converse - -o - | aplay";

pub(super) const CALLS: &str = "\
Examples:
  callstead calls list                       the latest calls, beside a running server too
  callstead calls list --since 7d --json     those of a week, for a program
  callstead calls show CA_7hQpwR2mZk9T       who said what, and how long each answer took
  callstead calls delete CA_7hQpwR2mZk9T     asks, then deletes it for good";

pub(super) const ADMIN: &str = "\
Examples:
  callstead admin create --email nadia@example.com --name Nadia
  callstead admin create --email nadia@example.com < password.txt
  callstead admin list
  callstead admin reset-totp nadia@example.com
  callstead admin api-key create --scope token,dispatch --name 'front end'
  callstead admin api-key create --scope metrics --name prometheus --json
  callstead admin api-key list
  callstead admin api-key revoke AK_7hQpwR2mZk9T
  callstead admin erase --phone '+44 20 7946 0958'
  callstead admin new-key --forget-secrets

A password is asked for, or read from stdin. A program sends its key as `Authorization: Bearer csk_…`. All but `new-key` work
beside a running server, and without one.";

pub(super) const DEMO: &str = "\
Examples:
  callstead demo seed --data-dir /tmp/demo   people, scripts and calls in English and Arabic, all made up
  callstead admin create --email you@example.com --data-dir /tmp/demo
  callstead serve --data-dir /tmp/demo       look at them: http://localhost:8080/desk

A desk that has leads, customers, scripts or calls already is left as it is. The telephone numbers are nobody's.";

pub(super) const BENCH: &str = "\
Examples:
  callstead bench engines                    how fast this machine hears, thinks and speaks
  callstead bench engines --json > bench.json
  callstead bench voice --wav callers        a call with those recordings: how long the caller waits
  callstead bench voice --wav callers --calls 4 --json > voice.json
  callstead bench rooms --rooms 50 --video   what rooms cost this machine: the processor for each track, memory
  callstead bench rooms --rooms 10 --flood   what comes late while strangers flood the server
  callstead say 'I have a question.' -o callers/1.wav    makes such a recording";

pub(super) const DOCTOR: &str = "\
Examples:
  callstead doctor                           one line a check: ok, warn or FAIL, and what to do
  callstead doctor --json                    the same for a program

Ends with code 1 when a check failed; warnings do not count.";

pub(super) const MANUAL: &str = "\
Examples:
  callstead manual completions bash > ~/.local/share/bash-completion/completions/callstead
  callstead manual page | man -l -
  callstead manual page serve | man -l -";

pub(super) const VERSION: &str = "\
Examples:
  callstead version                          this program and the engines inside it
  callstead version --json";
