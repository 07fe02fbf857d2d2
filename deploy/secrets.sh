#!/usr/bin/env bash
# Makes the secrets of compose.yaml in deploy/secrets, once: what is there stays as it is.
set -euo pipefail
umask 077
dir="$(dirname "${BASH_SOURCE[0]}")/secrets"
mkdir -p "$dir"

random() { head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n'; }

# write NAME TEXT: readable inside the containers, whose users are others; the directory is not.
write() {
  if [ -e "$dir/$1" ]; then
    echo "$dir/$1 exists and is kept"
    return
  fi
  printf '%s' "$2" >"$dir/$1"
  chmod 444 "$dir/$1"
  echo "$dir/$1 made"
}

write internal_key "$(random)"
write postgres_password "$(random)"
password="$(cat "$dir/postgres_password")"
write postgres_url "postgres://intramessenger:$password@postgres/intramessenger"
