#!/usr/bin/env bash
# Submits the values on stdin, one a line, as client ID of the cluster in CONF: client.sh ID CONF < values
exec bash "$(dirname -- "$(readlink -f -- "$0")")/role.sh" client "$@"
