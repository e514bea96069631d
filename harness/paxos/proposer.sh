#!/usr/bin/env bash
# Becomes proposer ID of the cluster in CONF: proposer.sh ID CONF
exec bash "$(dirname -- "$(readlink -f -- "$0")")/role.sh" proposer "$@"
