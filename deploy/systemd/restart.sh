#!/bin/sh
# Starts the version in /srv/affiliate-search beside the running one, then ends the old one.
# Without a new version that answers, the old one stays.
set -eu
old=8001 new=8002
systemctl is-active --quiet affiliate-search@8002 && old=8002 new=8001
systemctl start "affiliate-search@$new" # waits until the new version answers
systemctl enable --quiet "affiliate-search@$new"
systemctl disable --quiet --now "affiliate-search@$old"
