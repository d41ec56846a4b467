#!/usr/bin/env bash
set -euo pipefail
source "$(dirname -- "$0")/serving.sh"
cd -- "$serving_folder"

# make NAME [ARGS]: NAME.key and NAME.pem.
make() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout "$1.key" -out "$1.pem" \
    -subj "/CN=$1" "${@:2}" 2>/dev/null
}
make localhost -addext subjectAltName=DNS:localhost
make clients
make alice -CA clients.pem -CAkey clients.key -addext basicConstraints=critical,CA:FALSE

export PORT=0
start "$1" localhost.key localhost.pem
[[ $url == https://localhost:* ]] || fail "it printed $url"
answers 'Hello to you by TLSv1.3' --cacert localhost.pem /
answers 'Hello to you by TLSv1.2' --cacert localhost.pem --tls-max 1.2 /
if ask / 2>/dev/null; then fail 'curl trusts nobody, and yet it answered'; fi
port=${url##*:}
url=http://localhost:$port
answers 'This port speaks HTTPS: *' /

# A renewed certificate.
url=https://localhost:$port
cp localhost.pem old.pem
make localhost -addext subjectAltName=DNS:localhost
kill -HUP "$serving_process"
next_line renewed
answers 'Hello to you by TLSv1.3' --cacert localhost.pem /
if ask --cacert old.pem / 2>/dev/null; then fail 'the old certificate is still served'; fi
finish

start "$1" localhost.key localhost.pem clients.pem
answers 'Hello to CN=alice by TLSv1.3' --cacert localhost.pem --cert alice.pem --key alice.key /
answers 'Hello to CN=localhost, who says so by TLSv1.3' --cacert localhost.pem --cert localhost.pem \
  --key localhost.key /
answers 'Hello to you by TLSv1.3' --cacert localhost.pem /
finish

if said=$("$1" alice.key localhost.pem 2>&1); then fail 'it serves with a key that does not fit'; fi
[[ $said == 'Option .tls[0].key does not fit the certificate "CN = localhost" in .tls[0].cert: '* ]] || fail "it said: $said"
