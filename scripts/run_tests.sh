#!/bin/sh
# All tests, and beside the first of them the linters and `everycase verify`, whose output comes last.
# Tests of one file run in one process: they share servers, and some need what an earlier one did.
# Usage: run_tests.sh PROGRAMS WORKERS
set -eu
bin=$1 workers=$2
waiting=$((workers * 3 / 2))  # for tests that wait half of their time: for servers, for the browser
cd "$(dirname "$0")/.."
log=$(mktemp)
by_file="--dist loadfile --no-loadscope-reorder"  # in the order of tests/conftest.py

make --no-print-directory lint verify > "$log" 2>&1 &
lint=$!
trap 'kill "$lint" 2> /dev/null || true; rm -f "$log"' EXIT
trap 'exit 130' INT TERM
failed=0
"$bin/python" -m pytest tests/unit -n "$workers" --cov=webapp --cov-report= || failed=1
wait "$lint" || failed=1
trap 'rm -f "$log"' EXIT
"$bin/python" -m pytest tests/integration -n "$waiting" $by_file \
    --cov=webapp --cov-append --cov-report= --durations=20 || failed=1
"$bin/python" -m pytest tests/browser -n "$waiting" $by_file || failed=1
cat "$log"
"$bin/python" scripts/check_coverage.py 95 webapp/cases.py webapp/catalog webapp/stats || failed=1
exit "$failed"
