#!/usr/bin/env bash
set -euo pipefail
source "$(dirname -- "$0")/serving.sh"

site=$serving_folder/site
mkdir -p "$site/assets" "$site/blog"
printf '<h1>Home</h1>' >"$site/index.html"
printf '<h1>Blog</h1>' >"$site/blog/index.html"
printf 'plain' >"$site/assets/app.123.js"
printf 'compressed' | gzip >"$site/assets/app.123.js.gz"
printf 'h1 { color: brown }\n%.0s' {1..200} >"$site/style.css"
printf 'secret' >"$site/.env"
printf 'secret' >"$serving_folder/outside"
ln -s ../outside "$site/link"

start "$1" "$site" --port=0
answers '<h1>Home</h1>' /
answers '*301*Location: /blog/*' -i /blog
answers '<h1>Blog</h1>' --location /blog
answers '*Content-Type: text/css*Vary: Accept-Encoding*Content-Encoding: gzip*' -H 'Accept-Encoding: gzip' --head /style.css
got=$(ask --compressed /style.css)
[[ $got == "$(cat -- "$site/style.css")" ]] || fail 'what curl decompresses is not the file'
got=$(ask -r 0-1 --compressed /style.css)
[[ $got == h1 ]] || fail "a range is $got"
answers compressed --compressed /assets/app.123.js
answers plain /assets/app.123.js
answers '*immutable*' --head /assets/app.123.js
etag=$(ask --head /style.css | sed -n 's/^ETag: //p')
status 304 -H "If-None-Match: $etag" /style.css
status 404 /.env
status 404 /link
status 404 --path-as-is /../outside
status 405 -X DELETE /style.css
answers '<h1>Not found</h1>' /nothing
printf '<h1>Lost</h1>' >"$site/404.html"
answers '<h1>Lost</h1>' /nothing
finish
