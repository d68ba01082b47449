#!/bin/sh
# Makes the certificates of the misbehaving server: an authority that only the tests trust, one good certificate, one
# that expired and one for another host. Their keys protect nothing.
set -eu
cd "$(dirname "$0")"
kept=$(mktemp -d)
cat >"$kept/ca.cnf" <<CONFIG
[ca]
default_ca = tests
[tests]
database = $kept/index.txt
new_certs_dir = $kept
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = critical,CA:FALSE
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = DNS:\${ENV::HOST}
CONFIG
: >"$kept/index.txt"
request() { # name, host
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$2" -keyout "$kept/$1.key" -out "$kept/$1.csr"
}
sign() { # name, extensions, end, further options
  name=$1 extensions=$2 end=$3 && shift 3
  openssl ca -batch -notext -config "$kept/ca.cnf" -keyfile "$kept/authority.key" -in "$kept/$name.csr" \
    -extensions "$extensions" -startdate 20200101000000Z -enddate "$end" -out "$kept/$name.pem" "$@"
}
leaf() { # name, host, end
  request "$1" "$2"
  HOST=$2 sign "$1" leaf "$3" -cert authority.pem
  cat "$kept/$1.key" "$kept/$1.pem" >"$1.pem"
}
request authority "Authority of the tests"
HOST=none sign authority authority 21200101000000Z -selfsign
cp "$kept/authority.pem" authority.pem
leaf server '*.hostile.test' 21200101000000Z
leaf expired '*.hostile.test' 20210101000000Z
leaf other_host 'elsewhere.test' 21200101000000Z
rm -r "$kept"
