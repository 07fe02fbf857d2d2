# shellcheck shell=bash
# Running steps and adding up what they tell. Sourced by tests/run.

passed=0
failed=0
skipped=0
failed_names=()
# By this status a check says that it could not be made here.
skip_status=77

is_ci() { [ "${CI:-}" = true ]; }

# run_step NAME COMMAND…: shows the output, keeps it in $work_dir/log/NAME.step, returns the status.
# The command has a process group of its own, so that an interrupted run ends all of it.
run_step() {
  local name="$1" begin="$SECONDS" status
  shift
  echo "== $name"
  set -m
  (set -o pipefail; "$@" 2>&1 | tee "$work_dir/log/$name.step") </dev/null &
  step_pid=$!
  set +m
  wait "$step_pid"
  status=$?
  step_pid=
  if [ "$status" -eq 0 ]; then
    echo "== $name: ok, $((SECONDS - begin)) s"
  elif [ "$status" -eq "$skip_status" ]; then
    echo "== $name: skipped, $((SECONDS - begin)) s"
  else
    failed_names+=("$name")
    echo "== $name: FAILED ($status), $((SECONDS - begin)) s"
  fi
  return "$status"
}

# check NAME COMMAND…: a step that counts as one test.
check() {
  run_step "$@"
  case $? in
    0) passed=$((passed + 1)) ;;
    "$skip_status") skipped=$((skipped + 1)) ;;
    *) failed=$((failed + 1)) ;;
  esac
}

# tests NAME COMMAND…: a step that runs tests and says how many.
tests() {
  local name="$1" is_ok=yes counts
  run_step "$@" || is_ok=no
  counts="$(sed 's/\x1b\[[0-9;]*m//g' "$work_dir/log/$name.step" | count_tests)"
  read -r step_passed step_failed step_skipped <<<"$counts"
  # A step that failed without a failed test (it did not build) is itself what failed.
  if [ "$is_ok" = no ] && [ "$step_failed" -eq 0 ]; then step_failed=1; fi
  passed=$((passed + step_passed))
  failed=$((failed + step_failed))
  skipped=$((skipped + step_skipped))
}

# Reads the output of cargo nextest or cargo test; prints passed, failed and skipped.
count_tests() {
  awk '
    /^ *Summary \[.*tests? run:/ {
      run = $0; sub(/ tests? run:.*/, "", run); sub(/.*\] */, "", run); sub(/\/.*/, "", run)
      ok = $0; sub(/.*tests? run: */, "", ok); sub(/ passed.*/, "", ok)
      passed += ok; failed += run - ok
    }
    /^test result:/ {
      for (i = 2; i <= NF; i++) {
        if ($i ~ /^passed/) passed += $(i - 1)
        if ($i ~ /^failed/) failed += $(i - 1)
        if ($i ~ /^ignored/) skipped += $(i - 1)
      }
    }
    END { print passed + 0, failed + 0, skipped + 0 }'
}

# The last line; the status is that of the run.
print_totals() {
  local line="$passed passed, $failed failed"
  [ "$skipped" -eq 0 ] || line="$line, $skipped skipped"
  if [ "$failed" -gt 0 ]; then
    echo "failed: ${failed_names[*]}"
  fi
  if [ $((passed + failed)) -eq 0 ]; then
    echo "no test ran"
    failed=1
  fi
  echo "$line"
  [ "$failed" -eq 0 ] || exit 1
  exit 0
}
