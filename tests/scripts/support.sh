# shellcheck shell=bash
# What several scripts need. Sourced by them; the working directory is that of the repository.

skip_status=77

is_ci() { [ "${CI:-}" = true ]; }

# Where the programs are that ./tests/run has built.
programs_dir="${IM_TEST_PROGRAMS_DIR:-${CARGO_TARGET_DIR:-target}/debug}"

# A directory that goes with the script, as does the server that it started.
script_dir="$(mktemp -d "${TMPDIR:-/tmp}/im-script.XXXXXX")"
server_pid=
clean_up() {
  if [ -n "$server_pid" ]; then kill -KILL "$server_pid" 2>/dev/null || true; fi
  rm -rf "$script_dir"
}
trap clean_up EXIT
trap 'exit 143' INT TERM HUP

# need COMMAND…: skips the script (in CI: fails it) when one is missing.
need() {
  local command
  for command in "$@"; do
    if ! command -v "$command" >/dev/null; then
      echo "missing: $command" >&2
      is_ci && exit 1
      exit "$skip_status"
    fi
  done
}

# program NAME: its path; ends the script if it is not built.
program() {
  if [ ! -x "$programs_dir/$1" ]; then
    echo "$programs_dir/$1 is not built: cargo build --workspace --bins" >&2
    exit 1
  fi
  echo "$programs_dir/$1"
}

# start_standalone [ARGUMENT…]: sets `address` to http://127.0.0.1:port.
start_standalone() {
  local server attempt log="$script_dir/server.log"
  need curl jq
  server="$(program intramessenger)"
  "$server" --data-dir "$script_dir/data" --listen 127.0.0.1:0 "$@" >"$log" 2>&1 </dev/null &
  server_pid=$!
  for ((attempt = 0; attempt < 300; attempt++)); do
    address="$(grep -o 'http://127\.0\.0\.1:[0-9]*' "$log" | head -n 1 || true)"
    if [ -n "$address" ] && curl -sf "$address/readyz" >/dev/null; then return 0; fi
    kill -0 "$server_pid" 2>/dev/null || break
    sleep 0.1
  done
  echo "the server did not start:" >&2
  cat "$log" >&2
  exit 1
}

# python_tools NAME: sets `python` to one with the packages of tests/tools/python/NAME.txt, kept in
# the cache for the next time.
python_tools() {
  local list="tests/tools/python/$1.txt" venv
  need python3 sha256sum
  venv="${XDG_CACHE_HOME:-$HOME/.cache}/intramessenger/python-$1-$(sha256sum "$list" | cut -c1-12)"
  python="$venv/bin/python"
  [ -e "$venv/complete" ] && return 0
  rm -rf "$venv"
  if python3 -m venv "$venv" && "$venv/bin/pip" install --quiet --requirement "$list"; then
    touch "$venv/complete"
  else
    echo "the Python packages of $list cannot be installed" >&2
    is_ci && exit 1
    exit "$skip_status"
  fi
}
