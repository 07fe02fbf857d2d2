# shellcheck shell=bash
# What is checked, in which order. Sourced by tests/run.

check_format() {
  cargo fmt --all --check && return 0
  is_ci && return 1
  echo "warning: not formatted (an error in CI); cargo fmt --all"
}

install_tools() {
  local tools=tests/tools
  if [ ! "$tools/node_modules/.package-lock.json" -nt "$tools/package-lock.json" ]; then
    npm ci --prefix "$tools" --ignore-scripts --no-audit --no-fund
  fi
}

# The protos are a contract: they are compared with the last release.
check_protos() {
  local buf=tests/tools/node_modules/.bin/buf release
  if ! install_tools; then
    is_ci && return 1
    echo "the npm registry is away (an error in CI)"
    return "$skip_status"
  fi
  "$buf" lint proto || return 1
  release="$(git describe --tags --abbrev=0 --match 'v*' 2>/dev/null)"
  if [ -z "$release" ]; then
    echo "no release yet, nothing to break"
  else
    echo "comparing with $release"
    "$buf" breaking proto --against ".git#tag=$release,subdir=proto"
  fi
}

check_lints() {
  local deny=()
  is_ci && deny=(-- -D warnings)
  cargo clippy --workspace --all-targets --locked "${deny[@]}"
}

# Cargo tells whether a crate changed by the age of its files and does not see that another checkout
# built it. So that checkouts can share the dependencies, but never each other's programs, the
# crates of the workspace are built afresh when the target directory was last used from elsewhere.
claim_target_dir() {
  local owner="$CARGO_TARGET_DIR/.intramessenger-checkout"
  if [ "$(cat "$owner" 2>/dev/null)" != "$PWD" ]; then
    mkdir -p "$CARGO_TARGET_DIR"
    find services tests proto -name node_modules -prune -o \
      \( -name '*.rs' -o -name '*.proto' -o -name '*.sql' -o -name Cargo.toml \) -exec touch {} +
    echo "$PWD" >"$owner"
  fi
}

build_programs() { cargo build --workspace --bins --locked; }

# cargo_tests [ARGUMENT…]: with nextest where it is installed, which runs every test in a process
# of its own. Arguments are packages (-p), files (--test) and parts of test names.
cargo_tests() {
  if cargo nextest --version >/dev/null 2>&1; then
    local profile=default
    is_ci && profile=ci
    cargo nextest run --profile "$profile" --no-fail-fast --locked "$@"
  else
    cargo test --no-fail-fast --locked --lib --bins --tests "$@"
  fi
}

doc_tests() { cargo test --workspace --doc --locked; }

# Executable files; each is one test, status 77 says skipped.
scripts() { find tests/scripts -maxdepth 1 -type f -perm -u+x 2>/dev/null | sort; }

run_scripts() {
  local script
  while read -r script; do
    if [[ "$(basename "$script")" == *"${1:-}"* ]]; then
      check "$(basename "$script")" "$script"
    fi
  done < <(scripts)
}

run_everything() {
  check format check_format
  check protos check_protos
  start_servers
  # Without the programs most tests could only repeat that they do not build.
  if run_step build build_programs; then
    tests tests cargo_tests --workspace
    tests doc doc_tests
    run_scripts
  else
    failed=$((failed + 1))
  fi
  check lints check_lints
}

run_named() {
  local name
  for name in "$@"; do
    case "$name" in
      fmt | format) check format check_format ;;
      buf | protos) check protos check_protos ;;
      clippy | lints) check lints check_lints ;;
      doc) tests doc doc_tests ;;
      *) run_tests_named "$name" ;;
    esac
  done
}

# A file of tests/tests, a crate, a script, or else a part of the names of tests.
run_tests_named() {
  local name="$1"
  if [ -e "tests/tests/$name.rs" ] || [ -e "tests/tests/$name/main.rs" ]; then
    if [ "$name" != tidy ]; then # which only reads files
      start_servers
      run_step build build_programs || { failed=$((failed + 1)); return; }
    fi
    tests "$name" cargo_tests -p im-tests --test "$name"
  elif cargo metadata --no-deps --format-version 1 | grep -q "\"name\":\"$name\",\"version\""; then
    start_servers
    [ "$name" != im-tests ] || run_step build build_programs || { failed=$((failed + 1)); return; }
    tests "$name" cargo_tests -p "$name"
  else
    start_servers
    run_step build build_programs || { failed=$((failed + 1)); return; }
    if scripts | grep -q "/[^/]*$name[^/]*$"; then
      run_scripts "$name"
    else
      tests "named-${name//\//_}" cargo_tests --workspace "$name"
    fi
  fi
}
