#!/bin/sh
# All tests, the linters and `everycase verify`. Half of the time of the integration and the browser
# tests is spent waiting for servers and for the browser. The unit tests and the linters, which
# calculate, fill it: they run beside them, with less of a right to the processors, and their output
# comes last.
# Tests of one file run in one process: they share servers, and some need what an earlier one did.
# Usage: run_tests.sh PROGRAMS WORKERS
set -eu
bin=$1 workers=$2
waiting=$((workers * 3 / 2))  # for tests that wait half of their time: for servers, for the browser
cd "$(dirname "$0")/.."
logs=$(mktemp -d)
by_file="--dist loadfile --no-loadscope-reorder"  # in the order of tests/conftest.py
# At 10 a test of many seconds could come near its time limit while the others take all they can
beside="nice -n 5"
rm -f .coverage .coverage.*

$beside make --no-print-directory lint verify > "$logs/lint" 2>&1 &
lint=$!
COVERAGE_FILE=.coverage.unit $beside "$bin/python" -m pytest tests/unit -n "$workers" \
    --cov=webapp --cov-report= > "$logs/unit" 2>&1 &
unit=$!
trap 'kill "$lint" "$unit" 2> /dev/null || true; rm -rf "$logs"' EXIT
trap 'exit 130' INT TERM
failed=0
COVERAGE_FILE=.coverage.integration "$bin/python" -m pytest tests/integration -n "$waiting" \
    $by_file --cov=webapp --cov-report= --durations=20 || failed=1
"$bin/python" -m pytest tests/browser -n "$waiting" $by_file || failed=1
wait "$unit" || failed=1
wait "$lint" || failed=1
trap 'rm -rf "$logs"' EXIT
cat "$logs/unit" "$logs/lint"
"$bin/coverage" combine --quiet || failed=1
"$bin/python" scripts/check_coverage.py 95 webapp/cases.py webapp/catalog webapp/stats || failed=1
exit "$failed"
