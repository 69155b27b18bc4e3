# A compilation that is stopped leaves no file; one that is killed leaves at most a *.partial, where the file
# system has no files without a name (see test/unit/Support/FilesTest.cpp).
. "$(dirname "$0")/lib.sh"
model=$SOURCE/test/fixtures/llama-f32
succeeds "$LATHE" compile "$model" -o whole.lathe -q

# stop SIGNAL SECONDS
stop() {
  "$LATHE" compile "$model" -o stopped.lathe -q 2>err &
  local process=$!
  sleep "$2"
  kill "-$1" "$process" 2>/dev/null
  wait "$process" 2>/dev/null
  local status=$?
  if [ -e stopped.lathe ]; then
    cmp stopped.lathe whole.lathe || fail "stopped by $1 after $2 s: a broken artifact is left"
  else
    [ "$status" -ne 0 ] || fail "stopped by $1 after $2 s: success without an artifact"
  fi
  if [ "$1" != KILL ] && compgen -G '*.partial' >/dev/null; then fail "stopped by $1 after $2 s: $(echo *.partial) is left"; fi
  rm -f stopped.lathe ./*.partial
}

for delay in 0.05 0.2 0.6 1.0; do
  stop INT "$delay"
  stop TERM "$delay"
  stop KILL "$delay"
done

# An artifact that is there stays as it is until the new one is complete.
cp whole.lathe stopped.lathe
"$LATHE" compile "$model" -o stopped.lathe --weights int8 -q 2>/dev/null &
process=$!
sleep 0.1
kill -KILL "$process" 2>/dev/null
wait "$process" 2>/dev/null
cmp -s stopped.lathe whole.lathe || succeeds "$LATHE" inspect stopped.lathe --verify
finish
