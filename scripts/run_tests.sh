#!/bin/sh
# All tests, and beside them the linters and `everycase verify`, whose output comes last.
# Tests of one file run in one process: they share servers, and some need what an earlier one did.
# Most tests wait as much as they work, so one more of them is at work than there are processors.
# Usage: run_tests.sh PROGRAMS PROCESSORS
set -eu
bin=$1 workers=$(($2 + 1))
cd "$(dirname "$0")/.."
log=$(mktemp)

make --no-print-directory lint verify > "$log" 2>&1 &
lint=$!
trap 'kill "$lint" 2> /dev/null || true; rm -f "$log"' EXIT
trap 'exit 130' INT TERM
failed=0
"$bin/python" -m pytest tests -n "$workers" --dist loadfile --no-loadscope-reorder \
    --cov=webapp --cov-report= --durations=30 || failed=1
wait "$lint" || failed=1
trap 'rm -f "$log"' EXIT
cat "$log"
"$bin/python" scripts/check_coverage.py 95 webapp/cases.py webapp/catalog webapp/stats || failed=1
exit "$failed"
