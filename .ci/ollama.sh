#!/usr/bin/env bash
# Runs a pipeline against a real inference server that this project did not
# write: Ollama, over loopback, with a tiny model of random weights. Its answers
# are nonsense, so nothing of it may be published; the server is killed in
# mid-run and started again, which may change nothing in what is concluded.
#
# usage: .ci/ollama.sh TINY_GGUF.py [INSTANCES]
#
# TINY_GGUF.py writes the model. OLLAMA_BIN is where the server's binary is
# kept (default: under the user's cache); it is installed there once, which takes
# about three minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
gguf=$(realpath "${1:?usage: .ci/ollama.sh TINY_GGUF.py [INSTANCES]}")
version=v0.6.5
instances=${2:-60}

bin=${OLLAMA_BIN:-${XDG_CACHE_HOME:-$HOME/.cache}/concluder-ci/ollama-$version}
if [ ! -x "$bin/ollama" ]; then
  echo "installing ollama $version in $bin"
  mkdir -p "$bin"
  GOBIN=$bin GOFLAGS= go install "github.com/ollama/ollama@$version"
fi

work=$(mktemp -d)
server=
# Ends the server and the runner that it started: both are in a process group
# of their own.
end_server() {
  if [ -n "$server" ]; then
    kill -9 -- "-$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    server=
  fi
}
run=
trap 'end_server; if [ -n "$run" ]; then kill -9 "$run" 2>/dev/null || true; fi; rm -rf "$work"' EXIT

# Before HOME changes: the build uses the caches there.
go build -o "$work/concluder" ./cmd/concluder

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export OLLAMA_HOST=127.0.0.1:$port OLLAMA_MODELS=$work/models HOME=$work/home OLLAMA_NUM_PARALLEL=2 OLLAMA_KEEP_ALIVE=30m
mkdir "$work/home"
start_server() {
  setsid "$bin/ollama" serve >>"$work/serve.log" 2>&1 &
  server=$!
  for _ in $(seq 150); do
    if "$bin/ollama" list >/dev/null 2>&1; then return; fi
    sleep 0.2
  done
  tail -n 20 "$work/serve.log"
  echo "the server did not start"
  exit 1
}

python3 "$gguf" "$work/tiny.gguf"
# One thread a request: they wait by spinning, which a busy machine punishes.
printf 'FROM %s\nTEMPLATE "{{ .System }} {{ .Prompt }}"\nPARAMETER num_ctx 2048\nPARAMETER num_thread 1\n' "$work/tiny.gguf" >"$work/Modelfile"
start_server
"$bin/ollama" create noise -f "$work/Modelfile" >/dev/null 2>&1

mkdir "$work/study"
cd "$work/study"
python3 "$root/.ci/ollama_study.py" write "$instances" "http://$OLLAMA_HOST/v1"

# A run that is disturbed: the server dies once a third of the answers are in.
began=$(date +%s.%N)
"$work/concluder" run --json --state-dir "$work/disturbed" --results-dir "$work/results" >"$work/disturbed.jsonl" 2>"$work/disturbed.log" &
run=$!
while kill -0 "$run" 2>/dev/null && [ "$(grep -c '"node_finished".*"conclude' "$work/disturbed.jsonl" || true)" -lt $((instances / 3)) ]; do sleep 0.1; done
end_server
echo "server killed after $(grep -c '"node_finished".*"conclude' "$work/disturbed.jsonl") conclusions"
sleep 1
start_server
code=0
wait "$run" || code=$?
run=
# A server out of reach pauses a run; the next one goes on from there.
echo "disturbed run: exit code $code"
case $code in 0 | 4) ;; *) cat "$work/disturbed.log"; exit 1 ;; esac
if [ "$code" = 4 ]; then
  "$work/concluder" run --state-dir "$work/disturbed" --results-dir "$work/results" >>"$work/disturbed.log" 2>&1
fi
disturbed=$(date +%s.%N)
# Nothing is asked twice.
"$work/concluder" run --json --force --state-dir "$work/disturbed" --results-dir "$work/results" 2>/dev/null | tail -n 1 | grep -q '"requests":0,'

# A run that nobody disturbs, from the start.
"$work/concluder" run --state-dir "$work/calm" --results-dir "$work/results-calm" >"$work/calm.log" 2>&1 &
run=$!
wait "$run" || { cat "$work/calm.log"; exit 1; }
run=
calm=$(date +%s.%N)
end_server

python3 "$root/.ci/ollama_study.py" check "$instances" "$work/results" "$work/results-calm" "$work/disturbed/journal.db" "$work/calm/journal.db"
awk -v a="$began" -v b="$disturbed" -v c="$calm" 'BEGIN { printf "time: %.1f s disturbed, %.1f s undisturbed\n", b - a, c - b }'
