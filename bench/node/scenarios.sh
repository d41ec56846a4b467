# Sourced by bench/run for `./dev bench node`: the scenarios of bench/node/server.js.

face=node base=bun compare=user
all_scenarios=(handler async json facts parameter body prepared pipeline fields later latency)
quick_scenarios=(handler async prepared pipeline)

scenario() {
  path=/ fields=plain.txt depth=1 body='' connections=64 expected='Hello, world!' peers=("${available[@]}")
  case $1 in
    handler) ;;
    async) path=/async ;;
    json) path=/json expected='{"id":7,"name":"Ada","tags":["a","b"]}' ;;
    facts) path=/facts expected=http://localhost/facts ;;
    parameter) path=/users/42 expected=42 ;;
    body)
      path=/body expected=Ada
      body=$(printf '{"name":"Ada","items":["%s"]}' "$(printf '0123456789","%.0s' {1..76})x")
      ;;
    prepared) path=/prepared ;;
    pipeline) depth=16 ;;
    fields) path=/fields ;;
    later) path=/later ;;
    latency) connections=1 ;;
  esac
}
