#!/usr/bin/env bash
# testssl.sh PROGRAM: runs Debian's testssl.sh against the example bao-https (PROGRAM) with its default options, once with
# an EC and once with an RSA certificate, and fails if it finds anything above LOW. For a person, not for every test run: it
# takes minutes. Needs the packages testssl.sh and openssl.
set -euo pipefail
source "$(dirname -- "$0")/../examples/serving.sh"
program=$(realpath -- "$1")
cd -- "$serving_folder"
command -v testssl >/dev/null || fail 'testssl is missing: apt-get install testssl.sh'

# An authority that the client is told to trust; and a certificate as a public one would give it.
openssl req -x509 -newkey rsa:2048 -nodes -days 90 -keyout ca.key -out ca.pem -subj '/CN=Test authority' 2>/dev/null
cat >extensions <<'END'
subjectAltName = DNS:localhost
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
authorityInfoAccess = OCSP;URI:http://localhost:9/
crlDistributionPoints = URI:http://localhost:9/crl
END

# certify NAME KEY-OPTIONS…
certify() {
  openssl req -new "${@:2}" -nodes -keyout "$1.key" -out "$1.csr" -subj /CN=localhost 2>/dev/null
  openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 80 -extfile extensions -out "$1.pem" \
    2>/dev/null
}
certify ec -newkey ec -pkeyopt ec_paramgen_curve:P-256
certify rsa -newkey rsa:2048

export PORT=0
worst=0
for kind in ec rsa; do
  start "$program" "$kind.key" "$kind.pem"
  testssl --quiet --color 0 --warnings off --add-ca ca.pem --jsonfile "$kind.json" "${url#https://}" >"$kind.log" || true
  finish
  # One object for each finding, its fields on lines of their own. Which security headers a page has is the program's
  # decision.
  found=$(awk -F'"' '$2 == "id" { id = $4 } $2 == "severity" { severity = $4 }
                     $2 == "finding" && id != "security_headers" && severity ~ /^(MEDIUM|HIGH|CRITICAL|FATAL)$/ {
                       print severity ": " id ": " $4
                     }' \
    "$kind.json")
  printf '%s: %s findings above LOW\n' "$kind" "$(printf '%s' "$found" | grep -c . || true)"
  [[ -z $found ]] || { printf '%s\n' "$found"; worst=1; }
done
exit "$worst"
