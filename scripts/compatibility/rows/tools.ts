import type { Row } from '../row.ts';

const packages = (...names: string[]) => names.flatMap(name => ['--package', name]);

/** Tools of many libraries, helpers and data files. */
export const tools: readonly Row[] = [
  {
    name: 'sqlite3',
    install: ['sqlite3'],
    vendor: packages('sqlite3'),
    work: `/usr/bin/sqlite3 a.db "create virtual table t using fts5(x); insert into t values ('green fields'); select highlight(t,0,'[',']') from t('green'); select json('[6]'), 6*7"`,
    prints: /\[green\] fields[^]*42/,
  },
  {
    name: 'gnupg',
    install: ['gnupg'],
    vendor: packages('gnupg'),
    work: `mkdir -m 700 g; export GNUPGHOME=/data/g; /usr/bin/gpg --batch --passphrase '' --quick-gen-key user@example.test ed25519 sign 1d && echo text > t && /usr/bin/gpg --batch --clearsign t && /usr/bin/gpg --verify t.asc; /usr/bin/gpgconf --list-components`,
    prints: /Good signature[^]*gpg-agent/,
  },
  {
    name: 'openssl',
    install: ['openssl'],
    vendor: packages('openssl'),
    work: `/usr/bin/openssl req -x509 -newkey rsa:2048 -nodes -keyout k.pem -out c.pem -subj /CN=example -days 2 2>/dev/null && /usr/bin/openssl verify -CAfile c.pem c.pem && echo x | /usr/bin/openssl dgst -provider legacy -provider default -md4 && /usr/bin/openssl list -providers -provider legacy`,
    prints: /c\.pem: OK[^]*MD4[^]*egacy/,
  },
  {
    name: 'gdb',
    install: ['gdb', 'busybox-static'],
    vendor: packages('gdb'),
    work: `/usr/bin/gdb -batch -nx -ex 'python import json; print(json.dumps([6*7]))' -ex 'print sizeof(long)' -ex 'info line' --args /data/busybox echo ran`,
    prints: /\[42\][^]*= 8/,
  },
  {
    name: 'nmap',
    install: ['nmap'],
    vendor: packages('nmap'),
    make: 'mkdir www; echo "<title>a title</title>" > www/index.html',
    work: 'httpd -p 127.0.0.1:8080 -h /data/www; sleep 1; /usr/bin/nmap -n -Pn -p 8080 --script http-title 127.0.0.1',
    prints: /8080\/tcp open[^]*http-title: a title/,
  },
  {
    name: 'tcpdump',
    releases: ['bookworm'],
    install: ['tcpdump'],
    vendor: packages('tcpdump'),
    work: `(sleep 2; ping -c 3 127.0.0.1 >/dev/null) & /usr/bin/tcpdump -Z root -n -i lo -c 2 icmp`,
    prints: /ICMP echo request/,
  },
  {
    name: 'jq',
    install: ['jq'],
    vendor: packages('jq'),
    work: `echo '{"a":[1,2,{"b":"grün"}]}' | /usr/bin/jq -r '.a[2].b | test("^gr.n$"), ascii_upcase, (now | strftime("%Y") | length)'`,
    prints: /true\nGRüN\n4/,
  },
  {
    name: 'pandoc',
    install: ['pandoc'],
    vendor: packages('pandoc'),
    make: `printf '# Title\\n\\nA *word* and $x^2$.\\n' > a.md`,
    work: '/usr/bin/pandoc -s a.md -t html && /usr/bin/pandoc a.md -o a.docx && /usr/bin/pandoc a.docx -t markdown && /usr/bin/pandoc a.md -o a.epub && unzip -l a.epub',
    prints: /<em>word<\/em>[^]*\*word\*[^]*content\.opf/,
  },
  {
    name: 'gnuplot',
    releases: ['bookworm'],
    install: ['gnuplot-nox'],
    vendor: packages('gnuplot-nox'),
    work: `/usr/bin/gnuplot -e 'set terminal dumb; plot sin(x)' && /usr/bin/gnuplot -e 'set terminal png; set output "a.png"; unset key; unset tics; plot sin(x)' && head -c 4 a.png; /usr/bin/gnuplot -e 'set terminal postscript eps; set output "a.ps"; plot x' && head -c 4 a.ps`,
    prints: /0\.8 \|[^]*PNG[^]*%!PS/,
  },
  {
    name: 'file',
    install: ['file'],
    vendor: packages('file'),
    work: '/usr/bin/file /data/busybox && /usr/bin/file -i /data/.run',
    prints: /ELF 64-bit LSB[^]*text\//,
  },
  {
    name: 'xz-utils',
    install: ['xz-utils'],
    vendor: packages('xz-utils'),
    make: 'seq 99999 > n',
    work: '/usr/bin/xz -k -T2 n && /usr/bin/xz -t n.xz && /usr/bin/xzcat n.xz | wc -l && /usr/bin/xz -l n.xz',
    prints: /99999[^]*n\.xz/,
  },
];
