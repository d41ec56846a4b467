# Sourced by bench/run for `./dev bench express`: Express on bao/http and on Node's own servers, and both without it.

face=express base=node compare=total
all_scenarios=(express express-json express-file plain)
quick_scenarios=(express plain)

scenario() {
  path=/ fields=plain.txt depth=1 body='' connections=64 expected='Hello, world!' application=express
  peers=("${available[@]}")
  case $1 in
    express) ;;
    express-json)
      path=/json expected=Ada
      body=$(printf '{"name":"Ada","items":["%s"]}' "$(printf '0123456789","%.0s' {1..76})x")
      ;;
    express-file) path=/files/hello.txt ;;
    plain) application=plain ;;
  esac
}
