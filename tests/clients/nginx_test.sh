#!/usr/bin/env bash
# nginx_test.sh PROGRAM NGINX: nginx as a reverse proxy in front of server.cc, to which it speaks TLS and shows a
# certificate, over connections that stay open.
set -euo pipefail
here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
source "$here/../examples/serving.sh"
program=$1 nginx=$2
work=$serving_folder
cd -- "$work"

# make NAME COMMON-NAME MORE...: NAME.key and NAME.pem, signed by the authority unless it is that.
make() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$2" \
    -keyout "$1.key" -out "$1.pem" "${@:3}" 2>>openssl.err || fail "openssl: $(<openssl.err)"
}
make ca authority -addext basicConstraints=critical,CA:TRUE
make server localhost -addext subjectAltName=DNS:localhost -CA ca.pem -CAkey ca.key
make proxy proxy -addext basicConstraints=CA:FALSE -CA ca.pem -CAkey ca.key
make stranger stranger
mkdir tls
cp server.key tls/key.pem
cp server.pem tls/cert.pem
cp ca.pem tls/ca.pem
head -c 2097152 /dev/urandom >two-megabytes
start "$program" --tls tls
authority=${url#https://}

# A location for each way of asking: connections that stay open, one for each request, TLS 1.2, without a certificate.
cat >nginx.conf <<END
daemon off; master_process off; pid $work/nginx.pid; error_log $work/nginx.log;
events { worker_connections 256; }
http {
  access_log off; types { } client_max_body_size 0;
  client_body_temp_path $work/body; proxy_temp_path $work/temp; fastcgi_temp_path $work/fastcgi;
  uwsgi_temp_path $work/uwsgi; scgi_temp_path $work/scgi;
  upstream kept { server $authority; keepalive 4; }
  upstream single { server $authority; }
  proxy_http_version 1.1; proxy_set_header Connection ''; proxy_set_header Host localhost;
  proxy_ssl_trusted_certificate $work/ca.pem; proxy_ssl_verify on; proxy_ssl_name localhost;
  proxy_ssl_server_name on; proxy_ssl_protocols TLSv1.2 TLSv1.3;
  server {
    listen unix:$work/socket;
    proxy_ssl_certificate $work/proxy.pem; proxy_ssl_certificate_key $work/proxy.key;
    location /kept/ { proxy_pass https://kept/; }
    location /single/ { proxy_pass https://single/; }
    location /older/ { proxy_pass https://single/; proxy_ssl_protocols TLSv1.2; }
    location /stranger/ {
      proxy_pass https://single/; proxy_ssl_session_reuse off;
      proxy_ssl_certificate $work/stranger.pem; proxy_ssl_certificate_key $work/stranger.key;
    }
  }
}
END
"$nginx" -e "$work/nginx.log" -c "$work/nginx.conf" 2>>nginx.log &
proxy=$!
trap 'kill -KILL "$proxy" $serving_process 2>/dev/null || true; rm -rf -- "$work"' EXIT
until [[ -S socket ]]; do kill -0 "$proxy" || fail "nginx: $(<nginx.log)"; sleep 0.02; done

# by LOCATION [CURL-ARGS] PATH
by() { command curl --silent --show-error --max-time 30 --unix-socket socket "${@:2:$#-2}" "http://proxy/$1${!#}"; }
# says TEXT LOCATION [CURL-ARGS] PATH
says() {
  local got
  got=$(by "${@:2}") || fail "curl ${*:2}: status $?"
  [[ $got == "$1" ]] || fail "curl ${*:2}"$'\n'"said: ${got:0:500}"$'\n'"expected: $1"
}

for location in kept single; do
  says 'TLSv1.3 localhost CN=proxy' "$location" /tls
done
says 'TLSv1.2 localhost CN=proxy' older /tls

# Connections stay open, and carry bodies of any size both ways.
before=$(by kept /connections)
for _ in {1..20}; do says 'hello, world' kept /hello; done
by kept --data-binary @two-megabytes --output back /echo
cmp two-megabytes back || fail 'the body came back different'
by kept --output large /large
[[ $(stat -c %s large) == 3000000 ]] || fail 'the large reply is not whole'
by kept --output file /file
cmp two-megabytes file || fail 'the file is another'
says $'piece 0\npiece 1\npiece 2\npiece 3\npiece 4' kept /stream
after=$(by kept /connections)
(( after - before <= 3 )) || fail "$(( after - before )) connections for 25 requests"

# New connections resume their session.
before=$(by kept /resumed)
for _ in {1..5}; do says 'hello, world' single /hello; done
after=$(by kept /resumed)
(( after - before >= 4 )) || fail "$(( after - before )) of 5 sessions were resumed"

# A client that we do not know gets nothing.
[[ $(by stranger --output /dev/null --write-out '%{http_code}' /hello) == [45]?? ]] || fail 'a stranger was served'
says 'hello, world' single /hello

kill -QUIT "$proxy"
wait "$proxy" || fail "nginx ended with status $?"
finish
