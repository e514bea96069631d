#!/usr/bin/env bash
# Prints the learned values on stdout as learner ID of the cluster in CONF: learner.sh ID CONF
exec bash "$(dirname -- "$(readlink -f -- "$0")")/role.sh" learner "$@"
