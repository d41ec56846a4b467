#!/usr/bin/env bash
set -euo pipefail
source "$(dirname -- "$0")/serving.sh"
cd -- "$serving_folder"

make_certificate() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout site/key.pem -out site/cert.pem \
    -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null
}
mkdir site
make_certificate
echo '<h1>Hello</h1>' >site/index.html
start "$1" site --port=0
answers '<h1>Hello</h1>' --cacert site/cert.pem /
status 404 --cacert site/cert.pem /about

cp site/cert.pem old.pem
make_certificate
echo '<h1>Hello again</h1>' >site/index.html
echo '<h1>About us</h1>' >site/about.html
answers '<h1>Hello</h1>' --cacert old.pem /
kill -HUP "$serving_process"
next_line reloaded
[[ $line == reloaded ]] || fail "it said: $line"
answers '<h1>Hello again</h1>' --cacert site/cert.pem /
answers '<h1>About us</h1>' --cacert site/cert.pem /about
if ask --cacert old.pem / 2>/dev/null; then fail 'the old certificate is still served'; fi

# What is wrong changes nothing.
cp site/cert.pem good.pem
echo 'no certificate' >site/cert.pem
echo '<h1>Half done</h1>' >site/index.html
kill -HUP "$serving_process"
next_line 'all stays'
[[ $line == 'all stays as it was: Option .tls[0].cert '* ]] || fail "it said: $line"
answers '<h1>Hello again</h1>' --cacert good.pem /
finish
