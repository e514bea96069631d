#!/usr/bin/env bash
# The plain run: 3 acceptors, 2 learners, 2 proposers, and 2 clients that send COUNT values each: run.sh PROJECT COUNT
# Afterwards ./check_all.sh judges it. steps.sh names the settings.
. "$(dirname -- "${BASH_SOURCE[0]}")/steps.sh"

setup "$@"
start_cluster
start_clients
finish
