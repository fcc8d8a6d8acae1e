#!/bin/sh
# Compiles the C client with all warnings as errors, and runs it against a real server on a synthetic
# image: masks, an error, a repeated id, a server that is silent for a while, raw pixels, keys.
#
#   SEGSAM_BINARY=.build/release/segsam clients/c/test.sh
#
# CC: the compiler. VALGRIND=1: one run under valgrind. Without SEGSAM_BINARY it only compiles.
# Exit codes: 0 passed, 1 failed, 77 no compiler, or nothing to run against.
set -u

here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd) || exit 1
work=$(mktemp -d) || exit 1
server=

stop_server() {
  [ -n "$server" ] || return 0
  kill -CONT "$server" 2>/dev/null
  kill -TERM "$server" 2>/dev/null
  wait "$server" 2>/dev/null
  server=
}

finish() {
  stop_server
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

fail() {
  printf 'FAILED: %s\n' "$*" >&2
  for log in client.err server.err; do
    [ -s "$work/$log" ] && sed "s/^/  $log: /" "$work/$log" | tail -n 20 >&2
  done
  exit 1
}

passed() { printf 'passed: %s\n' "$*"; }

client="$work/segsam_client"
if ! command -v "${CC:-cc}" >/dev/null || ! command -v pkg-config >/dev/null; then
  echo "SKIPPED: no C compiler or no pkg-config here"
  exit 77
fi
flags=$(pkg-config --cflags --libs libzmq json-c) || fail "libzmq and json-c are needed"
# shellcheck disable=SC2086
${CC:-cc} -std=c11 -Wall -Wextra -Werror "$here/segsam_client.c" $flags -o "$client" ||
  fail "it does not compile without warnings"
passed "compiles without warnings"

if [ -z "${SEGSAM_BINARY:-}" ]; then
  echo "SKIPPED: SEGSAM_BINARY names no server to run against"
  exit 77
fi
[ -x "$SEGSAM_BINARY" ] || fail "SEGSAM_BINARY=$SEGSAM_BINARY is no program"

# Starts a server on free ports; sets `server` (its process) and `endpoint`.
start_server() {
  : >"$work/ready"
  "$SEGSAM_BINARY" serve --bind 'tcp://127.0.0.1:*' --publish 'tcp://127.0.0.1:*' "$@" \
    >"$work/ready" 2>"$work/server.err" &
  server=$!
  tries=0
  until grep -q '"ready":true' "$work/ready"; do
    kill -0 "$server" 2>/dev/null || fail "the server did not start"
    tries=$((tries + 1))
    [ "$tries" -lt 1200 ] || fail "the server was not ready within two minutes"
    sleep 0.1
  done
  endpoint=$(sed -n 's/.*"bind":"\([^"]*\)".*/\1/p' "$work/ready" | tr -d '\\')
}

# Runs the client and checks how it ends: ends CODE ARGUMENTS...
ends() {
  expected=$1
  shift
  "$client" "$@" >"$work/client.out" 2>"$work/client.err"
  code=$?
  [ "$code" -eq "$expected" ] || fail "segsam_client $* ended with $code, not $expected"
}

# A field of the nth line of what the client printed.
field() { sed -n "$1p" "$work/client.out" | cut -f "$2"; }

"$SEGSAM_BINARY" phantom --seed 7 --size 96,72,6 --spacing 4,4,40 -o "$work/phantom" >/dev/null ||
  fail "segsam phantom"
image="$work/phantom/image.nii.gz"

start_server

ends 0 -v "$endpoint" "$image" liver spleen 左肾 -m CT -o "$work/masks"
[ "$(wc -l <"$work/client.out")" -eq 3 ] || fail "three names have not given three lines"
for line in 1 2 3; do
  path=$(field $line 7)
  [ "$(head -c 14 "$path" | tr '\n' ' ')" = "P5 96 432 255 " ] || fail "$path: its first lines"
  [ "$(wc -c <"$path")" -eq $((14 + 96 * 432)) ] || fail "$path: its size"
  # Behind the 14 bytes of the header, all that is not 0.
  set_voxels=$(tail -c +15 "$path" | tr -d '\000' | wc -c)
  [ "$set_voxels" -eq "$(field $line 5)" ] || fail "$path: its voxels are not those printed"
done
[ "$(field 1 3)" = present ] || fail "the phantom's liver was not found"
[ "$(field 3 2)" = left_kidney ] || fail "左肾 was taken for $(field 3 2)"
passed "masks, their size and their voxels"

ends 65 "$endpoint" "$image" pancras
grep -q unknown_category "$work/client.err" || fail "no unknown_category"
grep -q '"pancreas"' "$work/client.err" || fail "no suggestion"
passed "an unknown name is an error with a suggestion"

uuid=6f1c1f0a-94c2-4d3c-9d55-0f4bb3f0a001
ends 0 --id one --client "$uuid" "$endpoint" "$image" liver
cp "$work/client.out" "$work/first.out"
ends 0 --id one --client "$uuid" "$endpoint" "$image" liver
cmp -s "$work/first.out" "$work/client.out" || fail "the same id had another answer"
ends 65 --id one --client "$uuid" "$endpoint" "$image" spleen
grep -q id_conflict "$work/client.err" || fail "no id_conflict"
passed "an id is answered once"

# The Lazy Pirate: a server that stands still hears the same request several times, answers once.
kill -STOP "$server"
"$client" -v --try 0.6 "$endpoint" "$image" liver >"$work/client.out" 2>"$work/client.err" &
waiting=$!
sleep 3
kill -CONT "$server"
wait "$waiting" || fail "the client gave up on a server that came back"
[ "$(grep -c 'silence; again' "$work/client.err")" -ge 2 ] || fail "it was not sent again"
[ "$(cut -f 5 "$work/client.out")" = "$(cut -f 5 "$work/first.out")" ] || fail "another mask"
passed "a silent server is asked again"

head -c 8192 /dev/zero >"$work/flat.raw"
ends 0 --raw INT16:HW:64x64 --spacing 0.8,0.8 -m CT "$endpoint" "$work/flat.raw" liver -o "$work/raw"
[ "$(head -c 12 "$(field 1 7)" | tr '\n' ' ')" = "P5 64 64 255" ] || fail "the mask of raw pixels"
ends 65 --raw INT16:HW:64x65 "$endpoint" "$work/flat.raw" liver
passed "raw pixels"

if [ "${VALGRIND:-}" = 1 ]; then
  valgrind -q --leak-check=full --show-leak-kinds=all --errors-for-leak-kinds=all \
    --error-exitcode=99 "$client" --try 120 "$endpoint" "$image" liver spleen -o "$work/masks" \
    >"$work/client.out" 2>"$work/client.err" || fail "valgrind"
  valgrind -q --leak-check=full --show-leak-kinds=all --errors-for-leak-kinds=all \
    --error-exitcode=99 "$client" --try 120 "$endpoint" "$image" pancras \
    >"$work/client.out" 2>"$work/client.err"
  [ $? -eq 65 ] || fail "valgrind, of an error"
  passed "valgrind: no error, nothing left"
fi

stop_server
ends 69 --try 0.5 --timeout 1.5 "$endpoint" "$image" liver
passed "no server is told as such"

server_key=$("$SEGSAM_BINARY" keys new --server "$work/server.key" 2>/dev/null) || fail "keys new"
client_key=$("$SEGSAM_BINARY" keys new "$work/client.key" 2>/dev/null) || fail "keys new"
"$SEGSAM_BINARY" keys new "$work/stranger.key" >/dev/null 2>&1 || fail "keys new"
"$SEGSAM_BINARY" keys allow --roles query --name c-test --keys "$work/clients" -- "$client_key" \
  >/dev/null || fail "keys allow"
start_server --server-key "$work/server.key" --client-keys "$work/clients"
ends 0 --server-key "$server_key" --key "$work/client.key" "$endpoint" "$image" liver
ends 69 --try 1 --timeout 2 --server-key "$server_key" --key "$work/stranger.key" \
  "$endpoint" "$image" liver
ends 69 --try 1 --timeout 2 "$endpoint" "$image" liver
chmod 644 "$work/client.key"
ends 65 --server-key "$server_key" --key "$work/client.key" "$endpoint" "$image" liver
grep -q 'open to others' "$work/client.err" || fail "a key that others can read was taken"
if [ "${VALGRIND:-}" = 1 ]; then
  chmod 600 "$work/client.key"
  valgrind -q --leak-check=full --show-leak-kinds=all --errors-for-leak-kinds=all \
    --error-exitcode=99 "$client" --try 120 --server-key "$server_key" \
    --key "$work/client.key" "$endpoint" "$image" liver \
    >"$work/client.out" 2>"$work/client.err" || fail "valgrind, with keys"
fi
passed "keys: listed, strange, none, exposed"
echo "all passed"
