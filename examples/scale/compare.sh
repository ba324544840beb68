#!/usr/bin/env bash
# Times concluder against ninja on one graph: with nothing to do, and with one
# data file changed. They take turns, so that what else the machine does
# disturbs both.
#
#   examples/scale/compare.sh [-n INSTANCES] [-k TIMES] [-s] [DIR]
#
# -s adds a stage that reads all instances. DIR is kept, and used again as it is
# where it holds a graph; by default everything goes to a folder that is removed.
# CONCLUDER names a program to use instead of the one built from this source.
set -euo pipefail
export LC_ALL=C # decimal points

usage() { sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 1; }
n=1000 k=5 summary=
while getopts n:k:s opt; do
  case $opt in
  n) n=$OPTARG ;;
  k) k=$OPTARG ;;
  s) summary=-summary ;;
  *) usage ;;
  esac
done
shift $((OPTIND - 1))
[ $# -le 1 ] || usage

timer=$(command -v gtime || echo /usr/bin/time)
"$timer" -f %M true >/dev/null 2>&1 || { echo "GNU time is needed (package time)" >&2; exit 1; }
command -v ninja >/dev/null || { echo "ninja is needed (package ninja-build)" >&2; exit 1; }

dir=${1:+$(mkdir -p "$1" && cd "$1" && pwd)}
concluder=${CONCLUDER:+$(realpath "$CONCLUDER")}
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
dir=${dir:-$work/graph}
if [ -z "$concluder" ]; then
  concluder=$work/concluder
  go build -o "$concluder" ./cmd/concluder
fi
[ -f "$dir/pipeline.hcl" ] || go run ./examples/scale -n "$n" $summary "$dir"
cd "$dir"

# once PROGRAM: brings everything up to date; adds "wall user+sys MB" to FILE.
once() { # once concluder|ninja FILE
  local start end
  start=$EPOCHREALTIME
  case $1 in
  concluder) "$timer" -o "$work/used" -f '%U %S %M' "$concluder" run >"$work/said" 2>&1 ;;
  ninja) "$timer" -o "$work/used" -f '%U %S %M' ninja >"$work/said" 2>&1 ;;
  esac || { tail -n 20 "$work/said" >&2; exit 1; }
  end=$EPOCHREALTIME
  awk -v wall="$start $end" '{split(wall, t, " "); printf "%.4f %.2f %.1f\n", t[2] - t[1], $1 + $2, $3 * 1024 / 1e6}' "$work/used" >>"$2"
}

# said FILE TEXT...: the last output must hold one of the texts.
said() {
  local text
  for text; do grep -qF -- "$text" "$work/said" && return; done
  echo "unexpected output, which should hold \"$1\":" >&2
  tail -n 5 "$work/said" >&2
  exit 1
}

median() { # median FILE COLUMN
  awk -v c="$2" '{print $c}' "$1" | sort -n | awk '{a[NR] = $1} END {print (a[int((NR + 1) / 2)] + a[int(NR / 2) + 1]) / 2}'
}

row() { # row WHAT FILE-OF-CONCLUDER FILE-OF-NINJA
  local p f
  for p in concluder ninja; do
    f=$2
    [ $p = concluder ] || f=$3
    printf '| %-16s | %-9s | %8.3f | %8.2f | %8.1f |\n' "$1" $p "$(median "$f" 1)" "$(median "$f" 2)" "$(median "$f" 3)"
  done
  awk -v what="$1" -v a="$(median "$2" 1)" -v b="$(median "$3" 1)" -v c="$(median "$2" 2)" -v d="$(median "$3" 2)" -v e="$(median "$2" 3)" -v f="$(median "$3" 3)" \
    'BEGIN {printf "| %-16s | %-9s | %8.3f | %8.3f | %8.3f |\n", what, "ratio", a / b, (d > 0 ? c / d : 0), e / f}'
}

nodes=$(grep -c '^build ' build.ninja)
echo "first runs of $nodes nodes; this takes a while" >&2
once concluder "$work/first.concluder"
once ninja "$work/first.ninja"
# Times that were too fresh to be trusted are looked at once more.
sleep 3
once concluder "$work/settle"
once ninja "$work/settle"
sync

for _ in $(seq "$k"); do
  once concluder "$work/nothing.concluder"
  said ": 0 executed, $nodes up to date, 0 failed"
  once ninja "$work/nothing.ninja"
  said "no work to do"
done

changed=$(find data -name '*.csv' | sort | sed -n "$((nodes / 6 + 1))p")
executed=3
[ -z "$(grep -m 1 '^stage "summarize"' pipeline.hcl)" ] || executed=4
for i in $(seq "$k"); do
  slope=$((1000 + $(date +%s) % 100000 + i))
  printf 'n,s\n1,%d\n2,%d\n3,%d\n' $slope $((2 * slope)) $((3 * slope)) >"$changed"
  sleep 0.1 # so that its time is past
  once concluder "$work/change.concluder"
  said ": $executed executed, $((nodes - executed)) up to date, 0 failed"
  once ninja "$work/change.ninja"
  said "[$executed/$executed]"
done

cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo 2>/dev/null | head -n 1)
echo
echo "$(getconf _NPROCESSORS_ONLN) CPUs (${cpu:-$(uname -m)}), $(uname -sr), load $(uptime | sed 's/.*average[s]*: //')"
echo "$("$concluder" version | head -n 1); ninja $(ninja --version); $nodes nodes; medians of $k runs each, taking turns"
echo
echo '| what             | program   |   wall s | CPU s    |  max MB  |'
echo '|------------------|-----------|----------|----------|----------|'
row "nothing to do" "$work/nothing.concluder" "$work/nothing.ninja"
row "one file changed" "$work/change.concluder" "$work/change.ninja"
