#!/bin/sh
# Runs one command of the project after doing its set-up: sh tools/run.sh demo|ci|check|conformance|bench|bench-aws|cluster|sim|torture|build …
# A command is tools/<command>.ts, or src/berth.ts for "berth", on the pinned Node of package.json, whatever Node started it.
# What is said here goes to stderr: stdout belongs to the command.
set -eu
cd "$(dirname "$0")/.."
command=${1:?"usage: sh tools/run.sh COMMAND [ARGUMENT …]"}
shift

installed=node_modules/.package-lock.json
if [ ! -e "$installed" ] || [ package-lock.json -nt "$installed" ]; then
  echo 'berth: installing the packages of package-lock.json' >&2
  npm ci --no-progress --loglevel=error >&2
  touch "$installed"
  cold=yes
fi
case $(uname -m) in
  x86_64) machine=x64 ;;
  *) machine=arm64 ;;
esac
# not only .bin: npm before version 11 puts no "node" there
PATH="$PWD/node_modules/node-linux-$machine/bin:$PWD/node_modules/.bin:$PATH"
export PATH
version=$(node --version)
version=${version#v}
if [ "${version%%.*}" -lt 24 ]; then
  echo "berth: package.json pins no Node for this machine, and its own, $version, is older than 24" >&2
  exit 2
fi

# what was compiled once starts in half the time
cache=$PWD/node_modules/.cache/berth
[ -z "${cold-}" ] || NODE_COMPILE_CACHE=$cache node tools/warm.ts || echo 'berth: nothing was compiled ahead' >&2
case $command in
  berth) NODE_COMPILE_CACHE=$cache exec node src/berth.ts "$@" ;;
esac
node tools/setup.ts "$command" >&2
exec node "tools/$command.ts" "$@"
