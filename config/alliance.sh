#!/bin/sh
# Run the tool's command as the user, in the folder and with the settings of the installation.
cd /srv/alliance/app || exit 1
exec sudo -u alliance env ALLIANCE_CONFIG=/etc/alliance/alliance.toml .venv/bin/alliance "$@"
