# What the scripts here share. LATHE, SOURCE and SHARED_DATA come from CTest.
set -uo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export XDG_CACHE_HOME=$folder/cache
failures=0

fail() {
  echo "FAILED: $*" >&2
  failures=$((failures + 1))
}

need() {
  [ -e "$1" ] || { echo "skipped: no $1"; exit 77; }
}

# run COMMAND...: standard output in out, standard error in err, exit status in status.
run() {
  "$@" >out 2>err
  status=$?
}

# refused STATUS PATTERN COMMAND...: the command ends with STATUS and says PATTERN on standard error.
refused() {
  local expected=$1 pattern=$2
  shift 2
  run timeout 60 "$@"
  [ "$status" -eq "$expected" ] || fail "status $status, not $expected: $* ($(head -c 200 err))"
  grep -qE -- "$pattern" err || fail "no '$pattern' in what it says: $* ($(head -c 300 err))"
}

# succeeds COMMAND...
succeeds() {
  run timeout 120 "$@"
  [ "$status" -eq 0 ] || fail "status $status: $* ($(head -c 300 err))"
}

# The code variants for this CPU.
variants() {
  "$LATHE" inspect "$1" --json |
    awk -F'"' '/"target":/ { target = $4 } /"name":/ { name = $4 } /"runnable": true/ && target == "cpu" { print name }'
}

# Devices that models can run on, emulated ones, too.
devices() {
  "$LATHE" devices --json | awk -F'"' '/"id":/ { id = $4 } /"usable": true/ { print id }'
}

finish() {
  [ "$failures" -eq 0 ] || { echo "$failures failures" >&2; exit 1; }
}
