#!/bin/sh
# Back a database up while the tool runs, and let backups go that are too old to be kept.
#
#   backup.sh postgresql:///alliance /var/backups/alliance
#   backup.sh /srv/alliance/app/instance/alliance.sqlite3 /var/backups/alliance
#
# Prints the name of the finished file. A file has its name only once it is whole. Nobody but the
# owner may read it.
set -eu
umask 077

# A backup still has what was erased since: 35 days at most (docs/privacy.md).
DAYS=35

database=$1
folder=$2
name=$folder/alliance-$(date +%Y-%m-%dT%H%M%S)
part=$name.part
trap 'rm -f "$part"' EXIT

case $database in
postgresql:*)
    file=$name.dump
    pg_dump --format=custom --file="$part" --dbname="$database"
    ;;
*)
    file=$name.sqlite3
    # A name that is not there would be made, and an empty file is no backup.
    [ -f "$database" ]
    sqlite3 "$database" ".timeout 10000" ".backup '$part'"
    ;;
esac

sync "$part"
mv "$part" "$file"
find "$folder" -maxdepth 1 -type f \( -name 'alliance-*.dump' -o -name 'alliance-*.sqlite3' \) \
    -mtime +$((DAYS - 1)) -delete
echo "$file"
