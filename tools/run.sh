#!/bin/sh
# Runs one command of the project after doing its set-up: sh tools/run.sh demo|ci|check|conformance|bench|sim|torture|build|berth …
# A command is tools/<command>.ts and runs on the pinned Node of package.json, whatever Node started it.
# What is said here goes to stderr: stdout belongs to the command.
set -eu
cd "$(dirname "$0")/.."
command=${1:?"usage: sh tools/run.sh COMMAND [ARGUMENT …]"}
shift

if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  echo 'berth: installing the packages of package-lock.json (about 20 s)' >&2
  npm ci --no-progress --loglevel=error >&2
  touch node_modules/.package-lock.json
fi
PATH="$PWD/node_modules/.bin:$PATH"
export PATH

case $command in
  berth) exec node src/berth.ts "$@" ;;
esac
node tools/setup.ts "$command" >&2
exec node "tools/$command.ts" "$@"
