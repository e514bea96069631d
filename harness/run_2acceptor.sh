#!/usr/bin/env bash
# A run with 2 of the 3 acceptors, which are a majority: everything works. run_2acceptor.sh PROJECT COUNT
. "$(dirname -- "${BASH_SOURCE[0]}")/steps.sh"

setup "$@"
acceptors=2
start_cluster
start_clients
finish
