#!/usr/bin/env bash
# Runs a pipeline against a real inference server that this project did not
# write: Ollama, over loopback, with a tiny model of random weights. Its answers
# are nonsense, so nothing of it may be published; the server is killed in
# mid-run and started again, which may change nothing in what is concluded.
#
# usage: .ci/ollama.sh [TINY_GGUF.py [INSTANCES]]
#
# TINY_GGUF.py writes the model; without it this is skipped. Ollama is taken from
# PATH or from where `go install` puts it, and installed there once, which takes
# about three minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
version=v0.6.5
instances=${2:-60}
gguf=${1:-../shared/tiny_gguf.py}
if [ ! -f "$gguf" ]; then
  echo "skipped: no $gguf to write a model with"
  exit 0
fi
gguf=$(realpath "$gguf")

work=$(mktemp -d)
server=
run=
# Ends the server and the runner that it started: both are in a process group
# of their own.
end_server() {
  if [ -n "$server" ]; then
    kill -9 -- "-$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    server=
  fi
}
trap 'end_server; if [ -n "$run" ]; then kill -9 "$run" 2>/dev/null || true; fi; rm -rf "$work"' EXIT

# The version that the figures are of, as the binary itself records it.
bin=$(go env GOBIN)
bin=${bin:-$(go env GOPATH)/bin}
ollama=
for candidate in "$(command -v ollama || true)" "$bin/ollama"; do
  if [ -x "$candidate" ] && go version -m "$candidate" 2>/dev/null | grep -q "github.com/ollama/ollama[[:space:]]*$version"; then
    ollama=$candidate
    break
  fi
done
if [ -z "$ollama" ]; then
  began=$SECONDS
  if ! (cd "$work" && GOFLAGS= go install "github.com/ollama/ollama@$version") >"$work/install.log" 2>&1; then
    cat "$work/install.log"
    # Only what cannot be had is no failure.
    if grep -Eq 'dial tcp|no such host|i/o timeout|connection refused|GOPROXY=off|TLS handshake timeout' "$work/install.log"; then
      echo "skipped: the module proxy is out of reach, and Ollama $version is not installed"
      exit 0
    fi
    exit 1
  fi
  echo "installed Ollama $version in $((SECONDS - began)) s"
  ollama=$bin/ollama
fi

# Before HOME changes: the build uses the caches there.
go build -o "$work/concluder" ./cmd/concluder

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
# One answer at a time: the others wait in the server's queue, and what the model
# says depends less on what it is asked beside it.
export OLLAMA_HOST=127.0.0.1:$port OLLAMA_MODELS=$work/models HOME=$work/home OLLAMA_NUM_PARALLEL=1 OLLAMA_KEEP_ALIVE=30m
mkdir "$work/home"
start_server() {
  setsid "$ollama" serve >>"$work/serve.log" 2>&1 &
  server=$!
  for _ in $(seq 150); do
    if "$ollama" list >/dev/null 2>&1; then return; fi
    sleep 0.2
  done
  tail -n 20 "$work/serve.log"
  echo "the server did not start"
  exit 1
}

# Left alone, random weights fill a string with one or two hundred characters.
# What has stood often in the last 24 tokens is therefore favoured, and that is
# the quote; of the models so made, that of seed 7 comes to an end more often
# than others, and only sometimes writes one character for ever. A context of
# 4096 holds the prompt, in which each byte is a token.
python3 "$gguf" "$work/tiny.gguf" 7
cat >"$work/Modelfile" <<MODEL
FROM $work/tiny.gguf
TEMPLATE "{{ .System }} {{ .Prompt }}"
PARAMETER num_ctx 4096
PARAMETER num_thread 1
PARAMETER frequency_penalty -0.6
PARAMETER repeat_last_n 24
PARAMETER repeat_penalty 1
MODEL
start_server
"$ollama" create noise -f "$work/Modelfile" >"$work/create.log" 2>&1 || { cat "$work/create.log"; exit 1; }

mkdir "$work/study"
cd "$work/study"
python3 "$root/.ci/ollama_study.py" write "$instances" "http://$OLLAMA_HOST/v1"

# A run that is disturbed: the server dies once it was sent twice as many requests
# as there are instances, about half of all; first answers, re-asks and larger caps
# are among them.
now() { date +%s.%N; }
requests() { grep -o '"requests":[0-9]*' "$work/disturbed.jsonl" | tail -n 1 | grep -o '[0-9]*$' || echo 0; }
began=$(now)
"$work/concluder" run --json --state-dir "$work/disturbed" --results-dir "$work/results" >"$work/disturbed.jsonl" 2>"$work/disturbed.log" &
run=$!
while kill -0 "$run" 2>/dev/null && [ "$(requests)" -lt $((2 * instances)) ]; do sleep 0.1; done
kill -0 "$run" 2>/dev/null || { cat "$work/disturbed.log"; echo "the run ended before the server could be killed"; exit 1; }
end_server
killed=$(requests)
sleep 1
start_server
code=0
wait "$run" || code=$?
run=
echo "the server was killed after $killed requests; exit code of the run $code"
# A server out of reach pauses a run; the next one goes on from there.
case $code in 0 | 4) ;; *) cat "$work/disturbed.log"; exit 1 ;; esac
if [ "$code" = 4 ]; then
  "$work/concluder" run --state-dir "$work/disturbed" --results-dir "$work/results" >>"$work/disturbed.log" 2>&1 || { cat "$work/disturbed.log"; exit 1; }
fi
disturbed=$(now)
# Nothing is asked twice.
last=$("$work/concluder" run --json --force --state-dir "$work/disturbed" --results-dir "$work/results" 2>/dev/null | tail -n 1)
case $last in *'"requests":0,'*) ;; *) echo "a rerun asked again: $last"; exit 1 ;; esac

# A run that nobody disturbs, from the start.
calm=$(now)
"$work/concluder" run --state-dir "$work/calm" --results-dir "$work/results-calm" >"$work/calm.log" 2>&1 &
run=$!
wait "$run" || { code=$?; cat "$work/calm.log"; echo "exit code of the undisturbed run $code"; exit 1; }
run=
ended=$(now)
end_server

python3 "$root/.ci/ollama_study.py" check "$instances" \
  "$work/results" "$work/disturbed/journal.db" "$(python3 -c "print($disturbed - $began)")" \
  "$work/results-calm" "$work/calm/journal.db" "$(python3 -c "print($ended - $calm)")"
