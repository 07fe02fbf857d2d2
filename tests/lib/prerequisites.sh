# shellcheck shell=bash
# What the tests need on the machine. Sourced by tests/run.

# Prints the Debian packages of what is missing, one a line.
missing_packages() {
  command -v git >/dev/null || echo git
  command -v cc >/dev/null || echo gcc libc6-dev
  command -v curl >/dev/null || echo curl
  command -v jq >/dev/null || echo jq
  { command -v node && command -v npm; } >/dev/null || echo nodejs npm
  command -v python3 >/dev/null || echo python3
  python3 -c 'import ensurepip' 2>/dev/null || echo python3-venv
  [ -n "$(find_postgres_bin)" ] || echo postgresql
  command -v nats-server >/dev/null || echo nats-server
  { command -v mariadbd && command -v mariadb-install-db; } >/dev/null || echo mariadb-server
  # The browser tests are skipped where nobody can install a browser.
  { command -v chromium || [ "$(id -u)" -ne 0 ]; } >/dev/null || echo chromium fonts-dejavu-core
  { command -v slapd && command -v slapadd; } >/dev/null || echo slapd
}

# The directory with initdb: on Debian it is not on the PATH, the newest version is taken.
find_postgres_bin() {
  local found
  if found="$(command -v initdb)"; then
    dirname "$(readlink -f "$found")"
  else
    find /usr/lib/postgresql -path '*/bin/initdb' -printf '%h\n' 2>/dev/null | sort -V | tail -n 1
  fi
}

# Installs packages without starting the services they bring: the tests start their own.
install_packages() {
  local guard=/usr/sbin/policy-rc.d is_guard_ours=no status
  if [ ! -e "$guard" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$guard" && chmod 755 "$guard" && is_guard_ours=yes
  fi
  echo "== install: $*"
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "$@" >"$work_dir/log/install.log" 2>&1
  status=$?
  [ "$is_guard_ours" = yes ] && rm -f "$guard"
  [ "$status" -eq 0 ] || tail -n 20 "$work_dir/log/install.log" >&2
  return "$status"
}

ensure_prerequisites() {
  local packages
  if ! command -v cargo >/dev/null; then
    echo "missing: a Rust toolchain (https://rustup.rs, version in Cargo.toml rust-version)" >&2
    exit 69
  fi
  mapfile -t packages < <(missing_packages | tr ' ' '\n')
  if [ "${#packages[@]}" -gt 0 ]; then
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
      echo "missing, as Debian calls them: ${packages[*]}" >&2
      exit 69
    fi
    install_packages "${packages[@]}" || exit 69
  fi
  if ! cargo nextest --version >/dev/null 2>&1; then
    # Building it takes longer than it saves; `cargo test` runs the same tests.
    echo "cargo-nextest is not installed, using cargo test (cargo install --locked cargo-nextest)"
  fi
}
