#!/usr/bin/env bash
set -euo pipefail
source "$(dirname -- "$0")/serving.sh"

start "$1" --port=0
answers '*200 OK*ETag: "*OK' -i /health
etag=$(ask -i /health | sed -n 's/^ETag: //p')
status 304 -H "If-None-Match: $etag" /health
answers '*301*Location: /health*' -i /old
answers 'user 7' /users/7
answers 'user a/b' /users/a%2Fb
answers 'that is you' /users/me
answers 'file a/b.txt' /files/a/b.txt
answers 'post 1' /posts/1
answers '*200 OK*Content-Length: 7*' --head /posts/1
status 204 -X DELETE /posts/1
answers 'there is nothing at PUT /posts/1' -X PUT /posts/1
answers "nothing found for 'steamed buns'" '/search?q=steamed+buns'
status 400 /search
answers 'Hello stranger, you use test' -A test /greet
answers '*303*Set-Cookie: name=Ada; Path=/; HttpOnly; SameSite=Lax*' -i /login
answers 'Hello Ada, you use test' -A test -b name=Ada /greet
answers 'there is nothing at GET /secret' /secret
status 404 /nowhere
finish
