#!/usr/bin/env bash
# Runs every check with the virtual environment $1, and all of them even when one fails; ends with a summary.
set -u
bin="$1/bin"
results=build/test
mkdir -p "$results"
failed=0
summary=()

step() { # name, command...
  local name="$1" begin=$SECONDS verdict=passed last
  shift
  printf '\n=== %s\n' "$name"
  if ! "$@" 2>&1 | tee "$results/last.log"; then
    verdict=FAILED
    failed=1
  fi
  last=$(grep -v '^[[:space:]]*$' "$results/last.log" | tail -n 1 | tr -d '=' | cut -c1-90)
  summary+=("$(printf '%-8s %-22s %4d s  %s' "$verdict" "$name" $((SECONDS - begin)) "$last")")
}

set -o pipefail
step "ruff check" "$bin/ruff" check .
step "ruff format" "$bin/ruff" format --check .
step "mypy" "$bin/mypy"
# two processes: more do not help KiCad's own checks, and the machine of the CI has two cores
step "pytest" "$bin/pytest" -n 2 -m "not live"
# a live KiCad wants the screen for itself
step "pytest, live KiCad" "$bin/pytest" -m live
printf '\n=== summary\n'
printf '%s\n' "${summary[@]}"
exit $failed
