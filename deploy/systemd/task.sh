#!/bin/sh
# Runs a command of the owner in the folder of the site: task.sh warm|doctor|earnings|backup
set -eu
flask() { .venv/bin/flask --app app "$@"; }
case $1 in
warm) flask warm ;;
doctor) flask doctor --live ;;
earnings) flask earnings fetch ;;
backup)
  # A copy for each day of the week. SECRET_KEY, in .env, belongs to the backup.
  folder=${DATA_DIR:-instance}/backups
  mkdir -p "$folder"
  file=$folder/ledger-$(date +%u)
  address=${DATABASE_URL:-$(.venv/bin/python -m dotenv get DATABASE_URL 2>/dev/null || true)}
  case $address in
  postgres*)
    # The site takes names of drivers, as in postgresql+psycopg://; pg_dump does not.
    pg_dump --format=custom --no-owner --file="$file.part" "postgresql:${address#*:}"
    mv "$file.part" "$file.dump"
    ;;
  *) flask ledger backup --force "$file.db" ;;
  esac
  ;;
*)
  echo "task.sh: unknown task $1" >&2
  exit 2
  ;;
esac
