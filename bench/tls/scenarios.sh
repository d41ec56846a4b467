# Sourced by bench/run for `./dev bench tls`: requests and handshakes over TLS, with certificates of both kinds.

face=tls base=bun
all_scenarios=(requests-ec requests-rsa full-ec full-rsa resumed-ec resumed-rsa)
quick_scenarios=(requests-ec full-ec resumed-ec)

scenario() {
  path=/ fields=plain.txt depth=1 body='' connections=64 expected='Hello, world!'
  peers=("${available[@]}")
  kind=${1%-*}
  [[ $kind == requests ]] || connections=16
  BAO_BENCH_TLS=$scratch/${1##*-}
  export BAO_BENCH_TLS
  nginx_more="ssl_certificate $BAO_BENCH_TLS/cert.pem; ssl_certificate_key $BAO_BENCH_TLS/key.pem;
    ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache off; location = / { return 200 'Hello, world!'; }"
}
