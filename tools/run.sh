#!/bin/sh
# Does its own set-up (npm ci, the pinned Node), then runs one command of the project: sh tools/run.sh check|demo|ci|…
set -eu
cd "$(dirname "$0")/.."
echo "not written yet: $1" >&2
exit 1
