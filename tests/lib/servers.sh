# shellcheck shell=bash
# Throw-away servers on free ports of 127.0.0.1, their data in $work_dir. Sourced by tests/run.

server_pids=()
prefix=()
are_servers_started=no

# A port nobody listens on, below those the kernel gives to clients.
free_port() {
  local port
  while :; do
    port=$((20000 + RANDOM % 12000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
  done
  echo "$port"
}

# start_server NAME COMMAND…: in the background, output into the log directory.
start_server() {
  local name="$1"
  shift
  setsid "$@" </dev/null >"$work_dir/log/$name.log" 2>&1 &
  server_pids+=("$!")
  disown "$!" # or bash would report its end
}

# wait_for NAME COMMAND…: until the command succeeds, at most 30 s.
wait_for() {
  local name="$1" attempt
  shift
  for ((attempt = 0; attempt < 300; attempt++)); do
    "$@" >/dev/null 2>&1 && return 0
    sleep 0.1
  done
  echo "$name did not start:" >&2
  tail -n 20 "$work_dir/log/$name.log" >&2
  return 1
}

accepts() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# set_prefix USER: makes `prefix` the words to put before a command so that it runs as that user;
# database servers refuse to run as root.
set_prefix() {
  local user="$1"
  prefix=()
  if [ "$(id -u)" -eq 0 ]; then
    id "$user" >/dev/null 2>&1 || user=nobody
    prefix=(setpriv --reuid "$user" --regid "$(id -g "$user")" --clear-groups env "HOME=$work_dir")
  fi
}

# data_dir NAME USER: an empty directory of that user.
data_dir() {
  mkdir "$work_dir/$1" && chmod 700 "$work_dir/$1"
  if [ "$(id -u)" -eq 0 ]; then
    id "$2" >/dev/null 2>&1 && chown "$2:" "$work_dir/$1" || chown nobody "$work_dir/$1"
  fi
}

start_postgres() {
  local bin port dir="$work_dir/postgres"
  bin="$(find_postgres_bin)"
  port="$(free_port)"
  data_dir postgres postgres
  set_prefix postgres
  "${prefix[@]}" "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 \
    --no-instructions >"$work_dir/log/initdb.log" 2>&1 || return 1
  # fsync stays on: that what was acknowledged is durable is one of the things tested.
  start_server postgres "${prefix[@]}" "$bin/postgres" -D "$dir/data" -p "$port" \
    -c listen_addresses=127.0.0.1 -c "unix_socket_directories=$dir" -c max_connections=400
  wait_for postgres "$bin/pg_isready" -q -h 127.0.0.1 -p "$port" -U postgres || return 1
  export IM_TEST_POSTGRES_URL="postgres://postgres@127.0.0.1:$port/postgres"
  export IM_TEST_POSTGRES_BIN="$bin"
}

start_nats() {
  local port
  port="$(free_port)"
  IM_TEST_NATS_BIN="$(command -v nats-server)"
  start_server nats "$IM_TEST_NATS_BIN" -a 127.0.0.1 -p "$port"
  wait_for nats accepts "$port" || return 1
  export IM_TEST_NATS_BIN IM_TEST_NATS_URL="nats://127.0.0.1:$port"
}

start_mariadb() {
  local port dir="$work_dir/mariadb"
  port="$(free_port)"
  data_dir mariadb mysql
  set_prefix mysql
  "${prefix[@]}" mariadb-install-db --no-defaults --datadir="$dir/data" --skip-test-db \
    --auth-root-authentication-method=normal >"$work_dir/log/mariadb-install.log" 2>&1 || return 1
  cat >"$dir/init.sql" <<'SQL'
CREATE USER 'im'@'%' IDENTIFIED BY 'im';
GRANT ALL PRIVILEGES ON *.* TO 'im'@'%' WITH GRANT OPTION;
SQL
  chmod 644 "$dir/init.sql"
  start_server mariadb "${prefix[@]}" mariadbd --no-defaults --datadir="$dir/data" \
    --bind-address=127.0.0.1 --port="$port" --socket="$dir/socket" --pid-file="$dir/pid" \
    --skip-name-resolve --init-file="$dir/init.sql"
  wait_for mariadb mariadb --no-defaults -h 127.0.0.1 -P "$port" -u im -pim -e 'SELECT 1' || return 1
  export IM_TEST_MARIADB_URL="mysql://im:im@127.0.0.1:$port/mysql"
}

start_openldap() {
  local port dir="$work_dir/openldap" base=dc=example,dc=test
  port="$(free_port)"
  mkdir -p "$dir/data"
  cat >"$dir/slapd.conf" <<CONF
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile $dir/pid
database mdb
maxsize 67108864
suffix "$base"
rootdn "cn=admin,$base"
rootpw admin
directory $dir/data
index objectClass,uid,entryUUID eq
CONF
  printf '%s\n' "dn: $base" 'objectClass: dcObject' 'objectClass: organization' \
    'dc: example' 'o: example' '' "dn: ou=people,$base" 'objectClass: organizationalUnit' \
    'ou: people' >"$dir/base.ldif"
  slapadd -q -f "$dir/slapd.conf" -l "$dir/base.ldif" >"$work_dir/log/slapadd.log" 2>&1 || return 1
  # -d keeps it in the foreground.
  start_server openldap slapd -f "$dir/slapd.conf" -h "ldap://127.0.0.1:$port" -d 0
  wait_for openldap accepts "$port" || return 1
  export IM_TEST_LDAP_URL="ldap://127.0.0.1:$port/$base"
  export IM_TEST_LDAP_BIND_DN="cn=admin,$base" IM_TEST_LDAP_PASSWORD=admin
}

start_servers() {
  [ "$are_servers_started" = no ] || return 0
  are_servers_started=yes
  local begin="$SECONDS" name
  for name in postgres nats mariadb openldap; do
    if ! "start_$name"; then
      echo "cannot start $name, see $work_dir/log" >&2
      exit 1
    fi
  done
  echo "== servers: PostgreSQL, NATS, MariaDB, OpenLDAP started in $((SECONDS - begin)) s"
}

# At once: nobody needs what is in them. PostgreSQL alone is asked (the first; QUIT is its immediate
# stop), because it would leave shared memory behind.
stop_servers() {
  local pid attempt
  [ "${#server_pids[@]}" -gt 0 ] || return 0
  kill -QUIT -- "-${server_pids[0]}" 2>/dev/null
  for pid in "${server_pids[@]:1}"; do kill -KILL -- "-$pid" 2>/dev/null; done
  for ((attempt = 0; attempt < 30; attempt++)); do
    kill -0 -- "-${server_pids[0]}" 2>/dev/null || break
    sleep 0.1
  done
  kill -KILL -- "-${server_pids[0]}" 2>/dev/null
  server_pids=()
}
