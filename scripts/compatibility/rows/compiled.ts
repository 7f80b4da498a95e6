import type { Row } from '../row.ts';

const packages = (...names: string[]) => names.flatMap(name => ['--package', name]);

/** Programs of Go and Rust, and a Python application in a virtual environment. */
export const compiled: readonly Row[] = [
  {
    name: 'hugo',
    install: ['hugo'],
    vendor: packages('hugo'),
    work: `/usr/bin/hugo new site s > /dev/null && cd s && mkdir -p layouts/_default assets && echo '<p>{{ (resources.Get "a.scss" | toCSS).Content }}{{ len "x" }}</p>' > layouts/index.html && echo '$c: red; a { b { color: $c } }' > assets/a.scss && /usr/bin/hugo --quiet && cat public/index.html`,
    prints: /a b \{[^]*color: red/,
  },
  {
    name: 'restic',
    releases: ['bookworm'],
    install: ['restic'],
    vendor: packages('restic'),
    make: 'mkdir in; seq 1000 > in/n',
    work: 'export RESTIC_PASSWORD=x RESTIC_CACHE_DIR=/data/c; /usr/bin/restic -q init -r r && /usr/bin/restic -q backup -r r in && /usr/bin/restic restore -r r latest --target out && wc -l $(find out -name n)',
    prints: /1000/,
  },
  {
    name: 'ripgrep',
    install: ['ripgrep'],
    vendor: packages('ripgrep'),
    // it reads all files below, among them one by which decoys tell that they ran
    make: 'mkdir in; seq 1000 > in/n; echo "the needle" > in/t',
    work: `cd in; /usr/bin/rg -n 'n[e]+dle' . && /usr/bin/rg -P '(?<=the )needle' -o`,
    prints: /t:1:the needle[^]*needle/,
  },
  {
    name: 'bat',
    install: ['bat'],
    vendor: packages('bat'),
    make: `printf 'fn main() {}\\n' > a.rs`,
    work: '/usr/bin/batcat --color=always --paging=never a.rs',
    prints: /\[38[^]*fn/,
  },
  {
    name: 'fd-find',
    releases: ['bookworm'],
    install: ['fd-find'],
    vendor: packages('fd-find'),
    make: 'mkdir -p a/b; touch a/b/needle.txt',
    work: `/usr/bin/fdfind -e txt . /data -x echo found {/.}`,
    prints: /found needle/,
  },
  {
    name: 'just',
    releases: ['trixie'],
    install: ['just'],
    vendor: packages('just'),
    make: `printf 'x := "42"\\nwork:\\n  @echo ran {{x}}\\n' > justfile`,
    work: '/usr/bin/just work',
    prints: /ran 42/,
  },
  {
    name: 'eza',
    releases: ['trixie'],
    install: ['eza'],
    vendor: packages('eza'),
    make: 'mkdir d; touch d/f',
    work: '/usr/bin/eza -l --tree --git /data/d',
    prints: /root[^]*f/,
  },
  {
    name: 'httpie',
    install: ['httpie'],
    vendor: packages('httpie'),
    make: `mkdir www; echo '{"a": [1]}' > www/x.json`,
    work: `httpd -p 127.0.0.1:8080 -h /data/www; sleep 1; /usr/bin/http --ignore-stdin --pretty=format --response-mime=application/json --body http://127.0.0.1:8080/x.json`,
    prints: /"a": \[\n/,
  },
  {
    name: 'virtual environment with pip',
    install: ['python3-venv'],
    prepare: 'python3 -m venv /opt/app',
    vendor: ['/opt/app', '--name', 'app'],
    make: 'cp /usr/share/python-wheels/pip-*.whl .',
    work: `/opt/app/bin/pip install --no-index --target /data/t /data/pip-*.whl && PYTHONPATH=/data/t /opt/app/bin/python -c 'import pip, sys; print("from", pip.__file__, sys.prefix)'`,
    prints: /from \/data\/t\/pip\/__init__\.py \/opt\/app/,
  },
];
