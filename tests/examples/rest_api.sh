#!/usr/bin/env bash
set -euo pipefail
source "$(dirname -- "$0")/serving.sh"

start "$1" --port=0
answers '\[\]' /notes
answers '*201 Created*Location: /notes/1*{"done":false,"id":1,"text":"buy flour"}' \
  -i --data '{"text": "buy flour"}' /notes
status 201 --data '{"text": "knead", "done": true}' /notes
answers '{"done":true,"id":2,"text":"knead"}' /notes/2
answers '{"done":true,"id":1,"text":"buy yeast"}' -X PUT --data '{"text": "buy yeast", "done": true}' /notes/1
answers '*application/json;charset=utf-8*{"done":true,"id":1,"text":"buy yeast"}*' -i /notes
status 204 -X DELETE /notes/1
status 404 /notes/1
answers '{"error":"there is no note seven"}' /notes/seven
answers '{"error":"a note needs a text"}' --data '{}' /notes
status 400 --data '{"text": ' /notes
status 400 --data '{"text": 7}' /notes
status 405 -X PATCH /notes
head -c 70000 /dev/zero | status 413 --data-binary @- /notes
finish
